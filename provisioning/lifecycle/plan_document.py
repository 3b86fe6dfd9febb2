"""The plan document: what a request will run, as one typed and versioned record.

`Plan.content` stores it as JSON. `from_json` reads every format that was ever stored, `as_json`
writes it, and `digest_of` computes the digest that people approve and that the engine checks before
it calls AWS. Reading is strict: an unknown key, a missing key or a value of the wrong type makes
the document unreadable, so that nothing in a stored plan escapes the digest.

Format 4 is written today, and its digest covers the whole document, as those of formats 2 and 3 did.
`plan_format_2` lists the keys that format 3 has added, and `plan_format_3` those that format 4 has
added. Format 1 has no `format` key; `plan_format_1` knows its names and which of its keys its digest
covers. To change the document, raise `FORMAT`, list the new keys in another such module, and keep the
digest of stored plans what it is.

The records are in `plan_documents/`; other code imports them from here. This module is pure data:
no Django, no AWS.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from provisioning.errors import WrongState
from provisioning.lifecycle import plan_format_1, plan_format_2, plan_format_3
from provisioning.lifecycle.plan_documents.adopt import AdoptPlan
from provisioning.lifecycle.plan_documents.change import (
    ChangePlan,
    FirewallVerdict,
    PlannedChange,
    PlannedChangeSet,
    PlannedDetail,
)
from provisioning.lifecycle.plan_documents.create import CreatePlan
from provisioning.lifecycle.plan_documents.parts import (
    FORMAT,
    ManualTask,
    PinnedBlueprint,
    PlannedArtefact,
    PlannedResource,
    PlannedStack,
    RetainedResource,
    StackedPlan,
    StackInput,
    Task,
)
from provisioning.lifecycle.plan_documents.recover import RecoverPlan, StackToRecover, StuckResource
from provisioning.lifecycle.plan_documents.teardown import StackToDelete, TeardownLine, TeardownPlan

__all__ = [
    "FORMAT",
    "AdoptPlan",
    "ChangePlan",
    "CreatePlan",
    "FirewallVerdict",
    "ManualTask",
    "PinnedBlueprint",
    "PlanDocument",
    "PlannedArtefact",
    "PlannedChange",
    "PlannedChangeSet",
    "PlannedDetail",
    "PlannedResource",
    "PlannedStack",
    "RecoverPlan",
    "RetainedResource",
    "StackInput",
    "StackToDelete",
    "StackToRecover",
    "StackedDocument",
    "StackedPlan",
    "StuckResource",
    "Task",
    "TeardownLine",
    "TeardownPlan",
    "UnreadablePlan",
    "as_json",
    "digest_of",
    "from_json",
]


class UnreadablePlan(WrongState):
    """The stored JSON is no plan document of a known format."""


StackedDocument: TypeAlias = CreatePlan | ChangePlan | AdoptPlan
"""Every plan that is a `StackedPlan`."""
PlanDocument: TypeAlias = StackedDocument | TeardownPlan | RecoverPlan
_PLAN: Final[TypeAdapter[PlanDocument]] = TypeAdapter(Annotated[PlanDocument, Field(discriminator="kind")])


def from_json(content: Mapping[str, Any]) -> PlanDocument:
    """Read `Plan.content` of any format. Raise UnreadablePlan if a key is missing, unknown or of
    the wrong type.
    """
    try:
        stored = content.get("format", 1)
        if "format" in content and stored not in (2, 3, FORMAT):
            raise UnreadablePlan(f"The plan has format {stored}, which this version of the portal cannot read.")
        if stored != FORMAT:
            plan_format_3.check(content)
        if stored == 1:
            content = plan_format_1.upgrade(content)
        elif stored == 2:  # noqa: PLR2004 - the number of the format
            plan_format_2.check(content)
        return _PLAN.validate_json(json.dumps(content))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = (
            "; ".join(f"{'.'.join(map(str, line['loc']))}: {line['msg']}" for line in error.errors()[:3])
            if isinstance(error, ValidationError)
            else repr(error)
        )
        raise UnreadablePlan(f"The stored plan is not one that the portal has written ({what}).") from error


def as_json(plan: PlanDocument) -> dict[str, Any]:
    """Return the JSON to store. A plan that was read from an earlier format is written as it was."""
    content: dict[str, Any] = _PLAN.dump_python(plan, mode="json")
    if plan.format < FORMAT:
        content = plan_format_3.downgrade(content)
    if plan.format < 3:  # noqa: PLR2004 - the number of the format
        content = plan_format_2.downgrade(content)
    return plan_format_1.downgrade(content) if plan.format == 1 else content


def digest_of(plan: PlanDocument) -> str:
    """Return the SHA-256 of the canonical JSON of everything that an approval approves."""
    content = as_json(plan)
    if plan.format == 1:
        content = {key: content[key] for key in plan_format_1.DIGEST_KEYS[plan.kind]}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
