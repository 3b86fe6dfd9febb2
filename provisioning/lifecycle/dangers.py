"""Whether a plan may lose data, so that people type the environment's name before they approve it."""

from __future__ import annotations

from provisioning.aws import aws_type
from provisioning.lifecycle.plan_document import ChangePlan, PlanDocument, TeardownPlan


def may_lose_data(document: PlanDocument) -> bool:
    """Whether a change may replace or delete data, or protects it less, or a teardown deletes it."""
    match document:
        case ChangePlan():
            return document.is_dangerous
        case TeardownPlan():
            return any(aws_type(line.type).holds_data for line in document.to_delete)
        case _:
            return False
