"""`portal wait`: follows requests and operations until they have ended, with progress on standard error."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from portal.cli.api import Api, connect
from portal.cli.console import Console
from portal.cli.errors import CliError, Exit, NotFoundError
from portal.cli.lookup import find_environment, is_id
from portal.cli.resources import Environment, Operation, Request, read

_POLL_SECONDS: Final = 30
_PAUSE_SECONDS: Final = 2.0
_DECIDED_AGAINST: Final = frozenset({"rejected", "withdrawn", "expired"})
_FAILED: Final = frozenset({"failed", "cancelled"})
_NEXT: Final = {
    "": "See the environment’s page",
    "retry": "Try it again on the environment’s page",
    "recover": "Recover the environment on its page",
    "teardown": "Tear the environment down",
    "change": "Plan the change again",
    "put_back": "Put the environment back as designed, on its page",
    "cancel": "Cancel the operation on the environment’s page",
    "stop_watching": "Stop watching on the environment’s page",
}


@dataclass(frozen=True, slots=True)
class Deadline:
    """When to stop waiting, on the clock of the console; None never."""

    at: float | None

    @classmethod
    def after(cls, seconds: float | None, console: Console) -> Deadline:
        return cls(None if seconds is None else console.clock() + seconds)

    def left_seconds(self, console: Console) -> float:
        return float(_POLL_SECONDS) if self.at is None else self.at - console.clock()


def wait(arguments: Namespace, console: Console) -> int:
    api = connect(console)
    deadline = Deadline.after(arguments.timeout, console)
    target = arguments.target
    if is_id(target) and (operation := _get(api, "operations_get", operation_id=target)) is not None:
        return _shown(arguments, console, operation, wait_for_operation(api, console, target, deadline))
    if is_id(target) and (request := _get(api, "requests_get", pk=target)) is not None:
        return _shown(arguments, console, request, wait_for_request(api, console, target, deadline))
    environment = find_environment(api, target, arguments.team)
    code = _wait_for_environment(api, console, environment, deadline)
    document = api.call("environments_get", environment_id=environment.id).document
    return _shown(arguments, console, document, code)


def _shown(arguments: Namespace, console: Console, document: Any, code: int) -> int:
    if arguments.json:
        console.document(document)
    return code


def _get(api: Api, operation: str, **parameters: Any) -> Any:
    try:
        return api.call(operation, **parameters).document
    except NotFoundError:
        return None


def _wait_for_environment(api: Api, console: Console, environment: Environment, deadline: Deadline) -> int:
    """Follow the request of the operation in progress, or the newest request if there is none."""
    newest = api.call("operations_list", environment_id=environment.id, query={"limit": "1"}).document["items"]
    for operation in (read(Operation, item) for item in newest):
        if not operation.is_ended:
            return wait_for_request(api, console, operation.request_id, deadline)
    query = {"environment_id": environment.id, "limit": "1"}
    for request in (read(Request, item) for item in api.call("requests_list", query=query).document["items"]):
        return wait_for_request(api, console, request.id, deadline)
    raise NotFoundError(f"Nothing was requested for {environment.name}.")


def wait_for_request(api: Api, console: Console, request_id: str, deadline: Deadline) -> int:
    """Wait for the decision, and then for the operation. Returns the exit code.

    A change has an operation that plans it and, once it is approved, another one that carries it out.
    """
    for document in _versions(api, console, request_id, deadline, "requests_get", pk=request_id):
        request = read(Request, document)
        if request.state == "planning":
            console.note("Making the plan")
        elif request.state == "waiting":
            console.note(f"Pending approval: {api.page_url(f'requests/{request_id}')}")
        elif request.state in _DECIDED_AGAINST:
            reason = f" by {request.decided_by}: {request.decision_note}" if request.decision_note else "."
            console.note(f"The request is {request.state}{reason}")
            return Exit.FAILED
        elif (operation := _operation_of(api, request)) is not None:
            code = wait_for_operation(api, console, operation.id, deadline)
            return Exit.FAILED if request.state in _FAILED else code
        elif not request.is_open:
            console.note(f"The request is {request.state}.")
            return Exit.OK if request.state == "done" else Exit.FAILED
    raise AssertionError  # `_versions` ends only with an error


def _operation_of(api: Api, request: Request) -> Operation | None:
    items = api.call("operations_list", environment_id=request.environment_id).document["items"]
    operations = (read(Operation, item) for item in items)
    return next((operation for operation in operations if operation.request_id == request.id), None)


def wait_for_operation(api: Api, console: Console, operation_id: str, deadline: Deadline) -> int:
    began_at, shown = console.clock(), ""
    for document in _versions(api, console, operation_id, deadline, "operations_get", operation_id=operation_id):
        operation = read(Operation, document)
        step = operation.current_step
        text = f"{operation.label}: {step}" if step and not operation.is_ended else operation.label
        if text != shown:
            console.note(f"{console.clock() - began_at:5.0f} s  {text}")
            shown = text
        if operation.is_ended:
            return Exit.OK if operation.succeeded else _failed(api, console, operation)
    raise AssertionError  # `_versions` ends only with an error


def _failed(api: Api, console: Console, operation: Operation) -> int:
    for text in (operation.cause, operation.cause_detail):
        if text:
            console.note(text)
    step = _NEXT.get(operation.next_action, _NEXT[""])
    console.note(f"{step}: {api.page_url(f'environments/{operation.environment_id}')}")
    return Exit.FAILED


def _versions(
    api: Api, console: Console, target: str, deadline: Deadline, operation: str, **parameters: Any
) -> Iterator[Any]:
    """Each version of a resource, as soon as the portal has it. Raises CliError at the deadline.

    The portal answers a question with an ETag when something has changed, or after 30 seconds. One
    that cannot wait answers at once, so the client pauses then.
    """
    etag = ""
    try:
        while True:
            left = deadline.left_seconds(console)
            began_at = console.clock()
            result = api.call(operation, etag=etag, wait_seconds=max(0, min(_POLL_SECONDS, int(left))), **parameters)
            if result.document is not None:
                etag = result.etag
                yield result.document
                continue
            if deadline.left_seconds(console) <= 0:
                raise CliError(f"It has not ended yet. To continue: portal wait {target}")
            if console.clock() - began_at < 1:
                console.sleep(max(result.retry_after_seconds, _PAUSE_SECONDS))
    except KeyboardInterrupt:
        raise CliError(
            f"Stopped waiting. It continues in the portal. To wait again: portal wait {target}",
            exit_code=Exit.INTERRUPTED,
        ) from None
