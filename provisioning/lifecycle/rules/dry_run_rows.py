"""The rows that a dry run judges, with only the columns that its rule needs: a plan's templates are
large, and PostgreSQL leaves them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from django.db.models import BooleanField, Case, Expression, F, Func, OuterRef, Q, Subquery, TextField, Value, When
from django.db.models.fields.json import KeyTransform

from provisioning.lifecycle.adoption import BLUEPRINT
from provisioning.lifecycle.environment_tags import without_portal_tags
from provisioning.lifecycle.kinds.registry import keys_providing_plans
from provisioning.lifecycle.plan_queries import stack_tags_in
from provisioning.lifecycle.rules.facts import FindingFacts
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import RuleSettings
from provisioning.lifecycle.states import NO_LONGER_THERE, RequestState
from provisioning.models import Environment, Plan, Request, RuleKind

REQUESTS_AT_MOST: Final = 5_000
ENVIRONMENTS_AT_MOST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a dry run reads from plans."""

    inputs: bool
    tags: bool
    findings: bool
    approvals: bool

    @classmethod
    def by(cls, before: RuleSettings, after: RuleSettings) -> Self:
        return cls(
            inputs=before.inputs != after.inputs,
            tags=before.required_tags != after.required_tags,
            findings=before.refused_findings != after.refused_findings,
            approvals=before.approvals != after.approvals,
        )


@dataclass(frozen=True, slots=True)
class RequestRow:
    request_id: UUID
    person_id: UUID
    kind: RuleKind
    at: datetime
    environment_id: UUID
    name: str
    team_id: UUID
    account_id: UUID
    size: str
    region: str
    blueprint: tuple[str, str, str]
    """Slug, version and maturity; empty for an adopted stack."""
    inputs: Mapping[str, Any] | None
    tags: Mapping[str, str] | None
    findings: tuple[FindingFacts, ...] | None
    requires_approval: bool
    is_dangerous: bool


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """An environment that exists. It is judged as if it were created now, freezes aside."""

    environment_id: UUID
    name: str
    team_id: UUID
    account_id: UUID
    size: str
    region: str
    created_at: datetime
    blueprint: tuple[str, str, str]
    inputs: Mapping[str, Any] | None
    tags: Mapping[str, str] | None
    findings: tuple[FindingFacts, ...] | None

    @property
    def kind(self) -> RuleKind:
        return RuleKind.CREATE

    @property
    def at(self) -> datetime:
        return self.created_at


class _IsDangerous(Func):
    template = "jsonb_path_exists(%(expressions)s, '$.change_sets[*].verdicts[*] ? (@.is_dangerous == true)')"
    output_field = BooleanField()


_NOTHING: Final = Value(None, TextField())


def request_rows(scope: Scope, *, since: datetime, wanted: Wanted) -> list[RequestRow]:
    """The requests of the scope since then, the newest first; one more than `REQUESTS_AT_MOST` if
    there are more. One query.
    """
    is_change = Q(kind__in=(RuleKind.CHANGE, RuleKind.PUT_BACK))
    no: Expression = Value(value=False, output_field=BooleanField())
    rows = (
        Request.objects.filter(_in_scope(scope, "environment__"), requested_at__gt=since)
        .order_by("-requested_at", "-id")
        .annotate(
            inputs_then=KeyTransform("inputs", "plan__content") if wanted.inputs else _NOTHING,
            tags_then=stack_tags_in("plan__content") if wanted.tags else _NOTHING,
            findings_then=KeyTransform("findings", "plan__proof") if wanted.findings else _NOTHING,
            required=KeyTransform("requires_approval", "plan__content") if wanted.approvals else _NOTHING,
            dangerous=Case(When(is_change, then=_IsDangerous("plan__content")), default=no) if wanted.approvals else no,
        )
        .values_list(
            "id",
            "requested_by_id",
            "kind",
            "requested_at",
            "environment_id",
            "environment__name",
            "environment__team_id",
            "environment__account_id",
            "environment__size",
            "environment__region",
            *(f"environment__blueprint_version__{name}" for name in ("slug", "version", "maturity")),
            "inputs_then",
            "tags_then",
            "findings_then",
            "required",
            "dangerous",
        )
    )
    return [_request_row(*row) for row in rows[: REQUESTS_AT_MOST + 1]]


