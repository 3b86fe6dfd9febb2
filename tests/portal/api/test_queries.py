"""How many queries each GET of the API needs, its token included: at most three, however many rows there are.

That is one for the token with its owner, one for what the address names, and one for the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.api.published import openapi_document
from provisioning.lifecycle.services.tokens import USED_EVERY
from provisioning.models import ApiToken
from tests.portal.api.conftest import Answer, Program
from tests.portal.api.more_rows import more_rows
from tests.portal.api.story import Story
from tests.portal.api.story import story as story  # noqa: PLC0414 - the fixture, shared
from tests.portal.conftest import People

AT_MOST: Final = 3
QUERIES: Final[Mapping[str, int]] = {
    "account_teams_get": 3,
    "account_teams_list": 3,
    "accounts_get": 2,
    "accounts_list": 3,
    "accounts_onboarding": 2,
    "accounts_template": 1,
    "accounts_test": 3,
    "accounts_zones": 2,
    "audit_get": 4,
    "audit_list": 3,
    "catalogue_compare": 2,
    "catalogue_get": 1,
    "catalogue_list": 2,
    "catalogue_versions": 2,
    "channels_failures": 2,
    "channels_get": 2,
    "channels_list": 3,
    "channels_messages": 3,
    "channels_services": 1,
    "comments_list": 3,
    "delegations_list": 2,
    "destinations_list": 2,
    "drift_get": 3,
    "environments_events": 3,
    "environments_export": 4,
    "environments_get": 2,
    "environments_list": 2,
    "environments_outputs": 3,
    "environments_receipt": 3,
    "environments_resources": 3,
    "handovers_get": 10,
    "handovers_list": 2,
    "handovers_of_environment": 4,
    "invitations_list": 3,
    "me_get": 2,
    "members_list": 3,
    "operations_get": 2,
    "operations_list": 3,
    "orphans_list": 3,
    "people_get": 3,
    "people_list": 2,
    "people_tokens": 3,
    "recoveries_preview": 8,
    "requests_checks": 2,
    "requests_export": 2,
    "requests_get": 2,
    "requests_list": 2,
    "requests_plan": 2,
    "requests_template": 2,
    "role_changes_list": 2,
    "rules_effective": 4,
    "rules_get": 2,
    "rules_list": 2,
    "rules_versions": 2,
    "teams_accounts": 3,
    "teams_list": 2,
    "teardowns_preview": 11,
    "tokens_list": 2,
    "tokens_of_team": 3,
    "webhooks_deliveries": 3,
    "webhooks_events": 1,
    "webhooks_get": 2,
    "webhooks_list": 2,
}
NEED_MORE: Final[Mapping[str, str]] = {
    "audit_get": "It reads the teams that an auditor sees, the event, and its place in the chain of hashes.",
    "environments_export": "It reads the plan in effect, and the request that it came from.",
    "handovers_get": "It says why the offer cannot be accepted: it reads the plan in effect, and asks all rules.",
    "handovers_of_environment": "It checks the right to manage the team before it reads the offer.",
    "recoveries_preview": "It plans: it reads stacks, compares them with AWS, and asks all rules.",
    "rules_effective": "It finds an account and a team by name, and reads all rules.",
    "teardowns_preview": "It plans: it reads the plan in effect, stacks and ledger, and asks all rules.",
}
"""Why these need more than three. Their number does not depend on the number of rows either."""


@pytest.fixture
def gets(story: Story) -> Mapping[str, str]:
    """The address of each GET, by operation id."""
    found = {}
    for path, methods in openapi_document()["paths"].items():
        if "get" in methods:
            operation_id = methods["get"]["operationId"]
            values = {**story.values["*"], **story.values.get(operation_id, {})}
            for name, value in values.items():
                path = path.replace(f"{{{name.removeprefix('path.')}}}", str(value))  # noqa: PLW2901 - step by step
            asked = {name.removeprefix("query."): value for name, value in values.items() if name.startswith("query.")}
            found[operation_id] = f"{path}?{urlencode(asked)}"
    return found


def counted(call: Callable[[], Answer]) -> tuple[Answer, int]:
    with CaptureQueriesContext(connection) as queries:
        answer = call()
    return answer, len(queries)


def measured(story: Story, gets: Mapping[str, str]) -> dict[str, int]:
    """As bob, an operator, and as dora what bob may not read. Each answers again with 304 for no more."""
    counts = {}
    bob, dora = Program(story.tokens["bob"]), Program(story.tokens["dora"])
    for reader in (bob, dora):
        reader.get("/me")  # the time of the last use is written once a minute
    for operation_id, path in gets.items():
        reader = bob if bob.get(path).status == 200 else dora
        answer, counts[operation_id] = counted(lambda: reader.get(path))  # noqa: B023 - called at once
        assert answer.status == 200, (path, answer.content)
        etag = answer.headers["ETag"]
        again, number = counted(lambda: reader.get(path, If_None_Match=etag))  # noqa: B023 - called at once
        assert (again.status, number) == (304, counts[operation_id]), path
    return counts


def test_every_get_needs_as_many_queries_as_the_table_says_with_few_and_with_many_rows(
    story: Story, gets: Mapping[str, str]
) -> None:
    assert QUERIES.keys() == gets.keys()
    assert {name for name, number in QUERIES.items() if number > AT_MOST} == NEED_MORE.keys()
    assert measured(story, gets) == QUERIES
    more_rows(story)
    assert measured(story, gets) == QUERIES


def test_only_the_first_call_in_a_minute_writes(people: People, bobs: Program) -> None:
    numbers = [counted(lambda: bobs.get("/me"))[1] for _ in range(2)]
    ApiToken.objects.update(last_used_at=timezone.now() - USED_EVERY)
    numbers.append(counted(lambda: bobs.get("/me"))[1])
    assert numbers == [QUERIES["me_get"] + 1, QUERIES["me_get"], QUERIES["me_get"] + 1]
