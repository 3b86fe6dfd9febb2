"""Calls of CloudFormation: the stack they are about, its service role, and tags at creation.

Sources: the service authorization reference (condition keys of each action), "CloudFormation service
role" and "Control access with IAM" in the user guide.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from provisioning.sandbox.iam.access import Access
from provisioning.sandbox.iam.request_tags import tag_context, tags_in
from provisioning.sandbox.iam.requests import Call
from provisioning.sandbox.iam.resources import arn
from provisioning.sandbox.private import cfn

SERVICE = "cloudformation.amazonaws.com"
_OF_A_NEW_STACK = "stack/{}/*"


def stack_arn(name: str) -> str:
    """The ARN of a stack by its name or id; of one to be, if there is none."""
    if name.startswith("arn:"):
        return name
    stack = cfn.stacks.get(name)
    if stack is not None and stack["StackStatus"] != "DELETE_COMPLETE":
        return str(stack["StackId"])
    return arn("cloudformation", _OF_A_NEW_STACK.format(name or "*"))


def _stack_of(call: Call) -> str:
    """The stack that the call names, directly or by one of its change sets."""
    name, change_set = call.text("StackName"), call.text("ChangeSetName")
    if not name and change_set.startswith("arn:"):
        record = next((one for one in cfn.change_sets.values() if one.get("ChangeSetId") == change_set), None)
        name = str(record["StackId"]) if record else ""
    return stack_arn(name)


def _on_stack(call: Call) -> list[Access]:
    """The action on the stack; a change set's name is a condition key of it."""
    change_set = call.text("ChangeSetName")
    return [Access(call.name, _stack_of(call), {"cloudformation:ChangeSetName": change_set} if change_set else {})]


def _passing(role: str) -> list[Access]:
    return [Access("iam:PassRole", role, {"iam:PassedToService": SERVICE})] if role else []


def _template(call: Call) -> list[Access]:
    """CloudFormation reads a template or policy by its URL with the caller's own rights."""
    needed = []
    for name in ("TemplateURL", "StackPolicyURL", "StackPolicyDuringUpdateURL"):
        url = urlsplit(call.text(name))
        if not url.netloc:
            continue
        bucket, dot, _ = url.netloc.partition(".s3")
        place = f"{bucket}{url.path}" if dot else url.path.lstrip("/")
        needed.append(Access("s3:GetObject", f"arn:aws:s3:::{place}"))
    return needed


def _changing(call: Call) -> list[Access]:
    """Operations that may name a service role, a template and tags."""
    stack, role, tags = _stack_of(call), call.text("RoleARN"), tags_in(call)
    context: dict[str, str | list[str]] = dict(tag_context(tags))
    if role:
        context["cloudformation:RoleArn"] = role
    if call.text("TemplateURL"):
        context["cloudformation:TemplateUrl"] = call.text("TemplateURL")
    if call.text("ChangeSetName"):
        context["cloudformation:ChangeSetName"] = call.text("ChangeSetName")
    imported = [
        str(one["ResourceType"]) for one in call.parameters.get("ResourcesToImport") or [] if "ResourceType" in one
    ]
    if imported:
        context["cloudformation:ImportResourceTypes"] = imported
    if call.texts("ResourceTypes"):
        context["cloudformation:ResourceTypes"] = call.texts("ResourceTypes")
    needed = [Access(call.name, stack, context)]
    if tags:
        needed.append(
            Access(
                "cloudformation:TagResource",
                stack,
                {**tag_context(tags), "cloudformation:CreateAction": call.operation},
            )
        )
    return [*needed, *_template(call), *_passing(role)]


def _described(call: Call) -> list[Access]:
    """DescribeStacks of one stack, or of all."""
    return [
        Access(
            call.name,
            stack_arn(call.text("StackName")) if call.text("StackName") else arn("cloudformation", "stack/*/*"),
        )
    ]


def _template_only(call: Call) -> list[Access]:
    """Operations on a template, or on the template of a stack."""
    on_stack = [Access(call.name, _stack_of(call))] if call.text("StackName") else [Access(call.name)]
    return [*on_stack, *_template(call)]


FUNCTIONS: dict[str, Callable[[Call], list[Access]]] = {
    **dict.fromkeys(
        (
            "cloudformation:ContinueUpdateRollback",
            "cloudformation:CreateChangeSet",
            "cloudformation:CreateStack",
            "cloudformation:DeleteStack",
            "cloudformation:RollbackStack",
            "cloudformation:UpdateStack",
        ),
        _changing,
    ),
    **dict.fromkeys(
        (
            "cloudformation:CancelUpdateStack",
            "cloudformation:DeleteChangeSet",
            "cloudformation:DescribeChangeSet",
            "cloudformation:DescribeEvents",
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStackResource",
            "cloudformation:DescribeStackResourceDrifts",
            "cloudformation:DescribeStackResources",
            "cloudformation:DetectStackDrift",
            "cloudformation:DetectStackResourceDrift",
            "cloudformation:ExecuteChangeSet",
            "cloudformation:GetStackPolicy",
            "cloudformation:GetTemplate",
            "cloudformation:ListChangeSets",
            "cloudformation:ListStackResources",
            "cloudformation:SignalResource",
            "cloudformation:UpdateTerminationProtection",
        ),
        _on_stack,
    ),
    "cloudformation:DescribeStacks": _described,
    "cloudformation:GetTemplateSummary": _template_only,
    "cloudformation:SetStackPolicy": lambda call: [*_on_stack(call), *_template(call)],
    "cloudformation:ValidateTemplate": _template_only,
}
