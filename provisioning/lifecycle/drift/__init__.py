"""Drift: what differs between an environment and its templates.

What it does
    `nominations.py`: something suggests that an environment was changed outside the portal: its
    fingerprint, an event, a person who asks, or that nothing was checked for long. It opens a
    `DriftReport`, which waits.
    `detection.py`: starts CloudFormation's drift detection for waiting reports, at most two at a
    time per account and region, and reads the results.
    `report_document.py`: the report as a typed record. `noise.py`: differences that are known to
    mean nothing, each with its source. They are disclosed, not hidden.

Trade-offs
    - A detection reads every resource at its own service, within those services' rates. So it runs
      daily in prod and weekly elsewhere, and at once only when something suggests a change.
    - What could not be checked is never shown as being in sync.
    - A detection covers only properties that the template states, and resource types that support
      it. The report says which resources it leaves out.
"""
