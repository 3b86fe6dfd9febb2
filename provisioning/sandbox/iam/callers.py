"""Who makes a request: the account itself, or the session of a role with its policies, boundary and
tags as ministack's tables have them now.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from provisioning.policy.documents import Statement, parse_policy
from provisioning.policy.principal import Principal
from provisioning.sandbox.private import iam, sts

ACCOUNT = re.compile(r"\d{12}\Z")
_KEY_OF_HEADER = re.compile(r"Credential=([^/,\s]+)/")
_KEY_OF_QUERY = re.compile(r"(?:\A|&)(?:X-Amz-Credential|AWSAccessKeyId)=([^/&%]+)")


class UnknownKeyError(Exception):
    """The access key belongs to nobody, or its session has ended; `code` is AWS's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Caller:
    """`principal` is None for the account itself, which may do everything."""

    account_id: str
    arn: str
    principal: Principal | None = None


def root(account_id: str) -> Caller:
    return Caller(account_id, f"arn:aws:iam::{account_id}:root")


def access_key(headers: Mapping[str, str], query: str) -> str:
    """The access key of a request, from its signature or its presigned address; empty without one."""
    match = _KEY_OF_HEADER.search(headers.get("authorization", "")) or _KEY_OF_QUERY.search(query)
    return match[1] if match else ""


def is_account(key: str) -> bool:
    """Whether the key is an account's own: its twelve digits."""
    return ACCOUNT.match(key) is not None


def caller_with(key: str) -> Caller:
    """The caller that an access key stands for. Raises UnknownKeyError."""
    if is_account(key):
        return root(key)
    session = sts.sessions.get(key)
    if session is None:
        raise UnknownKeyError("InvalidClientTokenId", "The security token included in the request is invalid.")
    ends = session.get("Expiration")
    if isinstance(ends, int | float) and time.time() > ends:
        raise UnknownKeyError("ExpiredToken", "The security token included in the request is expired")
    arn = str(session["Arn"])
    kind, _, rest = arn.split(":", 5)[5].partition("/")
    if kind != "assumed-role":
        raise UnknownKeyError(
            "SandboxUnknownCaller", f"The sandbox knows the permissions of accounts and roles only, not of {arn}."
        )
    role, _, name = rest.partition("/")
    account = arn.split(":")[4]
    principal = role_principal(account, role, name, session)
    if principal is None:  # the role was deleted meanwhile
        raise UnknownKeyError("InvalidClientTokenId", "The security token included in the request is invalid.")
    return Caller(account, arn, principal)


def as_role(role_arn: str, session_name: str) -> Caller | None:
    """The session of a role, as a service that assumed it; None if there is no such role."""
    account, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    principal = role_principal(account, role, session_name)
    return Caller(account, principal.session_arn, principal) if principal and principal.arn == role_arn else None


def role_principal(
    account: str, name: str, session_name: str, session: Mapping[str, Any] | None = None
) -> Principal | None:
    """The role with everything that limits it. One object for each state of its policies and tags."""
    role = iam.roles.get_scoped(account, None, name)
    if role is None:
        return None
    inline = [(f"{name}.{policy}", _text(document)) for policy, document in (role.get("InlinePolicies") or {}).items()]
    attached = [_managed(account, arn) for arn in role.get("AttachedPolicies") or ()]
    boundary, session = role.get("PermissionsBoundary") or "", session or {}
    tags = [(tag["Key"], tag["Value"]) for tag in (*(role.get("Tags") or ()), *(session.get("SessionTags") or ()))]
    return _principal(
        _Sources(
            arn=role["Arn"],
            session_name=session_name,
            identity=(*inline, *attached),
            boundary=(_managed(account, boundary),) if boundary else None,
            session_policy=_session_policy(account, session.get("SessionPolicies")),
            tags=tuple(tags),
        )
    )


def _session_policy(account: str, passed: Mapping[str, Any] | None) -> tuple[_Source, ...] | None:
    """What AssumeRole's Policy and PolicyArns leave of the role's rights."""
    if passed is None:
        return None
    own = [("session policy", _text(passed["Policy"]))] if passed.get("Policy") else []
    return (*own, *(_managed(account, arn) for arn in passed.get("PolicyArns") or ()))


_Source = tuple[str, str]
"""A policy's name, and its document as text."""


class _Sources(NamedTuple):
    arn: str
    session_name: str
    identity: tuple[_Source, ...]
    boundary: tuple[_Source, ...] | None
    session_policy: tuple[_Source, ...] | None
    tags: tuple[tuple[str, str], ...]


@lru_cache(maxsize=512)
def _principal(sources: _Sources) -> Principal:
    """Parsed once: the same texts give the same object, and a changed policy another one."""
    return Principal(
        arn=sources.arn,
        identity=_statements(sources.identity),
        boundary=None if sources.boundary is None else _statements(sources.boundary),
        tags=dict(sources.tags),
        session_policy=None if sources.session_policy is None else _statements(sources.session_policy),
        session_name=sources.session_name,
    )


def _statements(sources: tuple[_Source, ...]) -> tuple[Statement, ...]:
    return tuple(statement for name, document in sources if document for statement in _parsed(document, name))


@lru_cache(maxsize=1024)
def _parsed(document: str, source: str) -> tuple[Statement, ...]:
    return parse_policy(document, source)


def _managed(account: str, arn: str) -> _Source:
    """A managed policy's name and default version; one that does not exist allows nothing."""
    record = iam.policies.get_scoped(account, None, arn) or iam.aws_managed_policies.get(arn) or {}
    version = (record.get("Versions") or {}).get(record.get("DefaultVersionId", "v1")) or {}
    return arn.rpartition("/")[2], _text(version.get("Document") or "")


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)
