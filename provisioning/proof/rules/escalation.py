"""Checks that no role can widen its rights: change policies, pass or assume roles, or run code with
another role.
"""

from __future__ import annotations

import re

from provisioning.proof.facts.actions import ESCALATES
from provisioning.proof.model.policies import POLICY_TYPES, Statement
from provisioning.proof.model.values import mentioned, shown, target
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


_PORTAL_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/portal")


def _is_role_of(view: View, resource: str) -> bool:
    named = target(resource)
    return named is not None and named[0] in view.model.resources


@rule(
    "iam.assume-role",
    "Only roles of the template and the portal's role in a named account may be assumed",
    severity="high",
    why="A role that may assume another has its rights. Many roles of an account trust every principal in it.",
    remedy="Name a role of the template, or arn:aws:iam::<account id>:role/portal, which onboarding creates.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use.html",
    types=POLICY_TYPES,
)
def assume_role(view: View, report: Reporter) -> None:
    for statement in view.policies.of("identity"):
        if not statement.allow or not statement.matches("sts:AssumeRole") or statement.not_actions:
            continue
        who = ", ".join(statement.holders)
        wide = [r for r in statement.resources if r == "*" or r.endswith((":role/*", ":*"))]
        known = [name for resource in statement.resources for name in mentioned(resource)]
        others = [
            r
            for r in statement.resources
            if not _PORTAL_ROLE.fullmatch(r) and not _is_role_of(view, r) and r not in view.listed
        ]
        if wide:
            report.fault(statement.resource, f"{who} may assume any role.", statement.line)
        elif others:
            sentence = f"{who} may assume {shown(others)}, which is neither its own role nor the portal's."
            report.fault(statement.resource, sentence, statement.line)
        else:
            report.passes(
                statement.resource,
                f"{statement.at}: assumes {', '.join(statement.resources)} ({len(known)} of the template)",
            )
