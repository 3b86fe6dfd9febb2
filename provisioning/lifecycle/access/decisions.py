"""Who decides on requests.

The rules say from which groups the approvals of a request have to come: approvers, owners of the
team, portal admins. Members of these groups decide, and while an approver is away, the person to
whom they have delegated it. Nobody decides on their own request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from provisioning.errors import NotAllowed
from provisioning.lifecycle import clock
from provisioning.lifecycle.access.outside_roles import is_admin, is_approver, is_delegate
from provisioning.lifecycle.access.permissions import PERMISSIONS, Permission, permissions_of
from provisioning.lifecycle.access.standing_votes import standing_votes
from provisioning.lifecycle.access.teams import permissions_in
from provisioning.lifecycle.states import RequestState
from provisioning.models import ApiToken, ApproverGroup, Delegation, Membership, Request, Team, User, Vote

_BY_DEFAULT = frozenset({ApproverGroup.APPROVERS})
"""Who decides on requests of earlier versions, which do not name the groups."""


@dataclass(frozen=True, slots=True)
class Seat:
    """The right with which somebody votes: their own, or that of an approver for whom they decide."""

    holder: User
    groups: frozenset[ApproverGroup]


def groups_deciding(request: Request) -> frozenset[ApproverGroup]:
    """The groups whose members decide on the request, as the rules said when it was sent."""
    return frozenset(map(ApproverGroup, request.approver_groups)) or _BY_DEFAULT


def identities_of(user: User) -> frozenset[UUID]:
    """The ids under which the person may have acted: their own, and of whom they count as."""
    return frozenset({user.pk} if user.counts_as_id is None else {user.pk, user.counts_as_id})


def has_requested(user: User, request: Request) -> bool:
    """Whether the request is the user's own: sent by the user or somebody who counts as the same
    person, with a service token that was shown to the user, or by somebody else who planned the
    user's change again.
    """
    mine = identities_of(user)
    return bool(mine & {request.requested_by_id, *request.earlier_requesters}) or bool(
        mine & identities_of(request.requested_by)
    )


def why_own(user: User, request: Request) -> str:
    """Why the user's request is their own, as a sentence."""
    if user.pk == request.requested_by_id or user.pk in request.earlier_requesters:
        return "You cannot decide on your own request. Another approver has to."
    return (
        "You and the requester count as one person, because one of you invited the other to the portal, the same person "
        "invited both, or both have the same address. Another approver has to decide, or a portal admin confirms under "
        "People that you are two people."
    )


def _requested_by(user: User) -> Q:
    mine = list(identities_of(user))
    return Q(requested_by_id__in=mine) | Q(requested_by__counts_as_id__in=mine) | Q(earlier_requesters__overlap=mine)


def people_behind(user: User) -> list[UUID]:
    """The people who were shown the text of a service user's tokens. Its requests are theirs as well."""
    if not user.is_service:
        return []
    shown = ApiToken.objects.filter(owner=user).values_list("created_by_id", "created_by__counts_as_id")
    return sorted({person for people in shown for person in people if person is not None})


def groups_of(user: User, team: Team) -> frozenset[ApproverGroup]:
    """The groups that the user is in for requests of the team, by their own roles."""
    groups = set()
    if is_approver(user):
        groups.add(ApproverGroup.APPROVERS)
    if is_admin(user):
        groups.add(ApproverGroup.ADMINS)
    if Permission.MANAGE in permissions_in(user, team):
        groups.add(ApproverGroup.OWNERS)
    return frozenset(groups)


def seat_of(user: User, request: Request) -> Seat | None:
    """The right with which the user decides on the request; None if there is none.

    People use their own right first. They decide only for an approver who has not sent the request
    and has not voted. A service user has no right, whatever its roles.
    """
    if has_requested(user, request) or not user.is_active or user.is_service:
        return None
    deciding = groups_deciding(request)
    if own := groups_of(user, request.environment.team) & deciding:
        return Seat(user, own)
    if ApproverGroup.APPROVERS not in deciding or not is_delegate(user):
        return None
    voted = set(standing_votes().filter(request=request).values_list("seat_id", flat=True))
    for delegation in delegations_to(user):
        holder = delegation.delegator
        if not has_requested(holder, request) and holder.pk not in voted:
            return Seat(holder, _BY_DEFAULT)
    return None


def delegations_to(user: User) -> list[Delegation]:
    """The delegations in effect to the user, of people who are approvers, oldest first."""
    rows = Delegation.objects.filter(
        delegate=user,
        ended_at=None,
        ends_at__gt=clock.now(),
        delegator__is_active=True,
        delegator__is_approver=True,
    )
    return list(rows.select_related("delegator").order_by("begins_at"))


def decidable(user: User) -> Q:
    """Return the condition for the requests that the user can decide on now."""
    mine = Q(pk__in=())
    by_approvers = Q(approver_groups=[]) | Q(approver_groups__contains=[ApproverGroup.APPROVERS])
    if is_approver(user):
        mine |= by_approvers
    elif is_delegate(user):
        for delegation in delegations_to(user):
            holder = delegation.delegator
            mine |= by_approvers & ~_requested_by(holder) & ~Q(pk__in=_voted_on(Q(seat=holder)))
    if is_admin(user):
        mine |= Q(approver_groups__contains=[ApproverGroup.ADMINS])
    owning = [role for role in PERMISSIONS if Permission.MANAGE in permissions_of(role)]
    owned = Membership.objects.filter(user=user, role__in=owning).values("team")
    mine |= Q(approver_groups__contains=[ApproverGroup.OWNERS], environment__team__in=owned)
    voted = _voted_on(Q(voter=user) | Q(seat=user))
    return Q(state=RequestState.WAITING) & ~_requested_by(user) & mine & ~Q(pk__in=voted)


def _voted_on(by: Q) -> QuerySet[Vote, Any]:
    return standing_votes().filter(by).values("request")


def may_decide(user: User, request: Request) -> bool:
    """Whether the user may approve or reject the request. Nobody decides on their own request."""
    return seat_of(user, request) is not None


def check_may_decide(user: User, request: Request) -> Seat:
    """Return the right with which the user decides. Raises NotAllowed without one."""
    if (seat := seat_of(user, request)) is not None:
        return seat
    if has_requested(user, request) and groups_of(user, request.environment.team) & groups_deciding(request):
        raise NotAllowed(why_own(user, request))
    groups = " and ".join(group.label for group in sorted(groups_deciding(request)))
    raise NotAllowed(f"Only {groups} may decide on this request.")
