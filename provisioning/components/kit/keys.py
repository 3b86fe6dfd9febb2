"""A KMS key of a component's own, where an AWS managed key is not enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from troposphere import Ref, kms

from provisioning.components.kit import iam
from provisioning.components.kit.build import Build
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

# Days during which the deletion of a key can be cancelled; KMS allows 7 to 30.
# https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
_WAITS_DAYS = 7


def own_key(
    node: Node,
    build: Build,
    title: str,
    *,
    of: str,
    statements: tuple[Mapping[str, Any], ...] = (),
    policy: Literal["Retain"] | None = None,
    why: str = "",
) -> Ref:
    """Add a rotated key, governed by the account's own policies. `of` is what it encrypts; `policy`
    and `why`: `Build.retain`.
    """
    governed = {
        "Effect": "Allow",
        "Principal": {"AWS": iam.account_arn("iam", "root", regional=False)},
        "Action": "kms:*",
        "Resource": "*",
    }
    resource = kms.Key(
        logical_id(node.address, "Key"),
        Description=f"{of} of {node.address}",
        EnableKeyRotation=True,
        PendingWindowInDays=_WAITS_DAYS,
        KeyPolicy=iam.policy([governed, *statements]),
    )
    build.retain(resource, policy=policy, why=why)
    return build.add(node, resource, title)
