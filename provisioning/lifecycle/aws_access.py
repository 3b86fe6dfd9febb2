"""The live AWS of an account and region, under the rate limiter that all workers share. Clients are cached in the AWS package."""

from __future__ import annotations

from functools import cache
from typing import Final

from django.conf import settings

from provisioning.aws import DEFAULT_RATES, Aws, RateLimiter, aws_for, scaled
from provisioning.models import Account

# The sandbox is on this machine and is faster than AWS; it shares its rates with nobody.
SANDBOX_RATES: Final = scaled(DEFAULT_RATES, 100)


@cache
def _limiter(*, sandbox: bool) -> RateLimiter:
    """Without Redis each process keeps a slower share of its own; the rate limiter sees to that."""
    rates = SANDBOX_RATES if sandbox else DEFAULT_RATES
    return (
        RateLimiter.from_url(settings.REDIS_URL, rates=rates) if settings.REDIS_URL else RateLimiter(None, rates=rates)
    )


def aws_for_account(account: Account, region: str) -> Aws:
    return aws_for(account.access(region), limiter=_limiter(sandbox=account.is_sandbox))
