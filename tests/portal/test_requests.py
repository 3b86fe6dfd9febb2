from __future__ import annotations

import json

import pytest
from pytest_django import DjangoAssertNumQueries

from provisioning.lifecycle.plan_document import FORMAT
from provisioning.models import AccountTeam, Request
from tests.portal.conftest import People, put


@pytest.fixture
def waiting(people: People) -> Request:
    return people.ask("shop", size="prod", note="For the launch.\n<script>alert(1)</script>")


def test_the_approver_sees_the_plan_and_decides(waiting: Request, people: People) -> None:
    text = people.client("olivia").get(f"/requests/{waiting.pk}/").content.decode()
    assert "Your decision" in text
    assert waiting.plan.digest[:12] in text
    assert 'class="pic"' in text
    assert "retained after a teardown" in text
    assert "example/carbon-connect" in text
    assert "<script>alert" not in text


def test_the_approver_reads_what_was_answered_maps_and_lists_too(waiting: Request, people: People) -> None:
    answers = {"tags": {"cost-centre": "4711"}, "origins": ["https://a.example"], "labels": {}}
    waiting.plan.content["inputs"] |= answers
    put(waiting.plan, content=waiting.plan.content)
    text = people.client("olivia").get(f"/requests/{waiting.pk}/").content.decode()
    assert "cost-centre = 4711" in text
    assert "https://a.example" in text
    assert text.count(">none</dd>") == 1


def test_a_plan_of_an_unknown_format_is_a_409_with_a_sentence(waiting: Request, people: People) -> None:
    put(waiting.plan, content=waiting.plan.content | {"format": FORMAT + 1})
    for path in (f"/requests/{waiting.pk}/", f"/environments/{waiting.environment_id}/"):
        answer = people.client("olivia").get(path)
        assert answer.status_code == 409
        assert f"format {FORMAT + 1}, which this version of the portal cannot read" in answer.content.decode()


def test_the_requester_cannot_approve_their_own(waiting: Request, people: People) -> None:
    people.bob.is_approver = True
    people.bob.save()
    bob = people.client("bob")
    text = bob.get(f"/requests/{waiting.pk}/").content.decode()
    assert "You cannot decide on your own request." in text
    assert "Your decision" not in text
    answer = bob.post(f"/requests/{waiting.pk}/approve/", {"digest": waiting.plan.digest})
    waiting.refresh_from_db()
    assert (answer.status_code, waiting.state) == (403, "waiting")


def test_an_approver_reads_why_a_right_that_was_taken_away_stops_the_approval(waiting: Request, people: People) -> None:
    AccountTeam.objects.filter(team=people.payments, account=people.prod).update(certificates=[])
    answer = people.client("olivia").post(f"/requests/{waiting.pk}/approve/", {"digest": waiting.plan.digest})
    waiting.refresh_from_db()
    assert (answer.status_code, waiting.state) == (422, "waiting")
    assert "which Payments may not use in the account acme-prod." in answer.content.decode()


def test_approving_starts_it(waiting: Request, people: People) -> None:
    answer = people.client("olivia").post(
        f"/requests/{waiting.pk}/approve/", {"digest": waiting.plan.digest, "note": "Go."}
    )
    waiting.refresh_from_db()
    assert (answer.status_code, waiting.state, waiting.decision_note) == (302, "approved", "Go.")
    assert waiting.environment.operations.count() == 1


@pytest.mark.parametrize("digest", ["", "0" * 64])
def test_only_the_plan_that_was_seen_can_be_approved(digest: str, waiting: Request, people: People) -> None:
    answer = people.client("olivia").post(f"/requests/{waiting.pk}/approve/", {"digest": digest})
    waiting.refresh_from_db()
    assert (answer.status_code, waiting.state) == (409, "waiting")


def test_deciding_twice_is_a_409_with_a_sentence(waiting: Request, people: People) -> None:
    olivia, sent = people.client("olivia"), {"digest": waiting.plan.digest}
    olivia.post(f"/requests/{waiting.pk}/approve/", sent)
    answer = olivia.post(f"/requests/{waiting.pk}/approve/", sent)
    assert answer.status_code == 409
    assert "no longer pending approval" in answer.content.decode()
    assert waiting.environment.operations.count() == 1


def test_refusing_needs_a_reason_which_the_requester_reads(waiting: Request, people: People) -> None:
    olivia = people.client("olivia")
    answer = olivia.post(f"/requests/{waiting.pk}/reject/", {"note": " "})
    assert answer.status_code == 422
    assert "Enter a reason" in answer.content.decode()
    olivia.post(f"/requests/{waiting.pk}/reject/", {"note": "Use staging first."})
    waiting.refresh_from_db()
    assert waiting.state == "refused"
    assert "Use staging first." in people.client("bob").get(f"/requests/{waiting.pk}/").content.decode()


def test_a_member_withdraws_and_an_approver_cannot(waiting: Request, people: People) -> None:
    assert people.client("olivia").post(f"/requests/{waiting.pk}/withdraw/").status_code == 403
    assert people.client("alice").post(f"/requests/{waiting.pk}/withdraw/").status_code == 302
    waiting.refresh_from_db()
    assert waiting.state == "withdrawn"


def test_the_template_can_be_read_and_downloaded(waiting: Request, people: People) -> None:
    olivia = people.client("olivia")
    answer = olivia.get(f"/requests/{waiting.pk}/template/?download")
    assert json.loads(answer.content) == json.loads(waiting.plan.content["stacks"][0]["body"])
    stack = waiting.plan.content["stacks"][0]["name"]
    assert stack.startswith("payments-shop-")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{stack}.template.json"'
    assert olivia.get(f"/requests/{waiting.pk}/template/").headers["Content-Disposition"].startswith("inline")


def test_the_list_takes_five_queries_however_long_it_is(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first = people.ask("shop", size="prod")
    for number in (2, 60):
        Request.objects.bulk_create(
            Request(kind="create", environment=first.environment, plan=first.plan, state="waiting", state_changed_at=first.requested_at,
                    requested_by=people.bob, requested_at=first.requested_at)
            for _ in range(number)
        )  # fmt: skip
        for name in ("bob", "olivia"):
            client = people.client(name)
            with django_assert_max_num_queries(5):
                assert client.get("/requests/?state=waiting").status_code == 200


def test_pages_of_the_list_follow_one_another(people: People) -> None:
    first = people.ask("shop", size="prod")
    Request.objects.bulk_create(
        Request(kind="create", environment=first.environment, plan=first.plan, state="waiting", state_changed_at=first.requested_at,
                requested_by=people.bob, requested_at=first.requested_at)
        for _ in range(30)
    )  # fmt: skip
    bob = people.client("bob")
    one = bob.get("/requests/")
    two = bob.get(f"/requests/?cursor={one.context['page'].listing.next_cursor}")
    ids = [row.id for answer in (one, two) for row in answer.context["page"].listing.rows]
    assert len(ids) == len(set(ids)) == 31
