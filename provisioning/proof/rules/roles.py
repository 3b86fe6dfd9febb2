"""Checks how roles are set up: boundary, managed policies, users and keys, and rights that nothing
needs.
"""

from __future__ import annotations

from provisioning.proof.facts.actions import EVERYTHING_POLICIES, LOG_GROUP_POLICIES
from provisioning.proof.model.policies import POLICY_TYPES
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import has_unknown, is_unknown, mentioned, shown
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_HOLDERS = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
_MANAGED = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html"


@rule(
    "house.boundary",
    "Every role carries a permissions boundary",
    severity="medium",
    why="Whatever policies are added later, the role can never do more than its boundary allows.",
    remedy="Set PermissionsBoundary to the account's boundary policy.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
    types=("AWS::IAM::Role",),
)
def boundary(view: View, report: Reporter) -> None:
    for role in view.of("AWS::IAM::Role"):
        value = role.get("PermissionsBoundary")
        if value is None:
            report.fault(
                role, f"{role.key} has no permissions boundary.", f"{role.at('PermissionsBoundary')} is not set"
            )
        elif is_unknown(value):
            report.undecided(
                role,
                f"The boundary of {role.key} cannot be determined.",
                f"{role.at('PermissionsBoundary')} is {value}",
            )
        else:
            report.passes(role, f"{role.at('PermissionsBoundary')} is {shown(value)}")


def managed(role: Resource) -> list[tuple[str, str]]:
    """AWS managed policies attached to a role: (name, evidence)."""
    policies = []
    for index, arn in enumerate(role.items("ManagedPolicyArns")):
        if isinstance(arn, str) and ":iam::aws:policy/" in arn:
            policies.append((arn.partition(":policy/")[2], role.at(f"ManagedPolicyArns[{index}]")))
    return policies


@rule(
    "iam.managed-policy",
    "No role has AWS's widest managed policies",
    severity="high",
    why="AWS managed policies are written for every customer: they act on *, and AWS can widen them at any time.",
    remedy="Write the statements that the component needs into the role.",
    source=_MANAGED,
    types=_HOLDERS,
)
def managed_policy(view: View, report: Reporter) -> None:
    for holder in view.of(*_HOLDERS):
        for name, where in managed(holder):
            if name in EVERYTHING_POLICIES:
                report.fault(holder, f"{holder.key} has {name}: all rights, or nearly all.", where)
            elif name.endswith("FullAccess"):
                report.fault(
                    holder, f"{holder.key} has {name}: a whole service, on every resource.", where, severity="medium"
                )
            elif name in ("ReadOnlyAccess", "SecurityAudit", "job-function/ViewOnlyAccess"):
                report.fault(
                    holder, f"{holder.key} may read the whole account through {name}.", where, severity="medium"
                )
            else:
                sentence = f"AWS decides what {name} allows {holder.key}; it is not in the template."
                report.fault(holder, sentence, where, severity="low", certain=False)
        strange = [
            shown(arn)
            for arn in holder.items("ManagedPolicyArns")
            if isinstance(arn, str) and ":iam::aws:policy/" not in arn and view.model.find(arn) is None
        ]
        if strange:
            report.undecided(holder, f"{holder.key} has policies that are not in the template.", *strange)
        elif not managed(holder):
            report.passes(holder, f"{holder.key}: only policies in the template")


@rule(
    "iam.user",
    "There are no IAM users and no access keys",
    severity="high",
    why="An access key works from anywhere and forever, for anyone who finds it.",
    remedy="Let people and machines assume roles through single sign-on, OIDC or an instance profile.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    types=("AWS::IAM::User", "AWS::IAM::AccessKey", "AWS::IAM::Group", "AWS::IAM::UserToGroupAddition"),
)
def user(view: View, report: Reporter) -> None:
    for key in view.of("AWS::IAM::AccessKey"):
        report.fault(key, f"{key.key} is an access key that never expires.", key.at("UserName"))
    for iam_user in view.of("AWS::IAM::User"):
        report.fault(iam_user, f"{iam_user.key} is an IAM user.", iam_user.at("Properties"), severity="medium")
    for role in view.of("AWS::IAM::Role"):
        report.passes(role, f"{role.key} is a role: its credentials expire")


