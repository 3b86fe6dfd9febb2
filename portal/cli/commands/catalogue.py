"""`portal catalogue`."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from portal.cli.api import connect
from portal.cli.console import Console
from portal.cli.errors import Exit
from portal.cli.resources import Blueprint, read


def catalogue(arguments: Namespace, console: Console) -> int:
    api = connect(console)
    if arguments.slug:
        document = api.call("catalogue_get", slug=arguments.slug).document
    else:
        document = api.call("catalogue_list").document
    if arguments.json:
        console.document(document)
    elif arguments.slug:
        _describe(document, console)
    else:
        blueprints = [read(Blueprint, line) for line in document]
        rows = [[one.id, one.version, one.maturity, ", ".join(one.sizes), one.title] for one in blueprints]
        console.table(("BLUEPRINT", "VERSION", "MATURITY", "SIZES", "TITLE"), rows)
    return Exit.OK


def _describe(document: dict[str, Any], console: Console) -> None:
    blueprint = read(Blueprint, document)
    console.line(f"{blueprint.title} ({blueprint.id} {blueprint.version}, {blueprint.maturity})")
    console.line(str(document["summary"]))
    console.line(f"Regions: {', '.join(blueprint.regions)}")
    console.line()
    sizes = [
        [one["name"], "yes" if one["requires_approval"] else "no", one["why_not_offered"]]
        for one in document["size_settings"]
    ]
    console.table(("SIZE", "APPROVAL", "NOT OFFERED BECAUSE"), sizes)
    console.line()
    inputs = [
        [one["name"], one["type"], "yes" if one["required"] else "no", _default(one), one["description"]]
        for one in document["inputs"]
    ]
    console.table(("INPUT", "TYPE", "REQUIRED", "DEFAULT", "DESCRIPTION"), inputs)
    console.line()
    console.line(f"Outputs: {', '.join(document['outputs'])}")


def _default(one: dict[str, Any]) -> str:
    if one["sensitive"]:
        return "(secret)"
    return "" if one["default"] is None else json.dumps(one["default"], ensure_ascii=False)
