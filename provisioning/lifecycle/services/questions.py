"""Questions of those who may decide, and the answers of the team. The request remains pending."""

from __future__ import annotations

from provisioning.errors import Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may, check_may_decide
from provisioning.lifecycle.audit import AuditAction, audit
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.services.requests import check_pending
from provisioning.lifecycle.services.votes import acting_for
from provisioning.lifecycle.transitions import atomic_with, bump
from provisioning.models import Request, RequestComment, User

MOST_CHARACTERS = 2_000


def ask_question(*, actor: User, request: Request, text: str) -> RequestComment:
    """Ask the requester something before a decision.

    Raises NotAllowed, WrongState if the request is not pending, and Refused for an empty text.
    """
    seat = check_may_decide(actor, request)
    with acting_for(actor, seat):
        return _comment(actor, request, text, is_question=True)


def answer_question(*, actor: User, request: Request, text: str) -> RequestComment:
    """Answer the questions on a request, or add something to it. Members who may request do so.

    Raises NotAllowed, WrongState if the request is not pending, and Refused for an empty text.
    """
    check_may(actor, request.environment.team, kind_of(request.kind).permission)
    return _comment(actor, request, text, is_question=False)


def _comment(actor: User, request: Request, text: str, *, is_question: bool) -> RequestComment:
    text = text.strip()
    if not text:
        raise Refused("Enter a question." if is_question else "Enter an answer.")
    if len(text) > MOST_CHARACTERS:
        raise Refused(f"Shorten the text to {MOST_CHARACTERS:,} characters.")
    at = clock.now()
    check_pending(request)
    with atomic_with(request):
        rows = Request.objects.select_for_update(no_key=True).filter(pk=request.pk)
        request.state = rows.values_list("state", flat=True).get()
        check_pending(request)
        comment = RequestComment.objects.create(
            request=request, author=actor, is_question=is_question, text=text, at=at
        )
        request.question_asked_at = at if is_question else None
        request.save(update_fields=["question_asked_at"])
        audit(
            AuditAction.REQUEST_ASK if is_question else AuditAction.REQUEST_ANSWER,
            actor=actor,
            environment=request.environment,
            at=at,
            request=str(request.pk),
        )
        bump(request.environment_id)
    return comment
