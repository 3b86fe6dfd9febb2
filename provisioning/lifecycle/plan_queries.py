"""Queries for plans: which one an environment runs, and the parts of it that pages need.

A plan's templates are a hundred times as long as the rest of it. Pages that are polled read it
without them; PostgreSQL leaves them out. This module and `plan_document` are the only ones that
know the shape of the stored JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Func, JSONField, QuerySet, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from provisioning.lifecycle.kinds.registry import keys_providing_plans
from provisioning.lifecycle.plan_document import StackedDocument, StackedPlan, from_json
from provisioning.lifecycle.states import RequestState
from provisioning.models import Environment, Operation, Plan

_CARRIED_OUT_AT = Case(When(requests__state=RequestState.DONE, then=F("requests__state_changed_at")))


@dataclass(frozen=True, slots=True)
class CurrentPlan:
    """The plan that an environment runs, as pages need it.

    `document` has no template bodies, apart from the main stack's with `main_body`: never compute
    its digest. `seconds` is how long the creation should take on AWS; 0.0 in plans that do not say.
    Plans that were stored before plans had a diagram have an SVG instead.
    """

    request_id: UUID
    digest: str
    document: StackedDocument
    seconds: float
    diagram: Mapping[str, Any]
    picture: str


def current_document(environment: Environment) -> StackedDocument:
    """Return the document of the current plan. Raise LookupError if the environment has none."""
    content = _current(environment).values_list("content", flat=True).first()
    return _as_stacked(content, environment)


def current_plan_digest(environment: Environment) -> str:
    """Return the digest of the current plan; empty if the environment has none."""
    return _current(environment).values_list("digest", flat=True).first() or ""


def current_plan(environment: Environment) -> Plan:
    """Return the current plan. Raise LookupError if the environment has none."""
    if (plan := _current(environment).first()) is None:
        raise LookupError(f"The environment {environment.pk} has no plan.")
    return plan


def current_plan_for_pages(environment: Environment, *, main_body: bool = False) -> CurrentPlan | None:
    """Read the current plan without template bodies; with `main_body`, the main stack keeps its
    own.
    """
    row = (
        _current(environment)
        .annotate(outline=_MainBodyOnly("content") if main_body else _NoBodies("content"))
        .values_list("requests__id", "digest", "outline", KeyTransform("seconds", "timeline"), "diagram", "picture")
        .first()
    )
    if row is None:
        return None
    request_id, digest, outline, seconds, diagram, picture = row
    return CurrentPlan(request_id, digest, _as_stacked(outline, environment), seconds or 0.0, diagram, picture)


def blueprint_digests(plans: QuerySet[Plan]) -> set[str]:
    """Return the digests of the blueprints that these plans were made from."""
    digests = plans.values_list(KeyTextTransform("digest", KeyTransform("blueprint", "content")), flat=True)
    return {str(digest) for digest in digests if digest is not None}


def stack_tags_in(column: str) -> KeyTransform:
    """The tags of a plan's first stack, which are those of all its stacks; null in a plan without
    stack tags. `column` holds the plan's content.
    """
    return KeyTransform("tags", KeyTransform("0", KeyTransform("stacks", column)))


def plan_in_effect(operation: Operation) -> StackedDocument:
    """Return the plan whose stacks the operation works on: its own, or the environment's if it
    tears that down.
    """
    document = from_json(operation.request.plan.content)
    return document if isinstance(document, StackedPlan) else current_document(operation.environment)


def _current(environment: Environment) -> QuerySet[Plan]:
    """Order the environment's plans so that the one it runs is first: the newest that was carried
    out and is no teardown.

    Before the first one is carried out, and after a creation that failed, it is the plan of the
    creation.
    """
    plans = Plan.objects.filter(environment=environment, requests__kind__in=keys_providing_plans())
    return plans.order_by(_CARRIED_OUT_AT.desc(nulls_last=True), "created_at", "id")


def _as_stacked(content: Any, environment: Environment) -> StackedDocument:
    document = from_json(content) if content is not None else None
    if not isinstance(document, StackedPlan):
        raise LookupError(f"The environment {environment.pk} has no plan with stacks.")  # noqa: TRY004 - not a type of ours
    return document


class _NoBodies(Func):
    """The content with an empty text in place of every template."""

    output_field = JSONField()
    template = """jsonb_set(%(expressions)s, '{stacks}', (
        SELECT jsonb_agg(stack || '{"body": ""}' ORDER BY number)
        FROM jsonb_array_elements(%(expressions)s->'stacks') WITH ORDINALITY AS stacks(stack, number)))"""


class _MainBodyOnly(Func):
    """The content with the main stack's template only; the main stack is the last."""

    output_field = JSONField()
    template = """jsonb_set(%(expressions)s, '{stacks}', (
        SELECT jsonb_agg(CASE WHEN number = jsonb_array_length(%(expressions)s->'stacks') THEN stack
                         ELSE stack || '{"body": ""}' END ORDER BY number)
        FROM jsonb_array_elements(%(expressions)s->'stacks') WITH ORDINALITY AS stacks(stack, number)))"""
