"""Which audit events become messages, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q

from provisioning.lifecycle.access import Permission, may, may_decide, may_see
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.states import RequestState
from provisioning.models import AuditEvent, Delegation, HandoverOffer, Operation, Request, Role, Team, User
from provisioning.notify.topics import Topic


class Audience(Enum):
    DECIDERS = auto()
    """Everyone who can decide on the request."""
    REQUESTER = auto()
    CREATOR = auto()
    """The person who requested the environment in the first place."""
    SUBJECT = auto()
    """The person whom the event is about."""
    ACTOR = auto()
    """The person themselves, so that they notice what somebody else does in their name."""
    OWNERS = auto()
    ADMINS = auto()
    """Portal admins, if the event belongs to no team."""
    ALL_ADMINS = auto()
    """Portal admins, also if the event belongs to a team."""
    TEAM = auto()
    """The channels of the event's team."""
    RECEIVING_TEAM = auto()
    """Owners and channels of the team that an environment is offered to."""


@dataclass(frozen=True, slots=True)
class Rule:
    topic: Topic
    to: frozenset[Audience]
    only_pending: bool = False


def _rule(topic: Topic, *to: Audience, only_pending: bool = False) -> Rule:
    return Rule(topic, frozenset(to), only_pending)


_PENDING: Final = _rule(Topic.AWAITING, Audience.DECIDERS, Audience.TEAM, only_pending=True)
_DECIDED: Final = _rule(Topic.DECISIONS, Audience.REQUESTER, Audience.TEAM)
_FAILED: Final = _rule(Topic.FAILURES, Audience.REQUESTER, Audience.CREATOR, Audience.TEAM)
_ENDED: Final = _rule(Topic.RESULTS, Audience.REQUESTER, Audience.TEAM)
_ENVIRONMENT: Final = _rule(Topic.ENVIRONMENTS, Audience.CREATOR, Audience.TEAM)
_OFFER_ENDED: Final = _rule(
    Topic.ENVIRONMENTS, Audience.CREATOR, Audience.OWNERS, Audience.TEAM, Audience.RECEIVING_TEAM
)
_MEMBER: Final = _rule(Topic.MEMBERS, Audience.SUBJECT, Audience.TEAM)
_ROLE: Final = _rule(Topic.SECURITY, Audience.SUBJECT)
_OWN_ACCOUNT: Final = _rule(Topic.SECURITY, Audience.ACTOR)
_INTEGRATION: Final = _rule(Topic.INTEGRATIONS, Audience.OWNERS, Audience.TEAM)
_STOPPED: Final = _rule(Topic.INTEGRATIONS, Audience.OWNERS, Audience.ADMINS, Audience.TEAM)

