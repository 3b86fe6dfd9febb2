"""Short forms for policies and principals of these tests."""

from __future__ import annotations

from typing import Any

from provisioning.policy.documents import Statement, parse_policy
from provisioning.policy.principal import Principal

ACCOUNT_ID = "111122223333"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/portal/env/payments/orders"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/orders/worker"
USER_ARN = f"arn:aws:iam::{ACCOUNT_ID}:user/alice"
QUEUE_ARN = f"arn:aws:sqs:eu-central-1:{ACCOUNT_ID}:orders"
Statements = tuple[Statement, ...]


def policy(*statements: dict[str, Any], source: str = "policy", version: str = "2012-10-17") -> Statements:
    return parse_policy({"Version": version, "Statement": list(statements)}, source)


def allow(
    action: str | list[str] = "*", resource: str | list[str] = "*", sid: str = "Allow", **more: Any
) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(
    action: str | list[str] = "*", resource: str | list[str] = "*", sid: str = "Deny", **more: Any
) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Deny", "Action": action, "Resource": resource, **more}


def role(*statements: dict[str, Any], **more: Any) -> Principal:
    """The role of an environment, in a session named worker."""
    return Principal(ROLE_ARN, policy(*statements, source="role"), session_name="worker", **more)


def user(*statements: dict[str, Any], **more: Any) -> Principal:
    return Principal(USER_ARN, policy(*statements, source="user"), **more)


ALL = policy(allow(sid="All"), source="all")
NOTHING: Statements = ()
