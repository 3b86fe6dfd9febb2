"""An upgrade of ministack that moves a name which the add-on leans on fails here, by that name."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from provisioning.sandbox.launch import ROOT, sandbox_environment, sandbox_python

pytestmark = pytest.mark.sandbox
PACKAGE = ROOT / "provisioning" / "sandbox"


def inside(code: str) -> Any:
    """Runs code in the sandbox's own interpreter; what it prints is JSON."""
    command = [str(sandbox_python()), "-c", f"import json\n{code}"]
    environment = sandbox_environment() | {"LOG_LEVEL": "CRITICAL", "AWS_DEFAULT_REGION": "us-east-1"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert not ended.returncode, f"ministack moved what private.py imports:\n{ended.stderr}"
    return json.loads(ended.stdout.splitlines()[-1])


def test_every_listed_name_is_still_there() -> None:
    code = "from provisioning.sandbox import private\nprint(json.dumps([name for item in private.ALL_INSIDES for name in item.missing()]))"
    assert inside(code) == []


def test_the_signatures_that_we_replace_are_unchanged() -> None:
    code = """
import inspect
from ministack.services.cloudformation import stacks
names = ("_deploy_stack_async", "_delete_stack_async", "_roll_back_operation", "_create_then_delete_on_failure", "_add_event", "_failed_operation")
print(json.dumps({name: list(inspect.signature(getattr(stacks, name)).parameters) for name in names}))
"""
    assert inside(code) == {
        "_deploy_stack_async": [
            "stack_name",
            "stack_id",
            "template",
            "param_values",
            "disable_rollback",
            "tags",
            "is_update",
            "previous_stack",
            "retain_except_on_create",
            "imports",
        ],
        "_delete_stack_async": ["stack_name", "stack_id", "retain_resources", "force"],
        "_roll_back_operation": ["stack_name", "stack_id", "stack", "operation", "reason_override"],
        "_create_then_delete_on_failure": ["stack_name", "stack_id", "deploy_coro"],
        "_add_event": [
            "stack_id",
            "stack_name",
            "logical_id",
            "resource_type",
            "status",
            "reason",
            "physical_id",
            "detailed_status",
        ],
        "_failed_operation": [
            "is_update",
            "previous_stack",
            "created",
            "failed_update",
            "failed_logical_id",
            "replaced_ids",
            "cancelled",
            "template",
            "param_values",
            "retain_except_on_create",
            "stack_tags",
            "previous_tags",
            "imports",
        ],
    }


def test_only_one_module_imports_the_emulator() -> None:
    importers = {
        path.name
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^\s*(?:from|import) ministack\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert importers == {"private.py"}


def test_every_listed_name_is_used() -> None:
    listed = inside(
        "from provisioning.sandbox import private\nprint(json.dumps(sorted({name for item in private.ALL_INSIDES for name in item.names})))"
    )
    text = "\n".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if path.name != "private.py")
    assert [name for name in listed if not re.search(rf"[.\"]{name}\b", text)] == []
