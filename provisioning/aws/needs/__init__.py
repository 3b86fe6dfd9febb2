"""The table behind `provisioning.aws.calls`: every call that the portal makes of AWS, and what it
needs. Data only.

record         the records: a call, a permission, the names of one environment
reads          calls that only read, named by service; their permissions follow from AWS's reference
changes        calls that change something, one line each
stack_changes  calls that change a stack, recover it, detect its drift or take messages about it
planned        calls that coming work makes

`tests/aws/test_calls.py` fails for a call that has no line, and says which file to add it to.
"""
