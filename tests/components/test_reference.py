"""The reference of components: complete, current, and what it says of users is what real grants
hold.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
from django.core.management import call_command
from pydantic import Field

from provisioning.components.docs import reference as module
from provisioning.components.docs.reference import (
    Example,
    as_markdown,
    blocks,
    blueprint_texts,
    describe,
    examples,
    families,
    given,
    gives_in_words,
    reference,
)
from provisioning.components.docs.schema_docs import Setting, settings_in_words
from provisioning.components.kit.build import Build
from provisioning.components.kit.values import Block, Family, Gives, Grant, Settings
from provisioning.components.registry import component, kinds
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node
from tests.support.designs import SIZES, design, node
from tests.support.shipped import shipped, slugs

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path(module.__file__).with_name("REFERENCE.md")


def _all_settings(settings: tuple[Setting, ...], within: str) -> Iterator[tuple[str, Setting]]:
    for setting in settings:
        yield f"{within}.{setting.name}", setting
        yield from _all_settings(setting.parts, f"{within}.{setting.name}")


# What is given


@dataclass
class Seen:
    """All that the samples of one kind gave their users; names with the component's own as
    `<NAME>`.
    """

    variables: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    ports: set[int] = field(default_factory=set)
    rights: set[str] = field(default_factory=set)
    grants: int = 0


def _samples() -> Iterator[tuple[Node, Build]]:
    designs = [shipped(size, slug=slug) for slug in slugs() for size in SIZES]
    network = node("network", "main", cidr="10.0.0.0/16", azs=2, nat="single")
    database: dict[str, Any] = {"instance_class": "db.t4g.medium", "storage_gb": {"from": 20}, "url_secret": True}
    designs += [
        design(network, node("postgres", "main", version="17.9", **database)),
        design(network, node("mysql", "main", engine="mysql", version="8.4", **database)),
    ]
    for drawn in designs:
        build = Build(drawn, component)
        yield from ((own, build) for own in drawn.nodes.values())


def _names(names: Iterator[str] | Any, own: Node) -> set[str]:
    return {re.sub(rf"^{own.name.upper()}_", "<NAME>_", name) for name in names}


def _actions(grant: Grant) -> set[str]:
    found: set[str] = set()
    for statement in grant.statements:
        found |= {statement["Action"]} if isinstance(statement["Action"], str) else set(statement["Action"])
    return found


@cache
def _seen() -> dict[str, Seen]:
    found: dict[str, Seen] = defaultdict(Seen)
    for own, build in _samples():
        try:
            grant = component(own.kind).grant(own, build)
        except DesignError:
            continue
        seen = found[own.kind]
        seen.grants += 1
        # A secret's own names are the blueprint's, whatever they begin with.
        named = own.kind != "secret"
        seen.variables |= _names(grant.variables, own) if named else set(grant.variables)
        seen.secrets |= set(grant.secrets)
        seen.ports |= set(grant.ports)
        seen.rights |= _actions(grant)
    return found


@pytest.mark.parametrize("kind", kinds())
def test_what_a_kind_says_that_it_gives_is_what_grants_hold(kind: str) -> None:
    gives, seen = component(kind).gives, _seen().get(kind)
    assert gives is None or seen, f"{kind}: no blueprint uses it, so nothing checks `gives`; add a design to _samples()"
    assert gives or seen is None, f"{kind}: `grant` works, so say in the class attribute `gives` what it gives"
    if gives is None or seen is None:
        return
    assert set(gives.variables) == seen.variables
    if kind == "secret":
        assert gives.secrets == ("<EACH NAME IN generate, OR variable>",)
        assert len(seen.secrets) > 3
    else:
        assert set(gives.secrets) == seen.secrets
    assert set(gives.rights) == seen.rights
    assert bool(gives.ports) == bool(seen.ports)
    if said := re.findall(r"\d+", gives.ports):
        assert set(map(int, said)) == seen.ports


def test_a_service_gives_the_address_of_its_own_port() -> None:
    assert component("service").gives == Gives(
        variables=("<NAME>_URL",), ports="its own port", note="only a service with a port can be used"
    )
    assert len(_seen()["service"].ports) > 1


# Whole and current


@pytest.mark.parametrize("kind", kinds())
def test_everything_is_described(kind: str) -> None:
    page = describe(kind)
    assert page.title
    assert page.summary
    assert not page.summary.endswith(".")
    assert len(page.about) > 30
    assert [where for where, setting in _all_settings(page.settings, kind) if not setting.description] == []
    assert [name for name, words in page.attributes.items() if not words] == []


def test_every_kind_is_shown_in_its_family() -> None:
    shown = families(reference({}))
    assert list(shown) == [family.value for family in Family]
    assert sorted(page.kind for own in shown.values() for page in own) == kinds()
    assert [page.kind for page in shown["Compute"]] == ["cluster", "function", "service"]


def test_the_markdown_that_is_kept_is_current() -> None:
    """`manage.py components --markdown > provisioning/components/docs/REFERENCE.md` brings it up to
    date.
    """
    made = as_markdown(reference(blueprint_texts(ROOT / "blueprints")))
    current = KEPT.read_text(encoding="utf-8") == made
    assert current, f"out of date; run: manage.py components --markdown > {KEPT.relative_to(ROOT)}"


def test_every_kind_that_a_blueprint_uses_has_an_example() -> None:
    pages = {page.kind: page for page in reference(blueprint_texts(ROOT / "blueprints"))}
    used = {own.kind for slug in slugs() for own in shipped("prod", slug=slug).nodes.values()}
    assert {kind for kind in used if pages[kind].example is None} == set()
    example = pages["postgres"].example
    assert example
    assert example.text.startswith('component "postgres" "main" {\n')
    assert example.text.endswith("\n}")


def test_an_example_is_the_longest_that_is_not_too_long() -> None:
    short = 'component "queue" "a" {}'
    long = 'component "queue" "b" {\n  x = {\n    y = 1\n  }\n}'
    endless = 'component "queue" "c" {\n' + "  x = 1\n" * 40 + "}"
    assert examples({"one": f"{short}\n{endless}\n", "two": f"# {short}\n{long}\n"}) == {"queue": Example("two", long)}
    assert list(blocks(f'{short}\ncomponent "queue" "open" {{\n  x = 1')) == [("queue", short)]


# In words


class _Size(Block):
    """How large it is."""

    start: int = Field(alias="from", ge=1, le=9, description="At the start")


class _Settings(Settings):
    name: str = Field(pattern="^[a-z]+$", max_length=8, description="A name")
    mode: Literal["one", "two"] = Field(default="one", description="A mode")
    size: _Size | None = None
    names: tuple[str, ...] = Field(default=("a",), min_length=1, description="Names")
    tags: dict[str, int] = Field(default_factory=dict, description="Numbers")


def test_settings_are_said_in_words() -> None:
    found = {setting.name: setting for setting in settings_in_words(_Settings)}
    assert list(found) == ["name", "mode", "size", "names", "tags", "uses"]
    assert (found["name"].type, found["name"].required) == ("text", True)
    assert set(found["name"].limits) == {"length at most 8", "matches ^[a-z]+$"}
    assert (found["mode"].type, found["mode"].default) == ('one of "one", "two"', '"one"')
    assert (found["size"].type, found["size"].default, found["size"].description) == (
        "block or null",
        "null",
        "How large it is",
    )
    (part,) = found["size"].parts
    assert (part.name, part.type, part.limits) == ("from", "whole number", ("at least 1", "at most 9"))
    assert (found["names"].type, found["names"].default) == ("list of texts", '["a"]')
    assert found["tags"].type == "map to whole number"


def test_what_is_given_is_said_in_words() -> None:
    gives = Gives(variables=("A_URL",), secrets=("A_KEY",), ports="port 1", rights=("s3:GetObject",), note="More")
    assert gives_in_words(gives) == [
        "- variables `A_URL`",
        "- variables with a secret value `A_KEY`, and the right to read it at startup",
        "- ingress on port 1, from its own security group only",
        "- the rights `s3:GetObject`, on this component's resources only",
        "- More",
    ]
    assert given(None) == []


def test_a_bar_in_a_cell_does_not_break_the_table() -> None:
    rows = [line for line in KEPT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} <= {3, 5}


# The command


def test_the_command_lists_describes_and_writes(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("components")
    listed = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[0] for line in listed) == kinds()
    call_command("components", "postgres")
    told = capsys.readouterr().out
    assert told.startswith("PostgreSQL (postgres): RDS for PostgreSQL")
    assert "    from: whole number, required; at least 20; at most 65536\n" in told
    assert "  - ingress on port 5432, with TLS" in told
    call_command("components", "queue", "--markdown")
    written = capsys.readouterr().out
    assert "## Queue\n" in written
    assert "## PostgreSQL" not in written
    call_command("components", "--markdown")
    assert capsys.readouterr().out == KEPT.read_text(encoding="utf-8")


def test_the_command_refuses_an_unknown_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        call_command("components", "postgress")
    assert end.value.code == 2
    assert 'There is no component kind "postgress"; known are alarm_topic, ' in capsys.readouterr().err
