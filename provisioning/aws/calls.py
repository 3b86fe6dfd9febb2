"""Every call that the portal makes of AWS, with every permission that it needs; also the calls of
coming work, marked as planned. `manage.py rights` compares the onboarding templates with it.

Add a call
----------
A call that only reads: add its operation to `needs/reads.py`. Any other call: add a line to
`needs/changes.py` (about a stack: `needs/stack_changes.py`) with every permission that AWS asks for, such as iam:PassRole for a role that the
request names, or the tagging permission for tags that it sets. A planned call moves from
`needs/planned.py` when its code arrives. `tests/aws/test_calls.py` compares this table with the
source and with the calls that are really made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from provisioning.aws.needs.changes import CHANGES
from provisioning.aws.needs.planned import PLANNED
from provisioning.aws.needs.reads import NAMED_OTHERWISE, PREFIXES, READS, RESOURCE_OF, when_read
from provisioning.aws.needs.record import Call, Caller, ExampleEnvironment, Need, When
from provisioning.aws.needs.stack_changes import STACK_CHANGES
from provisioning.policy.reference import REFERENCE

_READING: Final = ("Describe", "Get", "List")
_FIELD: Final = re.compile(r"\$\{(\w+)\}")
_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {"Partition": "{partition}", "Region": "{region}", "Account": "{account_id}", "OwnerAccount": "{account_id}"}
)
_ANY_NAME: Final = "{prefix}-main"


@cache
def calls() -> Mapping[str, Call]:
    """Returns every call by its name, such as "ecs:RunTask"."""
    table: dict[str, Call] = {}
    for call in (*_reads(), *CHANGES, *STACK_CHANGES, *PLANNED):
        if call.name in table:
            raise ValueError(f"{call.name} has two lines in provisioning/aws/needs")
        table[call.name] = call
    return MappingProxyType(table)


def call_made_by(service: str, operation: str) -> Call | None:
    """Returns the line of a call, by botocore's names of service and operation."""
    return calls().get(f"{service}:{operation}")


def _reads() -> list[Call]:
    return [
        Call(name, when_read(name), (permission_to_read(name),))
        for service, operations in READS.items()
        for name in (f"{service}:{operation}" for operation in operations.split())
    ]


def permission_to_read(call: str) -> Need:
    """Derives what a call that only reads needs: the permission of the same name. Raises ValueError
    if the reference has none, or if the call does not only read.
    """
    service, _, operation = call.partition(":")
    action = NAMED_OTHERWISE.get(call, f"{PREFIXES.get(service, service)}:{operation}")
    if call not in NAMED_OTHERWISE and not operation.startswith(_READING):
        raise ValueError(f"{call} may change something: add a line to provisioning/aws/needs/changes.py")
    if not REFERENCE.has(action):
        raise ValueError(
            f"AWS's reference has no permission {action}: add {call} to NAMED_OTHERWISE in provisioning/aws/needs/reads.py"
        )
    return Need(action, example_resource(action))


def example_resource(action: str) -> str:
    """Returns an ARN, with fields of `ExampleEnvironment`, that the action can be called on, or "*"."""
    service = action.partition(":")[0]
    types = REFERENCE.action(action).types
    if not types:
        return "*"
    return RESOURCE_OF.get(action) or RESOURCE_OF.get(service) or example_arn(types[0].arn_pattern)


def example_arn(pattern: str) -> str:
    """Fills the pattern of AWS's reference with fields of `ExampleEnvironment`, and every name in it
    with a name of the environment.
    """
    return _FIELD.sub(lambda field: _FIELDS.get(field[1], _ANY_NAME), pattern).replace("*", _ANY_NAME)


__all__ = [
    "Call",
    "Caller",
    "ExampleEnvironment",
    "Need",
    "When",
    "call_made_by",
    "calls",
    "example_arn",
    "example_resource",
    "permission_to_read",
]
