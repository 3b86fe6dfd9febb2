"""Golden templates of every blueprint in every size, reviewed as diffs.

`UPDATE_GOLDEN=1 pytest tests/golden` rewrites them. The blueprint's version is left out, so that a
new version that changes no resource leaves its golden files alone.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from provisioning.template.compile import CompiledTemplate
from tests.support import shipped
from tests.support.designs import SIZES

GOLDEN = Path(__file__).resolve().parent / "templates"


def stack_as_json(stack: CompiledTemplate) -> dict[str, Any]:
    """Everything that CreateStack receives for one stack."""
    return {
        "stack": stack.stack,
        "region": stack.region,
        "template": json.loads(stack.body),
        "parameters": dict(stack.parameters),
        "handed": {handed.parameter: f"{handed.stack}.{handed.output}" for handed in stack.inputs},
        "tags": dict(stack.tags),
        "termination_protection": stack.termination_protection,
        "stack_policy": json.loads(stack.stack_policy) if stack.stack_policy else None,
        "express": stack.express,
        "artefacts": [artefact.key for artefact in stack.artefacts],
    }


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("slug", shipped.slugs())
def test_the_templates_are_the_golden_ones(slug: str, size: str) -> None:
    stacks = [stack_as_json(stack) for stack in shipped.compiled(slug, size).stacks]
    text = json.dumps(stacks, indent=1, sort_keys=True) + "\n"
    version = shipped.catalogue().get(slug).version
    text = text.replace(f'"Version": "{version}"', '"Version": "VERSION"').replace(
        f"{slug} {version},", f"{slug} VERSION,"
    )
    path = GOLDEN / f"{slug}-{size}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text(), f"{path.name} differs: read the diff, then rewrite it with UPDATE_GOLDEN=1"
