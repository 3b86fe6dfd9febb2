"""Checks that each ingress rule is required: a member listens, the other side needs it, and its own
egress allows it.
"""

from __future__ import annotations

from provisioning.proof.model.security_groups import GROUP, GroupRule
from provisioning.proof.model.values import shown
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule
from provisioning.proof.tables import asked_by

_TYPES = (GROUP, "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")


@rule(
    "groups.not-asked-for",
    "Every ingress rule is required",
    severity="medium",
    why="A rule that nothing needs is a path for an attacker who gets into the allowed side.",
    remedy="Remove the rule, or let the allowed side use the store through its endpoint, its secret or its target group.",
    types=_TYPES,
)
def not_asked_for(view: View, report: Reporter) -> None:
    for group in view.of(GROUP):
        for admitted in view.groups.ingress.get(group.key, ()):
            if admitted.kind != "group":
                continue
            if reasons := asked_by(view, admitted):
                report.passes(group, f"{admitted.line}: required by {'; '.join(reasons)}")
                continue
            peers = view.groups.members.get(admitted.peer, [])
            members = view.groups.members.get(group.key, [])
            opaque = any(view.listening.opaque(member) for member in [*peers, *members])
            sentence = f"{group.key} allows {shown(admitted.peer)} on {admitted.ports}, and nothing in the template requires it."
            if not peers or not members or opaque:
                # One side cannot be read: the other side's egress on exactly this port counts as a requirement.
                let_out = [
                    egress.line
                    for egress in view.groups.egress.get(admitted.peer, ())
                    if (egress.kind, egress.peer) == ("group", group.key)
                    and (egress.first, egress.last) == (admitted.first, admitted.last)
                ]
                if let_out:
                    report.passes(group, f"{admitted.line}: required by {let_out[0]}")
                else:
                    report.undecided(group, sentence, admitted.line)
            else:
                report.fault([group], sentence, admitted.line, f"used by {', '.join(sorted({p.key for p in peers}))}")


@rule(
    "groups.not-listening",
    "Every allowed port has a listener",
    severity="low",
    why="A port without a listener is open to any program that starts there later.",
    remedy="Allow the port on which the other side listens.",
    types=_TYPES,
)
def not_listening(view: View, report: Reporter) -> None:
    for group in view.of(GROUP):
        members = view.groups.members.get(group.key, [])
        ports = [view.listening.ports(member) for member in members]
        known = [of_member for of_member in ports if of_member is not None]
        if not members or len(known) < len(ports):
            continue
        listening = frozenset().union(*known)
        faults = [
            r
            for r in view.groups.ingress.get(group.key, ())
            if not r.wide and r.protocol == "tcp" and not any(r.covers(port) for port in listening)
        ]
        worn = ", ".join(sorted({member.key for member in members}))
        for admitted in faults:
            heard = ", ".join(map(str, sorted(listening))) or "no port"
            sentence = f"{group.key} allows {admitted.ports}, but {worn} listens on {heard}."
            report.fault([group], sentence, admitted.line)
        if not faults:
            report.passes(
                group, f"{group.key}: {worn} listens on {', '.join(map(str, sorted(listening))) or 'no port'}"
            )


@rule(
    "groups.one-sided",
    "Egress and ingress rules come in pairs",
    severity="low",
    why="Half of a pair is a connection that was removed on one side only, or one that does not work.",
    remedy="Add the other half, or remove this one.",
    types=_TYPES,
)
def one_sided(view: View, report: Reporter) -> None:
    known = {group.key for group in view.of(GROUP)}
    for group in view.of(GROUP):
        lonely = [
            r
            for r in view.groups.ingress.get(group.key, ())
            if r.kind == "group" and r.peer in known and not view.groups.lets_out(r.peer, group.key, r.first)
        ]
        refused = [
            r
            for r in view.groups.egress.get(group.key, ())
            if r.kind == "group" and r.peer in known and not _admitted(view, r)
        ]
        for admitted in lonely:
            report.fault(
                [group],
                f"{group.key} allows ingress from {admitted.peer} on {admitted.ports}, but that group does not allow the egress.",
                admitted.line,
            )
        for let in refused:
            report.fault(
                [group],
                f"{group.key} allows egress to {let.peer} on {let.ports}, but that group does not allow the ingress.",
                let.line,
            )
        if not lonely and not refused:
            report.passes(group, f"{group.key}: every rule has its counterpart")


def _admitted(view: View, let: GroupRule) -> bool:
    for admitted in view.groups.ingress.get(let.peer, ()):
        same = admitted.peer == let.group if admitted.kind == "group" else True
        if same and admitted.covers(let.first):
            return True
    return False


@rule(
    "groups.foreign",
    "Every allowed group is known",
    severity="medium",
    why="A group of another template can be attached to anything there.",
    remedy="Create both groups in one template, or document in the blueprint what uses the other one.",
    types=_TYPES,
)
def foreign(view: View, report: Reporter) -> None:
    known = {group.key for group in view.of(GROUP)}
    for group in view.of(GROUP):
        strange = [r for r in view.groups.ingress.get(group.key, ()) if r.kind == "group" and r.peer not in known]
        for admitted in strange:
            sentence = (
                f"{group.key} allows {shown(admitted.peer)} on {admitted.ports}, a group that is not in the template."
            )
            report.undecided(group, sentence, admitted.line)
        if not strange:
            report.passes(group, f"{group.key} allows groups of the template only")
