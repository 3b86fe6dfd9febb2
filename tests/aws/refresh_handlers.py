"""Writes `provisioning/aws/handlers.json` from the schemas of CloudFormation that cfn-lint ships.

    python -m tests.aws.refresh_handlers

Run it after an update of cfn-lint, and after a component gets a new resource type;
`tests/aws/test_handlers.py` fails until then. It imports cfn-lint and all components, so it is no
part of the product.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any, Final

from provisioning.aws.calls import calls
from provisioning.aws.handlers import DATA
from tests.aws.test_every_type import component_types, shipped_types
from tests.support.linting import SCHEMAS

_REGION: Final = "us-east-1"
"""The region whose schemas count: every type exists there."""


def document() -> dict[str, Any]:
    """Returns handlers and tagging of every type that a component or a shipped template uses, and
    the tagging alone of types that the portal's own calls meet elsewhere.
    """
    made = shipped_types() | component_types()
    met = {need.tags_of for call in calls().values() for need in call.needs if need.tags_of}
    return {
        "source": {
            "package": "cfn-lint",
            "version": importlib.metadata.version("cfn-lint"),
            "schemas_of": json.loads((SCHEMAS / "version.json").read_text())["schema_date"],
        },
        "types": {name: _entry(name, with_handlers=name in made) for name in sorted(made | met)},
    }


def _entry(name: str, *, with_handlers: bool) -> dict[str, Any]:
    schema = schema_of(name)
    tagging = schema.get("tagging", {"taggable": "Tags" in schema["properties"], "tagProperty": "/properties/Tags"})
    entry: dict[str, Any] = {
        "taggable": tagging["taggable"],
        "tag_on_create": tagging.get("tagOnCreate", tagging["taggable"]),
        "tag_property": tagging.get("tagProperty", "").rpartition("/")[2] if tagging["taggable"] else "",
    }
    if with_handlers:
        handlers = schema.get("handlers", {})
        entry["handlers"] = {
            handler: sorted({" ".join(permission.split()) for permission in handlers[handler].get("permissions", ())})
            for handler in ("create", "read", "update", "delete", "list")
            if handler in handlers
        }
    return entry


def schema_of(name: str) -> dict[str, Any]:
    files = json.loads((SCHEMAS / "providers" / f"{_REGION}.json").read_text())
    schema: dict[str, Any] = json.loads(
        (SCHEMAS / "resources" / f"{files[name].removesuffix('.json')}.json").read_text()
    )
    return schema


def text() -> str:
    """One type per line keeps the differences of an update readable."""
    written = document()
    types = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in written["types"].items())
    return f'{{"source": {json.dumps(written["source"])},\n"types": {{\n{types}\n}}}}\n'


if __name__ == "__main__":
    Path(DATA).write_text(text(), encoding="utf-8")
