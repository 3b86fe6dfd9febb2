"""The pages of drift and of orphans."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.lifecycle.drift.report_document import (
    Difference,
    DriftContent,
    DriftedResource,
    IgnoredDifference,
    StackDrift,
    UncheckedResource,
)
from provisioning.lifecycle.fingerprint import cheap_fingerprint, details_of
from provisioning.lifecycle.read.orphans import scan_lines
from provisioning.models import DriftReport, Environment, Orphan, PolledRegion, Stack, User
from tests.lifecycle.test_fingerprint import STATE
from tests.portal.conftest import REGION, People, put

STACK = StackDrift(
    key="main",
    name="payments-orders-dev",
    region=REGION,
    stack_id="arn:stack",
    detection_id="detection-1",
    is_checked=True,
    resources=(
        DriftedResource(
            "Queue",
            "orders-queue",
            "AWS::SQS::Queue",
            "MODIFIED",
            {"Queue /DelaySeconds": "hash"},
            (Difference("/DelaySeconds", "0", "30", "NOT_EQUAL"),),
        ),
        DriftedResource("Topic", "orders-topic", "AWS::SNS::Topic", "DELETED", {"Topic ": "hash"}),
    ),
    ignored=(IgnoredDifference("Rule", "AWS::Events::Rule", "/Targets/0/RetryPolicy", "Why.", "https://e.example"),),
    unchecked=(UncheckedResource("Proxy", "AWS::RDS::DBProxy", "CloudFormation cannot check this type for drift."),),
    in_sync=40,
)


def report(environment: Environment, *stacks: StackDrift) -> DriftReport:
    content = DriftContent(why="This is the regular check.", stacks=stacks)
    return DriftReport.objects.create(
        environment=environment, at=timezone.now(), status=str(content.status), content=content.as_json()
    )


def seen(environment: Environment) -> Stack:
    """The environment's stack, with what DescribeStacks said last."""
    stack = Stack.objects.get(environment=environment)
    put(stack, details=details_of(replace(STATE, stack_id=stack.stack_id)))
    return stack


def test_before_the_first_check_a_member_can_start_one(running: Environment, people: People) -> None:
    bob = people.client("bob")
    assert "Check for drift" in bob.get(f"/environments/{running.pk}/").content.decode()
    assert "Not checked yet" in bob.get(f"/environments/{running.pk}/drift/").content.decode()
    answer = bob.post(f"/environments/{running.pk}/drift/check/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/environments/{running.pk}/drift/")
    text = bob.get(f"/environments/{running.pk}/drift/").content.decode()
    assert "Waiting for a drift detection" in text
    assert "bob requested this check." in text
    assert 'hx-trigger="every 5s"' in text
    assert "Accept this drift" not in text
    assert DriftReport.objects.get().status == "waiting"


def test_a_report_shows_what_differs_what_is_ignored_and_what_was_not_checked(
    running: Environment, people: People
) -> None:
    report(running, replace(STACK, outside=("The stack tag cost-centre has changed.",)))
    text = people.client("bob").get(f"/environments/{running.pk}/drift/").content.decode()
    for part in (
        "Changed outside the portal",
        "2 resources differ from the design, and 1 change was made through CloudFormation.",
        "/DelaySeconds",
        "orders-topic",
        "Deleted",
        "The stack tag cost-centre has changed.",
        "1 difference ignored",
        "https://e.example",
        "1 resource not checked",
        "CloudFormation cannot check this type for drift.",
        "40 resources as designed",
        "Accept this drift",
    ):
        assert part in text, part
    assert "every 5s" not in text
    assert (
        "2 resources differ from the design"
        in people.client("bob").get(f"/environments/{running.pk}/").content.decode()
    )


def test_in_sync_names_what_could_not_be_checked(running: Environment, people: People) -> None:
    report(running, replace(STACK, resources=()))
    text = people.client("bob").get(f"/environments/{running.pk}/drift/").content.decode()
    assert "Nothing differs. 1 resource could not be checked." in text
    report(running, replace(STACK, resources=(), failure="Rate exceeded"))
    text = people.client("bob").get(f"/environments/{running.pk}/drift/").content.decode()
    assert "Not checked" in text
    assert "Rate exceeded" in text
    assert "As designed" not in text


def test_accepting_is_for_exactly_the_report_that_was_read(running: Environment, people: People) -> None:
    stack, bob = seen(running), people.client("bob")
    first = report(running, replace(STACK, stack_id=stack.stack_id))
    newer = report(running, replace(STACK, stack_id=stack.stack_id))
    url = f"/environments/{running.pk}/drift/accept/"
    assert bob.post(url, {"report": first.pk}).status_code == 409
    assert bob.post(url, {"report": "nonsense"}).status_code == 404
    assert bob.post(url, {"report": uuid.uuid4()}).status_code == 404
    assert bob.post(url, {"report": newer.pk}).status_code == 302
    newer.refresh_from_db()
    assert newer.accepted_by == people.bob
    stack.refresh_from_db()
    assert stack.fingerprint == cheap_fingerprint(replace(STATE, stack_id=stack.stack_id, parameters={})).as_json() | {
        "parameters": stack.fingerprint["parameters"]
    }
    text = bob.get(f"/environments/{running.pk}/drift/").content.decode()
    assert "Bob accepted this drift" in text
    assert "Accept this drift" not in text


