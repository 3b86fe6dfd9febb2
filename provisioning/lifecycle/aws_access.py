"""AWS for an account and region, under the rate limiter that all workers share. The AWS package
caches the clients.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.conf import settings

from provisioning.aws import Aws
from provisioning.aws.client import LiveAws, aws_for
from provisioning.aws.rate_limiter import RateLimiter
from provisioning.aws.rates import DEFAULT_RATES, scaled
from provisioning.caching import Cache
from provisioning.models import Account

# The sandbox runs on this machine, is faster than AWS and has no other callers.
SANDBOX_RATES: Final = scaled(DEFAULT_RATES, 100)


# One for AWS and one for the sandbox; the key says whether it is the sandbox's.
_limiters: Cache[bool, RateLimiter] = Cache(max_size=2)


def aws_for_account(account: Account, region: str, *, stack_role_arn: str = "") -> Aws:
    """Return the client for an account and region. Its calls are paced by the rate limiter that all
    workers share. `stack_role_arn`: as in `AccountAccess`, needed only to create and delete stacks.
    """
    return aws_for(account.access(region, stack_role_arn=stack_role_arn), limiter=limiter_of(account))


def new_connection(account: Account, region: str) -> Aws:
    """Return a client that shares nothing with others, so that its first call assumes the role again."""
    return LiveAws(account.access(region), limiter=limiter_of(account))


def close_connection(aws: Aws) -> None:
    """Close what `new_connection` has opened. Other clients are shared and stay open."""
    if isinstance(aws, LiveAws):
        aws.close()


def limiter_of(account: Account) -> RateLimiter:
    return _limiters.get_or_compute(account.is_sandbox, lambda: _new_limiter(sandbox=account.is_sandbox))


def aws_as_sandbox_account(account: Account, region: str) -> Aws:
    """Return the client of a simulated account itself, which may do everything there, as its
    administrator may. Raises ValueError for a real account: the portal only acts as its role.
    """
    if not account.is_sandbox:
        raise ValueError(f"{account} is no simulated account")
    access = replace(account.access(region), role_arn="", external_id="")
    return aws_for(access, limiter=_limiters.get_or_compute(account.is_sandbox, lambda: _new_limiter(sandbox=True)))


def _new_limiter(*, sandbox: bool) -> RateLimiter:
    """Without Redis, each process gets a smaller share of the rate for itself."""
    rates = SANDBOX_RATES if sandbox else DEFAULT_RATES
    if not settings.REDIS_URL:
        return RateLimiter(None, rates=rates)
    return RateLimiter.from_url(settings.REDIS_URL, rates=rates)
