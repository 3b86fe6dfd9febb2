"""CloudFormation's stack engine as on AWS: in parallel, asynchronous, and resumed after a crash.

It replaces ministack's own engine, which creates one resource after the other. Requests, templates
and intrinsic functions are still ministack's.
"""
