"""The wire, and an account that is reached over it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from provisioning.aws import AccountAccess
from provisioning.aws.client import LiveAws, close_all
from provisioning.aws.rate_limiter import RateLimiter
from provisioning.aws.rates import DEFAULT_RATES, scaled
from provisioning.aws.sessions import Clients
from provisioning.outgoing import OWN_MACHINE
from tests.aws.support import MakeLive, OpenLimiter
from tests.aws.wire import ACCOUNT, Wire, WireServer, identity
from tests.fixtures.permits import EveryCall

REGION = "eu-north-1"
MOTOS_ACCOUNT = "123456789012"


@pytest.fixture(autouse=True)
def _permitted(every_call: EveryCall) -> None:
    """These tests are about the client; tests/lifecycle tests what the engine permits."""


@pytest.fixture
def limiter() -> OpenLimiter:
    return OpenLimiter()


@pytest.fixture
def wire() -> Iterator[Wire]:
    server = WireServer()
    server.wire.on("GetCallerIdentity", identity())
    yield server.wire
    server.shutdown()
    server.server_close()


@pytest.fixture
def live(limiter: OpenLimiter) -> Iterator[MakeLive]:
    """Makes a `LiveAws`; its connections are closed at the end."""
    made: list[LiveAws] = []

    def make(
        url: str, *, account: str = ACCOUNT, region: str = REGION, limiter: object = limiter, **access: str
    ) -> LiveAws:
        aws = LiveAws(
            AccountAccess(account_id=account, region=region, endpoint_url=url, endpoint_rules=OWN_MACHINE, **access),
            limiter=limiter,
        )
        made.append(aws)
        return aws

    yield make
    for aws in made:
        aws.close()
    close_all()


@pytest.fixture
def aws(wire: Wire, live: MakeLive) -> LiveAws:
    """An account on the wire."""
    return live(wire.url)


@pytest.fixture
def on_moto(moto: str, live: MakeLive) -> LiveAws:
    """An account on moto's server, whose only account this is."""
    limiter = RateLimiter(None, rates=scaled(DEFAULT_RATES, 1000))
    return live(moto, account=MOTOS_ACCOUNT, limiter=limiter)


@pytest.fixture
def by_hand(moto: str, limiter: OpenLimiter) -> Iterator[Clients]:
    """Clients of the same account, to prepare and to look with."""
    clients = Clients(
        AccountAccess(account_id=MOTOS_ACCOUNT, region=REGION, endpoint_url=moto, endpoint_rules=OWN_MACHINE), limiter
    )
    yield clients
    clients.close()


@pytest.fixture
def name() -> str:
    """A name that nothing else has, fit for every service."""
    return f"x{uuid.uuid4().hex[:20]}"
