"""Questions before a decision, and their answers."""

from __future__ import annotations

import pytest

from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.questions import answer_question, ask_question
from provisioning.lifecycle.services.requests import withdraw_request
from provisioning.models import AuditEvent, Request, RequestComment
from tests.fixtures.world import World


def test_a_question_is_open_until_the_team_answers(world: World) -> None:
    request = world.request(size="prod")
    ask_question(actor=world.olivia, request=request, text="  Why three zones?  ")
    request.refresh_from_db()
    assert (request.state, request.question_asked_at is not None) == ("waiting", True)
    answer_question(actor=world.alice, request=request, text="The contract says so.")
    request.refresh_from_db()
    assert (request.state, request.question_asked_at) == ("waiting", None)
    assert list(RequestComment.objects.order_by("-is_question").values_list("author__username", "text")) == [
        ("olivia", "Why three zones?"),
        ("alice", "The contract says so."),
    ]
    events = AuditEvent.objects.filter(action__in=["request:ask", "request:answer"])
    assert all("zones" not in str(event.detail) for event in events)
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    assert request.state == "approved"


def test_only_those_who_decide_ask_and_only_the_team_answers(world: World) -> None:
    request = world.request(size="prod")
    for person in (world.alice, world.bob, world.charlie):
        with pytest.raises(NotAllowed):
            ask_question(actor=person, request=request, text="Why?")
    for person in (world.olivia, world.charlie):
        with pytest.raises(NotAllowed):
            answer_question(actor=person, request=request, text="Because.")


@pytest.mark.parametrize("text", ["  ", "x" * 2_001])
def test_a_question_has_a_text_of_limited_length(world: World, text: str) -> None:
    request = world.request(size="prod")
    with pytest.raises(Refused):
        ask_question(actor=world.olivia, request=request, text=text)
    with pytest.raises(Refused):
        answer_question(actor=world.bob, request=request, text=text)
    assert not RequestComment.objects.exists()


def test_a_decision_ends_the_question_and_nobody_asks_afterwards(world: World) -> None:
    request = world.request(size="prod")
    ask_question(actor=world.olivia, request=request, text="Why?")
    open_elsewhere = Request.objects.get(pk=request.pk)
    reject_request(actor=world.olivia, request=request, note="No answer.")
    assert request.question_asked_at is None
    with pytest.raises(WrongState, match="no longer pending"):
        ask_question(actor=world.olivia, request=open_elsewhere, text="And now?")


def test_a_withdrawal_ends_the_question(world: World) -> None:
    request = world.request(size="prod")
    ask_question(actor=world.olivia, request=request, text="Why?")
    withdraw_request(actor=world.bob, request=request)
    request.refresh_from_db()
    assert request.question_asked_at is None
