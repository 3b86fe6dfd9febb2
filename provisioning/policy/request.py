"""One call as IAM sees it: its action, its resource, and the condition keys that AWS sends with it.

Source: IAM user guide, "AWS global condition context keys" and "The request context". A key that the
action and its resource type do not know is never sent, whatever the caller of this module says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from provisioning.policy.globs import Context
from provisioning.policy.principal import Principal, ServicePrincipal
from provisioning.policy.reference import REFERENCE, is_among, is_global_key

Values = Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Request:
    """`dropped_keys` are those that AWS would not send, as the caller spelled them."""

    action: str
    resource: str
    context: Context
    dropped_keys: tuple[str, ...]
    resource_account_id: str


def build_request(
    caller: Principal | ServicePrincipal,
    action: str,
    resource: str,
    *,
    context: Values,
    resource_tags: Mapping[str, str] | None,
) -> Request:
    """Build the request of one call. Raises UnknownAction.

    An action that knows no resource types is always asked for `*`: only a statement whose Resource is
    `*` speaks of it.
    """
    known = REFERENCE.action(action)
    if not known.types:
        resource = "*"
    keys = known.keys_on(resource)
    present: dict[str, str | tuple[str, ...]] = {}
    dropped = []
    for key, value in context.items():
        lower = key.lower()
        if is_global_key(lower) or is_among(lower, keys):
            present[lower] = value if isinstance(value, str) else tuple(value)
        else:
            dropped.append(key)
    if resource_tags:
        dropped += _add_resource_tags(present, resource_tags, keys)
    account_id = _account_of(resource)
    if isinstance(caller, Principal):
        account_id = account_id or caller.account_id
        present["aws:principalarn"] = caller.arn
        present["aws:principalaccount"] = caller.account_id
        present["aws:principaltype"] = "AssumedRole" if caller.is_role else "User"
        present["aws:principalisawsservice"] = "false"
        for tag, text in caller.tags.items():
            present[f"aws:principaltag/{tag.lower()}"] = text
    else:
        present["aws:principalisawsservice"] = "true"
        present["aws:principalservicename"] = caller.name
    present.setdefault("aws:securetransport", "true")
    owner = (
        present.setdefault("aws:resourceaccount", account_id) if account_id else present.get("aws:resourceaccount", "")
    )
    parts = resource.split(":", 4)
    if len(parts) > 3 and parts[3]:  # noqa: PLR2004 - the region is an ARN's fourth part
        present.setdefault("aws:requestedregion", parts[3])
    return Request(known.name, resource, present, tuple(dropped), owner if isinstance(owner, str) else "")


def _add_resource_tags(
    present: dict[str, str | tuple[str, ...]], tags: Mapping[str, str], keys: frozenset[str]
) -> list[str]:
    """Add the resource's tags under every key that the action knows for them; return those that it does not know.

    Besides `aws:ResourceTag/` there are keys of services: `ec2:ResourceTag/`, `rds:db-tag/` and the like.
    """
    prefixes = _tag_prefixes(keys)
    for tag, text in tags.items():
        for prefix in prefixes:
            present[f"{prefix}{tag.lower()}"] = text
    return [] if "aws:resourcetag/" in keys else [f"aws:ResourceTag/{tag}" for tag in tags]


@lru_cache(maxsize=1024)
def _tag_prefixes(keys: frozenset[str]) -> tuple[str, ...]:
    return tuple(
        one
        for one in keys
        if one.endswith(("resourcetag/", "-tag/")) and not one.endswith(("req-tag/", "createdresourcetag/"))
    )


def _account_of(resource: str) -> str:
    parts = resource.split(":", 5)
    account_id = parts[4] if len(parts) > 4 else ""  # noqa: PLR2004 - the account is an ARN's fifth part
    return account_id if account_id.isdigit() else ""
