"""Proves what a blueprint's templates allow, in one size. Needs no database, no server and no network."""

import json
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from provisioning.blueprint import BlueprintError, BrokenBlueprintError, load_catalogue
from provisioning.blueprint.ask import EXAMPLE_ACCOUNT, ask_for_design
from provisioning.components.graph import Design
from provisioning.design import DesignError, compile_design, prove
from provisioning.design.prove import Finding, Proof

_HIGH, _WRONG_USE = 1, 2
_MARKS = {"holds": "✓", "broken": "✗", "nothing to look at": "·"}
_WITH_EVIDENCE = 2


class Command(BaseCommand):
    help = (
        "Prove a blueprint's templates: reachability, security groups, encryption, roles, public access, house rules. "
        "Ends with 1 where a finding is high. With -v 2 every line of evidence is shown."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="?", help="the blueprint, as `manage.py blueprints` lists it")
        parser.add_argument("--size", help="dev, staging or prod")
        parser.add_argument("--region", help="one of the blueprint's regions; default: its first")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="an input; may be repeated"
        )
        parser.add_argument("--name", help="the environment's name; default: SLUG-SIZE")
        parser.add_argument("--account", help=f"the account's id; default: {EXAMPLE_ACCOUNT}")
        parser.add_argument("--json", action="store_true", help="the whole proof as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            design, filled = ask_for_design(
                load_catalogue(settings.BLUEPRINTS_DIR),
                slug=options["slug"],
                size=options["size"],
                region=options["region"],
                settings=options["set"],
                name=options["name"],
                account_id=options["account"],
            )
            proof = prove(compile_design(design), size=design.size)
        except BrokenBlueprintError as error:
            self._end(f"{error.slug} is broken: {error.problems[0]}")
        except (DesignError, BlueprintError) as error:
            self._end(str(error))
        if filled:
            self.stderr.write(f"Not given, so the example was taken: {', '.join(filled)}.")
        if options["json"]:
            self.stdout.write(json.dumps(proof.as_json(), indent=2, ensure_ascii=False))
        else:
            evidence = options["verbosity"] >= _WITH_EVIDENCE
            for line in _told(design, proof, evidence=evidence):
                self.stdout.write(line)
        if proof.worst == "high":
            sys.exit(_HIGH)

    def _end(self, sentence: str) -> NoReturn:
        self.stderr.write(" ".join(sentence.split()))
        sys.exit(_WRONG_USE)


def _told(design: Design, proof: Proof, *, evidence: bool) -> Iterator[str]:
    counts = ", ".join(f"{count} {severity}" for severity, count in proof.counts().items() if count)
    yield f"{design.blueprint} {design.version}, {design.size}, {design.environment.region}: {counts or 'no finding'}"
    for finding in proof.findings:
        yield ""
        yield from _finding(finding)
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


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.severity.upper()} {finding.rule}: {finding.sentence}"
    for line in finding.evidence:
        yield f"    {line}"
    if finding.when:
        yield f"    when {'; or '.join(finding.when)}"
    if finding.remedy:
        yield f"    → {finding.remedy}"
