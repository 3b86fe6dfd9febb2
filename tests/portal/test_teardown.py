from __future__ import annotations

import re
import uuid

import pytest
from django.utils import timezone

from provisioning.models import Environment, Request
from tests.portal.conftest import People, build, finish


def opened(people: People, environment: Environment, name: str = "bob") -> dict[str, str]:
    """The form as the page gave it."""
    text = people.client(name).get(f"/environments/{environment.pk}/teardown/").content.decode()
    return {key: re.search(rf'name="{key}" value="([^"]*)"', text)[1] for key in ("request_id", "digest")}  # type: ignore[index]


def figures(text: str) -> dict[str, int]:
    """The figures at the top, which must add up."""
    pairs = re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", text.split("</dl>", 1)[0])
    numbers = {label: int(number) for label, number in pairs}
    total, *parts = numbers.values()
    assert total == sum(parts), numbers
    return numbers


def url(environment: Environment) -> str:
    return f"/environments/{environment.pk}/teardown/"


def test_it_shows_what_dies_and_what_is_emptied_first(running: Environment, people: People) -> None:
    text = people.client("bob").get(url(running)).content.decode()
    assert figures(text) == {"Resources": 112, "Deleted": 112, "Retained": 0}
    assert "Emptied first" in text
    assert "Nothing is retained. All data is deleted." in text
    assert "This cannot be undone" in text


def test_it_shows_what_stays_and_why(people: People) -> None:
    environment = people.ask("keeps", size="staging").environment
    build(environment, ready=1_000)
    finish(environment, "running", "succeeded", "done")
    text = people.client("bob").get(url(environment)).content.decode()
    assert "snapshot" in text
    assert "termination protection is lifted" in text
    assert "Nothing. Data goes" not in text


def test_the_typed_name_starts_it_once(running: Environment, people: People) -> None:
    bob, form = people.client("bob"), opened(people, running)
    first = bob.post(url(running), {**form, "typed_name": running.name})
    second = bob.post(url(running), {**form, "typed_name": running.name})
    running.refresh_from_db()
    assert running.state == "tearing_down"
    assert first.headers["Location"] == second.headers["Location"] == f"/environments/{running.pk}/"
    assert Request.objects.filter(kind="teardown").count() == 1


@pytest.mark.parametrize("typed", ["", "orders", "ORDERS-DEV", "<script>alert(1)</script>"])
def test_another_name_starts_nothing(typed: str, running: Environment, people: People) -> None:
    answer = people.client("bob").post(url(running), {**opened(people, running), "typed_name": typed})
    running.refresh_from_db()
    assert (answer.status_code, running.state) == (422, "running")
    assert "to confirm" in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()


def test_more_than_was_shown_is_a_409_that_shows_it_anew(running: Environment, people: People) -> None:
    form = opened(people, running)
    stack = running.stacks.get()
    stack.resources.create(logical_id="New", physical_id="new-bucket", type="AWS::S3::Bucket", status="CREATE_COMPLETE")
    answer = people.client("bob").post(url(running), {**form, "typed_name": running.name})
    assert answer.status_code == 409
    assert "new-bucket" in answer.content.decode()
    assert "has changed since it was shown" in answer.content.decode()
    running.refresh_from_db()
    assert running.state == "running"


def test_a_form_of_something_else_is_refused(running: Environment, people: People) -> None:
    asked = running.requests.get()
    sent = {"request_id": str(asked.pk), "digest": "0" * 64, "typed_name": running.name}
    assert people.client("alice").post(url(running), sent).status_code == 422
    broken = people.client("bob").post(
        url(running), {**opened(people, running), "request_id": "x", "typed_name": running.name}
    )
    assert broken.status_code == 422
    assert 'name="request_id" value="x"' not in broken.content.decode()


def test_prod_needs_an_approver_to_end_too(people: People) -> None:
    asked = people.ask("shop", size="prod")
    people.client("olivia").post(f"/requests/{asked.pk}/approve/", {"digest": asked.plan.digest})
    environment = asked.environment
    build(environment, ready=1_000)
    finish(environment, "running", "succeeded", "done")
    answer = people.client("bob").post(
        url(environment), {**opened(people, environment), "typed_name": "shop"}, follow=True
    )
    text = answer.content.decode()
    assert "You cannot decide on your own request." in text
    assert "To retain" in text
    environment.refresh_from_db()
    assert environment.state == "running"
    assert (
        "A teardown is pending approval"
        in people.client("bob").get(f"/environments/{environment.pk}/").content.decode()
    )


