"""Reading stored plans in tests."""

from __future__ import annotations

from provisioning.lifecycle.plan_document import CreatePlan, from_json
from provisioning.models import Plan


def created_by(plan: Plan) -> CreatePlan:
    """Return the document of a plan that creates an environment."""
    document = from_json(plan.content)
    assert isinstance(document, CreatePlan)
    return document
