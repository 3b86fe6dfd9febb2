"""The exported script, run in a real shell: whatever is in a plan, nothing runs but the AWS CLI,
and every value arrives byte for byte.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioning.errors import Refused
from provisioning.exchange.cloudformation import stack_files
from provisioning.exchange.deploy_script import deploy_script
from provisioning.lifecycle.plan_document import (
    CreatePlan,
    PinnedBlueprint,
    PlannedArtefact,
    PlannedStack,
    StackInput,
    Task,
)

HOSTILE = [
    "$(touch hacked)",
    "`touch hacked`",
    "; touch hacked;",
    "' ; touch hacked; '",
    "'$(touch hacked)'",
    '" ; touch hacked; "',
    '"$(touch hacked)"',
    '"},{"ParameterKey":"Other","ParameterValue":"x',
    "x\ntouch hacked\n",
    "x\r\ntouch hacked",
    "\\",
    "\\'; touch hacked; '",
    "&& touch hacked",
    "| touch hacked",
    "> hacked",
    "&|/\\1s|x|y|e",
    "${IFS}touch${IFS}hacked",
    "$((1+1))",
    "*",
    "~",
    "!!",
    "# comment",
    "--endpoint-url=http://evil.example.com",
    "file:///etc/passwd",
    "@edge.Host@",
    "%s%n",
    "\N{LATIN SMALL LETTER E WITH ACUTE}\N{PILE OF POO}",
    "\x1b[2J",
    "a'b\"c\\d$e`f\n\tg",
    " spaced ",
]
# The names of a plan; text that cannot be a name in AWS makes the export refuse.
NAMES = {
    "account_id", "region", "key", "name", "capability", "input.parameter", "input.stack", "input.output",
    "artefact.key", "artefact.sha256", "artefact.bucket", "task.cluster", "task.definition", "task.subnet", "task.group",
    "task.launch_type",
}  # fmt: skip
TEXTS = {"parameter", "tag", "body", "policy", "output value", "physical id", "task.title", "title", "digest"}

# Records its arguments, one call after the other, and answers from files.
AWS = """\
#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word" >>"$CALLS"; done
printf '\\036\\0' >>"$CALLS"
case "$1 $2" in
  "sts get-caller-identity") cat "$ANSWERS/account" ;;
  "cloudformation describe-stacks") cat "$ANSWERS/parameter" ;;
  "cloudformation describe-stack-resource") cat "$ANSWERS/physical" ;;
  "ecs run-task") echo arn:aws:ecs:eu-north-1:123456789012:task/x ;;
  "ecs describe-tasks") echo 0 ;;
