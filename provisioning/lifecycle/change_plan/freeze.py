"""Completes the plan of a change once AWS has planned it."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.lifecycle.change_plan.review import ChangeReview
from provisioning.lifecycle.plan_document import ChangePlan


@dataclass(frozen=True, slots=True)
class FrozenPlan:
    """The complete plan, which people decide on, and what pages show in addition to it."""

    document: ChangePlan
    review: ChangeReview
