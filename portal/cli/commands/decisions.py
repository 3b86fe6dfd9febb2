"""`portal approve` and `portal reject`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from portal.cli.api import Api, connect
from portal.cli.console import Console
from portal.cli.errors import CliError, Exit, NotFoundError
from portal.cli.lookup import is_id
from portal.cli.resources import Request, read


def approve(arguments: Namespace, console: Console) -> int:
    """Without --digest, show the plan and ask. The portal refuses a digest that is out of date."""
    api = connect(console)
    digest = arguments.digest or _ask(api, console, _id(arguments.request))
    body = {
        "digest": digest,
        "note": arguments.note,
        "accept_findings": arguments.accept_findings,
        "typed_name": arguments.name,
    }
    return _show(arguments, console, api.call("requests_approve", pk=_id(arguments.request), body=body).document)


def reject(arguments: Namespace, console: Console) -> int:
    body = {"note": arguments.note}
    document = connect(console).call("requests_reject", pk=_id(arguments.request), body=body).document
    return _show(arguments, console, document)


def _ask(api: Api, console: Console, request_id: str) -> str:
    request = read(Request, api.call("requests_get", pk=request_id).document)
    plan = api.call("requests_plan", pk=request_id).document
    console.note(f"{request.requested_by} requests: {request.kind} {request.environment} of {request.team}")
    console.note(f"Size {request.size}. {request.note}".strip())
    for stack in plan["document"].get("stacks") or []:
        console.note(
            f"  stack {stack.get('name', stack.get('key', ''))}: {len(stack.get('resources') or [])} resources"
        )
    for line in _changes(plan["document"]):
        console.note(f"  {line}")
    for finding in plan["findings"] or []:
        console.note(f"  {finding.get('severity', '')}: {finding.get('sentence', '')}")
    console.note(f"Everything else is on {api.page_url(f'requests/{request_id}')}")
    answer = console.ask(
        "Approve this plan? Type yes:", instead=f"--digest {plan['digest']}, once you have read the plan"
    )
    if answer != "yes":
        raise CliError("Not approved.")
    return str(plan["digest"])


def _changes(document: Any) -> Iterator[str]:
    """What a change does to each resource, and what happens to data."""
    for one in document.get("change_sets") or []:
        for change in one.get("changes") or []:
            replaced = ", replaced" if change.get("replacement") == "True" else ""
            yield f"{str(change.get('action', '')).lower()} {change.get('logical_id', '')} ({change.get('type', '')}{replaced})"
        for verdict in one.get("verdicts") or []:
            if verdict.get("is_dangerous"):
                reasons = " ".join(verdict.get("reasons") or [])
                yield f"DATA: {verdict.get('logical_id', '')}: {verdict.get('outcome', '')}. {reasons}".rstrip()


def _show(arguments: Namespace, console: Console, document: Any) -> int:
    request = read(Request, document)
    if arguments.json:
        console.document(document)
    else:
        console.line(f"The request for {request.environment} of {request.team} is {request.state}.")
    return Exit.OK


def _id(text: str) -> str:
    if not is_id(text):
        raise NotFoundError(f"“{text}” is not the id of a request. It is at the end of the request’s address.")
    return text
