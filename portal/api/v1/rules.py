"""Rules: those in effect with their history, a dry run of a change, and the next version of one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field, StrictInt

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, created_once
from portal.api.paging import Limit, PageCursor, among, chosen, fields_query
from portal.api.schemas import Body, Page, Resource, changes, creates, only, reads
from portal.api.v1.lookups import invalid
from portal.api.v1.rule_settings import Settings
from portal.api.values import PRINTABLE
from provisioning.errors import InvalidFields, NotFound
from provisioning.lifecycle.access import check_admin, check_may_see_rules
from provisioning.lifecycle.rules import all_rules
from provisioning.lifecycle.rules.dry_run import DryRun, Group, dry_run
from provisioning.lifecycle.rules.in_effect import in_effect
from provisioning.lifecycle.rules.lines import Difference, Line, difference
from provisioning.lifecycle.rules.record import RuleInEffect
from provisioning.lifecycle.rules.rule_set import current_versions, rule_in_effect, rule_of_scope, settings_of
from provisioning.lifecycle.rules.scope import Scope as RuleScope
from provisioning.lifecycle.rules.settings import RuleSettings
from provisioning.lifecycle.services.rules import check_settings, save_rule
from provisioning.lifecycle.services.tokens import Scope
from provisioning.models import Account, RuleVersion, Team

router = Router(tags=["Rules"])

NO_SUCH_RULE: Final = "This rule does not exist."
Size = Literal["", "dev", "staging", "prod"]


class RuleOut(Resource):
    """The version in effect of the rule of one scope. It applies where size, account and team are these."""

    id: UUID
    title: str = Field(description="The scope as people read it.", examples=["Production in sandbox-prod"])
    size: str = Field(description="Empty for every size.", examples=["prod"])
    account: str | None = Field(description="The account's name; null for every account.", examples=["sandbox-prod"])
    team: str | None = Field(description="The team's slug; null for every team.")
    version: int = Field(examples=[3])
    changed_by: str = Field(description="Who wrote this version.")
    settings: Settings


NAMES: Final = tuple(RuleOut.model_fields)
RuleFields = Annotated[str, among(NAMES), fields_query("id,version")]


def describe(rule: RuleInEffect) -> RuleOut:
    scope, reference = rule.scope, rule.reference
    assert reference.rule_id is not None  # noqa: S101 - a stored rule has one
    return RuleOut(
        id=reference.rule_id,
        title=scope.title,
        size=scope.size,
        account=scope.account.name if scope.account is not None else None,
        team=scope.team.slug if scope.team is not None else None,
        version=reference.version,
        changed_by=reference.changed_by,
        settings=Settings.of(rule.settings),
    )


@router.get("", response=reads(list[RuleOut]), operation_id="rules_list", summary="List rules")
def rules(request: HttpRequest, fields: RuleFields = "") -> Any:
    """Those in effect, the widest first, for those who see all teams."""
    names = chosen(fields, NAMES)
    check_may_see_rules(caller(request))
    return only([describe(rule) for rule in all_rules().rules], names)


class EffectiveLineOut(Schema):
    title: str = Field(examples=["Approvals of a create"])
    text: str = Field(examples=["1 approval: 1 by approvers"])
    because: list[str] = Field(description="The rules because of which it is so.")


@router.get(
    "/effective",
    response=reads(list[EffectiveLineOut]),
    operation_id="rules_effective",
    summary="Read what the rules come to for a team, an account and a size",
)
def effective(
    request: HttpRequest,
    team: Annotated[
        str, Query(max_length=32, pattern=PRINTABLE, description="The team's slug.", examples=["payments"])
    ],
    account: Annotated[
        str, Query(max_length=64, pattern=PRINTABLE, description="The account's name.", examples=["sandbox-dev"])
    ],
    size: Literal["dev", "staging", "prod"],
) -> Any:
    """All rules that apply hold together, and the strictest decides."""
    check_may_see_rules(caller(request))
    place = Account.objects.filter(name=account).first()
    owner = Team.objects.filter(slug=team, deleted_at=None).first()
    if place is None or owner is None:
        raise NotFound("There is no such account or team.")
    applying = all_rules().of(size=size, account_id=place.pk, team_id=owner.pk)
    return [
        EffectiveLineOut(title=line.title, text=line.text, because=[one.label for one in line.because])
        for line in in_effect(applying, size=size)
    ]


@router.get("/{uuid:rule_id}", response=reads(RuleOut), operation_id="rules_get", summary="Read a rule")
def rule(request: HttpRequest, rule_id: UUID, fields: RuleFields = "") -> Any:
    names = chosen(fields, NAMES)
    check_may_see_rules(caller(request))
    version = current_versions().filter(rule=rule_id).first()
    if version is None:
        raise NotFound(NO_SUCH_RULE)
    return only(describe(rule_in_effect(version)), names)


class LineOut(Schema):
    title: str = Field(examples=["Allowed regions"])
    text: str = Field(examples=["eu-north-1"])


def _lines(lines: tuple[Line, ...]) -> list[LineOut]:
    return [LineOut(title=line.title, text=line.text) for line in lines]


class RuleVersionOut(Resource):
    id: int = Field(description="The number of the version.", examples=[3])
    rule_id: UUID
    settings: Settings
    reason: str
    created_by: str
    created_at: datetime
    removed: list[LineOut] = Field(description="What the version before said and this one does not.")
    added: list[LineOut] = Field(description="What this version says and the one before did not.")


VERSION_NAMES: Final = tuple(RuleVersionOut.model_fields)
VersionFields = Annotated[str, among(VERSION_NAMES), fields_query("id,reason")]


def describe_version(version: RuleVersion, *, before: RuleSettings) -> RuleVersionOut:
    compared = difference(before, settings_of(version))
    return RuleVersionOut(
        id=version.number,
        rule_id=version.rule_id,
        settings=Settings.of(settings_of(version)),
        reason=version.reason,
        created_by=version.created_by.username,
        created_at=version.created_at,
        removed=_lines(compared.removed),
        added=_lines(compared.added),
    )


@router.get(
    "/{uuid:rule_id}/versions",
    response=reads(Page[RuleVersionOut]),
    operation_id="rules_versions",
    summary="Read the history of a rule",
)
def versions(
    request: HttpRequest, rule_id: UUID, cursor: PageCursor = "", limit: Limit = 25, fields: VersionFields = ""
) -> Any:
    """Newest first. A version never changes."""
    names = chosen(fields, VERSION_NAMES)
    check_may_see_rules(caller(request))
    rows = RuleVersion.objects.filter(rule=rule_id).select_related("created_by").order_by("-number")
    if cursor:
        rows = rows.filter(number__lt=_position(cursor))
    found = list(rows[: limit + 1])
    if not found:
        raise NotFound(NO_SUCH_RULE)
    before = [settings_of(version) for version in found[1:]] + [RuleSettings()]
    items = [
        describe_version(version, before=settings) for version, settings in zip(found[:limit], before, strict=False)
    ]
    following = str(found[limit - 1].number) if len(found) > limit else ""
    return only(Page(items=items, next_cursor=following), names)


def _position(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 10):  # noqa: PLR2004 - digits of a number
        raise invalid("cursor", "This is not a cursor of this list. Send `next_cursor` of a page as it is, or none.")
    return int(cursor)


_EXAMPLE: Final = {
    "approvals": [{"kind": "create", "approvers": 2}],
    "regions": ["eu-north-1", "eu-central-1"],
    "lifetime_days": 90,
    "freezes": [
        {
            "name": "End of the year",
            "starts_at": "2026-12-20T18:00:00Z",
            "ends_at": "2027-01-02T06:00:00Z",
            "time_zone": "Europe/Stockholm",
            "reason": "Nobody is there to repair it.",
        }
    ],
    "required_tags": [{"key": "cost-centre", "values": ["4711"]}],
}


class NewVersion(Body):
    """The scope, and everything that its rule says from now on."""

    size: Size = Field("", description="Empty for every size.", examples=["prod"])
    account: str | None = Field(
        None, max_length=64, description="The account's name; null for every account.", examples=["sandbox-prod"]
    )
    team: str | None = Field(
        None, max_length=32, description="The team's slug; null for every team.", examples=["payments"]
    )
    settings: Settings = Field(examples=[_EXAMPLE])

    def scope(self) -> RuleScope:
        """Raises ApiError for an account or a team that does not exist."""
        account = Account.objects.filter(name=self.account).first() if self.account is not None else None
        if self.account is not None and account is None:
            raise invalid("account", f"There is no account {self.account}.")
        # A rule of a deleted team can still be edited.
        teams = Team.objects.filter(Q(deleted_at=None) | Q(rules__isnull=False))
        team = teams.filter(slug=self.team).first() if self.team is not None else None
        if self.team is not None and team is None:
            raise invalid("team", f"There is no team {self.team}.")
        return RuleScope(self.size, account, team)


class AffectedOut(Schema):
    name: str = Field(description="The environment's name.", examples=["orders-dev"])
    team: str = Field(examples=["Payments"])
    size: str = Field(examples=["dev"])
    environment_id: UUID
    request_id: UUID | None = Field(description="Null for an environment.")
    at: datetime | None
    reasons: list[str]


class GroupOut(Schema):
    count: int
    teams: dict[str, int] = Field(description="How many of each team.", examples=[{"Payments": 2}])
    first: list[AffectedOut] = Field(description="The first 50.")

    @classmethod
    def of(cls, group: Group) -> GroupOut:
        first = [
            AffectedOut(
                **{name: getattr(one, name) for name in AffectedOut.model_fields} | {"reasons": list(one.reasons)}
            )
            for one in group.first
        ]
        return cls(count=group.count, teams=dict(group.teams), first=first)


class DryRunOut(Schema):
    """What the version would have affected if it had been in effect, on top of the present one."""

    refused: GroupOut = Field(description="Requests of the last 90 days that it would have refused.")
    approvals: GroupOut = Field(description="Requests that would have needed other approvals.")
    outside: GroupOut = Field(description="Environments that it would not allow to be created, or to live longer.")
    examined: int = Field(description="How many requests were looked at.")
    is_partial: bool = Field(description="There are more: the newest ones were looked at.")
    removed: list[LineOut]
    added: list[LineOut]

    @classmethod
    def of(cls, result: DryRun, compared: Difference) -> DryRunOut:
        return cls(
            refused=GroupOut.of(result.refused),
            approvals=GroupOut.of(result.approvals),
            outside=GroupOut.of(result.outside),
            examined=result.examined,
            is_partial=result.is_partial,
            removed=_lines(compared.removed),
            added=_lines(compared.added),
        )


@router.post(
    "/dry-run",
    response=changes(DryRunOut),
    auth=Token(Scope.ADMIN),
    operation_id="rules_dry_run",
    summary="Find out whom and what a change of a rule would have affected",
)
def try_out(request: HttpRequest, body: NewVersion) -> Any:
    """Nothing is written."""
    actor = caller(request)
    check_admin(actor)
    scope, settings = body.scope(), body.settings.as_settings()
    current = rule_of_scope(scope).settings
    try:
        check_settings(settings, before=current)
    except InvalidFields as error:
        raise _at_settings(error) from error
    return DryRunOut.of(dry_run(actor=actor, scope=scope, settings=settings), difference(current, settings))


def _at_settings(error: InvalidFields) -> InvalidFields:
    """Name the fields as the body does."""
    return InvalidFields(
        {name if name == "reason" else f"settings.{name}": texts for name, texts in error.fields.items()}
    )


class NewRuleVersion(NewVersion):
    reason: str = Field(max_length=2_000, description="The history of the rule shows it.", examples=["Audit of 2026"])
    expected_version: StrictInt = Field(
        ge=0, le=1_000_000, description="The version that you have read; 0 for a scope without a rule.", examples=[0]
    )


@router.post(
    "",
    response=creates(RuleVersionOut),
    auth=Token(Scope.ADMIN),
    operation_id="rules_save",
    summary="Save the next version of a rule",
)
@created_once
def save(request: HttpRequest, body: NewRuleVersion, idempotency_key: Key) -> Any:
    """It is in effect at once. If the rule has another version than `expected_version`, nothing is saved."""
    del idempotency_key
    actor = caller(request)
    check_admin(actor)
    scope = body.scope()
    before = rule_of_scope(scope).settings
    try:
        version = save_rule(
            actor=actor,
            scope=scope,
            settings=body.settings.as_settings(),
            reason=body.reason,
            expected_version=body.expected_version,
        )
    except InvalidFields as error:
        raise _at_settings(error) from error
    return Status(201, describe_version(version, before=before))
