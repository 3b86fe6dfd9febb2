"""The nightly scan: what AWS has of ours that no ledger contains, and what was changed outside the
portal.

What it does
    `baseline.py` reads each stack of a running environment once, with four calls: its resources go
    into the ledger, its fingerprint into the stack's row. It serves new environments and those of
    earlier versions alike.
    `regions.py` claims one account and region at a time. One DescribeStacks call per hundred stacks
    gives the cheap fingerprint of every stack in it.
    `changes.py` compares these with the stored fingerprints, and nominates environments for a drift
    detection.
    `orphans.py` finds stacks with the portal's tags that no ledger contains, or that outlived their
    environment. `leftovers.py` finds tagged resources of environments that are torn down.

Trade-offs
    - A fingerprint only shows changes through CloudFormation. What somebody changed at a service
      itself needs a drift detection (`lifecycle/drift`).
    - What is in flight is never called an orphan: a stack in progress, or one whose environment has
      an open operation, or a call whose end is not certain yet. It is seen again the next night.
    - Resources are looked up only for environments that were torn down within the last 90 days. The
      tagging API takes twenty environments a call; without values it would return every living
      resource of the account.

No function here changes anything in AWS.
"""
