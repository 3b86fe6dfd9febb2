"""Request kinds as data: one frozen record for each, in a module of its own, and the registry of
them all.

To add a kind, write `kinds/<kind>.py` with its record, add its column to `decisions/`, and
register it in `registry.py`. `RequestKind` (the database's enum) and `AuditAction` get a member
each. New states go into `states.py`, new steps into `steps/`. Importing the registry checks all of
it and fails with a sentence.
"""