def test_putting_back_is_a_request_of_its_own(running: Environment, people: People) -> None:
    report(running, STACK)
    bob, url = people.client("bob"), f"/environments/{running.pk}/drift/put-back/"
    assert "Put back as designed" in bob.get(f"/environments/{running.pk}/drift/").content.decode()
    request_id = uuid.uuid4()
    answers = [bob.post(url, {"request_id": request_id}) for _ in range(2)]
    assert {answer.headers["Location"] for answer in answers} == {f"/requests/{request_id}/"}
    request = running.requests.get(pk=request_id)
    assert (request.kind, request.state) == ("put_back", "planning")
    assert bob.get(f"/requests/{request_id}/").status_code == 200
    assert bob.post(url, {}).status_code == 404
    assert people.client("olivia").post(url, {"request_id": uuid.uuid4()}).status_code == 403


def test_others_look_but_do_not_act(running: Environment, people: People) -> None:
    drift = report(running, STACK)
    url = f"/environments/{running.pk}/drift/"
    olivia, charlie = people.client("olivia"), people.client("charlie")
    text = olivia.get(url).content.decode()
    assert "/DelaySeconds" in text
    assert '<form method="post" action="/environments/' not in text
    assert olivia.post(f"{url}accept/", {"report": drift.pk}).status_code == 403
    assert olivia.post(f"{url}check/").status_code == 403
    assert "Put back as designed" not in text
    assert {charlie.get(url).status_code, charlie.post(f"{url}check/").status_code} == {404}


def test_a_torn_down_environment_shows_no_drift(gone: Environment, people: People) -> None:
    bob = people.client("bob")
    assert "drift-title" not in bob.get(f"/environments/{gone.pk}/").content.decode()
    assert bob.post(f"/environments/{gone.pk}/drift/check/").status_code == 409


# Orphans


def orphan(people: People, arn: str, environment_id: object = "", **more: str) -> Orphan:
    at = timezone.now()
    fields = {"team_tag": "payments", "reason": "Because.", "status": "CREATE_COMPLETE"} | more
    return Orphan.objects.create(
        account=people.dev,
        region=REGION,
        arn=arn,
        environment_id_tag=str(environment_id),
        found_at=at,
        seen_at=at,
        **fields,
    )


def stack_arn(name: str) -> str:
    return f"arn:aws:cloudformation:{REGION}:100000000001:stack/{name}/1"


def test_approvers_and_administrators_see_orphans_and_nobody_else(people: People) -> None:
    orphan(people, stack_arn("stray"), uuid.uuid4())
    User.objects.create_superuser("root", password="correct horse battery")
    olivia = people.client("olivia").get("/orphans/")
    assert olivia.status_code == 200
    assert "stray" in olivia.content.decode()
    assert 'href="/orphans/"' in people.client("olivia").get("/").content.decode()
    for name in ("alice", "bob", "charlie"):
        answer = people.client(name).get("/orphans/")
        assert (answer.status_code, "stray" in answer.content.decode()) == (403, False)
        assert 'href="/orphans/"' not in people.client(name).get("/").content.decode()
    people.bob.is_superuser = True
    people.bob.save()
    assert people.client("bob").get("/orphans/").status_code == 200


def test_every_orphan_has_a_next_step(running: Environment, people: People) -> None:
    orphan(people, stack_arn("stray"), uuid.uuid4())
    orphan(people, stack_arn(running.name), running.pk)
    orphan(people, "arn:aws:s3:::pt-late", running.pk, status="")
    Orphan.objects.create(
        account=people.dev, region=REGION, arn="arn:ended", found_at=timezone.now(), seen_at=timezone.now(),
        ended_at=timezone.now(), reason="",
    )  # fmt: skip
    PolledRegion.objects.create(account=people.dev, region=REGION, scanned_at=timezone.now())
    text = people.client("olivia").get("/orphans/").content.decode()
    assert "Adopt it for team payments, then tear it down." in text
    assert f"Tear down {running.name}. Its teardown takes this stack in." in text
    assert "Ask team payments whether it is needed. If not, an administrator of acme-dev deletes it." in text
    assert f'href="/environments/{running.pk}/"' in text
    assert "arn:ended" not in text
    assert "acme-dev" in text


def test_the_searches_are_summed_up_by_account(people: People) -> None:
    now = timezone.now()
    for account, region, searched in (
        (people.dev, "eu-north-1", now - timedelta(hours=3)),
        (people.dev, "eu-central-1", now - timedelta(hours=1)),
        (people.prod, "eu-north-1", now),
        (people.prod, "eu-central-1", None),
    ):
        PolledRegion.objects.create(account=account, region=region, scanned_at=searched)
    assert [(line.account, line.regions, line.not_yet) for line in scan_lines()] == [
        ("acme-dev", 2, 0),
        ("acme-prod", 2, 1),
    ]
    text = people.client("olivia").get("/orphans/").content.decode()
    assert "3 h ago" in text
    assert "1 not searched yet" in text


@pytest.mark.django_db
def test_without_orphans_the_page_says_so(people: People) -> None:
    text = people.client("olivia").get("/orphans/").content.decode()
    assert "No orphans were found." in text
    assert "Nothing was searched yet." in text
