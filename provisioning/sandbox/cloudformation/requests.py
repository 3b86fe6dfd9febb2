"""What the calls share: reading parameters, finding the stack, refusing, and answering."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from provisioning.sandbox import template_problems
from provisioning.sandbox.cloudformation.stack_tags import tag_problem
from provisioning.sandbox.iam import stack_rights
from provisioning.sandbox.private import engine, get_account_id, get_region, handlers, helpers
from provisioning.sandbox.stacks.records import Stack

Params = dict[str, Any]
Action = Callable[[Params], Any]
MINISTACKS: dict[str, Action] = dict(handlers.ACTION_HANDLERS)
OK = 200
REUSABLE = ("DELETE_COMPLETE",)
_VIRTUAL_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?\Z")


def text(params: Params, name: str) -> str:
    return str(helpers.p(params, name) or "")


def refuse(code: str, message: str) -> Any:
    return helpers.error(code, message)


def find(params: Params) -> Stack | None:
    name = text(params, "StackName")
    stack: Stack | None = handlers.resolve_stack(name) if name else None
    return None if stack is not None and stack["StackStatus"] in REUSABLE and stack["StackId"] != name else stack


def path_style(params: Params) -> None:
    """Template and policy URLs with the bucket in the host name, converted to ministack's form with
    the bucket in the path.
    """
    for name in ("TemplateURL", "StackPolicyURL", "StackPolicyDuringUpdateURL"):
        url = text(params, name)
        if not url:
            continue
        parts = urlsplit(url)
        virtual = _VIRTUAL_HOST.match(parts.netloc)
        path = f"/{virtual['bucket']}{parts.path}" if virtual else parts.path
        params[name] = [f"https://s3.amazonaws.com{unquote(path)}"]


def problem(params: Params) -> str:
    """Why the call is refused: its tags, its template, its service role, or a parameter that the role
    may not read.
    """
    return (
        tag_problem(params)
        or template_problem(params)
        or stack_rights.role_problem(
            text(params, "RoleARN"),
            f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:stack/{text(params, 'StackName')}",
        )
    )


def template_problem(params: Params) -> str:
    body, refused = helpers.resolve_template(params)
    if refused or not body:
        return ""  # ministack reports the error
    try:
        template = engine.parse_template(body)
    except Exception:  # noqa: BLE001 - a template that isn't one; ministack says so in AWS's words
        return ""
    if not isinstance(template, dict):
        return ""
    given = {item["Key"]: item.get("Value") for item in helpers.extract_members(params, "Parameters")}
    return (
        template_problems.problem(template)
        or template_problems.unknown_parameters(template, set(given))
        or stack_rights.parameter_problem(text(params, "RoleARN"), template, given)
    )


def answer(action: str, result: dict[str, Any] | None = None) -> Any:
    """The response to a call, from its members as boto3 shows them. Members that are None are left out."""
    inner = f"<{action}Result>{_xml(result)}</{action}Result>" if result is not None else ""
    return helpers.xml(OK, f"{action}Response", inner)


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{name}>{_xml(one)}</{name}>" for name, one in value.items() if one is not None)
    if isinstance(value, list | tuple):
        return "".join(f"<member>{_xml(one)}</member>" for one in value)
    return str(value).lower() if isinstance(value, bool) else escape(str(value))


members = _xml


def content_of(params: Params) -> str:
    """A digest of a request without its token, to tell a repeat from another request."""
    content = {key: value for key, value in params.items() if key not in ("ClientRequestToken", "ClientToken")}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
