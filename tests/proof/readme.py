"""Writes provisioning/proof/README.md from the rules and the judges' table: `python -m tests.proof.readme`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from provisioning.proof import RULES
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
    "trust": "Who may take a role",
    "house": "House rules",
    "data": "Backups and protection",
    "secrets": "Secrets",
    "opaque": "What cannot be looked into",
}


def rendered() -> str:
    load()
    return "\n".join([*_head(), *_rules(), *_judges(), *_limits()]) + "\n"


def _head() -> Iterator[str]:
    yield "# Proof before provisioning: what a rendered template allows, with evidence for each line"
    yield ""
    yield "```mermaid"
    yield "flowchart LR"
    yield "  T[Rendered templates] --> W[Worlds: conditions decided] --> M[Model: functions resolved] --> R[Rules] --> P[Proof]"
    yield "  A[Facts of AWS, as data] --> R"
    yield "```"
    yield ""
    yield "```"
    yield ".venv/bin/python manage.py prove carbon-connect --size prod"
    yield ".venv/bin/python manage.py prove carbon-connect --size prod --json"
    yield "```"
    yield ""
    yield "The proof reads the rendered template, never the design, which could be wrong in the same way. What a template leaves"
    yield "to AWS or to a parameter stays unknown, and is said; it is never taken for safe. Conditions on parameters without a value"
    yield "are looked at in every way that they can come out. Production refuses high findings."
    yield ""
    yield f"{len(RULES)} rules; {len(ALL)} broken templates in `tests/proof` show that each finds what it is for."


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
        yield "| rule | severity | what holds | why |"
        yield "|---|---|---|---|"
        for rule in rules:
            title = f"[{rule.title}]({rule.source})" if rule.source else rule.title
            yield f"| `{rule.id}` | {rule.severity} | {title} | {rule.why} |"


def _judges() -> Iterator[str]:
    differences, only_ours = table()
    yield ""
    yield "## Independent judges"
    yield ""
    yield "checkov and cfn-lint look at the same templates. cfn-lint says nothing. Where checkov differs from us:"
    yield ""
    yield "| check | what it asks for | our rule | reason |"
    yield "|---|---|---|---|"
    for one in differences:
        ours = "accepted" if one.ours == "accepted" else f"`{one.ours}`"
        yield f"| {one.check} | {one.name} | {ours} | {one.reason} |"
    yield ""
    yield "Found in the shipped templates by our rules only:"
    yield ""
    yield "| rule | reason |"
    yield "|---|---|"
    for mine in only_ours:
        yield f"| `{mine.rule}` | {mine.reason} |"


def _limits() -> Iterator[str]:
    yield ""
    yield "## What it does not see"
    yield ""
    yield "- What programs do inside tasks, functions and hosts, and what people change after the stack is made."
    yield "- The account around the stack: service control policies, account settings, what other stacks made."
    yield "- Snapshots and images that are shared: CloudFormation has no property for it."
    yield "- Resource types that no rule knows; each proof lists those that it met."


if __name__ == "__main__":
    README.write_text(rendered(), encoding="utf-8")
