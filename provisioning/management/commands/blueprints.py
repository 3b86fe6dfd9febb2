"""Lists the catalogue, including broken blueprints. Needs no database, except with --pinned."""

import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from provisioning.blueprint import Blueprint, Catalogue, Variable, load_catalogue
from provisioning.lifecycle.read.versions import broken_by_change, changed_versions

_COLUMNS = ("slug", "version", "maturity", "sizes", "regions", "title")


class Command(BaseCommand):
    help = "Lists the catalogue: every blueprint, and every broken one with file, line and problem."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument(
            "--pinned",
            action="store_true",
            help="also check in the portal's database which published versions have changed",
        )
        parser.add_argument("--check", action="store_true", help="exit with code 1 if a blueprint is broken")

    def handle(self, *_: Any, **options: Any) -> None:
        catalogue = load_catalogue(settings.BLUEPRINTS_DIR)
        if options["pinned"]:
            catalogue = _without_changed(catalogue)
        if options["json"]:
            self.stdout.write(json.dumps(_as_data(catalogue), indent=2, ensure_ascii=False))
        else:
            self._print(catalogue)
        if options["check"] and catalogue.broken:
            sys.exit(1)

    def _print(self, catalogue: Catalogue) -> None:
        if not catalogue.blueprints and not catalogue.broken:
            self.stdout.write(f"There are no blueprints in {settings.BLUEPRINTS_DIR}.")
        rows = [
            [", ".join(row[name]) if isinstance(row[name], list) else str(row[name]) for name in _COLUMNS]
            for row in _as_data(catalogue)["blueprints"]
        ]
        if rows:
            rows.insert(0, [name.upper() for name in _COLUMNS])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        for broken in catalogue.broken:
            self.stdout.write(f"\n{broken.slug} is broken:")
            for problem in broken.problems:
                self.stdout.write(f"  {problem}")


def _without_changed(catalogue: Catalogue) -> Catalogue:
    """The catalogue as the portal offers it: a published version with changed files counts as
    broken.
    """
    if not settings.DATABASE_URL:
        raise CommandError("--pinned reads the portal's database: set DATABASE_URL.")
    changed = changed_versions(catalogue.blueprints.values())
    offered = {slug: blueprint for slug, blueprint in catalogue.blueprints.items() if slug not in changed}
    broken = [*catalogue.broken, *(broken_by_change(slug, sentence) for slug, sentence in changed.items())]
    return Catalogue(offered, tuple(sorted(broken, key=lambda item: item.slug)))


def _input(variable: Variable, blueprint: Blueprint) -> dict[str, Any]:
    """One input. A secret's default is omitted."""
    shows_default = not (variable.required or variable.sensitive)
    return {
        "name": variable.name,
        "type": str(variable.type),
        "description": variable.description,
        "required": variable.required,
        "unless": variable.unless or None,
        "example": variable.example,
        "sensitive": variable.sensitive,
        "sizes": list(variable.sizes or blueprint.sizes),
        "default": {size: variable.default_in(size) for size in blueprint.sizes} if shows_default else None,
    }


def _as_data(catalogue: Catalogue) -> dict[str, Any]:
    return {
        "blueprints": [
            {
                "slug": blueprint.slug,
                "version": blueprint.version,
                "maturity": blueprint.maturity,
                "sizes": list(blueprint.sizes),
                "regions": list(blueprint.regions),
                "title": blueprint.title,
                "summary": blueprint.summary,
                "digest": blueprint.digest,
                "inputs": [_input(variable, blueprint) for variable in blueprint.variables.values()],
            }
            for blueprint in catalogue.blueprints.values()
        ],
        "broken": [
            {
                "slug": broken.slug,
                "problems": [
                    {"path": problem.source.path, "line": problem.source.line, "message": problem.message}
                    for problem in broken.problems
                ],
            }
            for broken in catalogue.broken
        ],
    }