def _request_row(*columns: Any) -> RequestRow:
    """The columns in the order of `request_rows`."""
    request_id, person_id, kind, at, environment_id, name, team_id, account_id, size, region, *rest = columns
    slug, version, maturity, inputs, tags, findings, required, dangerous = rest
    return RequestRow(
        request_id=request_id,
        person_id=person_id,
        kind=RuleKind(kind),
        at=at,
        environment_id=environment_id,
        name=name,
        team_id=team_id,
        account_id=account_id,
        size=size,
        region=region,
        blueprint=_blueprint(slug, version, maturity),
        inputs=inputs,
        tags=_tags(tags),
        findings=_findings(findings),
        requires_approval=bool(required),
        is_dangerous=dangerous,
    )


def environment_rows(scope: Scope, *, wanted: Wanted) -> list[EnvironmentRow]:
    """The environments of the scope that exist, the oldest first. One query."""
    newest = (
        Plan.objects.filter(
            environment=OuterRef("pk"), requests__kind__in=keys_providing_plans(), requests__state=RequestState.DONE
        )
        .order_by("-created_at")
        .annotate(findings=KeyTransform("findings", "proof"), stack_tags=stack_tags_in("content"))
    )
    rows = (
        Environment.objects.filter(_in_scope(scope, ""))
        .exclude(state__in=NO_LONGER_THERE)
        .order_by("created_at", "id")
        .annotate(
            tagged=Subquery(newest.values("stack_tags")[:1]) if wanted.tags else _NOTHING,
            found=Subquery(newest.values("findings")[:1]) if wanted.findings else _NOTHING,
        )
        .values_list(
            "id",
            "name",
            "team_id",
            "account_id",
            "size",
            "region",
            "created_at",
            *(f"blueprint_version__{name}" for name in ("slug", "version", "maturity")),
            "inputs" if wanted.inputs else "id",
            "tagged",
            "found",
        )
    )
    return [_environment_row(*row) for row in rows[:ENVIRONMENTS_AT_MOST]]


def _environment_row(*columns: Any) -> EnvironmentRow:
    """The columns in the order of `environment_rows`."""
    environment_id, name, team_id, account_id, size, region, created_at, *rest = columns
    slug, version, maturity, inputs, tags, findings = rest
    return EnvironmentRow(
        environment_id=environment_id,
        name=name,
        team_id=team_id,
        account_id=account_id,
        size=size,
        region=region,
        created_at=created_at,
        blueprint=_blueprint(slug, version, maturity),
        inputs=inputs if isinstance(inputs, dict) else None,
        tags=_tags(tags),
        findings=_findings(findings),
    )


def lives_in(scope: Scope, *, since: datetime) -> Iterator[tuple[UUID, datetime, datetime | None]]:
    """Team, begin and end of each environment of the scope that lived since then; an end of None if
    it still lives. One query.
    """
    has_ended = Q(state__in=NO_LONGER_THERE)
    lives = Environment.objects.filter(_in_scope(scope, "")).exclude(has_ended, state_changed_at__lt=since)
    ends_at = Case(When(has_ended, then=F("state_changed_at")))
    yield from lives.annotate(ends_at=ends_at).values_list("team_id", "created_at", "ends_at").iterator()


def _in_scope(scope: Scope, path: str) -> Q:
    condition = Q()
    if scope.size:
        condition &= Q(**{f"{path}size": scope.size})
    if scope.account is not None:
        condition &= Q(**{f"{path}account": scope.account})
    if scope.team is not None:
        condition &= Q(**{f"{path}team": scope.team})
    return condition


def _blueprint(slug: str, version: str, maturity: str) -> tuple[str, str, str]:
    return ("", "", "") if slug == BLUEPRINT.slug else (slug, version, maturity)


def _findings(stored: Sequence[Mapping[str, Any]] | None) -> tuple[FindingFacts, ...] | None:
    if stored is None:
        return None
    return tuple(FindingFacts(found["rule"], found["sentence"]) for found in stored)


def _tags(stored: Mapping[str, str] | None) -> Mapping[str, str] | None:
    return without_portal_tags(stored) if stored is not None else None