def test_what_moves_cannot_be_torn_down(people: People) -> None:
    environment = people.ask().environment
    sent = {"request_id": str(uuid.uuid4()), "digest": "0" * 64, "typed_name": environment.name}
    for answer in (people.client("bob").get(url(environment)), people.client("bob").post(url(environment), sent)):
        assert answer.status_code == 409
        assert "“creating”" in answer.content.decode()


def test_the_receipt_lists_every_end_and_the_scan(gone: Environment, people: People) -> None:
    text = people.client("bob").get(f"/environments/{gone.pk}/receipt/").content.decode()
    receipt = gone.receipts.get()
    assert all(line["physical_id"] in text for line in receipt.lines)
    assert f"portal:environment-id={gone.pk}" in text
    assert "The search found 1, all of which are listed as retained." in text
    assert "data-print" in text
    assert f"/environments/{gone.pk}/receipt/" in people.client("bob").get(f"/environments/{gone.pk}/").content.decode()


def test_there_is_no_receipt_before_the_end(running: Environment, people: People) -> None:
    answer = people.client("bob").get(f"/environments/{running.pk}/receipt/")
    assert answer.status_code == 404
    assert "There is no receipt yet" in answer.content.decode()


def test_a_resource_that_is_left_over_is_the_first_thing_on_the_receipt(gone: Environment, people: People) -> None:
    receipt = gone.receipts.get()
    receipt.lines[1] |= {"end": "abandoned", "ended_at": ""}
    receipt.scan["left"] = ["arn:aws:s3:::left"]
    receipt.save()
    text = people.client("bob").get(f"/environments/{gone.pk}/receipt/").content.decode()
    assert "1 left over" in text
    assert ">left over</td>" in text
    assert figures(text)["Left over"] == 1
    assert "This receipt was changed after it was written." in text
    assert "abandoned" not in text
    assert "arn:aws:s3:::left" in text
    assert "Complete" not in text


def test_a_receipt_is_signed_and_an_earlier_one_is_still_readable(gone: Environment, people: People) -> None:
    receipt = gone.receipts.get()
    text = people.client("bob").get(f"/environments/{gone.pk}/receipt/").content.decode()
    assert receipt.digest in text
    assert "Verified now." in text
    assert "was changed after" not in text
    figures(text)
    receipt.lines[0]["physical_id"] = "another"
    receipt.save()
    assert "was changed after it was written" in (
        people.client("bob").get(f"/environments/{gone.pk}/receipt/").content.decode()
    )
    receipt.digest, receipt.scan["settled_until"] = "", ""
    receipt.save()
    text = people.client("bob").get(f"/environments/{gone.pk}/receipt/").content.decode()
    assert "was changed after it was written" in text  # the digest itself was removed
    assert "Verified now." not in text
    del receipt.scan["settled_until"]
    receipt.save()
    text = people.client("bob").get(f"/environments/{gone.pk}/receipt/").content.decode()
    assert "an earlier version of the portal wrote it" in text
    assert "was changed after" not in text


def test_what_could_not_be_verified_is_never_called_deleted(gone: Environment, people: People) -> None:
    receipt = gone.receipts.get()
    before = figures(people.client("bob").get(f"/environments/{gone.pk}/receipt/").content.decode())
    line = next(line for line in receipt.lines if line["end"] == "deleted")
    line |= {"end": "unverified", "reason": "No call tells whether it exists."}
    receipt.save()
    text = people.client("bob").get(f"/environments/{gone.pk}/receipt/").content.decode()
    after = figures(text)
    assert (after["Deleted"], after["Not verified"]) == (before["Deleted"] - 1, before.get("Not verified", 0) + 1)
    assert "No call tells whether it exists." in text


