"""Decisions on requests, and the questions and answers before them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field, StrictBool

from portal.api.auth import Token, caller
from portal.api.schemas import Body, Resource, changes, reads
from portal.api.v1.requests import RequestOut, described
from portal.web.lookups import Need, get_request_for
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.questions import answer_question, ask_question
from provisioning.lifecycle.services.tokens import Scope
from provisioning.models import RequestComment

router = Router(tags=["Requests"])


class Approval(Body):
    digest: str = Field(max_length=64, description="The digest of the plan that you have read.")
    note: str = Field("", max_length=2000)
    accept_findings: StrictBool = False
    typed_name: str = Field(
        "", max_length=64, description="The environment's name, if the plan may replace or delete data."
    )


@router.post(
    "/{uuid:pk}/approve",
    response=changes(RequestOut),
    auth=Token(Scope.APPROVE),
    operation_id="requests_approve",
    summary="Approve a request",
)
def approve(request: HttpRequest, pk: UUID, body: Approval) -> Any:
    """Nobody approves their own request, with whatever token."""
    actor = caller(request)
    approve_request(
        actor=actor,
        request=get_request_for(actor, pk, Need.DECIDE),
        digest=body.digest,
        note=body.note,
        accept_findings=body.accept_findings,
        typed_name=body.typed_name,
    )
    return described(pk)


class Reason(Body):
    note: str = Field(min_length=1, max_length=2000, description="The requester reads it.")


@router.post(
    "/{uuid:pk}/reject",
    response=changes(RequestOut),
    auth=Token(Scope.APPROVE),
    operation_id="requests_reject",
    summary="Reject a request",
)
def reject(request: HttpRequest, pk: UUID, body: Reason) -> Any:
    actor = caller(request)
    reject_request(actor=actor, request=get_request_for(actor, pk, Need.DECIDE), note=body.note)
    return described(pk)


class CommentOut(Resource):
    id: UUID
    author: str = Field(description="The user name.")
    is_question: bool
    text: str
    at: datetime


def describe_comment(comment: RequestComment) -> CommentOut:
    return CommentOut(
        id=comment.pk,
        author=comment.author.username,
        is_question=comment.is_question,
        text=comment.text,
        at=comment.at,
    )


@router.get(
    "/{uuid:pk}/comments",
    response=reads(list[CommentOut]),
    operation_id="comments_list",
    summary="List the questions on a request and their answers",
)
def comments(request: HttpRequest, pk: UUID) -> Any:
    """Oldest first."""
    stored = get_request_for(caller(request), pk)
    rows = RequestComment.objects.filter(request=stored).select_related("author").order_by("at", "id")
    return [describe_comment(comment) for comment in rows]


class NewComment(Body):
    text: str = Field(min_length=1, max_length=2000, description="Everyone who sees the request reads it.")


@router.post(
    "/{uuid:pk}/questions",
    response=changes(CommentOut),
    auth=Token(Scope.APPROVE),
    operation_id="questions_ask",
    summary="Ask the requester a question",
)
def ask(request: HttpRequest, pk: UUID, body: NewComment) -> Any:
    """The request is still pending."""
    actor = caller(request)
    stored = get_request_for(actor, pk, Need.DECIDE)
    return describe_comment(ask_question(actor=actor, request=stored, text=body.text))


@router.post(
    "/{uuid:pk}/answers",
    response=changes(CommentOut),
    auth=Token(),
    operation_id="questions_answer",
    summary="Answer the questions on a request",
)
def answer(request: HttpRequest, pk: UUID, body: NewComment) -> Any:
    actor = caller(request)
    stored = get_request_for(actor, pk, Need.OPERATE)
    return describe_comment(answer_question(actor=actor, request=stored, text=body.text))
