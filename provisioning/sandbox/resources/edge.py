"""CloudFront and WAF: what they reject, in addition to ministack."""

from __future__ import annotations

import json
import re
from typing import Any

from provisioning.sandbox.api import Properties
from provisioning.sandbox.private import cloudfront, get_account_id, get_region, waf
from provisioning.sandbox.resources import certificates
from provisioning.sandbox.resources.registry import Made, original, resource_type
from provisioning.sandbox.work import on_loop

DISTRIBUTION, ACL = "AWS::CloudFront::Distribution", "AWS::WAFv2::WebACL"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
GLOBAL_REGION = "us-east-1"
_create, _update, _delete = (original(DISTRIBUTION, handler) for handler in ("create", "update", "delete"))
_STORES = {
    "OriginAccessControlId": ("oacs", "origin access control"),
    "ResponseHeadersPolicyId": ("response_headers_policies", "response headers policy"),
    "CachePolicyId": ("cache_policies", "cache policy"),
    "OriginRequestPolicyId": ("origin_request_policies", "origin request policy"),
}
_MANAGED_IDS = 36  # AWS's own policies have ids of this length, as UUIDs; they exist in every account


def _refuse(message: str, status: int = 400, kind: str = "InvalidRequest") -> None:
    raise ValueError(f"{message} (Service: CloudFront, Status Code: {status}) (HandlerErrorCode: {kind})")


def _behaviours(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [config.get("DefaultCacheBehavior") or {}, *(config.get("CacheBehaviors") or [])]


def _check_parts(config: dict[str, Any]) -> None:
    """Checks that everything that a distribution refers to exists."""
    origins = {item.get("Id") for item in config.get("Origins") or []}
    groups = (config.get("OriginGroups") or {}).get("Items") or []
    targets = origins | {item.get("Id") for item in groups}
    parts = [*_behaviours(config), *(config.get("Origins") or [])]
    for behaviour in _behaviours(config):
        if behaviour.get("TargetOriginId") not in targets and origins:
            _refuse("One or more of your origins or origin groups do not exist.", kind="NotFound")
        for item in behaviour.get("FunctionAssociations") or []:
            name = str(item.get("FunctionARN", "")).rsplit("/", 1)[-1]
            if name not in cloudfront.functions:
                _refuse(f"The function {item.get('FunctionARN')} doesn't exist.", 404, "NotFound")
    for part in parts:
        for name, (store, what) in _STORES.items():
            identity = str(part.get(name) or "")
            managed = name != "OriginAccessControlId" and len(identity) == _MANAGED_IDS
            if identity and not managed and identity not in getattr(cloudfront, store):
                _refuse(f"The specified {what} does not exist: {identity}", 404, "NotFound")


def _check(properties: Properties, own_id: str = "") -> None:
    config = properties["DistributionConfig"]
    reason = certificates.refused_at_edge(properties)
    if reason:
        _refuse(reason)
    _check_parts(config)
    aliases = {str(alias).lower() for alias in config.get("Aliases") or []}
    for (_account, distribution_id), record in cloudfront.distributions.to_dict().items():
        if distribution_id != own_id and aliases & set(record.get("_aliases") or []):
            _refuse(
                "One or more of the CNAMEs you provided are already associated with a different resource.",
                409,
                "AlreadyExists",
            )
    acl = str(config.get("WebACLId") or "")
    acl_id = acl.rsplit("/", 1)[-1]
    if acl and (
        ":global/webacl/" not in acl or waf.web_acls.get_scoped(get_account_id(), GLOBAL_REGION, acl_id) is None
    ):
        _refuse("Web ACL is not accessible by the requester.")


def _note(distribution_id: str, properties: Properties) -> None:
    aliases = properties["DistributionConfig"].get("Aliases") or []
    cloudfront.distributions[distribution_id]["_aliases"] = [str(alias).lower() for alias in aliases]


def create_distribution(logical_id: str, properties: Properties, stack: str) -> Made:
    on_loop(_check, properties)
    made: Made = _create(logical_id, properties, stack)
    on_loop(_note, made[0], properties)
    return made


def update_distribution(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    on_loop(_check, new, physical_id)
    made: Made = _update(physical_id, old, new, stack, logical_id)
    on_loop(_note, made[0], new)
    return made


def delete_distribution(physical_id: str, properties: Properties) -> None:
    _delete(physical_id, properties)


def _in_use(kind: str) -> Any:
    """Rejects the deletion of a part that a distribution still uses."""
    plain = original(kind, "delete")

    def delete(physical_id: str, properties: Properties) -> None:
        named = re.compile(rf"(?<![\w-]){re.escape(physical_id)}(?![\w-])")
        if on_loop(
            lambda: any(named.search(json.dumps(item, default=str)) for item in cloudfront.distributions.values())
        ):
            what = kind.rsplit("::", 1)[-1]
            raise ValueError(
                f"Cannot delete the {what} because it is in use. (Service: CloudFront, Status Code: 409) (HandlerErrorCode: ResourceConflict)"
            )
        plain(physical_id, properties)

    return delete


def _checked_acl() -> None:
    plain = original(ACL, "create")

    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        if properties.get("Scope") == "CLOUDFRONT" and get_region() != GLOBAL_REGION:
            raise ValueError(
                "Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT "
                "(Service: Wafv2, Status Code: 400) (HandlerErrorCode: InvalidRequest)"
            )
        made: Made = plain(logical_id, properties, stack)
        return made

    resource_type(ACL, create=create)


def _checked_listener() -> None:
    plain = original(LISTENER, "create")

    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        certificates.check_listener(properties)
        made: Made = plain(logical_id, properties, stack)
        return made

    resource_type(LISTENER, create=create)


def register() -> None:
    resource_type(
        DISTRIBUTION,
        create=create_distribution,
        update=update_distribution,
        delete=delete_distribution,
        tags=("Tags", "list"),
    )
    for name in ("OriginAccessControl", "CachePolicy", "OriginRequestPolicy", "ResponseHeadersPolicy"):
        resource_type(f"AWS::CloudFront::{name}", delete=_in_use(f"AWS::CloudFront::{name}"))
    resource_type("AWS::CloudFront::Function", delete=_in_use("AWS::CloudFront::Function"), tags=("Tags", "list"))
    _checked_acl()
    _checked_listener()
