"""IAM roles and statements. Every role has the account's permissions boundary, the environment's
path and tags, and no right to create log groups.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from troposphere import Ref, Sub, Tags, encode_to_dict, iam

from provisioning.components.kit.build import Build

# The managed policy that onboarding creates once in every account. The portal may only create roles that have it.
BOUNDARY = "portal-environment-boundary"
# GitHub's identity provider, also created once per account.
GITHUB_ISSUER = "token.actions.githubusercontent.com"
_VERSION = "2012-10-17"


def account_arn(service: str, resource: str, *, regional: bool = True, **variables: Any) -> Sub:
    """Return an ARN in the environment's own account, written with pseudo parameters."""
    region = "${AWS::Region}" if regional else ""
    text = f"arn:${{AWS::Partition}}:{service}:{region}:${{AWS::AccountId}}:{resource}"
    return Sub(text, **variables)


def allow(actions: Sequence[str], resources: Any, condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Action": list(actions) if len(actions) > 1 else actions[0],
        "Resource": resources,
    }
    if condition:
        statement["Condition"] = dict(condition)
    return statement


def tls_only(action: str, resources: Any) -> dict[str, Any]:
    """Return the statement of a resource policy that denies requests without TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def policy(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": _VERSION, "Statement": list(statements)}


def merged(statements: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Merge statements that differ only in their resources. Each resource is listed once."""
    groups: dict[str, dict[str, Any]] = {}
    resources: dict[str, dict[str, Any]] = {}
    for statement in statements:
        rest = {name: value for name, value in statement.items() if name != "Resource"}
        key = _text(rest)
        groups.setdefault(key, rest)
        named = statement["Resource"]
        for resource in named if isinstance(named, list) else [named]:
            resources.setdefault(key, {}).setdefault(_text(resource), resource)
    result = []
    for key, rest in groups.items():
        found = list(resources[key].values())
        result.append({**rest, "Resource": found if len(found) > 1 else found[0]})
    return result


def _text(value: Any) -> str:
    return json.dumps(encode_to_dict(value), sort_keys=True)


def trusts(service: str) -> dict[str, Any]:
    """Return a trust policy for an AWS service that acts for this account. No other account can use
    the role through it.
    """
    return policy(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")}},
            }
        ]
    )


def boundary() -> Sub:
    return account_arn("iam", f"policy/{BOUNDARY}", regional=False)


def role(
    logical_id: str,
    build: Build,
    *,
    trust: Mapping[str, Any],
    statements: Sequence[Mapping[str, Any]],
    description: str = "",
) -> iam.Role:
    """Return a role with one inline policy. Without statements it has no policy and may do nothing.

    The boundary compares the role's tags with those of what it acts on. All tags are written out here,
    because reports differ on whether CloudFormation passes a stack's tags on to roles:
    https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/277
    """
    extra: dict[str, Any] = {"Description": description} if description else {}
    if statements:
        extra["Policies"] = [iam.Policy(PolicyName="needs", PolicyDocument=policy(merged(statements)))]
    return iam.Role(
        logical_id,
        Path=build.names.role_path,
        AssumeRolePolicyDocument=dict(trust),
        PermissionsBoundary=boundary(),
        Tags=Tags(build.tags()),
        **extra,
    )