@rule(
    "house.log-group-right",
    "No role may create log groups",
    severity="medium",
    why="A log group created by a program has no retention and is left behind after the stack.",
    remedy="Create the log group in the template, and grant CreateLogStream and PutLogEvents on it.",
    types=POLICY_TYPES,
)
def log_group_right(view: View, report: Reporter) -> None:
    faulty = set()
    for statement in view.policies.of("identity"):
        if statement.allow and statement.matches("logs:CreateLogGroup"):
            faulty |= set(statement.holders)
            report.fault(statement.resource, f"{', '.join(statement.holders)} may create log groups.", statement.line)
    for role in view.of("AWS::IAM::Role"):
        for name, where in managed(role):
            if name in LOG_GROUP_POLICIES:
                faulty.add(role.key)
                report.fault(role, f"{role.key} may create log groups through {name}.", where)
        if role.key not in faulty:
            report.passes(role, f"{role.key} may not create log groups")


# Types that show which workload a role is for: a role is used by one of these.
_WORKLOADS = {"AWS::ECS::TaskDefinition": "TaskRoleArn", "AWS::Lambda::Function": "Role"}
# Resources that a program finds by itself, without being given a name.
_FOUND_ANYWAY = ("AWS::Logs::LogGroup", "AWS::IAM::Role", "AWS::KMS::Key", "AWS::ECS::Service", "AWS::ECS::Cluster")


@rule(
    "iam.not-asked-for",
    "Workloads have rights only on resources that they are configured with",
    severity="low",
    why="A program cannot use a store whose name it is not given; such a right only serves an attacker.",
    remedy="Remove the statement, or let the component use the store.",
    types=("AWS::IAM::Role", *_WORKLOADS),
)
def not_asked_for(view: View, report: Reporter) -> None:
    for kind, path in _WORKLOADS.items():
        for workload in view.of(kind):
            role = view.model.find(workload.get(path), "AWS::IAM::Role")
            if role is None:
                continue
            granted = {
                name: statement
                for statement in view.policies.by_role.get(role.key, ())
                if statement.allow
                for resource in statement.resources
                for name in mentioned(resource)
                if name in view.model.resources and view.model.resources[name].type not in _FOUND_ANYWAY
            }
            detail = view.model.mentions[workload.key] | {role.key}
            detail |= {n for one in list(detail) for n in view.model.mentions.get(one, set()) if one != role.key}
            triggers = {n for u in view.model.users.get(workload.key, ()) for n in view.model.mentions[u.key]}
            unasked = sorted(set(granted) - detail - triggers)
            for name in unasked:
                sentence = f"{role.key} has rights on {name}, but {workload.key} is not configured with it."
                report.fault(role, sentence, granted[name].line)
            if not unasked:
                report.passes(
                    role,
                    f"{role.key}: {', '.join(sorted(granted)) or 'nothing of the template'}, all configured in {workload.key}",
                )


@rule(
    "iam.unreadable",
    "Every policy can be read",
    severity="high",
    why="A policy that comes from a parameter or another stack can allow anything.",
    remedy="Write the policy into the template.",
    types=POLICY_TYPES,
)
def unreadable(view: View, report: Reporter) -> None:
    statements = view.policies.statements
    for resource, path in view.policies.unreadable:
        report.undecided(resource, f"What {resource.key} allows cannot be read.", resource.at(path))
    for resource in {statement.resource.key: statement.resource for statement in statements}.values():
        vague = [s.at for s in statements if s.resource is resource and any(map(has_unknown, s.actions))]
        if vague:
            report.undecided(resource, f"Which actions {resource.key} allows cannot be determined.", *vague)
        else:
            report.passes(
                resource, f"{resource.key}: {sum(s.resource is resource for s in statements)} statements read"
            )
