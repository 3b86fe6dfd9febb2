"""What roles are made with: boundary, managed policies, users and keys, and rights that nothing in the template needs."""

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
    why="Whatever a policy says later, the boundary is the most that the role can do.",
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
                role, f"The boundary of {role.key} cannot be told.", f"{role.at('PermissionsBoundary')} is {value}"
            )
        else:
            report.passes(role, f"{role.at('PermissionsBoundary')} is {shown(value)}")


def managed(role: Resource) -> list[tuple[str, str]]:
    """AWS's own policies that a role is given: (name, evidence)."""
    found = []
    for index, arn in enumerate(role.items("ManagedPolicyArns")):
        if isinstance(arn, str) and ":iam::aws:policy/" in arn:
            found.append((arn.partition(":policy/")[2], role.at(f"ManagedPolicyArns[{index}]")))
    return found


@rule(
    "iam.managed-policy",
    "No role is given AWS's widest policies",
    severity="high",
    why="AWS's own policies are written for everybody: they act on *, and AWS widens them without asking.",
    remedy="Write the statements that the component needs into the role.",
    source=_MANAGED,
    types=_HOLDERS,
)
def managed_policy(view: View, report: Reporter) -> None:
    for holder in view.of(*_HOLDERS):
        for name, where in managed(holder):
            if name in EVERYTHING_POLICIES:
                report.fault(holder, f"{holder.key} is given {name}: everything, or nearly.", where)
            elif name.endswith("FullAccess"):
                report.fault(
                    holder, f"{holder.key} is given {name}: a whole service, everywhere.", where, severity="medium"
                )
            elif name in ("ReadOnlyAccess", "SecurityAudit", "job-function/ViewOnlyAccess"):
                report.fault(holder, f"{holder.key} may read the whole account by {name}.", where, severity="medium")
            else:
                sentence = f"What {name} allows {holder.key} is AWS's to say, and not in the template."
                report.fault(holder, sentence, where, severity="low", certain=False)
        strange = [
            shown(arn)
            for arn in holder.items("ManagedPolicyArns")
            if isinstance(arn, str) and ":iam::aws:policy/" not in arn and view.model.find(arn) is None
        ]
        if strange:
            report.undecided(holder, f"{holder.key} is given policies that are not in the template.", *strange)
        elif not managed(holder):
            report.passes(holder, f"{holder.key}: only what the template says")


@rule(
    "iam.user",
    "There are no users and no lasting keys",
    severity="high",
    why="An access key works from anywhere, for ever, for whoever finds it.",
    remedy="Let people and machines take roles: by single sign-on, OIDC or an instance profile.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    types=("AWS::IAM::User", "AWS::IAM::AccessKey", "AWS::IAM::Group", "AWS::IAM::UserToGroupAddition"),
)
def user(view: View, report: Reporter) -> None:
    for key in view.of("AWS::IAM::AccessKey"):
        report.fault(key, f"{key.key} is an access key that never ends.", key.at("UserName"))
    for one in view.of("AWS::IAM::User"):
        report.fault(one, f"{one.key} is a user.", one.at("Properties"), severity="medium")
    for role in view.of("AWS::IAM::Role"):
        report.passes(role, f"{role.key} is a role: its credentials end by themselves")


@rule(
    "house.log-group-right",
    "No role may create log groups",
    severity="medium",
    why="A log group that a program makes has no retention and outlives the stack: nobody deletes it.",
    remedy="Make the log group in the template, and grant CreateLogStream and PutLogEvents on it.",
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
                report.fault(role, f"{role.key} may create log groups by {name}.", where)
        if role.key not in faulty:
            report.passes(role, f"{role.key} may not create log groups")


# What says itself which workload it is for: a role is used by one of these.
_WORKLOADS = {"AWS::ECS::TaskDefinition": "TaskRoleArn", "AWS::Lambda::Function": "Role"}
# Resources that a program finds by itself, without being told a name.
_FOUND_ANYWAY = ("AWS::Logs::LogGroup", "AWS::IAM::Role", "AWS::KMS::Key", "AWS::ECS::Service", "AWS::ECS::Cluster")


@rule(
    "iam.not-asked-for",
    "Workloads hold rights only on what they are told of",
    severity="low",
    why="A right on a store that the program does not even know the name of is a right for somebody else.",
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
            told = view.model.mentions[workload.key] | {role.key}
            told |= {n for one in list(told) for n in view.model.mentions.get(one, set()) if one != role.key}
            triggers = {n for u in view.model.users.get(workload.key, ()) for n in view.model.mentions[u.key]}
            unasked = sorted(set(granted) - told - triggers)
            for name in unasked:
                sentence = f"{role.key} holds rights on {name}, and {workload.key} is not told of it."
                report.fault(role, sentence, granted[name].line)
            if not unasked:
                report.passes(
                    role,
                    f"{role.key}: {', '.join(sorted(granted)) or 'nothing of the template'}, all told to {workload.key}",
                )


@rule(
    "iam.unreadable",
    "Every policy can be read",
    severity="high",
    why="A policy that comes from a parameter or another stack can say anything.",
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
            report.undecided(resource, f"Which actions {resource.key} allows cannot be told.", *vague)
        else:
            report.passes(
                resource, f"{resource.key}: {sum(s.resource is resource for s in statements)} statements read"
            )
