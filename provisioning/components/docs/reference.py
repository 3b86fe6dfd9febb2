"""The reference of all kinds of component, generated from their classes so that it cannot become
outdated.

`REFERENCE.md` is its Markdown, which a test keeps current. The portal shows the same content as
pages.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioning.components.docs.schema_docs import Setting, settings_in_words
from provisioning.components.kit.values import Family, Gives
from provisioning.components.registry import component, kinds

_MAX_EXAMPLE_LINES = 24


@dataclass(frozen=True, slots=True)
class Example:
    """A component block, copied from a blueprint."""

    blueprint: str
    text: str


@dataclass(frozen=True, slots=True)
class Given:
    """One thing that a user of a component gets: text, names as in code, and text after them."""

    before: str
    names: tuple[str, ...] = ()
    after: str = ""


@dataclass(frozen=True, slots=True)
class KindReference:
    """Everything that the author of a blueprint needs to know about one kind."""

    kind: str
    title: str
    summary: str
    family: Family
    about: str
    settings: tuple[Setting, ...]
    attributes: Mapping[str, str]
    gives: Gives | None
    needs: tuple[str, ...]
    example: Example | None

    @property
    def paragraphs(self) -> list[str]:
        return self.about.split("\n\n")

    @property
    def given(self) -> list[Given]:
        return given(self.gives)


def families(pages: Iterable[KindReference]) -> dict[str, list[KindReference]]:
    """Return the kinds by what they are for, in the order of `Family`."""
    pages = list(pages)
    by_title = {family.value: [page for page in pages if page.family is family] for family in Family}
    return {title: own for title, own in by_title.items() if own}


def blueprint_texts(root: Path) -> dict[str, str]:
    """Return every blueprint's HCL by slug, even if it is broken: examples are copied, not
    resolved.
    """
    return {path.parent.name: path.read_text(encoding="utf-8") for path in sorted(root.glob("*/blueprint.hcl"))}


def reference(blueprints: Mapping[str, str]) -> tuple[KindReference, ...]:
    """Return the pages of all kinds, by title. `blueprints` maps a slug to its HCL, from which
    examples are copied.
    """
    found = examples(blueprints)
    pages = (describe(kind, found.get(kind)) for kind in kinds())
    return tuple(sorted(pages, key=lambda page: page.title.lower()))


def describe(kind: str, example: Example | None = None) -> KindReference:
    """Return the page of one kind. Raises UnknownComponent."""
    own = component(kind)
    # The docstring of the component's module, with each paragraph on one line.
    paragraphs = (sys.modules[type(own).__module__].__doc__ or "").strip().split("\n\n")
    return KindReference(
        kind=kind,
        title=own.title,
        summary=own.summary,
        family=own.family,
        about="\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs),
        settings=tuple(s for s in settings_in_words(own.schema) if s.name != "uses" or own.accepts_grants),
        attributes=own.attributes,
        gives=own.gives,
        needs=own.needs,
        example=example,
    )


# Examples


def examples(blueprints: Mapping[str, str]) -> dict[str, Example]:
    """Return for each kind the longest block of at most 24 lines."""
    found: dict[str, Example] = {}
    for slug, text in blueprints.items():
        for kind, block in blocks(text):
            length = block.count("\n") + 1
            known = found.get(kind)
            if length <= _MAX_EXAMPLE_LINES and (known is None or length > known.text.count("\n") + 1):
                found[kind] = Example(slug, block)
    return found


_BLOCK = re.compile(r'^component "([a-z0-9_]+)" "[^"]*" \{', re.MULTILINE)


def blocks(text: str) -> Iterable[tuple[str, str]]:
    """Yield every component block of an HCL text: its kind, and its text up to the closing brace in
    the first column.
    """
    for match in _BLOCK.finditer(text):
        end = text.find("\n", match.end())
        if (single := text[match.start() : end if end >= 0 else len(text)]).rstrip().endswith("}"):
            yield match[1], single.rstrip()
        elif (close := text.find("\n}", match.end())) >= 0:
            yield match[1], text[match.start() : close + 2]


# Markdown


def as_markdown(pages: Iterable[KindReference]) -> str:
    """Return the whole reference."""
    pages = list(pages)
    lines = [
        "# Components",
        "",
        "The building blocks of a blueprint. This file is generated: `manage.py components --markdown` writes it.",
        "",
        "| kind | what it is |",
        "|---|---|",
        *(f"| [`{page.kind}`](#{page.kind}) | {_cell(page.summary)} |" for page in pages),
        "",
    ]
    for page in pages:
        lines += _page(page)
    return "\n".join(lines).rstrip() + "\n"


def _page(page: KindReference) -> list[str]:
    lines = [f'<a id="{page.kind}"></a>', f"## {page.title}", "", f"`{page.kind}`: {page.summary}.", "", page.about, ""]
    lines += [
        "### Settings",
        "",
        "| setting | type | default | meaning |",
        "|---|---|---|---|",
        *_rows(page.settings),
        "",
    ]
    if page.attributes:
        lines += ["### Attributes", "", "| attribute | meaning |", "|---|---|"]
        lines += [
            f"| `component.{page.kind}.<name>.{name}` | {_cell(words)} |" for name, words in page.attributes.items()
        ]
        lines.append("")
    lines += ["### What a user gets", "", *(gives_in_words(page.gives) or ["Nothing can use it."]), ""]
    if page.needs:
        lines += [
            "### Needs",
            "",
            f"Exactly one {' and one '.join(f'`{kind}`' for kind in page.needs)} in the blueprint.",
            "",
        ]
    if page.example:
        lines += ["### Example", "", f"From `{page.example.blueprint}`:", "", "```hcl", page.example.text, "```", ""]
    return lines


def _rows(settings: Iterable[Setting], prefix: str = "") -> list[str]:
    rows = []
    for setting in settings:
        default = "**required**" if setting.required else f"`{setting.default}`"
        limits = f" ({'; '.join(setting.limits)})" if setting.limits else ""
        cells = (f"`{prefix}{setting.name}`", setting.type + limits, default, setting.description)
        rows.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
        rows += _rows(setting.parts, f"{prefix}{setting.name}.")
    return rows


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def gives_in_words(gives: Gives | None) -> list[str]:
    """Return what a user gets as a Markdown list."""
    lines = []
    for item in given(gives):
        names = ", ".join(f"`{name}`" for name in item.names)
        lines.append(f"- {' '.join(filter(None, (item.before, names)))}{item.after}")
    return lines


def given(gives: Gives | None) -> list[Given]:
    """Return what a user of a component gets."""
    if gives is None:
        return []
    found = []
    if gives.variables:
        found.append(Given("variables", gives.variables))
    if gives.secrets:
        found.append(Given("variables with a secret value", gives.secrets, ", and the right to read it at startup"))
    if gives.ports:
        found.append(Given(f"ingress on {gives.ports}, from its own security group only"))
    if gives.rights:
        found.append(Given("the rights", gives.rights, ", on this component's resources only"))
    if gives.note:
        found.append(Given(gives.note))
    return found
