"""AssumeRole as strict as on AWS: the role must exist, and its trust policy must allow the caller,
including the external id.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from provisioning.policy.decide import decide
from provisioning.policy.documents import parse_policy
from provisioning.policy.principal import Principal
from provisioning.sandbox.iam.callers import Caller, root
from provisioning.sandbox.iam.guard import CALLER
from provisioning.sandbox.private import app, get_account_id, iam, sts
from provisioning.sandbox.services.calls import Answer, Handler

ARN_PARTS = 6
_EVERYTHING = parse_policy({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, "account")


def _refused(form: dict[str, str], caller: Caller) -> str:
    """Why the caller may not assume the role; empty if it may."""
    role_arn = form.get("RoleArn", "")
    parts = role_arn.split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS:
        return ""  # ministack responds that it is no ARN
    sentence = f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
    role = iam.roles.get_scoped(parts[4], None, role_arn.rsplit("/", 1)[-1])
    if role is None or role["Arn"] != role_arn:
        return sentence
    document = role.get("AssumeRolePolicyDocument") or "{}"
    trust = parse_policy(document, "trust policy")
    context = {"sts:RoleSessionName": form.get("RoleSessionName", "")}
    if "ExternalId" in form:
        context["sts:ExternalId"] = form["ExternalId"]
    callers = [caller.principal] if caller.principal else _of_account(caller.account_id, document)
    allowed = any(
        decide(one, "sts:AssumeRole", role_arn, context=context, resource_policy=trust).allowed for one in callers
    )
    return "" if allowed else sentence


def _of_account(account_id: str, document: str) -> list[Principal]:
    """Whom an account's own key stands for: the account, and each of its users and roles that the trust policy names.

    AWS lets no root user assume a role. The sandbox has no keys of users, so the account's key is
    that of the user or role that the administrator of the other account trusts, as a principal or in
    a condition.
    """
    named = re.findall(rf"arn:aws:iam::{account_id}:(?:user|role)/[^\"\s]+", document)
    arns = {f"arn:aws:iam::{account_id}:root", *(arn.replace("*", "a") for arn in named)}
    return [Principal(arn=arn, identity=_EVERYTHING) for arn in sorted(arns)]


def _strict(ministacks: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        pairs = {**query, **parse_qs((body or b"").decode("utf-8", "replace"))}
        form = {name: values[0] for name, values in pairs.items() if values}
        if form.get("Action") == "AssumeRole":
            reason = _refused(form, CALLER.get() or root(get_account_id()))
            if reason:
                denied: Answer = sts.error(403, "AccessDenied", reason, ns="sts")
                return denied
        return await ministacks(method, path, headers, body, query)

    return handle


def install() -> None:
    app.SERVICE_HANDLERS["sts"] = _strict(app.SERVICE_HANDLERS["sts"])
