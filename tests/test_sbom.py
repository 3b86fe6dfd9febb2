"""The SBOM lists exactly the packages of the image, with their hashes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker

ROOT = Path(__file__).resolve().parents[1]
COMMAND = ("export", "--frozen", "--no-dev", "--format", "cyclonedx1.5", "--preview-features", "sbom-export")


@pytest.fixture(scope="module")
def sbom() -> dict[str, Any]:
    local = ROOT / ".cache" / "uv" / "bin" / "uv"
    uv = str(local) if local.exists() else shutil.which("uv")
    assert uv, "uv is missing: make setup"
    written = subprocess.run([uv, *COMMAND, "--offline"], cwd=ROOT, capture_output=True, text=True, check=True)
    content: dict[str, Any] = json.loads(written.stdout)
    return content


def locked() -> set[tuple[str, str]]:
    """Name and version of every package that the product needs on any platform, from uv.lock.

    Where two versions of a package are locked, for different versions of Python, a dependency says
    which one it means.
    """
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    by_name: dict[str, list[dict[str, Any]]] = {}
    for package in packages:
        by_name.setdefault(package["name"], []).append(package)
    needed, seen = set[tuple[str, str]](), set[tuple[str, str, str]]()
    waiting: list[dict[str, Any]] = [{"name": "portal"}]
    while waiting:
        wanted = waiting.pop()
        if not belongs_to_the_product(wanted):
            continue
        for package in by_name[wanted["name"]]:
            if wanted.get("version", package["version"]) != package["version"]:
                continue
            needed.add((package["name"], package["version"]))
            for extra in ("", *wanted.get("extra", ())):
                step = (package["name"], package["version"], extra)
                if step not in seen:
                    seen.add(step)
                    waiting += (
                        package.get("optional-dependencies", {}).get(extra, ())
                        if extra
                        else package.get("dependencies", ())
                    )
    return {item for item in needed if item[0] != "portal"}


def belongs_to_the_product(dependency: dict[str, Any]) -> bool:
    """The lock names the version that a group of development tools needs with the group as an extra."""
    marker = dependency.get("marker", "")
    if "extra" not in marker:
        return True
    pythons = ("3.11.0", "3.12.0", "3.13.0")
    return any(Marker(marker).evaluate({"extra": "", "python_full_version": python}) for python in pythons)


def test_it_lists_what_is_locked_and_nothing_else(sbom: dict[str, Any]) -> None:
    assert (sbom["bomFormat"], sbom["specVersion"]) == ("CycloneDX", "1.5")
    listed = {(item["name"], item["version"]) for item in sbom["components"]}
    assert listed == locked()
    assert {"django", "boto3", "psycopg-binary"} <= {name for name, _ in listed}
    assert "pytest" not in {name for name, _ in listed}


def test_each_package_has_its_address_and_hashes(sbom: dict[str, Any]) -> None:
    for item in sbom["components"]:
        assert item["purl"].startswith(f"pkg:pypi/{item['name']}@{item['version']}")
        hashes = [found["alg"] for file in item["externalReferences"] for found in file.get("hashes", ())]
        assert "SHA-256" in hashes, item["name"]


def test_the_image_and_make_write_it_in_the_same_way() -> None:
    options = " ".join(COMMAND)
    for name in ("Dockerfile", "Makefile"):
        assert re.search(re.escape(options), (ROOT / name).read_text()), name
