"""As whom a person counts whom somebody has invited, or who has a second account, and what changes when a
portal admin confirms one of them.

`User.counts_as` is the nearest person up the chain of invitations who counts as nobody else. So when
somebody in the middle of a chain is confirmed, those whom they have invited count as them from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Q

from provisioning.lifecycle.access import is_admin
from provisioning.models import Invitation, Request, User


def count_as_inviter(user: User, invitation: Invitation) -> None:
    """Note as whom a new person counts. Call it in the transaction that creates the person.

    A person whom a portal admin has invited counts as somebody else, unless this admin was invited and
    is not confirmed: the inviter of both could be all three.
    """
    # A confirmation of the inviter waits for this lock, or was first.
    inviter = User.objects.select_for_update(no_key=True).get(pk=invitation.invited_by_id)
    if is_admin(inviter) and inviter.counts_as_id is None:
        return
    user.counts_as_id = inviter.counts_as_id or inviter.pk
    user.save(update_fields=["counts_as"])


def person_with_address(email: str, *, besides: User | None = None) -> User | None:
    """Return as whom an account with this verified address counts: a person with two accounts must not decide
    with one on the requests of the other. A portal admin can confirm that they are two people.
    """
    if not email:
        return None
    others = User.objects.filter(email__iexact=email, is_service=False).select_related("counts_as")
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    other = others.order_by("date_joined", "pk").first()
    return (other.counts_as or other) if other is not None else None


def count_as_owner_of_address(user: User, email: str) -> None:
    """Note as whom an account counts that has got another verified address. Call it inside a transaction."""
    root = person_with_address(email, besides=user)
    if root is not None and root.pk != user.pk and user.counts_as_id is None:
        User.objects.filter(Q(pk=user.pk) | Q(counts_as=user)).update(counts_as=root)


def lock_family(root_id: UUID) -> None:
    """Lock a person with everyone who counts as this person. Call it inside a transaction."""
    family = User.objects.filter(Q(pk=root_id) | Q(counts_as=root_id))
    list(family.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def count_as_nearest(root_id: UUID) -> list[User]:
    """Let everyone who counts as this person count as the nearest person up their chain who counts as
    nobody else. Returns those for whom that is another person now, by user name. Call it after
    `lock_family`.
    """
    family = {person.pk: person for person in User.objects.filter(counts_as=root_id).order_by("username")}
    inviters = _inviters_of(list(family))
    moved = []
    for person in family.values():
        nearest = _nearest(person.pk, family, inviters)
        if nearest is not None and nearest != root_id:
            User.objects.filter(pk=person.pk).update(counts_as=nearest)
            _add_to_requests(person, nearest)
            moved.append(person)
    return moved


def _inviters_of(people: list[UUID]) -> dict[UUID, UUID]:
    """Return who invited each of the people. The first invitation that a person accepted created the account."""
    accepted = Invitation.objects.filter(accepted_by__in=people).order_by("-ended_at")
    return {row.accepted_by_id: row.invited_by_id for row in accepted if row.accepted_by_id is not None}


def _nearest(start: UUID, family: Mapping[UUID, User], inviters: Mapping[UUID, UUID]) -> UUID | None:
    """Return the first person up the chain who is not of the family; None if an invitation is missing."""
    person: UUID | None = start
    for _ in range(len(family) + 1):
        if person is None or person not in family:
            return person
        person = inviters.get(person)
    return None


def _add_to_requests(person: User, counts_as: UUID) -> None:
    """Requests name everyone behind a service token or an earlier plan when they are sent. Add the one as
    whom this person counts now.
    """
    for request in Request.objects.filter(earlier_requesters__contains=[person.pk]).select_for_update():
        behind = sorted({*request.earlier_requesters, counts_as})
        Request.objects.filter(pk=request.pk).update(earlier_requesters=behind)
