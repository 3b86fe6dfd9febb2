"""Hand an environment over to another team.

An owner of the giving team offers, and an owner of the receiving team accepts. Then the receiving
team sees, operates and pays for the environment, and the giving team no longer sees it.

Nothing changes in AWS. Names and tags cannot change without replacing resources, so they keep the
key of the team that requested the environment (`Environment.team_key`), and CloudFormation goes on
using that team's stack role. Both teams must therefore be allowed to use what the environment names
(`team_resources`), and an approver decides on each change.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from provisioning.errors import NotFound, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import (
    Permission,
    account_team_for,
    check_may,
    check_may_use_account,
    check_may_use_region,
    may,
)
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.plan_checks import name_is_taken
from provisioning.lifecycle.plan_queries import current_plan
from provisioning.lifecycle.rules import lock_quotas, refusals
from provisioning.lifecycle.rules.facts import BlueprintFacts, Facts
from provisioning.lifecycle.services.recording import lock
from provisioning.lifecycle.states import NO_LONGER_THERE, OPEN_REQUESTS, EnvironmentState, RequestState
from provisioning.lifecycle.team_lock import lock_team
from provisioning.lifecycle.team_resources import external_names_of, refusals_of
from provisioning.lifecycle.transitions import record
from provisioning.models import Environment, HandoverOffer, OfferState, Operation, Request, Role, RuleKind, Team, User

VALID_FOR: Final = timedelta(days=7)
NOTE_LIMIT: Final = 2_000
BATCH: Final = 100
NOT_OPEN: Final = "This offer was decided on, was withdrawn, or has expired. Reload the page."


def offer_environment(
    *, actor: User, environment: Environment, receiver: str, typed_name: str, note: str = ""
) -> HandoverOffer:
    """Offer an environment to the team with this short name.

    The actor learns nothing about the other team except that it exists. Raises NotAllowed,
    Refused and WrongState.
    """
    check_may(actor, environment.team, Permission.MANAGE)
    if typed_name.strip() != environment.name:
        raise Refused(f"Type the environment’s name, {environment.name}, to confirm.")
    team = _receiving_team(receiver, environment)
    at = clock.now()
    with transaction.atomic():
        lock_team(team, no_key=True)
        lock(environment)
        check_may(actor, environment.team, Permission.MANAGE)
        if reason := why_not_handed_over(environment):
            raise WrongState(reason)
        expire_offers(environment, at=at)
        if (existing := open_offer_of(environment)) is not None:
            raise WrongState(
                f"{environment.name} is offered to {existing.to_team.name} already. Withdraw that offer first."
            )
        offer = HandoverOffer.objects.create(
            environment=environment,
            from_team=environment.team,
            to_team=team,
            note=note.strip()[:NOTE_LIMIT],
            offered_by=actor,
            offered_at=at,
            expires_at=at + VALID_FOR,
        )
        _audit(AuditAction.ENVIRONMENT_OFFER, offer, actor=actor, team=environment.team, at=at)
    return offer


def withdraw_offer(*, actor: User, offer: HandoverOffer) -> HandoverOffer:
    """Withdraw an open offer, as any owner of the giving team may. Raises NotAllowed and WrongState."""
    check_may(actor, offer.from_team, Permission.MANAGE)
    at = clock.now()
    with transaction.atomic():
        lock(offer.environment)
        _end(offer, OfferState.WITHDRAWN, actor=actor, at=at)
        _audit(AuditAction.ENVIRONMENT_WITHDRAW_OFFER, offer, actor=actor, team=offer.from_team, at=at)
    return offer


def decline_offer(*, actor: User, offer: HandoverOffer) -> HandoverOffer:
    """Decline an open offer. Raises NotAllowed and WrongState."""
    check_may(actor, offer.to_team, Permission.MANAGE)
    at = clock.now()
    with transaction.atomic():
        lock(offer.environment)
        _end(offer, OfferState.DECLINED, actor=actor, at=at)
        _audit(AuditAction.ENVIRONMENT_DECLINE_OFFER, offer, actor=actor, team=offer.from_team, at=at)
    return offer


def accept_offer(*, actor: User, offer: HandoverOffer) -> Environment:
    """Take the environment over: from now on it belongs to the receiving team.

    Raises NotAllowed, Refused with a sentence for each reason, and WrongState if the offer is not open
    or something is in progress.
    """
    check_may(actor, offer.to_team, Permission.MANAGE)
    environment, at = offer.environment, clock.now()
    try:
        with transaction.atomic():
            _lock_teams(offer)
            lock_quotas(team=offer.to_team, actor=actor)
            lock(environment)
            offer.offered_by.refresh_from_db(fields=["is_active"])
            check_may(actor, offer.to_team, Permission.MANAGE)
            if environment.team_id != offer.from_team_id:
                raise WrongState(NOT_OPEN)
            if reasons := why_not_accept(offer):
                raise Refused("\n".join(reasons))
            _end(offer, OfferState.ACCEPTED, actor=actor, at=at)
            _move(environment, offer, actor=actor, at=at)
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, psycopg.Error) and cause.diag.constraint_name == "environment_name_once_in_team":
            raise Refused(_name_taken(offer)) from error
        raise
    return environment


def why_not_handed_over(environment: Environment) -> str:
    """Why the environment cannot change its team now, as a sentence; empty if it can."""
    if environment.state in NO_LONGER_THERE:
        label = EnvironmentState(environment.state).label.lower()
        return f"{environment.name} is “{label}”. There is nothing to hand over."
    if Operation.objects.filter(environment=environment, ended_at=None).exists():
        return f"An operation on {environment.name} is in progress. Hand it over when that has ended."
    if Request.objects.filter(environment=environment, state__in=OPEN_REQUESTS).exists():
        return f"A request for {environment.name} is open. It has to be decided on or withdrawn first."
    return ""


def why_not_accept(offer: HandoverOffer) -> list[str]:
    """Return a sentence for each reason why the receiving team cannot take the environment over.

    They are for the receiving team only, because they say what it may use.
    """
    environment, team = offer.environment, offer.to_team
    reasons = [reason] if (reason := why_not_handed_over(environment)) else []
    if not may(offer.offered_by, offer.from_team, Permission.MANAGE):
        reasons.append(
            f"{offer.offered_by.get_username()}, who offered {environment.name}, is no longer an owner of "
            f"{offer.from_team.name}. Ask an owner of {offer.from_team.name} to withdraw the offer and make a new one."
        )
    same = Environment.objects.filter(
        team=team, account=environment.account, region=environment.region, name=environment.name
    )
    if same.exclude(state__in=NO_LONGER_THERE).exists():
        reasons.append(_name_taken(offer))
    try:
        check_may_use_account(team, environment.account, size=environment.size, is_new=False)
    except Refused as error:
        reasons.append(error.sentence)
    entry = account_team_for(team, environment.account)
    if entry is None:
        return reasons
    try:
        check_may_use_region(entry, environment.region)
    except Refused as error:
        reasons.append(error.sentence)
    names = external_names_of(current_plan(environment))
    reasons += refusals_of(names, account=environment.account, account_teams=[entry])
    return [*reasons, *_refused_by_rules(offer)]


def _refused_by_rules(offer: HandoverOffer) -> list[str]:
    """What the rules of the receiving team, such as its quotas, refuse for a new environment like this."""
    environment, version = offer.environment, offer.environment.blueprint_version
    facts = Facts(
        kind=RuleKind.CREATE,
        team=offer.to_team,
        account=environment.account,
        size=environment.size,
        region=environment.region,
        at=clock.now(),
        name=environment.name,
        blueprint=BlueprintFacts(version.slug, version.version, version.maturity),
    )
    return [str(refusal) for refusal in refusals(facts)]


def open_offer_of(environment: Environment) -> HandoverOffer | None:
    """Return the offer of this environment that can be accepted now."""
    rows = HandoverOffer.objects.filter(
        environment=environment, state=OfferState.OPEN, expires_at__gt=clock.expression()
    )
    return rows.select_related("to_team", "from_team", "offered_by").first()


def offers_to(team: Team) -> QuerySet[HandoverOffer]:
    """Return the offers that the team can accept now, oldest first."""
    rows = HandoverOffer.objects.filter(to_team=team, state=OfferState.OPEN, expires_at__gt=clock.now())
    return rows.select_related("environment", "from_team", "offered_by").order_by("offered_at")


def offers_to_owner(user: User) -> QuerySet[HandoverOffer]:
    """Return the offers that the teams that the user owns can accept now, oldest first."""
    owned = Team.objects.filter(memberships__user=user, memberships__role=Role.OWNER, deleted_at=None)
    rows = HandoverOffer.objects.filter(to_team__in=owned, state=OfferState.OPEN, expires_at__gt=clock.now())
    return rows.select_related("environment", "from_team", "to_team", "offered_by").order_by("offered_at")


def expire_offers(environment: Environment, *, at: datetime) -> None:
    """End the environment's offers that nobody accepted in time. Call it with the environment locked."""
    rows = HandoverOffer.objects.filter(environment=environment, state=OfferState.OPEN, expires_at__lte=at)
    for offer in rows.select_related("environment", "from_team", "to_team", "offered_by"):
        offer.state, offer.decided_at = OfferState.EXPIRED, at
        offer.save(update_fields=["state", "decided_at"])
        why = "Nobody accepted it in time."
        _audit(AuditAction.ENVIRONMENT_WITHDRAW_OFFER, offer, actor=None, team=offer.from_team, at=at, why=why)


