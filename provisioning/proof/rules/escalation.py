"""Checks that no role can widen its rights: change policies, pass or assume roles, or run code with
another role.
"""

from __future__ import annotations

from provisioning.proof.facts.actions import ESCALATES
from provisioning.proof.model.policies import POLICY_TYPES, Statement
from provisioning.proof.model.values import mentioned
from provisioning.proof.model.view import View
from provisioning.proof.report import Severity
from provisioning.proof.rule import Reporter, rule
from provisioning.proof.rules.statements import narrowing

_METHODS = "https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/"


def _everywhere(statement: Statement) -> bool:
    return any(resource == "*" or resource.endswith((":*", "/*")) for resource in statement.resources)


@rule(
    "iam.escalation",
    "No role can widen its own rights",
    severity="high",
    why="A role that may change policies, keys or other roles' code is one step away from every right in the account.",
    remedy="Remove the action, or narrow it to one resource of the environment and require the permissions boundary.",
    source=_METHODS,
    types=POLICY_TYPES,
)
def escalation(view: View, report: Reporter) -> None:
    for statement in view.policies.of("identity"):
        if not statement.allow:
            continue
        widening = {action: what for action, what in ESCALATES.items() if statement.matches(action)}
        if not widening:
            if statement.actions:
                report.passes(statement.resource, f"{statement.at}: no action that widens rights")
            continue
        bound = statement.demands("iam:PermissionsBoundary") or _grants_to_aws_only(statement, set(widening))
        # Lower for one resource, for a tag, and for roles that carry the boundary.
        severity: Severity = "medium"
        if bound:
            severity = "low"
        elif not narrowing(statement) and (
            _everywhere(statement) or any(action in ("*", "iam:*") for action in statement.actions)
        ):
            severity = "high"
        detail = "; ".join(f"{action} {what}" for action, what in list(widening.items())[:5])
        report.fault(
            statement.resource,
            f"{', '.join(statement.holders)} can widen rights: {detail}.",
            statement.line,
            severity=severity,
        )


def _grants_to_aws_only(statement: Statement, found: set[str]) -> bool:
    """Whether the only right that it widens is the use of named keys by AWS's own services.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-grant-is-for-aws-resource
    """
    demanded = [value.lower() for value in statement.values("kms:GrantIsForAWSResource")]
    return found == {"kms:CreateGrant"} and demanded == ["true"] and not _everywhere(statement)


@rule(
    "iam.pass-role",
    "Roles are passed by name, and to one service",
    severity="high",
    why="A role that may pass any role to a service that runs code can run code with any role.",
    remedy="Name the roles in Resource, and the service in iam:PassedToService.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
    types=POLICY_TYPES,
)
def pass_role(view: View, report: Reporter) -> None:
    for statement in view.policies.of("identity"):
        if not statement.allow or not statement.matches("iam:PassRole") or statement.not_actions:
            continue
        who = ", ".join(statement.holders)
        if _everywhere(statement):
            report.fault(statement.resource, f"{who} may pass any role.", statement.line)
        elif not statement.demands("iam:PassedToService"):
            report.fault(statement.resource, f"{who} may pass roles to any service.", statement.line, severity="medium")
        else:
            to = ", ".join(statement.values("iam:PassedToService"))
            report.passes(statement.resource, f"{statement.at}: passes {', '.join(statement.resources)} to {to}")


@rule(
    "iam.assume-role",
    "Roles that may be assumed are named",
    severity="high",
    why="A role that may assume any role has the rights of every role that trusts its account.",
    remedy="Name the roles in Resource.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use.html",
    types=POLICY_TYPES,
)
def assume_role(view: View, report: Reporter) -> None:
    for statement in view.policies.of("identity"):
        if not statement.allow or not statement.matches("sts:AssumeRole") or statement.not_actions:
            continue
        who = ", ".join(statement.holders)
        wide = [r for r in statement.resources if r == "*" or r.endswith((":role/*", ":*"))]
        anywhere = [resource for resource in statement.resources if ":iam::*:role/" in resource]
        if wide:
            report.fault(statement.resource, f"{who} may assume any role.", statement.line)
        elif anywhere:
            sentence = f"{who} may assume the role {', '.join(anywhere)} of every account that trusts it."
            report.fault(statement.resource, sentence, statement.line, severity="low")
        else:
            known = [name for resource in statement.resources for name in mentioned(resource)]
            report.passes(
                statement.resource,
                f"{statement.at}: assumes {', '.join(statement.resources)} ({len(known)} of the template)",
            )
