"""Single operations of other services."""

from __future__ import annotations

from collections.abc import Callable

from provisioning.sandbox.iam.access import Access
from provisioning.sandbox.iam.request_tags import tag_context, tags_in
from provisioning.sandbox.iam.requests import Call
from provisioning.sandbox.iam.resources import arn
from provisioning.sandbox.services.application_autoscaling import target_of


def _scalable_target(call: Call) -> list[Access]:
    """The target's ARN has an id that only AWS knows before it exists."""
    target = target_of(call.parameters)
    resource = target["ScalableTargetARN"] if target else arn("application-autoscaling", "scalable-target/*")
    context: dict[str, str | list[str]] = {
        "application-autoscaling:service-namespace": call.text("ServiceNamespace"),
        "application-autoscaling:scalable-dimension": call.text("ScalableDimension"),
        **tag_context(tags_in(call)),
    }
    return [Access(call.name, resource, context)]


def _web_acl(call: Call) -> list[Access]:
    scope = "global" if call.text("Scope") == "CLOUDFRONT" else "regional"
    return [Access(call.name, arn("wafv2", f"{scope}/webacl/{call.text('Name') or '*'}/{call.text('Id') or '*'}"))]


def _web_acl_of_resource(call: Call) -> list[Access]:
    return [Access(call.name, arn("wafv2", "regional/webacl/*/*")), Access(call.name, call.text("ResourceArn"))]


def _never_denied(_call: Call) -> list[Access]:
    """GetCallerIdentity needs no permission (its API reference)."""
    return []


def _assume_role(call: Call) -> list[Access]:
    """What a role needs itself; `assume_role` asks the other role's trust policy."""
    return [Access("sts:AssumeRole", call.text("RoleArn"), {"sts:RoleSessionName": call.text("RoleSessionName")}, {})]


FUNCTIONS: dict[str, Callable[[Call], list[Access]]] = {
    "application-autoscaling:RegisterScalableTarget": _scalable_target,
    "application-autoscaling:DeregisterScalableTarget": _scalable_target,
    "sts:AssumeRole": _assume_role,
    "sts:GetCallerIdentity": _never_denied,
    "wafv2:GetWebACL": _web_acl,
    "wafv2:GetWebACLForResource": _web_acl_of_resource,
}
