"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes in its place."""

from __future__ import annotations

import base64
import hmac
import secrets
from hashlib import sha256
from typing import Any, Final

import pyotp
import segno
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.debug import sensitive_variables

from portal.identity.budgets import code_budget, give_back, may_note
from portal.identity.credentials import Denied, Step, pay
from portal.identity.sessions import BY_PROVIDER, HAS_SECOND_FACTOR
from provisioning.lifecycle import audit_context, clock
from provisioning.lifecycle.access import is_admin, is_approver, is_delegate
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import RecoveryCode, SecondFactor, User
from provisioning.secret_text import decrypt, encrypt

PURPOSE: Final = "second_factor.secret"
WRONG_CODE: Final = "Wrong or used code. Enter the code that your authenticator app shows now."
RECOVERY_CODES: Final = 10
_STEP_SECONDS: Final = 30
_CODE_LENGTH: Final = 6


def is_required(user: User) -> bool:
    """Whether the settings demand a second factor of this user."""
    return settings.SECOND_FACTOR_REQUIRED and (is_admin(user) or is_approver(user) or is_delegate(user))


def must_set_up(request: HttpRequest) -> bool:
    """Whether the user can do nothing else before they have set up a second factor.

    A session that single sign-on began is not asked: the provider decides on its factors.
    """
    user = request.user
    if not isinstance(user, User) or request.session.get(HAS_SECOND_FACTOR) or request.session.get(BY_PROVIDER):
        return False
    return is_required(user)


def has_second_factor(user: User) -> bool:
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


def begin_set_up(user: User) -> None:
    """Create a new secret, which counts once a code of it was entered. A confirmed one is kept."""
    secret = encrypt(pyotp.random_base32(), purpose=PURPOSE)
    with transaction.atomic():
        SecondFactor.objects.filter(user=user, confirmed_at__isnull=True).delete()
        SecondFactor.objects.get_or_create(user=user, defaults={"secret": secret, "created_at": clock.now()})


def pending_secret(user: User) -> str | None:
    """Return the secret that waits for its first code. Only its user may see it."""
    factor = SecondFactor.objects.filter(user=user, confirmed_at__isnull=True).first()
    return decrypt(factor.secret, purpose=PURPOSE) if factor else None


def set_up_uri(user: User, secret: str) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=user.get_username(), issuer_name="Portal")


def qr_code(uri: str) -> SafeString:
    """Return the SVG, dark on light in both themes so that every camera reads it."""
    svg = segno.make(uri, error="m").svg_inline(scale=4, border=3, dark="#000", light="#fff", svgclass="qr")
    return mark_safe(svg)  # noqa: S308 - shapes only; the text is in no attribute


@sensitive_variables("code")
def confirm_set_up(user: User, code: str) -> list[str] | Denied:
    """Let the new secret count. Returns the recovery codes, which are shown once."""
    if denied := pay(budget := code_budget(user.pk)):
        return denied
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().filter(user=user, confirmed_at__isnull=True).first()
        if factor is None or not _accept(factor, code):
            return Denied(WRONG_CODE)
        SecondFactor.objects.filter(pk=factor.pk).update(confirmed_at=clock.now())
        codes = _new_recovery_codes(user)
        _audit(AuditAction.SECOND_FACTOR_ADD, user, actor=user)
    give_back([budget])
    return codes


@sensitive_variables("code")
def check_code(user: User, code: str, step: Step) -> Denied | None:
    """Check a code of the app or a recovery code. Each is accepted once, also by parallel attempts."""
    if denied := pay(budget := code_budget(user.pk)):
        if step is Step.AGAIN or may_note("code", audit_context.current().address):
            _audit(AuditAction.SIGN_IN_THROTTLE, user, actor=None, second_factor=True)
        return denied
    factor = SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()
    if factor is not None and (_accept(factor, code) or _use_recovery_code(user, code)):
        give_back([budget])
        return None
    _audit(AuditAction.SIGN_IN_FAIL_CODE, user, actor=None, again=step is Step.AGAIN)
    return Denied(WRONG_CODE)


def renew_recovery_codes(user: User) -> list[str]:
    """Replace all recovery codes."""
    with transaction.atomic():
        codes = _new_recovery_codes(user)
        _audit(AuditAction.SECOND_FACTOR_RENEW_CODES, user, actor=user)
    return codes


def remove_second_factor(user: User, *, actor: User | None) -> bool:
    """Remove it with its recovery codes, and return whether there was one. A command, which is for
    people who lost their phone, has no actor.
    """
    with transaction.atomic():
        removed, _ = SecondFactor.objects.filter(user=user).delete()
        RecoveryCode.objects.filter(user=user).delete()
        if removed:
            _audit(AuditAction.SECOND_FACTOR_REMOVE, user, actor=actor)
    return bool(removed)


def unused_recovery_codes(user: User) -> int:
    return RecoveryCode.objects.filter(user=user, used_at__isnull=True).count()


@sensitive_variables()
def _accept(factor: SecondFactor, code: str) -> bool:
    """Accept a code of the current step or of its neighbours, for clocks that differ a little, and
    only if its step is later than that of the last one.
    """
    digits = "".join(code.split())
    if len(digits) != _CODE_LENGTH or not digits.isascii() or not digits.isdigit():
        return False
    totp = pyotp.TOTP(decrypt(factor.secret, purpose=PURPOSE))
    now = int(clock.now().timestamp()) // _STEP_SECONDS
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            unused = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step)
            return unused.update(last_step=step) == 1
    return False


@sensitive_variables()
def _use_recovery_code(user: User, code: str) -> bool:
    with transaction.atomic():
        unused = RecoveryCode.objects.filter(user=user, sha256=_digest(code), used_at__isnull=True)
        if unused.update(used_at=clock.now()) != 1:
            return False
        _audit(AuditAction.SECOND_FACTOR_RECOVER, user, actor=user, left=unused_recovery_codes(user))
    return True


def _new_recovery_codes(user: User) -> list[str]:
    codes = [base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, sha256=_digest(code)) for code in codes)
    return [f"{code[:4]}-{code[4:8]}-{code[8:12]}-{code[12:]}" for code in codes]


def _digest(code: str) -> str:
    return sha256("".join(code.lower().replace("-", "").split()).encode()).hexdigest()


def _audit(action: AuditAction, user: User, *, actor: User | None, **detail: Any) -> None:
    audit_event(
        action,
        actor=actor,
        at=clock.now(),
        subject=user.get_username(),
        subject_id=user.pk,
        **detail,
    )
