"""Limits on attempts, kept in PostgreSQL: they hold over all processes, under parallel attempts, and
while Valkey is away.

Each key has a budget that refills over time (the generic cell rate algorithm). An attempt is paid for
before it is checked, in one statement, so that parallel attempts cannot pass together. The one that
succeeds gets it back.
"""

from __future__ import annotations

import hmac
import ipaddress
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from math import ceil
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from provisioning.lifecycle import clock

_SPEND: Final = f"""
    INSERT INTO provisioning_attemptbudget AS budget (key, full_at)
    VALUES (%(key)s, {clock.SQL} + %(each)s::interval)
    ON CONFLICT (key) DO UPDATE SET full_at = GREATEST(budget.full_at, {clock.SQL}) + %(each)s::interval
    WHERE GREATEST(budget.full_at, {clock.SQL}) + %(each)s::interval <= {clock.SQL} + %(span)s::interval
    RETURNING key"""  # noqa: S608 - a constant of ours
_WAIT: Final = f"""
    SELECT EXTRACT(EPOCH FROM full_at + %(each)s::interval - %(span)s::interval - {clock.SQL})
    FROM provisioning_attemptbudget WHERE key = %(key)s"""  # noqa: S608 - as above
_GIVE_BACK: Final = "UPDATE provisioning_attemptbudget SET full_at = full_at - %(each)s::interval WHERE key = %(key)s"
_RESET: Final = "DELETE FROM provisioning_attemptbudget WHERE key = %(key)s"
_FORGET: Final = f"""
DELETE FROM provisioning_attemptbudget WHERE key IN (
    SELECT key FROM provisioning_attemptbudget WHERE full_at < {clock.SQL} FOR UPDATE SKIP LOCKED
)"""  # noqa: S608 - as above
"""Without those that another attempt has locked: two that wait for each other would be a deadlock."""


@dataclass(frozen=True, slots=True)
class Budget:
    """`attempts` may follow each other at once; each of them is won back after `each`. After a success,
    `resets` gives all of them back, otherwise one.
    """

    key: str
    attempts: int
    each: timedelta
    resets: bool

    def parameters(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "each": self.each,
            "span": self.each * self.attempts,
            "now": clock.parameter(),
        }


def sign_in_budgets(username: str, address: str) -> tuple[Budget, ...]:
    """Return the budgets of an attempt to sign in with a password.

    The one of account and network together is the smallest, so that an attacker in one network does
    not lock the person out in another. Together they allow fewer than 100 guesses per account and
    hour (OWASP ASVS 4.0.3, 2.2.1).
    """
    network = network_of(address)
    account = _account(username)
    per_account, per_address = settings.SIGN_IN_ATTEMPTS_PER_ACCOUNT, settings.SIGN_IN_ATTEMPTS_PER_ADDRESS
    minute = timedelta(minutes=1)
    return (
        Budget(f"account:{account}", per_account * 3, minute, resets=False),
        Budget(f"address:{network}", per_address, minute / 6, resets=False),
        Budget(f"both:{account}:{network}", per_account, minute, resets=True),
    )


def again_budget(username: str) -> Budget:
    """Return the budget for the password of a person who is signed in already.

    Only the person's own sessions can empty it: a stranger who empties the other budgets must not
    keep a signed-in approver from an approval. It allows 9 guesses in the first hour, so that both
    ways together stay below the 100 of `sign_in_budgets`.
    """
    attempts = min(settings.SIGN_IN_ATTEMPTS_PER_ACCOUNT, 5)
    return Budget(f"again:{_account(username)}", attempts, timedelta(minutes=15), resets=True)


def code_budget(user_id: object) -> Budget:
    """Return the budget for codes of a second factor: about 300 guesses a day among a million codes."""
    return Budget(f"code:{user_id}", 5, timedelta(minutes=5), resets=True)


def network_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 of an IPv6 address, because a
    single machine has all addresses of its /64 (RFC 7421).
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address  # such as that of a Unix socket
    if parsed.version == 4 or parsed.ipv4_mapped is not None:  # noqa: PLR2004
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))


def may_note(kind: str, address: str) -> bool:
    """Whether the audit log takes another event of this kind from visitors who are not signed in.

    Each of them can cause any number of these events, and nothing is ever deleted from the log. The
    first of each minute are enough to see an attack.
    """
    return not spend(
        (
            Budget(f"note:{kind}:{network_of(address)}", 5, timedelta(seconds=12), resets=False),
            Budget(f"note:{kind}", 120, timedelta(seconds=1), resets=False),
        )
    )


def spend(budgets: Sequence[Budget]) -> int:
    """Pay for an attempt from all budgets, or from none. Returns 0, or for how many seconds to wait."""
    with transaction.atomic(), connection.cursor() as cursor:
        for budget in budgets:
            cursor.execute(_SPEND, budget.parameters())
            if cursor.fetchone() is None:
                cursor.execute(_WAIT, budget.parameters())
                row = cursor.fetchone()
                transaction.set_rollback(True)
                return max(1, ceil(row[0])) if row else 1
    return 0


def give_back(budgets: Sequence[Budget]) -> None:
    """The attempt succeeded. Also removes rows of other keys that limit nothing any more."""
    with connection.cursor() as cursor:
        for budget in budgets:
            cursor.execute(_RESET if budget.resets else _GIVE_BACK, budget.parameters())
        cursor.execute(_FORGET, {"now": clock.parameter()})


def refund(budgets: Sequence[Budget]) -> None:
    """The attempt was not checked at all."""
    with connection.cursor() as cursor:
        for budget in budgets:
            cursor.execute(_GIVE_BACK, budget.parameters())


def keyed_name(username: str) -> str:
    """Name an unknown user without storing what was typed: it may be a password in the wrong field."""
    return f"unknown {_keyed(username)[:16]}"


def _account(username: str) -> str:
    return _keyed(unicodedata.normalize("NFKC", username).casefold())


def _keyed(text: str) -> str:
    key = sha256(b"portal attempt names" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, text.encode(), sha256).hexdigest()[:32]
