"""Loads the functions' code as Lambda does: the folder and its wheels on the path, modules by their
bare names.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).resolve().parents[3] / "blueprints" / "webhook-pipeline"


def receiver(name: str) -> ModuleType:
    """A module of the receiver: handler, gate, broker or vault; or the client out of its wheel."""
    folder = FOLDER / "receiver"
    for entry in (*folder.glob("*.whl"), folder):
        if str(entry) not in sys.path:
            sys.path.append(str(entry))
    return importlib.import_module(name)


def loki() -> ModuleType:
    found = importlib.util.spec_from_file_location("loki_handler", FOLDER / "loki" / "handler.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
