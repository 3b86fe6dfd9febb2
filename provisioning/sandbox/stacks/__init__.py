"""CloudFormation's stack engine as AWS runs it: in parallel, asynchronously, and carried on after a crash.

It takes the place of ministack's own, which makes one resource after the other; requests, templates and intrinsic
functions stay ministack's.
"""
