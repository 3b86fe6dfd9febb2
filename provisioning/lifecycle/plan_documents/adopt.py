"""The plan of an adoption: an existing stack, as it was when its adoption was requested."""

from __future__ import annotations

from typing import Literal

from pydantic.dataclasses import dataclass

from provisioning.lifecycle.plan_documents.parts import FORMAT, STRICT, Format, StackedPlan


@dataclass(config=STRICT, frozen=True, slots=True)
class AdoptPlan(StackedPlan):
    """Watches an existing stack without touching it.

    Its only stack has an outline of the template as `body`: types, policies and outputs of the
    resources, but none of their properties, in which people may have left secrets. `fingerprint` is
    the digest of the full one; the stack is adopted only if it is still the same.
    """

    environment_id: str
    stack_id: str
    fingerprint: str
    kind: Literal["adopt"] = "adopt"
    format: Format = FORMAT
