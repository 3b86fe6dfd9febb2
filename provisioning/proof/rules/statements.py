"""Checks the actions and resources of role policies: wildcards, negations, and actions without a
narrower resource.
"""

from __future__ import annotations

from provisioning.proof.facts.actions import DOCUMENTED_ON_EVERYTHING, READS_DATA, knows_no_resource, only_looks
from provisioning.proof.model.policies import POLICY_TYPES, Statement, action_matches
from provisioning.proof.model.values import OPEN, has_unknown, outline
from provisioning.proof.model.view import View
from provisioning.proof.report import Severity
from provisioning.proof.rule import Reporter, rule

_REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"
# Conditions that narrow a statement whose resource is *: to tags, a VPC, a namespace, or a calling
# service.
_NARROWS = (
    "aws:resourcetag/",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:calledvia",
    "aws:requesttag/",
    "ec2:resourcetag/",
    "ec2:vpc",
    "ec2:subnet",
    "cloudwatch:namespace",
    "kms:viaservice",
    "ecs:cluster",
    "ses:fromaddress",
    "iam:passedtoservice",
    "secretsmanager:resourcetag/",
    "ssm:resourcetag/",
    "elasticfilesystem:accesspointarn",
    "cloudformation:stack",
)


def reads_data(action: str) -> bool:
    return any(action_matches(pattern, action) or action_matches(action, pattern.rstrip("*")) for pattern in READS_DATA)


def narrowing(statement: Statement) -> str:
    return next((key for key in sorted(statement.demanded()) if key.startswith(_NARROWS)), "")


@rule(
    "iam.action-wildcard",
    "Roles name their actions",
    severity="high",
    why="A wildcard grants every action that the service has today, and every one that it adds later.",
    remedy="Name the actions that the component needs.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
    types=POLICY_TYPES,
)
def action_wildcard(view: View, report: Reporter) -> None:
    for statement in view.policies.of("identity"):
        if not statement.allow:
            continue
        wild = [action for action in statement.actions if "*" in action or "?" in action]
        for action in wild:
            holders = ", ".join(statement.holders)
            severity = _wildcard_severity(statement, action)
            report.fault(statement.resource, f"{holders} may use {action}.", statement.line, severity=severity)
        if statement.actions and not wild:
            report.passes(statement.resource, f"{statement.at}: {', '.join(statement.actions)}")


def _wildcard_severity(statement: Statement, action: str) -> Severity:
    whole = action == "*" or action.endswith(":*")
    everywhere = "*" in statement.resources or not statement.resources
    if action == "*" or (whole and everywhere):
        return "high"
    if whole or not only_looks(action):
        return "medium"
    return "medium" if reads_data(action) and everywhere else "low"


@rule(
    "iam.resource-wildcard",
    "Roles name the resources that they act on",
    severity="high",
    why="An action on * reaches every environment of the account, including those of other teams.",
    remedy="Name the resources by Ref, GetAtt or an ARN pattern of the environment.",
    source=_REFERENCE,
    types=POLICY_TYPES,
)
def resource_wildcard(view: View, report: Reporter) -> None:
    for statement in view.policies.of("identity"):
        if not statement.allow or not any(_is_everything(resource) for resource in statement.resources):
            continue
        _report_everything(view, report, statement)
    for statement in view.policies.of("identity"):
        if statement.allow and statement.resources and not any(_is_everything(r) for r in statement.resources):
            if vague := [resource for resource in statement.resources if has_unknown(resource)]:
                sentence = f"The resources that {', '.join(statement.holders)} may act on cannot be determined."
                report.undecided(statement.resource, sentence, statement.line, *vague)
            else:
                report.passes(statement.resource, f"{statement.at}: on {', '.join(statement.resources)}")


