"""AssumeRole as strict as on AWS: the role must exist, and its trust policy must allow the caller,
including the external id.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from provisioning.sandbox.private import EvalContext, app, evaluate_trust_policy, get_account_id, get_region, iam, sts
from provisioning.sandbox.services.calls import Answer, Handler

ARN_PARTS = 6


def _refused(form: dict[str, str], caller: dict[str, Any]) -> str:
    """Why the caller may not assume the role; empty if it may."""
    role_arn = form.get("RoleArn", "")
    parts = role_arn.split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS:
        return ""  # ministack responds that it is no ARN
    role = iam.roles.get_scoped(parts[4], None, role_arn.rsplit("/", 1)[-1])
    context = EvalContext(
        principal_arn=caller["userArn"],
        principal_type=caller["principalType"],
        principal_account=caller["accountId"],
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=get_region(),
        service_context={"sts:externalid": form.get("ExternalId"), "sts:rolesessionname": form.get("RoleSessionName")},
    )
    if role is not None and evaluate_trust_policy(
        role.get("AssumeRolePolicyDocument", "{}"), caller["userArn"], context
    ):
        return ""
    return f"User: {caller['userArn']} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"


def _strict(ministacks: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        pairs = {**query, **parse_qs((body or b"").decode("utf-8", "replace"))}
        form = {name: values[0] for name, values in pairs.items() if values}
        if form.get("Action") == "AssumeRole":
            caller = sts.caller_identity(headers, query)
            reason = _refused(form, {"accountId": get_account_id(), **caller})
            if reason:
                denied: Answer = sts.error(403, "AccessDenied", reason, ns="sts")
                return denied
        return await ministacks(method, path, headers, body, query)

    return handle


def install() -> None:
    app.SERVICE_HANDLERS["sts"] = _strict(app.SERVICE_HANDLERS["sts"])
