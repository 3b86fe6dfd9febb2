"""The decision: explicit deny first, then every layer has to allow.

Sources in the IAM user guide: "How AWS enforcement code logic evaluates requests to allow or deny
access" (reference_policies_evaluation-logic_policy-eval-denyallow), "Cross-account policy evaluation
logic", "Permissions boundaries for IAM entities"; and in the KMS developer guide "Key policies".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from provisioning.policy.documents import Effect, Statement
from provisioning.policy.principal import Principal, ServicePrincipal
from provisioning.policy.principals_named import Naming
from provisioning.policy.request import Request, Values, build_request

Statements = tuple[Statement, ...]
_NO_CONTEXT: Values = MappingProxyType({})
# Policies of these services must allow explicitly even within the account: trust policies and key policies.
_MUST_ALLOW = frozenset({"sts", "kms"})


class Layer(StrEnum):
    """The kinds of policies, as AWS's own error messages name them."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    SCP = "service control policy"
    RESOURCE = "resource-based policy"


class Reason(StrEnum):
    ALLOWED = "allowed by an identity-based policy"
    ALLOWED_BY_RESOURCE = "allowed by the resource's own policy"
    EXPLICIT_DENY = "denied explicitly"
    NOT_ALLOWED = "not allowed"


@dataclass(frozen=True, slots=True)
class Decision:
    """`statement` decided: it allowed, it denied, or it would have allowed but for `condition`.

    It is empty if no statement names the action and the resource. `layer` is the layer that decided.
    """

    allowed: bool
    reason: Reason
    layer: Layer
    action: str
    resource: str
    statement: str = ""
    condition: str = ""
    dropped_keys: tuple[str, ...] = ()

    def explain(self) -> str:
        """Return one sentence: what is decided, by which statement, and which condition failed."""
        subject = f"{self.action} on {self.resource}"
        if self.allowed:
            text = f"{subject} is allowed by {self.statement} ({self.layer})"
        elif self.reason is Reason.EXPLICIT_DENY:
            text = f"{subject} is denied by {self.statement} ({self.layer})"
        elif self.condition:
            text = f"{subject} is not allowed: {self.statement} ({self.layer}) requires {self.condition}"
        elif self.statement:
            text = (
                f"{subject} is not allowed: {self.statement} ({self.layer}) allows the action on other resources only"
            )
        else:
            text = f"{subject} is not allowed: no {self.layer} allows it"
        if self.dropped_keys and not self.allowed:
            text += f" (AWS never sends {', '.join(self.dropped_keys)} with it)"
        return f"{text}."

    def aws_clause(self) -> str:
        """Return how AWS's error message ends; empty if allowed. Source: IAM user guide, "Troubleshoot access denied"."""
        if self.allowed:
            return ""
        if self.reason is Reason.EXPLICIT_DENY:
            article = "an" if self.layer is Layer.IDENTITY else "a"
            return f"with an explicit deny in {article} {self.layer}"
        return f"because no {self.layer} allows the {self.action} action"


def decide(
    principal: Principal,
    action: str,
    resource: str = "*",
    *,
    context: Values = _NO_CONTEXT,
    resource_tags: Mapping[str, str] | None = None,
    resource_policy: Statements | None = None,
) -> Decision:
    """Decide one call of a role or user on one resource. Raises UnknownAction.

    Ask once for each resource of a call that acts on several, as ec2:RunInstances does.
    `context` holds condition keys of the request (`aws:RequestTag/…`, `iam:PassedToService`, …);
    those of the principal, the resource's account and its region are added. `resource_policy` is the
    resource's own policy, for sts:AssumeRole the role's trust policy and for KMS the key policy; None
    means that it is not looked at. The resource belongs to the account in its ARN, or in the context
    key `aws:ResourceAccount`, or else to the principal's.
    """
    request = build_request(principal, action, resource, context=context, resource_tags=resource_tags)
    layers: list[tuple[Layer, Statements]] = [
        (layer, statements)
        for layer, statements in (
            (Layer.SCP, principal.scp),
            (Layer.IDENTITY, principal.identity),
            (Layer.BOUNDARY, principal.boundary),
            (Layer.SESSION, principal.session_policy),
        )
        if statements is not None
    ]
    for layer, statements in layers:
        for one in _naming_action(statements, request.action, Effect.DENY):
            if _applies(one, request):
                return _decision(request, Reason.EXPLICIT_DENY, layer, one)
    grants: list[tuple[Naming, Statement]] = []
    for one, naming in _of_resource_policy(resource_policy or (), request, principal):
        if one.effect is Effect.DENY:
            return _decision(request, Reason.EXPLICIT_DENY, Layer.RESOURCE, one)
        grants.append((naming, one))
    if resource_policy is not None:
        granted, grant = max(grants, key=lambda pair: pair[0], default=(Naming.NOT, None))
        same_account = request.resource_account_id == principal.account_id
        if granted is Naming.NOT and (not same_account or request.action.partition(":")[0] in _MUST_ALLOW):
            return _not_allowed(request, Layer.RESOURCE, resource_policy)
        if grant is not None and same_account and granted >= Naming.ROLE:
            return _decide_granted(request, layers, granted, grant)
    return _decide_by_layers(request, layers)