def _report_everything(view: View, report: Reporter, statement: Statement) -> None:
    narrowable = [action for action in statement.actions if not knows_no_resource(action)]
    documented = [action for action in narrowable if action in DOCUMENTED_ON_EVERYTHING]
    if why := narrowing(statement):
        report.passes(statement.resource, f"{statement.line}: narrowed by {why}")
    elif not narrowable:
        detail = ", ".join(statement.actions)
        report.passes(statement.resource, f"{statement.at}: {detail} on *, for which IAM supports no narrower resource")
    elif documented == narrowable and (denial := _not_for_code(view, statement)):
        detail = f"{', '.join(narrowable)} on * for the service itself, and denied to the function's code by {denial}"
        report.passes(statement.resource, f"{statement.at}: {detail} ({DOCUMENTED_ON_EVERYTHING[narrowable[0]]})")
    else:
        sentence = f"{', '.join(statement.holders)} may use {', '.join(narrowable)} on every resource."
        sources = sorted({f"documented so: {DOCUMENTED_ON_EVERYTHING[action]}" for action in documented})
        only_looking = all(only_looks(action) and not reads_data(action) for action in narrowable)
        mild = only_looking or documented == narrowable
        report.fault(statement.resource, sentence, statement.line, *sources, severity="low" if mild else "high")


def _not_for_code(view: View, statement: Statement) -> str:
    """The statement that denies a function's own code what Lambda itself needs: AWS's pattern for
    functions in a VPC.
    """
    for holder in statement.holders:
        for other in view.policies.by_role.get(holder, ()):
            covers = not other.allow and all(other.matches(action) for action in statement.actions)
            if covers and "lambda:sourcefunctionarn" in other.condition_keys() and "*" in other.resources:
                return other.at
    return ""


def _is_everything(resource: str) -> bool:
    """Matches `*`, and ARNs that name nothing after the service."""
    parts = outline(resource).split(":", 5)
    return resource == "*" or (len(parts) == _ARN_PARTS and parts[0] == "arn" and parts[5] in ("*", "*/*", "*:*"))


_ARN_PARTS = 6


@rule(
    "iam.negation",
    "Roles are not granted everything except named actions or resources",
    severity="high",
    why="Allow with NotAction or NotResource also grants everything that was not considered.",
    remedy="Name the actions and resources.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html",
    types=POLICY_TYPES,
)
def negation(view: View, report: Reporter) -> None:
    for statement in view.policies.of("identity"):
        if statement.allow and (statement.not_actions or statement.not_resources):
            report.fault(
                statement.resource,
                f"{', '.join(statement.holders)} may use everything except what is named.",
                statement.line,
            )
        else:
            report.passes(statement.resource, f"{statement.at} names its actions and resources")


@rule(
    "iam.other-environments",
    "Roles reach only their own environment",
    severity="medium",
    why="A pattern that begins with * matches the resources of every team in the account.",
    remedy="Begin the resource's name with the environment's.",
    types=POLICY_TYPES,
)
def other_environments(view: View, report: Reporter) -> None:
    for statement in view.policies.of("identity"):
        if not statement.allow or narrowing(statement) or set(statement.actions) == {"sts:AssumeRole"}:
            continue  # Whether a role may be assumed is checked by `iam.assume-role`
        wide = [resource for resource in statement.resources if _begins_wide(resource)]
        severity: Severity = (
            "low" if all(only_looks(action) and not reads_data(action) for action in statement.actions) else "medium"
        )
        if wide and not all(knows_no_resource(action) for action in statement.actions):
            sentence = f"{', '.join(statement.holders)} reaches {', '.join(wide)}, which is beyond its environment."
            report.fault(statement.resource, sentence, statement.line, severity=severity)
        elif statement.resources:
            report.passes(statement.resource, f"{statement.at} has no pattern that reaches another environment")


# Resources that AWS itself owns, the same for everyone: a pattern on them reaches no other team.
_AWS_OWNED = (":foundation-model/", ":inference-profile/", "::aws:policy/", ":guardrail/")


def _begins_wide(resource: str) -> bool:
    """`arn:…:table/*`: names the type, but its name part begins with a wildcard."""
    parts = outline(resource).split(":", 5)
    if len(parts) < _ARN_PARTS or _is_everything(resource) or any(part in resource for part in _AWS_OWNED):
        return False
    name = parts[5]
    if parts[2] == "s3":
        return name.startswith("*")
    kind, separator, rest = name.partition("/") if "/" in name else name.partition(":")
    if parts[4] == "*" or not separator:
        return parts[4] == "*" or name.startswith("*")
    return rest.startswith("*") and OPEN not in kind
