"""Asks the independent judges about templates, offline, and reads the table in which their
differences are explained.
"""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent.parent
CHECKOV = _ROOT / ".venv-judges" / "bin" / "checkov"
_TABLE = Path(__file__).with_name("judges.toml")


@dataclass(frozen=True)
class Difference:
    judge: str
    check: str
    name: str
    ours: str
    reason: str


@dataclass(frozen=True)
class OnlyOurs:
    rule: str
    reason: str


@cache
def table() -> tuple[tuple[Difference, ...], tuple[OnlyOurs, ...]]:
    read = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    differences = tuple(Difference(**one) for one in read["difference"])
    return differences, tuple(OnlyOurs(**one) for one in read["only_ours"])


def checkov(templates: Mapping[str, str], folder: Path) -> dict[str, set[str]]:
    """Failed checks with the resources that failed, over all templates (name → body). Raises where
    checkov could not read one.
    """
    for name, body in templates.items():
        (folder / f"{name}.json").write_text(body, encoding="utf-8")
    command = [str(CHECKOV), "-d", str(folder), "--framework", "cloudformation"]
    command += ["-o", "json", "--quiet", "--compact", "--skip-download"]
    # An address without a listener: a judge that uses the network fails here.
    offline = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "https_proxy": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=offline, timeout=170)
    said: dict[str, Any] = json.loads(ended.stdout)
    if said["summary"]["parsing_errors"] or said["summary"]["resource_count"] == 0:
        raise AssertionError(f"checkov could not read the templates: {said['summary']}")
    failed: dict[str, set[str]] = {}
    for check in said["results"]["failed_checks"]:
        failed.setdefault(check["check_id"], set()).add(f"{Path(check['file_path']).stem} {check['resource']}")
    return failed
