"""Prints the components that blueprints can use: a list, one of them, or the whole reference. Needs
no database.
"""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from provisioning.components.docs.reference import (
    KindReference,
    as_markdown,
    blueprint_texts,
    gives_in_words,
    reference,
)
from provisioning.components.docs.schema_docs import Setting
from provisioning.components.registry import UnknownComponent, component

_WRONG_USE = 2


class Command(BaseCommand):
    help = "Lists the kinds of component, or describes one: settings, attributes, what its users receive, an example."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", nargs="?", help="the kind to describe; without it, all are listed")
        parser.add_argument("--markdown", action="store_true", help="print Markdown (without a kind: REFERENCE.md)")

    def handle(self, *_: Any, **options: Any) -> None:
        kind: str | None = options["kind"]
        try:
            if kind:
                component(kind)
        except UnknownComponent as error:
            self.stderr.write(str(error))
            sys.exit(_WRONG_USE)
        pages = reference(blueprint_texts(Path(settings.BLUEPRINTS_DIR)))
        chosen = [page for page in pages if kind in (None, page.kind)]
        if options["markdown"]:
            self.stdout.write(as_markdown(chosen), ending="")
        elif kind:
            self._describe(chosen[0])
        else:
            width = max(len(page.kind) for page in chosen)
            for page in chosen:
                self.stdout.write(f"{page.kind.ljust(width)}  {page.summary}")

    def _describe(self, page: KindReference) -> None:
        self.stdout.write(f"{page.title} ({page.kind}): {page.summary}\n\n{page.about}\n\nSettings:")
        self._settings(page.settings, "  ")
        if page.attributes:
            self.stdout.write("\nAttributes:")
            for name, words in page.attributes.items():
                self.stdout.write(f"  component.{page.kind}.<name>.{name}  {words}")
        self.stdout.write("\nA component that uses it receives:")
        for line in gives_in_words(page.gives) or ["nothing; nothing can use it"]:
            self.stdout.write(f"  {line.replace('`', '')}")
        if page.needs:
            self.stdout.write(f"\nNeeds exactly one {' and one '.join(page.needs)}.")
        if page.example:
            self.stdout.write(f"\nFrom {page.example.blueprint}:\n{page.example.text}")

    def _settings(self, settings: tuple[Setting, ...], indent: str) -> None:
        for setting in settings:
            default = "required" if setting.required else f"default {setting.default}"
            limits = f"; {'; '.join(setting.limits)}" if setting.limits else ""
            self.stdout.write(f"{indent}{setting.name}: {setting.type}, {default}{limits}")
            if setting.description:
                self.stdout.write(f"{indent}    {setting.description}")
            self._settings(setting.parts, f"{indent}  ")
