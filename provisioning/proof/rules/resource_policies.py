"""Checks that no resource opens itself to everyone, to other accounts, or to services that act for
any account.
"""

from __future__ import annotations

import re

from provisioning.proof.model.policies import POLICY_TYPES, RESOURCE_POLICIES, Statement
from provisioning.proof.model.values import has_unknown, shown
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"
# Conditions that restrict a statement to an account, an organization, a network or one resource.
NARROWING = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceip",
        "aws:userid",
        "kms:calleraccount",
        "kms:encryptioncontext:aws:logs:arn",
        "kms:grantisforawsresource",
        "s3:dataaccesspointaccount",
        "elasticfilesystem:accessedviamounttarget",
        "elasticfilesystem:accesspointarn",
        "lambda:sourcefunctionarn",
    }
)


def narrowed(statement: Statement) -> str:
    """The condition that restricts the callers; empty if there is none, or if it matches everyone."""
    keys = sorted(statement.demanded())
    key = next((k for k in keys if k in NARROWING or k.startswith("kms:encryptioncontext")), "")
    return f"{key} {', '.join(statement.values(key))}" if key else ""


def open_principal(statement: Statement) -> bool:
    return any(kind in ("AWS", "*") and name in ("*", "arn:aws:iam::*:root") for kind, name in statement.principals)


def is_function_url(statement: Statement) -> bool:
    """What a function URL without authorization needs; the URL itself is checked by
    `public.function-url`.
    """
    return statement.resource.type == "AWS::Lambda::Permission" and bool(
        statement.values("lambda:FunctionUrlAuthType") or statement.resource.get("InvokedViaFunctionUrl")
    )


@rule(
    "public.policy",
    "No resource is open to everyone",
    severity="high",
    why="A policy with principal * allows the action to every AWS account, and often to anonymous callers.",
    remedy="Name the principals, or require aws:SourceArn, aws:SourceAccount or aws:PrincipalOrgID.",
    source=_SOURCE,
    types=POLICY_TYPES,
)
def public_policy(view: View, report: Reporter) -> None:
    for statement in view.policies.of("resource"):
        if not statement.allow:
            continue
        if statement.not_principals:
            report.fault(
                statement.resource,
                f"{statement.resource.key} is open to everyone except the named principals.",
                statement.line,
            )
        elif open_principal(statement) and not is_function_url(statement):
            if why := narrowed(statement):
                report.passes(statement.resource, f"{statement.line}, narrowed by {why}")
            else:
                report.fault(statement.resource, f"{statement.resource.key} is open to everyone.", statement.line)
        elif not statement.principals:
            report.fact(f"{statement.at}: no principal")
        else:
            report.passes(statement.resource, statement.line)


@rule(
    "public.policy-service",
    "AWS services act for this account only",
    severity="medium",
    why="Without a condition the service also acts for a stranger's account, who only needs to refer to this resource.",
    remedy="Add a condition on aws:SourceArn or aws:SourceAccount.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
    types=POLICY_TYPES,
)
def service_policy(view: View, report: Reporter) -> None:
    for statement in view.policies.of("resource"):
        services = [name for kind, name in statement.principals if kind == "Service"]
        if not statement.allow or not services or _regional_delivery(services):
            continue
        if why := narrowed(statement):
            report.passes(statement.resource, f"{statement.at}: {', '.join(services)} only with {why}")
        else:
            sentence = f"{statement.resource.key} lets {', '.join(services)} act for any account."
            report.fault(statement.resource, sentence, statement.line)


def _regional_delivery(services: list[str]) -> bool:
    """Load balancers deliver their logs without a source; AWS documents the bare principal for
    that.
    """
    return all(name.startswith("logdelivery.elasticloadbalancing") for name in services)


_ACCOUNT = re.compile(r"(?:arn:[^:]*:iam::)?(\d{12})(?::.*)?")


@rule(
    "public.policy-account",
    "No resource is open to another account",
    severity="medium",
    why="The actions of another account are not visible in this one.",
    remedy="Remove the principal, or document in the blueprint which account it is.",
    types=RESOURCE_POLICIES,
)
def account_policy(view: View, report: Reporter) -> None:
    for statement in view.policies.of("resource"):
        if not statement.allow:
            continue
        foreign = [
            name
            for kind, name in statement.principals
            if kind == "AWS" and (has_unknown(name) or _ACCOUNT.fullmatch(name))
        ]
        certain = [name for name in foreign if not has_unknown(name)]
        if certain:
            report.fault(
                statement.resource, f"{statement.resource.key} is open to the account {shown(certain)}.", statement.line
            )
        elif foreign:
            report.undecided(
                statement.resource,
                f"The principals that {statement.resource.key} allows cannot be determined.",
                statement.line,
                severity="high",
            )
        elif statement.principals:
            report.passes(
                statement.resource, f"{statement.at}: {', '.join(sorted({name for _, name in statement.principals}))}"
            )
