"""Plans and receipts from before several stacks, said in the shape that has them. The rules of both times are frozen here.

A plan is identified by a digest of its content, so another shape has another digest. The content is the same, and so
is what was approved: where the stored digest is the one that the old rule gives for the stored content, the plan gets
the new rule's digest, and every approval of the old digest becomes one of the new. Where it is not, somebody has
changed the plan since it was made. It then keeps its old digest, which the new rule never gives, its approvals are
emptied, and an open attempt at it goes back to the first step: there the digest is proved, and nothing runs.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.apps.registry import Apps
from django.utils import timezone

MAIN = "main"
PLANS_AT_ONCE = 50

APPROVED_BEFORE = (
    "account_id",
    "after",
    "blueprint",
    "body",
    "capabilities",
    "express",
    "parameters",
    "region",
    "stack_name",
    "stack_policy",
    "tags",
    "termination_protection",
)
APPROVED_NOW = ("account_id", "after", "blueprint", "region", "stacks")
TEARDOWN = ("environment_id", "stacks", "dies", "stays")

OF_THE_STACK = (
    "stack_name",
    "region",
    "body",
    "parameters",
    "tags",
    "capabilities",
    "termination_protection",
    "stack_policy",
    "express",
    "outputs",
    "waves",
)
OF_THE_WHOLE = ("kind", "account_id", "region", "blueprint", "size", "after", "inputs", "requires_approval")


def digest(content: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    text = json.dumps({key: content[key] for key in keys}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def creation_by_stack(content: Mapping[str, Any]) -> dict[str, Any]:
    stack = {key: content[key] for key in OF_THE_STACK} | {
        "stack": MAIN,
        "resources": [{**resource, "stack": MAIN} for resource in content["resources"]],
        "retained": [{**kept, "stack": MAIN} for kept in content["retained"]],
        "handed": [],
        "artefact_bucket": "",
        "artefacts": [],
    }
    return {key: content[key] for key in OF_THE_WHOLE} | {"stacks": [stack]}


def teardown_by_stack(content: Mapping[str, Any], *, name: str, region: str) -> dict[str, Any]:
    place = {"stack": MAIN, "region": region}
    return {
        **content,
        "stacks": [{**place, "stack_name": name, "stack_ids": content["stacks"]}],
        "dies": [{**line, **place} for line in content["dies"]],
        "stays": [{**line, **place} for line in content["stays"]],
    }


def convert_plans(apps: Apps) -> None:
    Plan = apps.get_model("provisioning", "Plan")
    Operation = apps.get_model("provisioning", "Operation")
    for plan in Plan.objects.select_related("environment").order_by("pk").iterator(chunk_size=PLANS_AT_ONCE):
        environment, before, old = plan.environment, plan.content, plan.digest
        if before["kind"] == "teardown":
            plan.content = teardown_by_stack(before, name=environment.name, region=environment.region)
            keys_before, keys_now = TEARDOWN, TEARDOWN
        else:
            plan.content = creation_by_stack(before)
            keys_before, keys_now = APPROVED_BEFORE, APPROVED_NOW
        unchanged = digest(before, keys_before) == old
        if unchanged:
            plan.digest = digest(plan.content, keys_now)
            plan.requests.filter(approved_digest=old).update(approved_digest=plan.digest)
        else:
            plan.requests.update(approved_digest="")
        plan.save(update_fields=["content", "digest"])
        for operation in Operation.objects.filter(request__plan=plan):
            _convert_operation(apps, operation, plan.content, unchanged=unchanged)


def _convert_operation(apps: Apps, operation: Any, content: Mapping[str, Any], *, unchanged: bool) -> None:
    operation.memory |= {"stacks": [[MAIN, operation.region]]}
    if operation.ended_at is None and operation.kind == "create":
        # What a worker called just before it ended is called again with the token of that call, and so done once.
        tasks = [f"task{number}" for number in range(len(content["after"]))]
        operation.memory["tokens"] = {"create": operation.token} | {step: f"{operation.token}-{step}" for step in tasks}
    if operation.ended_at is None and not unchanged and operation.state != "queued":
        at, former = timezone.now(), operation.state
        operation.state, operation.state_changed_at = "queued", at
        apps.get_model("provisioning", "Transition").objects.create(
            subject="operation",
            subject_id=operation.pk,
            environment_id=operation.environment_id,
            from_state=former,
            to_state="queued",
            reason="The plan is not as it was when it was made, so its approval is proved again.",
            at=at,
        )
    operation.save(update_fields=["memory", "state", "state_changed_at"])


def convert_receipts(apps: Apps) -> None:
    Receipt = apps.get_model("provisioning", "Receipt")
    for receipt in Receipt.objects.select_related("environment"):
        region = receipt.environment.region
        receipt.lines = [{**line, "stack": _stack_of(line), "region": region} for line in receipt.lines]
        receipt.scan = {**receipt.scan, "regions": [region]}
        receipt.save(update_fields=["lines", "scan"])


def _stack_of(line: Mapping[str, Any]) -> str:
    return "" if line["type"] == "snapshot" else MAIN  # a snapshot is in no stack
