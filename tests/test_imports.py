"""Every package has an import contract: a forbidden import in any of them fails `lint-imports`, and
so `make check`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "accounts",
    "adopt",
    "api_reference",
    "audit",
    "cancel",
    "change",
    "components",
    "delegation",
    "drift",
    "environments",
    "exports",
    "hand_over",
    "home",
    "import_terraform",
    "invitation",
    "notifications",
    "orphans",
    "people",
    "profile",
    "recover",
    "request_form",
    "requests",
    "rules",
    "setup",
    "sign_in",
    "teams",
    "teardown",
    "tokens",
    "webhooks",
)
# For each package, and for some modules with a contract of their own, a module that it must not import.
FORBIDDEN = {
    "portal.admin": "portal.pages.home",
    "portal.api": "apprise",
    "portal.cli": "portal.web",
    "portal.demo": "portal.management",
    "portal.identity": "portal.pages.home",
    "portal.management": "hcl2",
    "portal.pages": "portal.management",
    "portal.pages.catalogue": "portal.pages.home",
    "portal.pages.versions": "portal.pages.catalogue",
    **{f"portal.pages.{page}": "provisioning.blueprint.syntax.parse" for page in PAGES},
    "portal.panels": "portal.pages.home",
    "portal.templatetags": "portal.pages.home",
    "portal.web": "portal.panels",
    "provisioning.aws": "provisioning.design",
    "provisioning.aws.types": "boto3",
    "provisioning.blueprint": "provisioning.template",
    "provisioning.caching": "django",
    "provisioning.components": "provisioning.blueprint",
    "provisioning.components.kit": "provisioning.components.kinds",
    "provisioning.design": "provisioning.aws",
    "provisioning.diagram": "provisioning.proof",
    "provisioning.exchange": "provisioning.models",
    "provisioning.jobs": "boto3",
    "provisioning.lifecycle": "provisioning.jobs",
    "provisioning.lifecycle.plan_document": "django",
    "provisioning.management": "portal",
    "provisioning.migrations": "provisioning.sandbox",
    "provisioning.models": "provisioning.lifecycle",
    "provisioning.notify": "provisioning.lifecycle.services",
    "provisioning.outgoing": "django",
    "provisioning.policy": "provisioning.aws",
    "provisioning.proof": "provisioning.timeline",
    "provisioning.sandbox": "provisioning.aws.types",
    "provisioning.template": "provisioning.diagram",
    "provisioning.timeline": "django",
    "provisioning.version_diff": "provisioning.exchange",
}


def packages() -> set[str]:
    found = (path.parent for top in ("portal", "provisioning") for path in (ROOT / top).glob("*/__init__.py"))
    pages = (path.parent for path in (ROOT / "portal" / "pages").glob("*/__init__.py"))
    return {".".join(path.relative_to(ROOT).parts) for path in (*found, *pages)}


def contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(settings["tool"]["importlinter"]["contracts"])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What lint-imports says about a copy of the tree with one forbidden import in each package."""
    copy = tmp_path_factory.mktemp("imports")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for top in ("portal", "provisioning"):
        shutil.copytree(ROOT / top, copy / top, ignore=shutil.ignore_patterns("__pycache__", "*.md", "*.csv"))
    for package, module in FORBIDDEN.items():
        folder = copy.joinpath(*package.split("."))
        target = folder / "forbidden.py" if folder.is_dir() else folder.with_suffix(".py")
        with target.open("a") as file:
            file.write(f"\nimport {module}\n")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    ended = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 1, ended.stderr
    return " ".join(ended.stdout.split())  # it wraps long lines


@pytest.mark.parametrize(("package", "module"), FORBIDDEN.items())
def test_a_forbidden_import_is_reported(report: str, package: str, module: str) -> None:
    modules = (f"{package}.forbidden", package)
    assert any(f"{name} -> {module} (l." in report for name in modules), report


def test_each_contract_is_broken_by_one_of_these_imports(report: str) -> None:
    assert [one["id"] for one in contracts() if f"{one['name']} KEPT" in report] == []


def test_every_package_is_in_this_list() -> None:
    assert packages() <= set(FORBIDDEN)