def expire_due_offers(*, limit: int = BATCH) -> int:
    """End the offers of all environments that nobody accepted in time. Returns how many environments
    are done if there may be more, and otherwise 0.
    """
    at = clock.now()
    due = HandoverOffer.objects.filter(state=OfferState.OPEN, expires_at__lte=at).order_by("expires_at")
    environments = [offer.environment for offer in due.select_related("environment")[:limit]]
    for environment in environments:
        with transaction.atomic():
            Environment.objects.select_for_update().get(pk=environment.pk)
            expire_offers(environment, at=at)
    return len(environments) if len(environments) == limit else 0


def end_offers_to(team: Team, *, actor: User, at: datetime) -> None:
    """Decline the open offers to a team that is being deleted. Call it with the team locked."""
    open_ones = HandoverOffer.objects.filter(to_team=team, state=OfferState.OPEN)
    environments = Environment.objects.filter(pk__in=open_ones.values("environment"))
    for environment in environments.select_for_update().order_by("pk"):
        expire_offers(environment, at=at)
    for offer in open_ones.select_related("environment", "from_team", "to_team", "offered_by"):
        _end(offer, OfferState.DECLINED, actor=actor, at=at)
        why = f"{team.name} was deleted."
        _audit(AuditAction.ENVIRONMENT_DECLINE_OFFER, offer, actor=actor, team=offer.from_team, at=at, why=why)


