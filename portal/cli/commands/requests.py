"""`portal plan` and `portal apply`."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from portal.cli.api import Api, connect
from portal.cli.commands.waiting import Deadline, wait_for_request
from portal.cli.console import Console
from portal.cli.errors import CliError, Exit
from portal.cli.lookup import living_environment
from portal.cli.request_file import RequestBody, new_key, read_request
from portal.cli.resources import Environment, Plan, Request, read


def plan(arguments: Namespace, console: Console) -> int:
    api = connect(console)
    body = read_request(arguments, api, console)
    if (living := living_environment(api, body.name, body.team)) is not None:
        return _exists(living, api, arguments, console)
    document = api.call("plans_preview", body=body.document).document
    planned = read(Plan, document)
    if arguments.json:
        console.document(document)
    else:
        _describe(planned, console)
    return Exit.FAILED if planned.refusals else Exit.OK


def _exists(living: Environment, api: Api, arguments: Namespace, console: Console) -> int:
    """CloudFormation makes the plan of a change, which needs a request."""
    if arguments.json:
        console.document({"exists": True, "environment_id": living.id})
    else:
        console.line(
            f"{living.name} of {living.team} exists. `portal apply` requests a change. CloudFormation makes its plan, and "
            f"where an approval is needed, nothing changes before it: {api.page_url(f'environments/{living.id}')}"
        )
    return Exit.OK


def _describe(planned: Plan, console: Console) -> None:
    rows = [[one["name"], one["region"], str(one["resources"])] for one in planned.stacks]
    console.table(("STACK", "REGION", "RESOURCES"), rows)
    console.line()
    low, high = (max(1, round(seconds / 60)) for seconds in (planned.low_seconds, planned.high_seconds))
    console.line(
        f"It takes {low} to {high} minutes." if low != high else f"It takes about {low} minute{'s' * (low != 1)}."
    )
    console.line("It needs an approval." if planned.requires_approval else "It needs no approval.")
    if planned.output_parameters:
        path = planned.output_parameters[0].rpartition("/")[0]
        console.line(f"{len(planned.output_parameters)} outputs are also written to SSM parameters below {path}.")
    if planned.retained:
        console.line(f"A teardown retains: {', '.join(planned.retained)}.")
    for finding in planned.findings:
        console.line(f"{finding['severity']}: {finding['sentence']} {finding['remedy']} ({finding['rule']})")
    for refusal in planned.refusals:
        console.line(f"Forbidden: {refusal['message']}")


def apply(arguments: Namespace, console: Console) -> int:
    """Create the environment, or request a change if it exists. A change that changes nothing succeeds."""
    api = connect(console)
    body = read_request(arguments, api, console)
    key = arguments.key or new_key(body.document)
    console.note(f"Idempotency key: {key}")
    deadline = Deadline.after(arguments.timeout, console)
    living = None if arguments.create_only else living_environment(api, body.name, body.team)
    if living is None:
        document = _create(api, body, key, accept_findings=arguments.accept_findings)
    else:
        document = _change(api, body, key, living)
    request = read(Request, document)
    console.note(f"{_what_happens(request, is_new=living is None)}: {api.page_url(f'requests/{request.id}')}")
    code = int(Exit.OK)
    if arguments.wait:
        code = wait_for_request(api, console, request.id, deadline)
        document = api.call("requests_get", pk=request.id).document
    if arguments.json:
        console.document(document)
    elif not arguments.wait:
        console.line(f"Request {request.id} is {request.state}. To wait: portal wait {request.id}")
    else:
        console.line(f"Environment {request.environment_id}")
    return code


def _what_happens(request: Request, *, is_new: bool) -> str:
    what = f"{request.environment} of {request.team}"
    if request.state == "waiting":
        return f"The {'creation' if is_new else 'change'} of {what} waits for an approval"
    return f"{'Creating' if is_new else 'Changing'} {what}"


def _create(api: Api, body: RequestBody, key: str, *, accept_findings: bool) -> Any:
    more = {"accept_findings": True} if accept_findings else {}
    return api.call("requests_create", body={**body.document, **more}, key=key).document


def _change(api: Api, body: RequestBody, key: str, living: Environment) -> Any:
    """Raises CliError if the file names another blueprint, account or region, which cannot change."""
    for name in ("blueprint", "account", "region"):
        if body.document[name] != getattr(living, name):
            raise CliError(
                f"{living.name} has the {name} {getattr(living, name)}, which cannot become {body.document[name]}. "
                "Choose another name, or tear the environment down first.",
                exit_code=Exit.CONFLICT,
            )
    kept = ("size", "version", "inputs", "tags", "output_parameters", "note")
    change = {name: body.document[name] for name in kept if name in body.document}
    # A key belongs to one call: that of the creation must not be used for a change.
    return api.call("changes_create", environment_id=living.id, body=change, key=f"{key[:248]}-change").document
