"""Queries and time per page, with 100,000 environments and as many requests in the database."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import cache

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from provisioning.blueprint import example_inputs
from provisioning.lifecycle import clock
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.services.requests import request_environment
from provisioning.models import Account, Environment, Membership, Operation, Stack, Team, User
from tests.bench.measure import Figure, median_seconds
from tests.support.accounts import admit
from tests.support.crowd import multiply

SLUG = "carbon-connect"
REGION = "eu-north-1"
ENVIRONMENTS = 100_000


def lines() -> Iterator[str]:
    member, approver, environment = populate()
    request = environment.requests.get()
    own = {
        "home": reverse("home"),
        "environments": reverse("environments"),
        "environments, torn down": reverse("environments") + "?state=gone",
        "requests": reverse("requests"),
        "catalogue": reverse("catalogue"),
        "blueprint": reverse("blueprint", args=[SLUG]),
        "request form": reverse("request_form", args=[SLUG]) + "?size=dev",
        "request": reverse("request", args=[request.pk]),
        "environment": reverse("environment", args=[environment.pk]),
        "environment, poll": reverse("environment_live", args=[environment.pk]) + f"?v={environment.version}",
    }
    everybodys = {name: own[name] for name in ("home", "environments", "requests")} | {"orphans": reverse("orphans")}
    yield from _measured("member", member, own)
    yield from _measured("approver", approver, everybodys)


@cache
def populate() -> tuple[User, User, Environment]:
    """Return a member of the team, an approver, and an environment with a plan of its own: the crowd
    shares one plan, as no environments do.
    """
    account = Account.objects.create(
        name="pages",
        account_id="500000000001",
        regions=[REGION],
        sizes=["dev"],
        artefact_bucket=f"portal-artefacts-500000000001-{REGION}",
    )
    team = Team.objects.create(slug="pages", name="Pages")
    admit(team, account)
    member = User.objects.create(username="pages")
    Membership.objects.create(team=team, user=member)
    approver = User.objects.create(username="pages-approver", is_approver=True)
    original, at = _requested(member, team, account, "original"), clock.now()
    Stack.objects.create(environment=original, name="original", region=REGION, stack_id="arn:original", created_at=at)
    Operation.objects.update(state="building")
    multiply(original, accounts=[account], count=ENVIRONMENTS, at=at)
    return member, approver, _requested(member, team, account, "own")


def _requested(actor: User, team: Team, account: Account, name: str) -> Environment:
    blueprint = catalogue().get(SLUG)
    return request_environment(
        actor=actor,
        team=team,
        name=name,
        blueprint=blueprint,
        size="dev",
        inputs=example_inputs(blueprint, "dev", {})[0],
        account=account,
        region=REGION,
        request_id=uuid.uuid4(),
    ).environment


def _measured(who: str, user: User, pages: dict[str, str]) -> Iterator[str]:
    client = Client()
    client.force_login(user)
    yardstick_seconds = median_seconds(lambda: client.get("/healthz"), times=20)
    for name, address in pages.items():
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            status = client.get(address).status_code
        asked = len(queries)  # the next request empties the log
        seconds = median_seconds(lambda address=address: client.get(address), times=10)
        label = f"page of a {who}: {name} ({asked} queries, status {status})"
        yield Figure(label, seconds, "the health check", yardstick_seconds).line()
