"""The lifecycle of environments: requests, plans, approvals and operations.

What it does
    A user requests something, such as creating or tearing down an environment. The request has a
    plan, which is a typed document with one digest. An approver approves that digest, or the size
    needs no approval. Then an operation carries out the plan through CloudFormation, one step at
    a time. It succeeds or ends in one of five ways: refused by a rule, failed because AWS rejected
    it, errored because of a portal error, abandoned because its worker crashed too often, or
    cancelled by a member.

How to read it
    1. `states.py`: the three state graphs as data. `transitions.py` is the only writer of a state.
    2. `kinds/`: one record for each kind of request, with everything that differs between kinds.
       `decisions/`: for each kind and every status of a stack or of a change set, the one safe
       action; and for each state, what cancelling does. `steps/decide.py` first asks whose
       operation is the newest on the stack.
    3. `services/`: what people do. A service checks the access rules (`access.py`, and for what a
       team may name `team_resources.py`), changes states and writes history and an audit event in
       one transaction. No service calls AWS, except `services/preflight.py`, `services/recover.py`
       and `services/test_connection.py`, which read it outside of any transaction.
    4. `operations.py` opens an operation and `nudge.py` wakes a worker. `engine.py` claims the
       operation (`claims.py`) and runs its one next step from `steps/`. `apply.py` writes the
       outcome. `leases.py` renews what a worker holds; `intentions.py` records and permits each call
       that changes something; `retry_policy.py` decides what a failed call is followed by.
       `poller/` reads stacks in progress. `periodic.py` runs work that is due at intervals. The
       loops that call all this are in `provisioning.jobs`.
    5. `planning.py`, `plan_checks.py`, `plan_document.py` and `plan_queries.py`: how a plan is
       made, checked, stored and read. `step_data.py`: what steps store between calls. `ledger.py`: every physical id.
       `receipt_document.py`: the receipt of a teardown. `change_plan/`: what a change will do, and
       whether it may replace or delete data.
       `deletion_policies.py` and `teardown_lines.py`: what a teardown would do with each resource, by
       the ledger and the templates in AWS. `late_calls.py`: until when a lost call may take effect.
    6. `preflight/`: checks an account for what would make AWS refuse a plan.
    7. `fingerprint.py`: what must not change unnoticed about a stack. `scan/` compares it each night
       and finds orphans, `drift/` finds what was changed at the services themselves. `adoption.py`
       plans to watch a stack that was created without the portal.
    8. `read/`: what pages and the API show. It never writes.

Trade-offs
    - PostgreSQL is the only source of truth; RQ and Redis only save a second of waiting. In
      return, every step costs a claim and a write.
    - A step makes a few AWS calls and returns; nothing waits inside it. In return, it must be safe
      to run twice: tokens are stored before they are used, and a step begins by reading AWS.
    - A worker that cannot renew its lease gives up before another may take over, and the fence
      refuses its calls and its write. In return, a recovery takes as long as a lease, and longer if
      a call had no answer: the next worker waits until that call can no longer take effect.
    - AWS cannot check the fence. Between the last check and the arrival of the bytes a process may
      still be paused; a signature is valid for five minutes. Names with a generation, stack ids and
      client tokens make such a call harmless, and a teardown waits this time out.
    - What exists in AWS decides how an operation continues, never what an earlier attempt
      intended. So the decision table is total, and it never deletes what was once COMPLETE.
    - A kind is described by fields, not functions, so that all of it can be checked at import.
      What an operation does in AWS is in the steps, which look the record up.

How to add a request kind
    1. Add a member to `models.RequestKind` and `models.OperationKind` (with their migration), and to
       `audit.AuditAction`.
    2. Add its column to `decisions/`: a decision for each phase and every stack status. Say in
       `decisions/cancel.py` what cancelling does in each of its states.
    3. Write `kinds/<kind>.py` with its record, and list the record in `kinds/registry.py`.
    4. If it has states, steps or a plan document of its own, add them to `states.py`, `steps/` and
       `plan_document.py`. Write its service in `services/`.
    An omission fails at import with a sentence. Queries, retries, the steps on pages and all
    labels follow from the record.

How to add a step
    Add its state to `OPERATION_GRAPH`, and to the `steps` of the kinds that use it. Write a
    function from `Context` to `Outcome` in `steps/` and list it in `steps/__init__.py`. It reads
    rows, calls AWS and returns; it never writes. Before a call that changes something it names the
    call in `Context.allow`; all others are refused. What it needs again goes into `StepData`. If
    CloudFormation works on its own during the state, add it to `retry_policy.WATCHING`. A test runs
    every step twice.

How to add a service
    Name it with a verb and a noun, and give it keyword-only arguments, including `actor`. Check the
    access rule first. Change states inside `atomic_with`, so that objects follow a rollback. Write
    an `AuditAction` in the same transaction, and return the object. A service behind a form takes
    a `request_id`, so that a double click does it once.
"""
