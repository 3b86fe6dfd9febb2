"""The plan of a creation."""

from __future__ import annotations

from typing import Literal

from pydantic.dataclasses import dataclass

from provisioning.lifecycle.plan_documents.parts import FORMAT, STRICT, Format, StackedPlan


@dataclass(config=STRICT, frozen=True, slots=True)
class CreatePlan(StackedPlan):
    """Creates an environment."""

    kind: Literal["create"] = "create"
    format: Format = FORMAT
