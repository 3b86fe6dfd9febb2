"""Edits behind the portal's back: somebody changes or deletes a resource, or updates the stack in the console."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from provisioning.sandbox.private import app, cfn, new_uuid, provisioners, request_scope, stacks
from provisioning.sandbox.stacks.deployment import Deployment
from provisioning.sandbox.stacks.records import Stack
from provisioning.sandbox.work import run_handler

_OK = 200


async def edit(wanted: dict[str, Any]) -> tuple[int, Any]:
    """With `resource`, changes its `properties` or deletes it; with `template`, updates the stack.

    Raises KeyError or ValueError if there is no such stack or resource.
    """
    with request_scope(wanted.get("account", "000000000000"), wanted.get("region", "us-east-1")):
        stack = cfn.stacks.get(wanted["stack"])
        if stack is None:
            raise ValueError(f"There is no stack {wanted['stack']}.")
        if "template" in wanted:
            return await _update(stack, wanted["template"])
        return await _change(stack, wanted["resource"], wanted.get("properties"))


async def _change(stack: Stack, name: str, properties: dict[str, Any] | None) -> tuple[int, Any]:
    """Without `properties`, deletes the resource. The stack's records remain as they are."""
    record = stack["_resources"].get(name)
    if record is None:
        raise ValueError(f"The stack {stack['StackName']} has no resource {name}.")
    kind, physical_id, former = record["ResourceType"], record["PhysicalResourceId"], record.get("Properties", {})
    if properties is None:
        await run_handler(kind, provisioners.delete_resource, kind, physical_id, former, stack["StackName"], name)
        return _OK, {"deleted": physical_id}
    deployment = Deployment(stack, stack["_template"], stack["_resolved_params"])
    old, new = (deployment.tagged(kind, name, one, deployment.tags) for one in (former, {**former, **properties}))
    arguments = (kind, physical_id, old, new, stack["StackName"], name, record.get("Attributes", {}))
    await run_handler(kind, stacks.update_keeping_seed, *arguments)
    return _OK, {"changed": physical_id}


async def _update(stack: Stack, template: dict[str, Any]) -> tuple[int, Any]:
    """UpdateStack, with a token as the console makes them."""
    form = {
        "Action": "UpdateStack",
        "Version": "2010-05-15",
        "StackName": stack["StackName"],
        "TemplateBody": json.dumps(template),
        "ClientRequestToken": f"Console-UpdateStack-{new_uuid()}",
        "Capabilities.member.1": "CAPABILITY_NAMED_IAM",
    }
    headers = {"content-type": "application/x-www-form-urlencoded", "host": "cloudformation.amazonaws.com"}
    handle = app.SERVICE_HANDLERS["cloudformation"]
    status, _, body = await handle("POST", "/", headers, urlencode(form).encode(), {})
    if status != _OK:
        raise ValueError(f"The stack could not be updated: {body.decode()}")
    return _OK, {"updated": stack["StackId"]}
