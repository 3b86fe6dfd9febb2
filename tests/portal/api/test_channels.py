"""Programs of bob and alice choose where messages go, to bob and to the team."""

from __future__ import annotations

from django.utils import timezone

from provisioning.models import ApiCall, NotificationChannel, NotificationDelivery, User
from tests.portal.api.conftest import Program, program
from tests.portal.conftest import People

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
NEW = {"team": None, "name": "#ops on Slack", "address": SLACK, "topics": ["failures"], "timing": "hourly"}


def test_bobs_own_mail_is_there_before_its_first_message_and_cannot_be_removed(people: People, bobs: Program) -> None:
    people.bob.email = "bob@example.org"
    people.bob.save()
    mail = bobs.get("/channels/mail").json
    assert (mail["id"], mail["address"], mail["is_on"]) == ("mail", "bob@example.org", True)
    assert [one["id"] for one in bobs.get("/channels").json] == ["mail"]
    assert not NotificationChannel.objects.exists(), "a GET writes nothing"
    changed = bobs.patch("/channels/mail", {"timing": "daily", "daily_at": "07:30", "time_zone": "Europe/Dublin"})
    assert (changed.json["timing"], changed.json["daily_at"]) == ("daily", "07:30:00"), changed.content
    removed = bobs.delete("/channels/mail")
    assert (removed.status, removed.json["code"]) == (422, "refused")
    sent = bobs.post("/channels/mail/test").json
    assert [one["id"] for one in bobs.get("/channels/mail/messages").json["items"]] == [sent["id"]]


def test_the_address_of_a_channel_is_shown_nowhere(people: People, bobs: Program, charlies: Program) -> None:
    added = bobs.post("/channels", NEW)
    assert (added.status, added.json["timing"], added.json["team"]) == (201, "hourly", None), added.content
    base = f"/channels/{added.json['id']}"
    answers = [added, bobs.get(base), bobs.get("/channels"), bobs.patch(base, {"topics": []})]
    secret = SLACK.rpartition("/")[2].encode()
    assert all(secret not in answer.content for answer in answers)
    assert secret not in bytes(ApiCall.objects.get().answer)
    for wrong, field in ((NEW | {"topics": ["x"]}, "topics"), (NEW | {"address": "file:///etc/passwd"}, "address")):
        answer = bobs.post("/channels", wrong)
        assert (answer.status, answer.json["errors"][0]["field"]) == (422, field)
    for others in (program(people.alice), charlies):
        assert others.get(base).status == 404
        assert others.post(f"{base}/test").status == 404
    assert bobs.delete(base).status == 204


def test_alice_adds_a_mail_address_for_the_team_and_switches_it_on_again(people: People, bobs: Program) -> None:
    alices = program(people.alice)
    team = NEW | {"team": "payments", "kind": "mail", "address": "payments@example.org"}
    assert bobs.post("/channels", team).status == 403
    added = alices.post("/channels", team).json
    assert [one["id"] for one in alices.get("/channels?team=payments").json] == [added["id"]]
    assert bobs.get("/channels?team=payments").status == 403
    NotificationChannel.objects.update(disabled_at=timezone.now(), disabled_reason="It failed for days.")
    assert alices.get(f"/channels/{added['id']}").json["off_reason"] == "It failed for days."
    assert alices.patch(f"/channels/{added['id']}", {"is_on": True}).json["is_on"] is True
    own = alices.post("/channels", team | {"team": None})
    assert (own.status, own.json["code"]) == (422, "refused")


def test_ada_sees_what_was_not_delivered_without_its_subject(people: People, bobs: Program) -> None:
    channel = NotificationChannel.objects.get(pk=bobs.post("/channels", NEW).json["id"])
    at = timezone.now()
    for state in ("failed", "delivered"):
        NotificationDelivery.objects.create(
            channel=channel, gathers=state, subject="Bob's own", state=state, created_at=at, due_at=at, expires_at=at,
            attempts=3, last_error="The answer was 404.",
        )  # fmt: skip
    [failure] = program(User.objects.create_user("ada", is_admin=True)).get("/channels/failures").json["items"]
    assert (failure["owner"], failure["subject"], failure["reason"]) == ("bob", "", "The answer was 404.")
