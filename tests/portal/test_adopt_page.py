"""Bob adopts a stack that somebody created in the account, from the form to its page."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client

from provisioning.aws.client import close_all
from provisioning.lifecycle.reconciler import run_due
from provisioning.lifecycle.services.adopt import WATCHED_ONLY
from provisioning.models import Account, AccountTeam, Environment, Request
from tests.fixtures.sandbox import Sandbox
from tests.portal.conftest import REGION, People

pytestmark = pytest.mark.sandbox
STACK = "billing-legacy"
BODY = {
    "Resources": {
        "Jobs": {"Type": "AWS::SQS::Queue"},
        "Files": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"},
    },
    "Outputs": {"Queue": {"Value": {"Ref": "Jobs"}, "Description": "Where jobs go"}},
}
_numbers = iter(range(310_000_000_001, 310_000_001_000))


@pytest.fixture
def account(sandbox: Sandbox, people: People) -> Iterator[Account]:
    """A simulated account in which somebody has created a stack."""
    account_id = str(next(_numbers))
    account = Account.objects.create(
        name=f"sandbox-{account_id[-4:]}",
        account_id=account_id,
        regions=[REGION],
        sizes=["dev", "prod"],
        endpoint_url=sandbox.url,
        is_sandbox=True,
    )
    AccountTeam.objects.create(
        account=account,
        team=people.payments,
        stack_role_arn=f"arn:aws:iam::{account_id}:role/portal/stacks/portal-stacks-payments",
    )
    formation = sandbox.client("cloudformation", REGION, account_id)
    formation.create_stack(StackName=STACK, TemplateBody=json.dumps(BODY))
    deadline = time.monotonic() + 60
    while formation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"] != "CREATE_COMPLETE":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield account
    close_all()


def fields(account: Account, people: People, **more: str) -> dict[str, str]:
    return {
        "request_id": str(uuid.uuid4()),
        "digest": "",
        "team": str(people.payments.pk),
        "place": f"{account.pk}/{REGION}",
        "stack": STACK,
        "name": "billing",
        "size": "dev",
        "note": "",
        "look": "1",
    } | more


def text_of(answer: object) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())  # type: ignore[attr-defined]


def digest_on(page: str) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert found, page
    return found[1]


def run_until_rest(client: Client, environment: Environment) -> None:
    deadline = time.monotonic() + 60
    while environment.operations.filter(ended_at=None).exists():
        run_due()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_from_the_form_to_the_page_of_the_adopted_stack(people: People, account: Account) -> None:
    bob, olivia, sent = people.client("bob"), people.client("olivia"), fields(account, people)
    assert "Adopt a stack" in bob.get("/environments/").content.decode()
    assert "Look at the stack" in bob.get("/adopt/").content.decode()
    page = bob.post("/adopt/", sent)
    assert page.status_code == 200
    text = text_of(page)
    for part in (STACK, "CREATE_COMPLETE", "2 resources", "its template retains 1", WATCHED_ONLY, "Request adoption"):
        assert part in text, part
    assert Request.objects.count() == 0, "looking writes nothing"

    sent = sent | {"digest": digest_on(page.content.decode()), "send": "1"}
    del sent["look"]
    answer = bob.post("/adopt/", sent)
    request = Request.objects.get()
    assert answer.headers["Location"] == f"/requests/{request.pk}/"
    assert bob.post("/adopt/", sent).headers["Location"] == f"/requests/{request.pk}/", "a double click"
    assert Request.objects.count() == 1

    text = text_of(olivia.get(f"/requests/{request.pk}/"))
    for part in (
        "Adopt billing",
        "Approve and adopt",
        "Nothing in it is changed",
        "Jobs",
        "Its template retains Files",
    ):
        assert part in text, part
    for url in ("template/", "export/?as=cloudformation"):
        assert olivia.get(f"/requests/{request.pk}/{url}").status_code == 404
    olivia.post(f"/requests/{request.pk}/approve/", {"digest": request.plan.digest})
    environment = request.environment
    run_until_rest(bob, environment)

    text = text_of(bob.get(f"/environments/{environment.pk}/"))
    for part in ("Running", "Watched only", WATCHED_ONLY, "Jobs", "Tear down", "Where jobs go", "Drift"):
        assert part in text, part
    assert "Terraform" not in text
    assert "billing" in text_of(bob.get("/environments/"))
    text = text_of(bob.get(f"/environments/{environment.pk}/teardown/"))
    assert "It needs an approval first" in text
    assert people.client("charlie").get(f"/environments/{environment.pk}/").status_code == 404


def test_what_is_wrong_is_said_at_the_field_and_nothing_typed_is_lost(people: People, account: Account) -> None:
    bob = people.client("bob")
    answer = bob.post("/adopt/", fields(account, people, stack="nothing-there", note="Please"))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert f"There is no stack nothing-there in {account.name} in {REGION}." in unescape(text)
    assert 'value="nothing-there"' in text
    answer = bob.post("/adopt/", fields(account, people, place="", team="999"))
    assert answer.status_code == 422
    assert "Choose where the stack is." in answer.content.decode()
    assert "Choose one of your teams." in answer.content.decode()
    stale = fields(account, people, digest="0" * 64, send="1")
    answer = bob.post("/adopt/", stale)
    assert answer.status_code == 409
    assert "The stack has changed since it was shown" in answer.content.decode()
    assert Request.objects.count() == 0


def test_an_arn_fills_in_the_form_and_only_teams_adopt(people: People, account: Account) -> None:
    arn = f"arn:aws:cloudformation:{REGION}:{account.account_id}:stack/{STACK}/1"
    assert f'value="{arn}"' in people.client("bob").get("/adopt/", {"stack": arn}).content.decode()
    assert people.client("olivia").get("/adopt/").status_code == 403
    assert people.client("olivia").post("/adopt/", fields(account, people)).status_code == 403