RULES: Final[Mapping[str, Rule]] = {
    "request:create": _PENDING,
    "request:change": _PENDING,
    "request:adopt": _PENDING,
    "request:put_back": _PENDING,
    "request:recover": _PENDING,
    "request:teardown": _PENDING,
    "request:await": _PENDING,
    "request:approve": _DECIDED,
    "request:refuse": _DECIDED,
    "request:expire": _DECIDED,
    "request:vote": _rule(Topic.DECISIONS, Audience.REQUESTER),
    "request:ask": _DECIDED,
    "request:answer": _rule(Topic.DECISIONS, Audience.DECIDERS, only_pending=True),
    "request:withdraw": _rule(Topic.DECISIONS, Audience.TEAM),
    "request:expires_soon": _rule(
        Topic.ENVIRONMENTS, Audience.REQUESTER, Audience.DECIDERS, Audience.TEAM, only_pending=True
    ),
    "operation:succeeded": _ENDED,
    "operation:cancelled": _ENDED,
    "operation:refused": _FAILED,
    "operation:failed": _FAILED,
    "operation:errored": _FAILED,
    "operation:abandoned": _FAILED,
    "drift:find": _ENVIRONMENT,
    "environment:offer": _rule(Topic.ENVIRONMENTS, Audience.RECEIVING_TEAM, Audience.TEAM),
    "environment:withdraw_offer": _OFFER_ENDED,
    "environment:decline_offer": _OFFER_ENDED,
    "environment:hand_over": _rule(Topic.ENVIRONMENTS, Audience.CREATOR, Audience.OWNERS, Audience.TEAM),
    "environment:take_over": _rule(Topic.ENVIRONMENTS, Audience.OWNERS, Audience.TEAM),
    "team:lose_owners": _rule(Topic.MEMBERS, Audience.ALL_ADMINS, Audience.TEAM),
    "member:add": _MEMBER,
    "member:change_role": _MEMBER,
    "member:remove": _MEMBER,
    "member:leave": _rule(Topic.MEMBERS, Audience.TEAM),
    "role:confirm": _ROLE,
    "role:give": _ROLE,
    "role:take": _ROLE,
    "delegation:begin": _rule(Topic.SECURITY, Audience.SUBJECT),
    "delegation:end": _rule(Topic.SECURITY, Audience.SUBJECT),
    "password:change": _OWN_ACCOUNT,
    "password:end": _rule(Topic.SECURITY, Audience.SUBJECT),
    "second_factor:add": _OWN_ACCOUNT,
    "second_factor:remove": _rule(Topic.SECURITY, Audience.ACTOR, Audience.SUBJECT),  # a command has no actor
    "second_factor:recover": _OWN_ACCOUNT,
    "second_factor:renew_codes": _OWN_ACCOUNT,
    "identity:link": _OWN_ACCOUNT,
    "identity:end": _rule(Topic.SECURITY, Audience.SUBJECT),
    "person:use_password_link": _OWN_ACCOUNT,
    "person:create_password_link": _rule(Topic.SECURITY, Audience.SUBJECT),
    "person:update": _rule(Topic.SECURITY, Audience.SUBJECT),
    "person:change": _rule(Topic.SECURITY, Audience.SUBJECT),
    "token:create": _OWN_ACCOUNT,
    "token:revoke": _rule(Topic.SECURITY, Audience.SUBJECT, Audience.OWNERS),  # of a personal one, or of a team's
    "webhook:create": _INTEGRATION,
    "webhook:change": _INTEGRATION,
    "webhook:remove": _INTEGRATION,
    "webhook:rotate": _INTEGRATION,
    "webhook:stop": _STOPPED,
    "channel:stop": _rule(Topic.INTEGRATIONS, Audience.OWNERS, Audience.SUBJECT, Audience.TEAM),
}


_OFFERS: Final = frozenset({"environment:offer", "environment:withdraw_offer", "environment:decline_offer"})
"""Events of the giving team that the owners of the receiving team know of as well."""


@dataclass(frozen=True, slots=True)
class Recipients:
    """`people` in no order, each once. `request` is what the event is about, if it is about one."""

    topic: Topic
    people: tuple[User, ...]
    teams: tuple[Team, ...]
    request: Request | None


def recipients_of(event: AuditEvent) -> Recipients | None:
    """Return who hears of the event; None if nobody does, as when nobody needs to decide any more."""
    rule = RULES.get(event.action)
    if rule is None or _is_a_part(event):
        return None
    request = request_of(event)
    if rule.only_pending and (request is None or request.state != RequestState.WAITING):
        return None
    people: dict[UUID, User] = {}
    for audience in rule.to:
        for person in _people(audience, event, request):
            people[person.pk] = person
    if Audience.ACTOR not in rule.to and event.actor_id is not None:
        people.pop(event.actor_id, None)  # people know what they have done themselves
    reachable = tuple(
        person
        for person in people.values()
        if person.is_active and not person.is_service and may_hear(person, event, topic=rule.topic)
    )
    teams = _teams(rule, event)
    return Recipients(rule.topic, reachable, teams, request) if reachable or teams else None


def may_hear(person: User, event: AuditEvent, *, topic: Topic) -> bool:
    """Whether the person may still know of the event. What is about the person themselves is theirs
    to know, also after they have left the team.
    """
    if topic in (Topic.SECURITY, Topic.MEMBERS) or event.team is None:
        return True
    if may_see(person, event.team):
        return True
    receiver = _receiving_team(event) if event.action in _OFFERS else None
    return receiver is not None and may(person, receiver, Permission.MANAGE)


