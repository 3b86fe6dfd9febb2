"""The delegations of a person: given, and received."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from portal.pages.delegation.forms import DelegationForm
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import is_approver
from provisioning.lifecycle.services.delegations import delegations_of
from provisioning.models import Delegation, User

SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Line:
    """`may_end` says that it is in effect, so that either person can end it."""

    delegation: Delegation
    may_end: bool


@dataclass(frozen=True, slots=True)
class DelegationPage:
    """`form` is None for a person who has nothing to delegate, or has delegated it."""

    form: DelegationForm | None
    is_approver: bool
    lines: Sequence[Line]


def delegation_page(user: User, *, form: DelegationForm | None = None) -> DelegationPage:
    at = clock.now()
    lines = [Line(one, may_end=one.ended_at is None and one.ends_at > at) for one in delegations_of(user)[:SHOWN]]
    has_delegated = any(line.may_end and line.delegation.delegator_id == user.pk for line in lines)
    may_delegate = is_approver(user) and not has_delegated
    return DelegationPage((form or DelegationForm()) if may_delegate else None, is_approver(user), lines)