esac
"""


def crafted(field: str = "", text: str = "") -> dict[str, Any]:
    """The parts of a plan with one hostile text in one field."""
    given = dict.fromkeys(NAMES | TEXTS, "")
    given |= {
        "account_id": "123456789012", "region": "eu-north-1", "key": "main", "name": "orders-dev", "capability": "CAPABILITY_NAMED_IAM",
        "input.parameter": "Host", "input.stack": "edge", "input.output": "Host", "artefact.key": "artefacts/0.zip",
        "artefact.sha256": "0" * 64, "artefact.bucket": "portal-artefacts", "task.cluster": "Cluster", "task.definition": "Task",
        "task.subnet": "SubnetA", "task.group": "Group", "task.launch_type": "FARGATE", "parameter": "plain", "tag": "plain",
        "body": "{}", "policy": "{}", "output value": "shop.example.com", "physical id": "phys-1", "task.title": "Migrate",
        "title": "orders-dev", "digest": "abc",
    }  # fmt: skip
    return given | ({field: text} if field else {})


def stack(given: dict[str, Any], *, key: str, inputs: tuple[StackInput, ...] = ()) -> PlannedStack:
    artefact = PlannedArtefact("code", given["artefact.key"], given["artefact.sha256"], 1)
    return PlannedStack(
        key=key, name=given["name"], region=given["region"], body=given["body"], parameters={"Plain": given["parameter"], "Empty": ""},
        inputs=inputs, tags={"team": given["tag"]}, capabilities=(given["capability"],), termination_protection=True,
        stack_policy=given["policy"], express=True, resources=(), retained=(), outputs=(), levels=(), artefacts=(artefact,),
        artefact_bucket=given["artefact.bucket"],
    )  # fmt: skip


def plan_of(given: dict[str, Any]) -> CreatePlan:
    task = Task(
        key="migrate", title=given["task.title"], cluster=given["task.cluster"], task_definition=given["task.definition"],
        subnets=(given["task.subnet"],), security_groups=(given["task.group"],), container="api", timeout_minutes=5, kind="ecs_run_task",
        launch_type=given["task.launch_type"], assign_public_ip=False,
    )  # fmt: skip
    handed = StackInput(given["input.parameter"], "edge", given["input.output"])
    first = stack(given, key="edge")
    main = stack(given, key=given["key"], inputs=(handed,))
    return CreatePlan(
        account_id=given["account_id"], region=given["region"], blueprint=PinnedBlueprint("shop", "1.0.0", "0"), size="dev",
        stacks=(first, main), tasks=(task,), manual_tasks=(), inputs={}, requires_approval=False,
    )  # fmt: skip


def execute(folder: Path, given: dict[str, Any]) -> subprocess.CompletedProcess[bytes]:
    """Runs the script in a folder of its own, in which no other file may appear."""
    for name in ("bin", "answers", "plan"):
        (folder / name).mkdir()
    fake = folder / "bin" / "aws"
    fake.write_text(AWS)
    fake.chmod(0o755)
    (folder / "answers" / "account").write_text(given["account_id"])
    (folder / "answers" / "physical").write_text(given["physical id"])
    answer = {"ParameterKey": given["input.parameter"], "ParameterValue": given["output value"]}
    # The AWS CLI answers null if there is no such output.
    (folder / "answers" / "parameter").write_text(
        "null" if given["output value"] is None else json.dumps(answer, indent=4)
    )
    plan = plan_of(given)
    for each in plan.stacks:
        for name, content in stack_files(each).items():
            (folder / "plan" / name).write_bytes(content)
    (folder / "plan" / "deploy.sh").write_text(deploy_script(plan, name=given["title"], digest=given["digest"]))
    before = sorted((folder / "plan").iterdir())
    ran = subprocess.run(
        ["/bin/sh", folder / "plan" / "deploy.sh"],
        env={
            "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
            "CALLS": str(folder / "calls"),
            "ANSWERS": str(folder / "answers"),
            "TEMPLATE_BUCKET": "mine",
        },
        capture_output=True,
        check=False,
    )
    assert sorted((folder / "plan").iterdir()) == before
    return ran


def run(folder: Path, given: dict[str, Any]) -> list[list[str]]:
    """Runs the script to its end. Returns the calls of the AWS CLI."""
    ran = execute(folder, given)
    assert (ran.returncode, ran.stderr) == (0, b"")
    words = (folder / "calls").read_bytes().decode().split("\0")[:-1]
    calls: list[list[str]] = [[]]
    for word in words:
        if word == "\x1e":
            calls.append([])
        else:
            calls[-1].append(word)
    return calls[:-1]


def option(call: list[str], name: str) -> list[str]:
    start = call.index(name) + 1
    end = next((at for at in range(start, len(call)) if call[at].startswith("--")), len(call))
    return call[start:end]


@pytest.mark.parametrize("field", sorted(TEXTS))
def test_every_text_arrives_byte_for_byte_and_nothing_runs(field: str, tmp_path: Path) -> None:
    for number, text in enumerate(HOSTILE):
        given = crafted(field, text)
        folder = tmp_path / str(number)
        folder.mkdir()
        calls = run(folder, given)
        edge, main = [call for call in calls if call[:2] == ["cloudformation", "create-stack"]]
        parameters = {
            each["ParameterKey"]: each["ParameterValue"] for each in map(json.loads, option(main, "--parameters"))
        }
        assert parameters == {"Plain": given["parameter"], "Empty": "", "Host": given["output value"]}
        assert option(edge, "--parameters") == ["file://edge.parameters.json"]
        files = folder / "plan"
        assert json.loads((files / "edge.parameters.json").read_text())[0]["ParameterValue"] == given["parameter"]
        assert json.loads((files / "main.tags.json").read_text()) == [{"Key": "team", "Value": given["tag"]}]
        assert (files / "main.template.json").read_bytes() == given["body"].encode()
        assert option(main, "--template-body") == ["file://main.template.json"]
        (task,) = [call for call in calls if call[:2] == ["ecs", "run-task"]]
        assert task[task.index("--cluster") + 1] == given["physical id"].rstrip("\n")


@pytest.mark.parametrize("field", sorted(NAMES))
def test_a_name_that_is_no_name_is_refused(field: str, tmp_path: Path) -> None:
    """Each is refused, or is a word that means nothing to a shell."""
    for number, text in enumerate(HOSTILE):
        given = crafted(field, text)
        if field == "input.stack":
            plan = plan_of(crafted())
            wrong = replace(plan.stacks[1], inputs=(StackInput("Host", text, "Host"),))
            with pytest.raises(Refused):
                deploy_script(replace(plan, stacks=(plan.stacks[0], wrong)), name="x", digest="y")
        elif field == "account_id":
            folder = tmp_path / str(number)
            folder.mkdir()
            if text == text.rstrip("\n"):
                assert run(folder, given)
        else:
            with pytest.raises(Refused, match=r"The plan (cannot be exported|has a stack)"):
                deploy_script(plan_of(given), name="x", digest="y")


def test_a_missing_output_stops_the_script(tmp_path: Path) -> None:
    ran = execute(tmp_path, crafted() | {"output value": None})
    assert ran.returncode == 1
    assert ran.stderr.decode() == "The stack orders-dev has no output Host.\n"


def test_another_account_stops_the_script(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    ran = execute(tmp_path / "there", crafted())
    assert ran.returncode == 0
    fake = tmp_path / "there" / "answers" / "account"
    fake.write_text("210987654321")
    again = subprocess.run(
        ["/bin/sh", tmp_path / "there" / "plan" / "deploy.sh"],
        env={
            "PATH": f"{tmp_path / 'there' / 'bin'}:/usr/bin:/bin",
            "CALLS": os.devnull,
            "ANSWERS": str(fake.parent),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 1
    assert again.stderr == "This plan is for the account 123456789012, and you are signed in to 210987654321.\n"


def test_several_hundred_plans_were_crafted() -> None:
    assert len(HOSTILE) * len(NAMES | TEXTS) >= 700
