"""What a change will do to an environment, before anybody decides on it.

How to read it
    1. `drafting.py`: from new inputs to a `ChangePlan` without change sets. Nothing is written, and
       AWS is not asked.
    2. `normalise.py`: a change set as AWS describes it becomes a `PlannedChangeSet`, which is the same
       for two change sets that do the same: sorted, without ids, times, values and pages.
    3. `template_difference.py`: our own comparison of the running template with the new one. It is a
       second opinion: AWS has left out resources in some answers.
    4. `firewall.py`: which changes may replace or delete something that holds data, and why.
       `stack_policies.py` relaxes a stack policy for exactly these resources.
    5. `pitfalls.py`: known traps of updates, as findings. `tasks.py`: which post-deployment tasks must
       run again.
    6. `freeze.py` puts all of it together once AWS has planned the change. `review.py` is what pages
       show in addition to the plan, and no digest covers: values before and after, findings, and the
       fingerprints that the plan was made from. `currency.py` says what has changed since.

Trade-offs
    - The plain answer of DescribeChangeSet decides, with all its pages. Property values come from a
      second call and are decoration, because AWS may leave out whole resources in it
      (https://github.com/aws/aws-cdk-cli/issues/1780).
    - A plan binds to the live stack's fingerprint as well as to the change set. AWS refuses a change
      set after another update, but not after a change that bypassed CloudFormation's updates.
    - The portal takes no snapshots of its own: its role may not. It sets UpdateReplacePolicy to
      Snapshot in every change, so that CloudFormation takes one when it replaces a database, after the
      last write. Where CloudFormation cannot, the plan says that the data is deleted.
    - A change that replaces or deletes data needs a second approver and the typed name, even in a size
      that needs no approval.

How to add a pitfall
    Write a function from `Subject` to findings in `pitfalls.py` and list it in `PITFALLS`. A test
    shows one change that falls into it and one that does not.
"""
