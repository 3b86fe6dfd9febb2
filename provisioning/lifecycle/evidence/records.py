"""The records of an evidence pack, from the rows of an environment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeAlias

from provisioning.models import Environment, Operation, Receipt, Request, Stack, StackEvent, StackResource, Transition

Record: TypeAlias = dict[str, Any]
"""The content of one JSON file, or of one line of it. It leaves the portal as it is."""


def environment_record(environment: Environment) -> Record:
    version = environment.blueprint_version
    return {
        "id": str(environment.pk),
        "name": environment.name,
        "team": environment.team.slug,
        "blueprint": version.slug,
        "blueprint_version": version.version,
        "blueprint_digest": version.digest,
        "size": environment.size,
        "account": environment.account.name,
        "account_id": environment.account.account_id,
        "region": environment.region,
        "tags": environment.tags,
        "stack_role_arn": environment.role_for_stacks,
        "is_adopted": environment.is_adopted,
        "state": environment.state,
        "state_changed_at": _time(environment.state_changed_at),
        "created_by": environment.created_by.get_username(),
        "created_at": _time(environment.created_at),
    }


def request_record(request: Request) -> Record:
    return {
        "id": str(request.pk),
        "kind": request.kind,
        "state": request.state,
        "state_changed_at": _time(request.state_changed_at),
        "requested_by": request.requested_by.get_username(),
        "requested_at": _time(request.requested_at),
        "note": request.note,
        "decided_by": request.decided_by.get_username() if request.decided_by else None,
        "decided_at": _time(request.decided_at),
        "decision_note": request.decision_note,
        "plan_digest": request.plan.digest,
        "approved_digest": request.approved_digest,
        "expires_at": _time(request.expires_at),
    }


def decision_records(request: Request) -> list[Record]:
    """Votes and comments, in the order in which they were given."""
    votes = [
        (
            vote.at,
            {
                "at": _time(vote.at),
                "what": "vote",
                "by": vote.voter.get_username(),
                "in_place_of": vote.seat.get_username() if vote.seat_id != vote.voter_id else None,
                "plan_digest": vote.digest,
                "replaced_at": _time(vote.replaced_at) if vote.replaced_at is not None else None,
                "text": vote.comment,
            },
        )
        for vote in request.votes.select_related("voter", "seat").order_by("at", "id")
    ]
    comments = [
        (
            comment.at,
            {
                "at": _time(comment.at),
                "what": "question" if comment.is_question else "answer",
                "by": comment.author.get_username(),
                "text": comment.text,
            },
        )
        for comment in request.comments.select_related("author").order_by("at", "id")
    ]
    return [record for _, record in sorted([*votes, *comments], key=lambda item: item[0])]


def operation_record(operation: Operation) -> Record:
    return {
        "id": str(operation.pk),
        "request": str(operation.request_id),
        "kind": operation.kind,
        "state": operation.state,
        "approved_digest": operation.approved_digest,
        "approved_place": operation.approved_place,
        "client_token": operation.token,
        "attempts": operation.attempts,
        "last_call": operation.call_what,
        "cause": operation.cause,
        "cause_detail": operation.cause_detail,
        "cancel_requested_by": operation.cancel_requested_by.get_username() if operation.cancel_requested_by else None,
        "started_at": _time(operation.started_at),
        "ended_at": _time(operation.ended_at),
    }


def ledger_records(environment: Environment) -> list[Record]:
    rows = StackResource.objects.filter(stack__environment=environment).select_related("stack")
    return [
        {
            "stack": row.stack.name,
            "region": row.stack.region,
            "stack_id": row.stack.stack_id,
            "logical_id": row.logical_id,
            "physical_id": row.physical_id,
            "type": row.type,
            "status": row.status,
            "reason": row.reason,
            "started_at": _time(row.started_at),
            "finished_at": _time(row.finished_at),
            "end": row.end,
            "ended_at": _time(row.ended_at),
        }
        for row in rows.order_by("stack__created_at", "logical_id", "id")
    ]


def stack_event_records(stack: Stack) -> Iterator[Record]:
    for event in StackEvent.objects.filter(stack=stack).order_by("at", "id").iterator(chunk_size=2000):
        yield {
            "event_id": event.event_id,
            "at": _time(event.at),
            "logical_id": event.logical_id,
            "physical_id": event.physical_id,
            "type": event.type,
            "status": event.status,
            "reason": event.reason,
            "client_token": event.token,
        }


def receipt_record(receipt: Receipt) -> Record:
    return {
        "operation": str(receipt.operation_id),
        "written_at": _time(receipt.written_at),
        "digest": receipt.digest,
        "lines": receipt.lines,
        "scan": receipt.scan,
    }


def history_records(environment: Environment) -> list[Record]:
    rows = Transition.objects.filter(environment=environment).select_related("actor").order_by("at", "id")
    return [
        {
            "at": _time(row.at),
            "subject": row.subject,
            "subject_id": str(row.subject_id),
            "from": row.from_state,
            "to": row.to_state,
            "actor": row.actor.get_username() if row.actor else None,
            "reason": row.reason,
        }
        for row in rows
    ]


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
