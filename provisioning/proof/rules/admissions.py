"""Is each admission asked for: does somebody listen there, does the other side need it, and does it let itself out."""

from __future__ import annotations

from provisioning.proof.model.security_groups import GROUP, GroupRule
from provisioning.proof.model.values import shown
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule
from provisioning.proof.tables import asked_by

_TYPES = (GROUP, "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")


@rule(
    "groups.not-asked-for",
    "Every admission is asked for",
    severity="medium",
    why="A rule that nothing needs is a path for whoever gets into the admitted side.",
    remedy="Remove the rule, or let the admitted side use the store: by its endpoint, its secret or its target group.",
    types=_TYPES,
)
def not_asked_for(view: View, report: Reporter) -> None:
    for group in view.of(GROUP):
        for admitted in view.groups.ingress.get(group.key, ()):
            if admitted.kind != "group":
                continue
            if reasons := asked_by(view, admitted):
                report.passes(group, f"{admitted.line}: asked for by {'; '.join(reasons)}")
                continue
            peers = view.groups.members.get(admitted.peer, [])
            members = view.groups.members.get(group.key, [])
            opaque = any(view.listening.opaque(member) for member in [*peers, *members])
            sentence = f"{group.key} admits {shown(admitted.peer)} to {admitted.ports}, and nothing in the template asks for it."
            if not peers or not members or opaque:
                _weakly(view, report, admitted, sentence)
            else:
                report.fault([group], sentence, admitted.line, f"worn by {', '.join(sorted({p.key for p in peers}))}")


def _weakly(view: View, report: Reporter, admitted: GroupRule, sentence: str) -> None:
    """Where a side cannot be read, the other side's way out on just this port counts as asking."""
    let_out = [
        rule.line
        for rule in view.groups.egress.get(admitted.peer, ())
        if rule.kind == "group"
        and rule.peer == admitted.group
        and (rule.first, rule.last) == (admitted.first, admitted.last)
    ]
    group = view.model.resources[admitted.group]
    if let_out:
        report.passes(group, f"{admitted.line}: asked for by {let_out[0]}")
    else:
        report.undecided(group, sentence, admitted.line)


@rule(
    "groups.not-listening",
    "Somebody listens on every port that is admitted",
    severity="low",
    why="A port that nobody listens on is free for whatever starts there later.",
    remedy="Admit the port that the other side listens on.",
    types=_TYPES,
)
def not_listening(view: View, report: Reporter) -> None:
    for group in view.of(GROUP):
        members = view.groups.members.get(group.key, [])
        ports = [view.listening.ports(member) for member in members]
        known = [found for found in ports if found is not None]
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
            sentence = f"{group.key} admits {admitted.ports}, and {worn} listens on {heard}."
            report.fault([group], sentence, admitted.line)
        if not faults:
            report.passes(
                group, f"{group.key}: {worn} listens on {', '.join(map(str, sorted(listening))) or 'no port'}"
            )


@rule(
    "groups.one-sided",
    "Ways out and admissions come in pairs",
    severity="low",
    why="Half a pair is a connection that was taken away on one side only, or one that does not work.",
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
                f"{group.key} admits {admitted.peer} to {admitted.ports}, which does not let it out.",
                admitted.line,
            )
        for let in refused:
            report.fault([group], f"{group.key} lets {let.ports} out to {let.peer}, which does not admit it.", let.line)
        if not lonely and not refused:
            report.passes(group, f"{group.key}: every rule has its other half")


def _admitted(view: View, let: GroupRule) -> bool:
    for admitted in view.groups.ingress.get(let.peer, ()):
        same = admitted.peer == let.group if admitted.kind == "group" else True
        if same and admitted.covers(let.first):
            return True
    return False


@rule(
    "groups.foreign",
    "Every admitted group is known",
    severity="medium",
    why="A group of another template can be worn by anybody there.",
    remedy="Make both groups in one template, or say in the blueprint who wears the other one.",
    types=_TYPES,
)
def foreign(view: View, report: Reporter) -> None:
    known = {group.key for group in view.of(GROUP)}
    for group in view.of(GROUP):
        strange = [r for r in view.groups.ingress.get(group.key, ()) if r.kind == "group" and r.peer not in known]
        for admitted in strange:
            sentence = f"{group.key} admits {shown(admitted.peer)} to {admitted.ports}, a group that the template does not make."
            report.undecided(group, sentence, admitted.line)
        if not strange:
            report.passes(group, f"{group.key} admits groups of the template only")
