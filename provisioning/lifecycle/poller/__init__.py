"""The poller: reads which stacks are in progress, once for each account and region.

What it does
    CloudFormation works on a stack for minutes or hours. Nobody waits for it: the poller lists the
    stacks in progress of an account and region, whatever their number, and writes what it sees into
    the rows of stacks. A step of an operation reads that row (`Context.look`) and calls AWS only if
    the row is too old. Pages read the row too. When a stack has ended, the poller makes its
    operation due, and the next step acts.

How to read it
    1. `sights.py`: what a row says about its stack, how old that is, and how a sight is recorded.
    2. `in_flight.py`: the stacks that an open operation waits for. A step marks nothing: an
       operation in one of the `IN_FLIGHT` states, at a stack with an id, is all it takes.
    3. `regions.py`: the lease of an account and region, and when it is due next.
    4. `errand.py`: the calls of one visit to a region, and their answers. It uses no
       database, so that it can run in a thread that hangs without holding anything else up.
    5. `record.py`: writes the answers. `events.py`: reads the messages of EventBridge.
    6. `poller.py`: claim, ask, record. `provisioning.jobs.poller` runs it in threads.
    7. `viewers.py`: who is looking at an environment. Stack events are read for those only.

Rules
    - Absence from a list ends nothing. A stack that has left the list is described by its id.
    - A sight has the time before its call was sent, so it is at least as new as it says. An older
      sight never replaces a newer one, and a sight from before an operation's last change never
      counts for that operation.
    - An event is a hint. It makes the poller describe the stack; it never ends anything by itself.
      So lost, repeated and late events cost time and nothing else.
    - The lease of a region saves calls. Two pollers in one region waste some and break nothing.

Trade-offs
    A sight of a stack that is still in progress is not written: one row for the region says when
    the list was read, and it holds for every stack in it. Ten thousand stacks in progress thus cost
    a hundred writes in each round and not ten thousand.
"""
