"""What the client relies on: the OpenAPI document, the standard library, and nothing of the portal."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from portal import cli
from portal.api.published import openapi_document
from portal.cli import resources
from portal.cli.api import BASE, OPERATIONS, WRITES_NOTHING
from portal.cli.arguments import build_parser

SOURCE = Path(cli.__file__).parent
ROOT = SOURCE.parents[1]
SCHEMAS = {
    resources.Environment: "EnvironmentOut",
    resources.Request: "RequestOut",
    resources.Operation: "OperationOut",
    resources.Output: "OutputOut",
    resources.TeardownLine: "TeardownLineOut",
    resources.TeardownPreview: "TeardownPreviewOut",
    resources.Plan: "DraftOut",
    resources.Blueprint: "BlueprintLine",
}


def test_every_operation_of_the_client_is_in_the_document() -> None:
    document = openapi_document()
    paths = {
        one["operationId"]: (method.upper(), path.removeprefix(BASE))
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    }
    for operation, call in OPERATIONS.items():
        assert paths.get(operation) == call, operation
    assert set(OPERATIONS) >= WRITES_NOTHING


@pytest.mark.parametrize(("kind", "schema"), SCHEMAS.items())
def test_every_property_that_the_client_reads_is_in_the_document(kind: type, schema: str) -> None:
    properties = openapi_document()["components"]["schemas"][schema]["properties"]
    assert {field.name for field in fields(kind)} <= set(properties)


def test_every_operation_that_is_called_is_in_the_table() -> None:
    called = {
        node.value
        for path in (SOURCE / "commands").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    called |= {node for node in OPERATIONS if node in (SOURCE / "lookup.py").read_text(encoding="utf-8")}
    called |= {node for node in OPERATIONS if node in (SOURCE / "request_file.py").read_text(encoding="utf-8")}
    assert set(OPERATIONS) <= called


def test_the_client_imports_the_standard_library_only() -> None:
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in sys.stdlib_module_names or name.startswith("portal.cli"), (path, name)


def test_starting_it_imports_no_heavy_module() -> None:
    code = "import sys; from portal.cli.arguments import build_parser; import portal.cli.main; build_parser(); print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    assert "portal.cli.main" in loaded
    heavy = {
        "django",
        "provisioning",
        "urllib.request",
        "http.client",
        "ssl",
        "email",
        "hashlib",
        "portal.cli.commands",
    }
    assert not loaded & heavy


def test_the_examples_call_what_exists() -> None:
    """Every command of the workflow parses, and the Backstage template sends a body that the API knows."""
    folder = ROOT / "docs" / "automation"
    workflow = yaml.safe_load((folder / "github-actions-preview.yml").read_text(encoding="utf-8"))
    scripts = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    commands = [found for script in scripts for found in re.findall(r"\bportal ([a-z]+ [^|)\n]*)", script)]
    assert len(commands) == 4
    for command in commands:
        build_parser().parse_args(shlex.split(command.replace("$ENVIRONMENT", "preview-1")))
    template = yaml.safe_load((folder / "backstage-template.yaml").read_text(encoding="utf-8"))
    properties = openapi_document()["components"]["schemas"]["NewEnvironment"]["properties"]
    for step in template["spec"]["steps"]:
        path = step["input"]["path"].removeprefix("/proxy/portal")
        assert path in openapi_document()["paths"] or path.removeprefix(BASE) in openapi_document()["paths"]
        assert set(step["input"]["body"]) <= set(properties)