def decide_for_service(
    service: ServicePrincipal,
    action: str,
    resource: str = "*",
    *,
    context: Values = _NO_CONTEXT,
    resource_policy: Statements,
) -> Decision:
    """Decide a call that an AWS service makes by itself: only the resource's own policy counts.

    If a trust policy requires them, `context` holds `aws:SourceAccount`, `aws:SourceArn` and
    `sts:ExternalId`.
    """
    request = build_request(service, action, resource, context=context, resource_tags=None)
    applying = [one for one, _ in _of_resource_policy(resource_policy, request, service)]
    for effect, reason in ((Effect.DENY, Reason.EXPLICIT_DENY), (Effect.ALLOW, Reason.ALLOWED_BY_RESOURCE)):
        for one in applying:
            if one.effect is effect:
                return _decision(request, reason, Layer.RESOURCE, one)
    return _not_allowed(request, Layer.RESOURCE, resource_policy)


def _decide_granted(
    request: Request, layers: Sequence[tuple[Layer, Statements]], granted: Naming, grant: Statement
) -> Decision:
    """A grant to the caller itself is limited by service control policies; one to its role by all but the identity."""
    limits = (Layer.SCP,) if granted is Naming.DIRECT else (Layer.SCP, Layer.BOUNDARY, Layer.SESSION)
    for layer, statements in layers:
        if layer in limits and _allowing(statements, request) is None:
            return _not_allowed(request, layer, statements)
    return _decision(request, Reason.ALLOWED_BY_RESOURCE, Layer.RESOURCE, grant)


def _decide_by_layers(request: Request, layers: Sequence[tuple[Layer, Statements]]) -> Decision:
    deciding: Statement | None = None
    for layer, statements in layers:
        allowing = _allowing(statements, request)
        if allowing is None:
            return _not_allowed(request, layer, statements)
        if layer is Layer.IDENTITY:
            deciding = allowing
    assert deciding is not None  # noqa: S101 - a principal always has the identity layer
    return _decision(request, Reason.ALLOWED, Layer.IDENTITY, deciding)


@lru_cache(maxsize=16384)
def _naming_action(statements: Statements, action: str, effect: Effect) -> Statements:
    return tuple(one for one in statements if one.effect is effect and one.names_action(action))


def _applies(statement: Statement, request: Request) -> bool:
    return (
        statement.names_resource(request.resource, request.context)
        and statement.failed_condition(request.context) is None
    )


def _allowing(statements: Statements, request: Request) -> Statement | None:
    for one in _naming_action(statements, request.action, Effect.ALLOW):
        if _applies(one, request):
            return one
    return None


def _of_resource_policy(
    statements: Statements, request: Request, caller: Principal | ServicePrincipal
) -> Iterator[tuple[Statement, Naming]]:
    """Yield the statements that name the caller and apply to the request: every Deny first."""
    for effect in (Effect.DENY, Effect.ALLOW):
        for one in _naming_action(statements, request.action, effect):
            naming = one.principal.naming(caller) if one.principal else Naming.NOT
            if naming is not Naming.NOT and _applies(one, request):
                yield one, naming


def _not_allowed(request: Request, layer: Layer, statements: Statements) -> Decision:
    """Name the statement that comes closest: first one of which only a condition fails, then one for other resources."""
    naming = _naming_action(statements, request.action, Effect.ALLOW)
    for one in naming:
        if one.names_resource(request.resource, request.context):
            failed = one.failed_condition(request.context)
            return _decision(request, Reason.NOT_ALLOWED, layer, one, failed.text if failed else "")
    return _decision(request, Reason.NOT_ALLOWED, layer, naming[0] if naming else None)


def _decision(
    request: Request, reason: Reason, layer: Layer, statement: Statement | None, condition: str = ""
) -> Decision:
    return Decision(
        allowed=reason in (Reason.ALLOWED, Reason.ALLOWED_BY_RESOURCE),
        reason=reason,
        layer=layer,
        action=request.action,
        resource=request.resource,
        statement=str(statement) if statement else "",
        condition=condition,
        dropped_keys=request.dropped_keys,
    )