def test_a_receipt_never_claims_more_than_was_checked(gone: Environment, people: People) -> None:
    receipt = gone.receipts.get()
    for line in receipt.lines:
        line["end"] = "deleted" if line["end"] == "unverified" else line["end"]
    receipt.save()
    text = people.client("bob").get(f"/environments/{gone.pk}/receipt/").content.decode()
    assert ">Complete</span>" in text
    assert ">clean</span>" in text
    receipt.lines[0]["end"] = "unverified"
    receipt.save()
    text = people.client("bob").get(f"/environments/{gone.pk}/receipt/").content.decode()
    assert ">Complete</span>" not in text
    assert ">1 not verified</span>" in text
    receipt.scan |= {"unsearched": {gone.region: "tag:GetResources is denied."}, "regions": [], "found": []}
    receipt.save()
    text = people.client("bob").get(f"/environments/{gone.pk}/receipt/").content.decode()
    assert ">Complete</span>" not in text
    assert ">clean</span>" not in text
    assert "The search found none." not in text
    assert f"{gone.region} was not searched" in text
    assert "tag:GetResources is denied." in text


def test_a_search_that_was_refused_can_be_accepted_as_missing(running: Environment, people: People) -> None:
    form = opened(people, running)
    people.client("bob").post(url(running), {**form, "typed_name": running.name})
    finish(running, "teardown_failed", "failed", "failed")
    operation = running.operations.latest("started_at")
    operation.step_data |= {"unsearched": {running.region: "tag:GetResources is denied."}}
    operation.save()
    bob = people.client("bob")
    text = bob.get(url(running)).content.decode()
    assert "tag:GetResources is denied." in text
    assert "?removal=leave" in text
    accepted = bob.get(f"{url(running)}?removal=leave").content.decode()
    assert "the receipt says that this search is missing" in accepted
    assert accepted.split('name="digest" value="')[1][:64] != text.split('name="digest" value="')[1][:64]


def test_a_page_that_is_not_fresh_reads_the_stacks_after_it_is_shown(running: Environment, people: People) -> None:
    bob = people.client("bob")
    text = bob.get(url(running)).content.decode()
    assert f'hx-post="/environments/{running.pk}/teardown/refresh/"' in text
    running.stacks.update(listed_at=timezone.now())
    assert "hx-post" not in bob.get(url(running)).content.decode().split("<dl")[0].split('id="teardown"')[1]


def test_a_refresh_keeps_what_was_typed_and_says_if_aws_cannot_be_read(running: Environment, people: People) -> None:
    form = opened(people, running)
    sent = {**form, "typed_name": "orders-d"}
    answer = people.client("bob").post(f"/environments/{running.pk}/teardown/refresh/", sent)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="orders-d"' in text
    assert f'name="request_id" value="{form["request_id"]}"' in text
    assert "AWS could not be read" in text
    assert people.client("charlie").post(f"/environments/{running.pk}/teardown/refresh/", sent).status_code == 404


def test_a_failed_teardown_offers_to_leave_or_force_what_is_stuck(running: Environment, people: People) -> None:
    stuck = running.stacks.get().resources.filter(end="").exclude(physical_id="").first()
    assert stuck is not None
    running.stacks.get().resources.filter(pk=stuck.pk).update(status="DELETE_FAILED", reason="It is locked.")
    form = opened(people, running)
    people.client("bob").post(url(running), {**form, "typed_name": running.name})
    finish(running, "teardown_failed", "failed", "failed")
    bob = people.client("bob")
    text = bob.get(url(running)).content.decode()
    assert "It is locked." in text
    assert "?removal=leave" in text
    assert "?removal=force" not in text  # its stack's deletion has not failed
    text = bob.get(f"{url(running)}?removal=leave").content.decode()
    assert figures(text)["May be left over"] == 1
    assert bob.get(f"{url(running)}?removal=force").status_code in (400, 409, 422)
    running.stacks.update(status="DELETE_FAILED")
    assert "?removal=force" in bob.get(url(running)).content.decode()
    text = bob.get(f"{url(running)}?removal=force").content.decode()
    assert "Force removal" in text
    digests = {
        bob.get(f"{url(running)}{query}").content.decode().split('name="digest" value="')[1][:64]
        for query in ("", "?removal=leave", "?removal=force")
    }
    assert len(digests) == 3
