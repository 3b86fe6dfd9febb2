"""Writes provisioning/proof/README.md from the rules and the judges' table: `python -m
tests.proof.readme`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from provisioning.proof import RULES
from provisioning.proof.refused_in_every_size import REFUSED_IN_EVERY_SIZE
from provisioning.proof.rules import load
from tests.proof.everything import ALL
from tests.proof.judging import table

README = Path(__file__).resolve().parents[2] / "provisioning" / "proof" / "README.md"
_AREAS = {
    "network": "Reachability",
    "compute": "Hosts and containers",
    "groups": "Security groups",
    "rest": "Encryption at rest",
    "transit": "Encryption in transit",
    "public": "Public access",
    "iam": "Roles and their rights",
    "trust": "Who may assume a role",
    "foreign": "Resources and roles of others",
    "house": "House rules",
    "data": "Backups and protection",
    "secrets": "Secrets",
    "opaque": "Undecidable parts",
}


def rendered() -> str:
    load()
    return "\n".join([*_head(), *_rules(), *_judges(), *_limits()]) + "\n"


def _head() -> Iterator[str]:
    yield "# Proof before provisioning: what a rendered template allows, with evidence for every result"
    yield ""
    yield "```mermaid"
    yield "flowchart LR"
    yield "  T[Rendered templates] --> C[Parameter cases: conditions decided] --> M[Model: functions resolved] --> R[Rules] --> P[Proof]"
    yield "  A[Facts of AWS, as data] --> R"
    yield "```"
    yield ""
    yield "```"
    yield ".venv/bin/python manage.py prove carbon-connect --size prod"
    yield ".venv/bin/python manage.py prove carbon-connect --size prod --json"
    yield "```"
    yield ""
    yield "The proof reads the rendered template, never the design, which could contain the same error. A value that AWS or a"
    yield "parameter decides is reported as unknown; it never counts as safe. For conditions on parameters without a value, every"
    yield "possible outcome is checked. Production rejects a plan with a high finding. Every size rejects the findings of"
    yield f"these rules (`refused_in_every_size.py`): {', '.join(f'`{rule}`' for rule in REFUSED_IN_EVERY_SIZE)}."
    yield ""
    yield f"{len(RULES)} rules; {len(ALL)} broken templates in `tests/proof` show that each rule finds its faults."


def _rules() -> Iterator[str]:
    yield ""
    yield "## Rules"
    for area, rules in groupby(
        sorted(RULES.values(), key=lambda r: list(_AREAS).index(r.id.partition(".")[0])),
        key=lambda r: r.id.partition(".")[0],
    ):
        yield ""
        yield f"### {_AREAS[area]}"
        yield ""
        yield "| rule | severity | what it checks | why |"
        yield "|---|---|---|---|"
        for rule in rules:
            title = f"[{rule.title}]({rule.source})" if rule.source else rule.title
            yield f"| `{rule.id}` | {rule.severity} | {title} | {rule.why} |"


def _judges() -> Iterator[str]:
    differences, only_ours = table()
    yield ""
    yield "## Independent judges"
    yield ""
    yield "checkov and cfn-lint check the same templates. cfn-lint reports nothing. checkov differs from this proof here:"
    yield ""
    yield "| check | what it requires | our rule | reason |"
    yield "|---|---|---|---|"
    for one in differences:
        ours = "accepted" if one.ours == "accepted" else f"`{one.ours}`"
        yield f"| {one.check} | {one.name} | {ours} | {one.reason} |"
    yield ""
    yield "Findings in the shipped templates that only our rules report:"
    yield ""
    yield "| rule | reason |"
    yield "|---|---|"
    for mine in only_ours:
        yield f"| `{mine.rule}` | {mine.reason} |"


def _limits() -> Iterator[str]:
    yield ""
    yield "## Not covered"
    yield ""
    yield "- The behaviour of programs inside tasks, functions and hosts, and changes that people make after the stack is created."
    yield "- The account around the stack: service control policies, account settings, resources of other stacks."
    yield "- Shared snapshots and images: CloudFormation has no property for them."
    yield "- Resource types that no rule covers; each proof lists those that it found."


if __name__ == "__main__":
    README.write_text(rendered(), encoding="utf-8")
