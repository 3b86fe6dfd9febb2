"""Proves what a blueprint's templates allow, in one size. Needs no database, no server and no
network.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from provisioning.blueprint import Blueprint
from provisioning.design.graph import Design
from provisioning.management.design_command import DesignCommand
from provisioning.proof import Proof
from provisioning.proof.run import prove
from provisioning.template.compile import CompiledDesign

_HIGH = 1
_MARKS = {"holds": "✓", "broken": "✗", "nothing to look at": "·"}
_WITH_EVIDENCE = 2


class Command(DesignCommand):
    help = (
        "Proves a blueprint's templates: reachability, security groups, encryption, roles, public access, house rules. "
        "Exits with code 1 on a high finding. -v 2 shows every line of evidence."
    )
    broken = DesignCommand.wrong_use  # Code 1: the proof has a high finding.

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--json", action="store_true", help="the whole proof as JSON")

    def show(self, blueprint: Blueprint, design: Design, compiled: CompiledDesign, options: dict[str, Any]) -> int:  # noqa: ARG002 - the base's signature
        proof = prove(compiled, policy=design.policy)
        if options["json"]:
            self.stdout.write(json.dumps(proof.as_json(), indent=2, ensure_ascii=False))
        else:
            evidence = options["verbosity"] >= _WITH_EVIDENCE
            for line in _report_lines(design, proof, evidence=evidence):
                self.stdout.write(line)
        return _HIGH if proof.worst == "high" else 0


def _report_lines(design: Design, proof: Proof, *, evidence: bool) -> Iterator[str]:
    counts = ", ".join(f"{count} {severity}" for severity, count in proof.counts().items() if count)
    yield f"{design.blueprint} {design.version}, {design.size}, {design.environment.region}: {counts or 'no finding'}"
    for finding in proof.findings:
        yield ""
        yield f"{finding.severity.upper()} {finding.rule}: {finding.sentence}"
        yield from (f"    {line}" for line in finding.evidence)
        if finding.when:
            yield f"    when {'; or '.join(finding.when)}"
        if finding.remedy:
            yield f"    → {finding.remedy}"
    yield ""
    yield "Looked at"
    for checked in proof.checked:
        yield f"  {_MARKS[checked.verdict]} {checked.title} ({checked.rule}): {checked.summary}"
        if evidence:
            yield from (f"      {line}" for line in checked.evidence)
    for title, lines in (("Assumed", proof.assumed), ("Not covered", proof.not_covered)):
        if lines:
            yield ""
            yield title
            yield from (f"  {line}" for line in lines)