def request_of(event: AuditEvent) -> Request | None:
    """Return the request that the event is about, by its id or by that of an operation."""
    rows = Request.objects.select_related("environment__team", "requested_by")
    if (key := _uuid(event.detail.get("request"))) is not None:
        return rows.filter(pk=key).first()
    if (key := _uuid(event.detail.get("operation"))) is not None:
        operation = Operation.objects.filter(pk=key).values_list("request_id", flat=True).first()
        return rows.filter(pk=operation).first() if operation else None
    return None


def _is_a_part(event: AuditEvent) -> bool:
    """Whether an operation has ended well that is only the first part of its request."""
    kind = event.detail.get("kind")
    return event.action == "operation:succeeded" and bool(kind) and not kind_of(kind).is_requested


def _people(audience: Audience, event: AuditEvent, request: Request | None) -> Iterable[User]:
    find = _FINDERS.get(audience)
    return find(event, request) if find is not None else ()


def _deciders(_event: AuditEvent, request: Request | None) -> Iterable[User]:
    if request is None:
        return ()
    owners = Q(memberships__team=request.environment.team_id, memberships__role=Role.OWNER)
    delegates = Q(pk__in=Delegation.objects.values("delegate"))
    candidates = User.objects.filter(Q(is_approver=True) | Q(is_admin=True) | Q(is_superuser=True) | owners | delegates)
    return [person for person in candidates.filter(is_active=True).distinct() if may_decide(person, request)]


def _requester(_event: AuditEvent, request: Request | None) -> Iterable[User]:
    return [request.requested_by] if request is not None else ()


def _creator(event: AuditEvent, _request: Request | None) -> Iterable[User]:
    return [event.environment.created_by] if event.environment is not None else ()


def _subject(event: AuditEvent, _request: Request | None) -> Iterable[User]:
    key = _uuid(event.subject_id)
    return User.objects.filter(pk=key) if key is not None else ()


def _actor(event: AuditEvent, _request: Request | None) -> Iterable[User]:
    return [event.actor] if event.actor is not None else ()


def _owners(event: AuditEvent, _request: Request | None) -> Iterable[User]:
    return _owners_of(event.team)


def _admins(event: AuditEvent, _request: Request | None) -> Iterable[User]:
    return User.objects.filter(Q(is_admin=True) | Q(is_superuser=True)) if event.team is None else ()


def _all_admins(_event: AuditEvent, _request: Request | None) -> Iterable[User]:
    return User.objects.filter(Q(is_admin=True) | Q(is_superuser=True))


def _receivers(event: AuditEvent, _request: Request | None) -> Iterable[User]:
    return _owners_of(_receiving_team(event))


def _owners_of(team: Team | None) -> Iterable[User]:
    if team is None:
        return ()
    return User.objects.filter(memberships__team=team, memberships__role=Role.OWNER)


_FINDERS: Final[Mapping[Audience, Callable[[AuditEvent, Request | None], Iterable[User]]]] = {
    Audience.DECIDERS: _deciders,
    Audience.REQUESTER: _requester,
    Audience.CREATOR: _creator,
    Audience.SUBJECT: _subject,
    Audience.ACTOR: _actor,
    Audience.OWNERS: _owners,
    Audience.ADMINS: _admins,
    Audience.ALL_ADMINS: _all_admins,
    Audience.RECEIVING_TEAM: _receivers,
}


def _teams(rule: Rule, event: AuditEvent) -> tuple[Team, ...]:
    teams = [event.team] if Audience.TEAM in rule.to and event.team is not None else []
    if Audience.RECEIVING_TEAM in rule.to and (team := _receiving_team(event)) is not None:
        teams.append(team)
    return tuple(teams)


def _receiving_team(event: AuditEvent) -> Team | None:
    key = _uuid(event.detail.get("offer"))
    offer = HandoverOffer.objects.filter(pk=key).select_related("to_team").first() if key else None
    return offer.to_team if offer is not None else None


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except (ValueError, ValidationError):
        return None
