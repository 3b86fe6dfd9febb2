"""`portal destroy`."""

from __future__ import annotations

from argparse import Namespace

from portal.cli.api import Api, connect
from portal.cli.commands.waiting import Deadline, wait_for_request
from portal.cli.console import Console
from portal.cli.errors import Exit, UsageError
from portal.cli.lookup import is_id, living_environment, missing
from portal.cli.request_file import new_key
from portal.cli.resources import Environment, Request, TeardownPreview, read


def destroy(arguments: Namespace, console: Console) -> int:
    """Exactly the resources of the preview are deleted: the portal compares its digest."""
    api = connect(console)
    environment = _find(arguments, api)
    if environment is None:
        if not arguments.missing_ok:
            raise missing(arguments.environment, arguments.team)
        console.note(f"There is no environment {arguments.environment}.")
        return Exit.OK
    if environment.state == "requested" and _withdraw(api, environment, console):
        return Exit.OK
    deadline = Deadline.after(arguments.timeout, console)
    query = {"removal": arguments.removal}
    document = api.call("teardowns_preview", environment_id=environment.id, query=query).document
    preview = read(TeardownPreview, document)
    _describe(preview, environment, console)
    name = arguments.yes_delete or console.ask(
        f"Type {environment.name} to tear it down:", instead=f"--yes-delete {environment.name}"
    )
    if name != environment.name:
        raise UsageError(f"“{name}” is not {environment.name}. Nothing was deleted.")
    body = {"name": name, "expected_digest": preview.digest, "removal": arguments.removal}
    key = arguments.key or new_key(body)
    console.note(f"Idempotency key: {key}")
    document = api.call("teardowns_create", environment_id=environment.id, body=body, key=key).document
    request = read(Request, document)
    code = int(Exit.OK)
    if not arguments.no_wait:
        code = wait_for_request(api, console, request.id, deadline)
        document = api.call("requests_get", pk=request.id).document
    if arguments.json:
        console.document(document)
    elif arguments.no_wait:
        console.line(f"Request {request.id} is {request.state}. To wait: portal wait {request.id}")
    elif code == Exit.OK:
        console.line(f"{environment.name} is gone. Receipt: {api.page_url(f'environments/{environment.id}/receipt')}")
    return code


def _withdraw(api: Api, environment: Environment, console: Console) -> bool:
    """Withdraw the request that still waits for its approval, and return whether there was one."""
    query = {"environment_id": environment.id, "state": "waiting", "limit": "1"}
    for item in api.call("requests_list", query=query).document["items"]:
        api.call("requests_withdraw", pk=read(Request, item).id)
        console.line(f"The request for {environment.name} was withdrawn. Nothing was created.")
        return True
    return False


def _find(arguments: Namespace, api: Api) -> Environment | None:
    if is_id(arguments.environment):
        return read(Environment, api.call("environments_get", environment_id=arguments.environment).document)
    return living_environment(api, arguments.environment, arguments.team)


def _describe(preview: TeardownPreview, environment: Environment, console: Console) -> None:
    """On standard error, so that --json remains a single document."""
    console.note(f"{environment.name} of {environment.team} in {environment.account}, {environment.region}:")
    for line in preview.deleted:
        console.note(f"  delete  {line.title or line.type}  {line.id}")
    for line in preview.retained:
        console.note(f"  retain  {line.title or line.type}  {line.id}  {line.policy}")
    if preview.requires_approval:
        console.note("The teardown needs an approval.")
