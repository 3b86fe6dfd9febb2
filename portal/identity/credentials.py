"""Checks a user name and a password. Every attempt is limited.

Every attempt that is checked is in the audit log. Of those that are refused without a check, the log
has only as many as `may_note` allows, because they cost an attacker nothing.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Final

from django.conf import settings
from django.contrib.auth.hashers import get_hasher
from django.views.decorators.debug import sensitive_variables

from portal.identity.budgets import (
    Budget,
    again_budget,
    give_back,
    keyed_name,
    may_note,
    refund,
    sign_in_budgets,
    spend,
)
from portal.identity.hashing import HashingBusyError, LimitedPBKDF2, spend_a_hash
from provisioning.lifecycle import audit_context, clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import User

USERNAME_LIMIT: Final = 150
PASSWORD_LIMIT: Final = 1_000
WRONG: Final = "Wrong user name or password."


class Step(Enum):
    """Why credentials are checked."""

    SIGN_IN = auto()
    AGAIN = auto()
    """A signed-in person proves that it is still they."""


@dataclass(frozen=True, slots=True)
class Denied:
    """`retry_after` is in seconds; 0 unless there were too many attempts."""

    sentence: str
    retry_after: int = 0

    @property
    def status(self) -> int:
        return 429 if self.retry_after else 422


@sensitive_variables("password")
def check_password(username: str, password: str, step: Step, *, wrong: str = WRONG) -> User | Denied:
    """Return the user of these credentials. A success is audited by the caller, who knows what follows.

    An unknown name is treated like a known one: same limits, same hashes, same answer. Raises
    HashingBusyError.
    """
    address = audit_context.current().address
    budgets = (again_budget(username),) if step is Step.AGAIN else sign_in_budgets(username, address)
    user = User.objects.filter(username=unicodedata.normalize("NFKC", username)).first()
    if wait := spend(budgets):
        if step is Step.AGAIN or may_note("throttle", address):
            _audit(AuditAction.SIGN_IN_THROTTLE, username, user, step)
        return too_many(wait)
    try:
        is_correct = _is_correct(user, password)
    except HashingBusyError:
        refund(budgets)
        if step is Step.AGAIN or may_note("busy", address):
            _audit(AuditAction.SIGN_IN_THROTTLE, username, user, step)
        raise
    if is_correct and user is not None and may_use_password(user):
        give_back(budgets)
        return user
    _audit(AuditAction.SIGN_IN_FAIL, username, user, step)
    return Denied(wrong)


def too_many(wait: int) -> Denied:
    """Return the refusal that says when to try again."""
    at = clock.now() + timedelta(seconds=wait)
    minutes = -(-wait // 60)
    duration = f"{wait} second{'s' * (wait != 1)}" if wait < 60 else f"{minutes} minute{'s' * (minutes != 1)}"  # noqa: PLR2004
    return Denied(f"Too many attempts to sign in. Try again in {duration}, after {at:%H:%M:%S} UTC.", wait)


def pay(budget: Budget) -> Denied | None:
    """Pay for an attempt of another kind, such as a code."""
    wait = spend([budget])
    return too_many(wait) if wait else None


@sensitive_variables("password")
def _is_correct(user: User | None, password: str) -> bool:
    """Compute the same hashes for everybody, whether they exist and whatever hash they have.

    While some users still have the hash of an earlier version, that is one of each kind.
    """
    preferred = get_hasher()
    legacy = LimitedPBKDF2()
    has_legacy = user is not None and user.password.startswith(f"{legacy.algorithm}$")
    correct = False
    if len(password) > PASSWORD_LIMIT:  # nobody has such a password, nor an empty one
        password = ""
    if user is not None and user.has_usable_password():
        correct = user.check_password(password)
    else:
        spend_a_hash(password, like=preferred)
    if correct:
        return True
    if has_legacy:
        spend_a_hash(password, like=preferred)
    elif User.objects.filter(password__startswith=f"{legacy.algorithm}$").exists():
        spend_a_hash(password, like=legacy)
    return False


def may_use_password(user: User) -> bool:
    """Without local passwords, superusers still have theirs, for when the provider is away."""
    return user.is_active and not user.is_service and (settings.LOCAL_PASSWORDS or user.is_superuser)


def _audit(action: AuditAction, username: str, user: User | None, step: Step) -> None:
    """The name of an unknown user is not stored, because people type passwords into that field."""
    audit_event(
        action,
        actor=None,
        at=clock.now(),
        subject=user.get_username() if user is not None else keyed_name(username),
        subject_id=user.pk if user is not None else "",
        again=step is Step.AGAIN,
    )
