"""The lifecycle of environments: requests, plans, approvals, operations, and what exists in AWS as a result.

What it does
    A user requests something (create, tear down). The request has a plan, which is a typed document with one digest.
    Somebody approves that digest, or the size needs no approval. Then an operation carries out the plan: one step at a
    time, through CloudFormation, until it succeeds or ends in one of four ways: refused by a rule, failed because AWS
    rejected it, errored because of a portal error, or abandoned because its worker crashed too often.

How to read it
    1. `states.py`: the three state graphs as data. `transitions.py` is the only writer of a state.
    2. `kinds/`: one record for each kind of request, with everything that differs between kinds.
       `decisions.py`: for each kind and every status of a stack, the one safe action.
    3. `services/`: what people do. Each service checks the access rules (`access.py`), changes states, and writes its
       history and audit event in one transaction. None of them calls AWS.
    4. `operations.py` opens an operation, `nudge.py` wakes a worker, `engine.py` claims the operation and runs its one
       next step from `steps/`, and `apply.py` writes the outcome. `reconciler.py` finds whatever was not nudged.
    5. `planning.py` and `plan_document.py`: how a plan is made, stored and read. `step_data.py`: what steps store.
    6. `ledger.py`: every physical id ever seen. `read/`: what pages and the API show, with no writes.

Trade-offs
    - PostgreSQL is the only source of truth; RQ and Redis only save a second of waiting. In return, every step costs a
      claim and a write.
    - A step makes a few AWS calls and returns; nothing waits inside it. In return, it must be safe to run twice: tokens
      are stored before they are used, and each step begins by reading what exists.
    - A worker that is slow is treated like one that crashed: its lease runs out and its write is refused by the fence.
      A step may therefore run twice at the same moment, but only one outcome is written.
    - Recovery is decided by what exists in AWS, never by what an earlier attempt intended. So the decision table must
      be total, and it never deletes what was once COMPLETE.
    - Record fields, not functions, describe a kind, so that all of it can be checked at import. What a kind does in AWS
      is in the steps, which look the record up.

How to add a request kind
    1. Add a member to `models.RequestKind` (with its migration) and to `audit.AuditAction`.
    2. If it has environment or operation states of its own, add them to `states.py`. The graph validates itself.
    3. Add its column to `decisions.py`: a decision for each phase and every stack status.
    4. Write `kinds/<kind>.py` with its record, and list the record in `kinds/registry.py`.
    5. Write its service in `services/`, which files the request with the record, and a document in `plan_document.py`
       if its plan differs from those that exist.
    An omission fails at import with a sentence. Queries, retries, steps on pages and labels follow from the record.

How to add a step
    Add its state to `OPERATION_GRAPH`, write a function from `Context` to `Outcome` in `steps/`, and list it in
    `steps/__init__.py`. It reads rows, calls AWS and returns; it never writes. Store what it needs again in `StepData`.
    Add the state to the `steps` of the kinds that use it. A test lets every step run twice.

How to add a service
    Name it with a verb and a noun, take keyword-only arguments with `actor` first, and check the access rule first.
    Change states inside `atomic_with`, so that the objects follow a rollback, write an `AuditAction`, and return the
    object. A service that a form sends takes a `request_id`, so that a double click does it once.
"""
