"""Ends a teardown that could not remove everything: names what is left over, with the reason of each
and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from provisioning.lifecycle.failure_explanations import Explained
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.step_data import StepData
from provisioning.lifecycle.steps.base import Context, Outcome
from provisioning.lifecycle.teardown_lines import reason_of_row
from provisioning.models import StackResource

_NAMED: Final = 20
HINT: Final = (
    "Remove what prevents the deletion, then retry. Or request the teardown again and leave them in the account."
)
SEARCH_HINT: Final = (
    "Allow the search, then retry. Or request the teardown again and accept that the search is missing on the receipt."
)


def failed(context: Context, left: Sequence[StackResource], left_arns: Sequence[str], data: StepData) -> Outcome:
    """End the attempt. The first resource is the cause; the detail lists all of them."""
    reasons = [
        (
            f"{row.logical_id} ({row.physical_id})",
            reason_of_row(row, data) or data.given_up.get(row.stack.role, "it still exists"),
        )
        for row in left
    ]
    reasons += [(arn, "it still exists") for arn in left_arns]
    reasons = reasons or [(f"The stack “{key}”", reason) for key, reason in data.given_up.items()]
    sentence = _sentence(context, [name for name, _ in reasons], data)
    hint = HINT if reasons else SEARCH_HINT
    reasons += [(f"The search by tag in {region}", reason) for region, reason in data.unsearched.items()]
    first = left[0] if left else None
    own_words = reason_of_row(first, data) if first is not None and len(reasons) == 1 else ""
    explained = Explained(
        sentence,
        hint,
        own_words or "\n".join(f"{name}: {why}" for name, why in reasons[:_NAMED]),
        logical_id=first.logical_id if first is not None else "",
        type=first.type if first is not None else "",
    )
    data = replace(data, left=(*(row.physical_id for row in left), *left_arns))
    return Outcome(to=OperationState.FAILED, reason=sentence, explained=explained, step_data=data)


def _sentence(context: Context, names: Sequence[str], data: StepData) -> str:
    if not data.given_up:
        gone = "The stacks are gone" if len(context.plan.stacks) > 1 else "The stack is gone"
        exist = "1 resource still exists" if len(names) == 1 else f"{len(names)} resources still exist"
        if not names:
            exist = f"AWS refused to search {' and '.join(data.unsearched)} for resources with the environment’s tag"
        return f"{gone}, but {exist}."
    if len(names) == 1:
        return f"{names[0]} could not be deleted."
    return f"{len(names)} resources could not be deleted, among them {names[0]}."
