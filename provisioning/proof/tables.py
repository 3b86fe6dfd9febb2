"""The tables of a proof: who may reach whom and why, and what each role may do."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.proof.model.security_groups import GroupRule
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import shown
from provisioning.proof.model.view import View
from provisioning.proof.report import Admission, Grant


def admissions(view: View) -> Iterator[Admission]:
    """Lists every ingress rule of every group."""
    for group, rules in sorted(view.groups.ingress.items()):
        members = tuple(sorted({member.key for member in view.groups.members.get(group, ())}))
        for rule in sorted(rules, key=lambda r: (r.peer, r.first, r.protocol)):
            asked = tuple(asked_by(view, rule))
            yield Admission(shown(group), members, shown(rule.peer), rule.ports, asked, shown(rule.line))


def asked_by(view: View, rule: GroupRule) -> list[str]:
    """Names what in the template requires an ingress rule: a member of the source group that refers
    to a member of this one.
    """
    if rule.kind != "group":
        return []
    if rule.peer == rule.group:
        return ["members of the same group"]
    wanted = {name for member in view.groups.members.get(rule.group, ()) for name in view.listening.identities(member)}
    askers: dict[str, None] = {}
    for member in view.groups.members.get(rule.peer, ()):
        asks = view.listening.asks(member)
        for name in sorted(wanted & set(asks)):
            askers[asks[name]] = None
        for name in sorted(wanted):
            if right := _right(view, member, view.model.resources[name]):
                askers[right] = None
    return list(askers)


# Services whose endpoint name differs from the prefix of their IAM actions.
_SERVICES = {
    "bedrock-runtime": "bedrock",
    "monitoring": "cloudwatch",
    "email-smtp": "ses",
    "email": "ses",
    "ec2messages": "ssm",
}


def _right(view: View, member: Resource, endpoint: Resource) -> str:
    """Whether a member's role may use the service behind an interface endpoint; returns the
    statement, or an empty text.
    """
    if endpoint.type != "AWS::EC2::VPCEndpoint":
        return ""
    label = str(endpoint.get("ServiceName", "")).rpartition("amazonaws.")[2].split(".", 1)[-1]
    service = _SERVICES.get(label, label.partition(".")[0])
    for body in view.listening.bodies(member):
        for name in sorted(view.model.mentions[body.key]):
            for statement in view.policies.by_role.get(name, ()):
                for action in statement.actions:
                    if statement.allow and (action == "*" or action.startswith(f"{service}:")):
                        return f"{statement.at} allows {action}, which {endpoint.key} serves"
    return ""


def grants(view: View) -> Iterator[Grant]:
    """Lists every statement of every role, user and group of the templates."""
    for role, statements in sorted(view.policies.by_role.items()):
        for statement in statements:
            yield Grant(
                role=role,
                effect="Allow" if statement.allow else "Deny",
                actions=statement.actions or tuple(f"everything except {action}" for action in statement.not_actions),
                resources=tuple(map(shown, statement.resources or statement.not_resources)),
                condition=shown(statement.condition) if statement.condition else "",
                evidence=statement.at,
            )
