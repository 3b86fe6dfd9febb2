"""The decision table: for every status that CloudFormation reports, the one safe action, its reason
in plain words, and the button that people get.

How to read it
    `record.py` says what a cell is. `create.py`, `teardown.py`, `change.py`, `adopt.py` and
    `recover.py` hold one column each; a cell is found by phase and StackStatus. `change_sets.py`
    has the cells of ChangeSetStatus and ExecutionStatus.

The columns are total: a record of `kinds/` that refers to an incomplete column fails at import, and
a test compares the table with botocore's enumerations. These rules apply to every cell:
    - A stack that was once COMPLETE is never deleted to recover a creation.
    - A stack that belongs to somebody else is never touched.
    - An operation that was started outside the portal is only watched: it is never cancelled, and
      what it did is never undone. Such operations have a phase of their own.
    - A status that botocore does not know yet is waited for, shown, and logged as an alarm.
"""

from provisioning.lifecycle.decisions.adopt import ADOPT_COLUMN
from provisioning.lifecycle.decisions.change import CHANGE_COLUMN, PLAN_COLUMN
from provisioning.lifecycle.decisions.create import CREATE_COLUMN
from provisioning.lifecycle.decisions.record import (
    NO_STACK,
    Act,
    Button,
    Column,
    Decision,
    Phase,
    column_problem,
    decide,
)
from provisioning.lifecycle.decisions.recover import RECOVER_COLUMN
from provisioning.lifecycle.decisions.teardown import TEARDOWN_COLUMN

__all__ = [
    "ADOPT_COLUMN",
    "CHANGE_COLUMN",
    "CREATE_COLUMN",
    "NO_STACK",
    "PLAN_COLUMN",
    "RECOVER_COLUMN",
    "TEARDOWN_COLUMN",
    "Act",
    "Button",
    "Column",
    "Decision",
    "Phase",
    "column_problem",
    "decide",
]
