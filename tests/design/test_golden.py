"""Golden templates, reviewed as diffs. `UPDATE_GOLDEN=1 pytest tests/design/test_golden.py` writes them anew."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


def test_the_template_is_the_golden_one(bodies: dict[str, Any], size: str) -> None:
    path = GOLDEN / f"carbon-connect-{size}.json"
    text = json.dumps(bodies[size], indent=1, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text(), f"{path.name} differs: look at the diff, then UPDATE_GOLDEN=1 writes it anew"