def _receiving_team(text: str, environment: Environment) -> Team:
    team = Team.objects.filter(slug=text.strip(), deleted_at=None).first()
    if team is None:
        raise NotFound(f"There is no team with the short name “{text.strip()[:32]}”. Ask an owner of the team for it.")
    if team.pk == environment.team_id:
        raise Refused(f"{environment.name} belongs to {team.name} already.")
    return team


def _lock_teams(offer: HandoverOffer) -> None:
    """So that nobody removes the owner who offers or the one who accepts meanwhile."""
    teams = Team.objects.filter(pk__in=(offer.from_team_id, offer.to_team_id))
    list(teams.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _end(offer: HandoverOffer, state: OfferState, *, actor: User, at: datetime) -> None:
    """Only one decision ends an offer."""
    still_open = HandoverOffer.objects.filter(pk=offer.pk, state=OfferState.OPEN, expires_at__gt=at)
    if not still_open.update(state=state, decided_by=actor, decided_at=at):
        raise WrongState(NOT_OPEN)
    offer.state, offer.decided_by, offer.decided_at = state, actor, at


def _move(environment: Environment, offer: HandoverOffer, *, actor: User, at: datetime) -> None:
    key = environment.key_in_aws
    Environment.objects.filter(pk=environment.pk).update(team=offer.to_team, team_key=key, version=F("version") + 1)
    environment.team, environment.team_key = offer.to_team, key
    # The other team's approvals are worth nothing here, so what has failed is requested again.
    Request.objects.filter(environment=environment, state=RequestState.FAILED).update(expires_at=at)
    reason = f"Handed over from {offer.from_team.name} to {offer.to_team.name}."
    state = EnvironmentState(environment.state)
    record(environment, str(state), state, at=at, actor=actor, reason=reason)
    _audit(AuditAction.ENVIRONMENT_HAND_OVER, offer, actor=actor, team=offer.from_team, at=at)
    _audit(AuditAction.ENVIRONMENT_TAKE_OVER, offer, actor=actor, team=offer.to_team, at=at)


def _name_taken(offer: HandoverOffer) -> str:
    environment = offer.environment
    sentence = name_is_taken(
        environment.name, team=offer.to_team, account=environment.account, region=environment.region
    )
    return sentence.replace("Choose another name.", "Tear that one down first, or decline.")


def _audit(
    action: AuditAction, offer: HandoverOffer, *, actor: User | None, team: Team, at: datetime, why: str = ""
) -> None:
    more: dict[str, Any] = {"why": why} if why else {}
    moved = action in (AuditAction.ENVIRONMENT_HAND_OVER, AuditAction.ENVIRONMENT_TAKE_OVER)
    audit_event(
        action,
        actor=actor,
        at=at,
        team=team,
        environment=offer.environment,
        before={"team": offer.from_team.name} if moved else None,
        after={"team": offer.to_team.name} if moved else None,
        offer=str(offer.pk),
        from_team=offer.from_team.name,
        to_team=offer.to_team.name,
        offered_by=offer.offered_by.get_username(),
        **more,
    )
