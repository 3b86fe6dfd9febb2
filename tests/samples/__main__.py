"""Renders, proves, provisions and tears down every template of a folder in a sandbox, and prints
what became of each.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from provisioning.components.kinds.cloudformation.component import questions_of, template_of
from provisioning.components.kit.packages import TextFile
from provisioning.components.registry import component
from provisioning.design.environment_name import EXAMPLE_ENVIRONMENT_ID
from provisioning.design.errors import DesignError
from provisioning.design.graph import Design, EnvironmentContext, Node, Source
from provisioning.diagram.svg import draw
from provisioning.proof import prove
from provisioning.template.compile import CompiledTemplate, compile_design
from tests.fixtures.sandbox import Sandbox
from tests.samples.answers import ACCOUNT, Surroundings

REGION = "us-east-1"
SUFFIXES = (".yaml", ".yml", ".json", ".template")
SECONDS = 60


@dataclass
class Outcome:
    end: str
    why: str = ""
    resources: int = 0
    findings: str = ""
    seconds: float = 0


def samples(folder: Path) -> list[Path]:
    found = [path for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES and path.is_file()]
    return [path for path in found if "Resources" in path.read_text(errors="replace")]


def compiled(path: Path, around: Surroundings) -> CompiledTemplate:
    """ValueError or DesignError where it is not offered."""
    file = TextFile(path.name, path.read_text(errors="replace"))
    template = template_of(file)
    answers = {q.name: around.answer(template, q) for q in questions_of(file) if q.required and q.default is None}
    settings = component("cloudformation").schema.model_validate({"template": file, "answers": answers})
    node = Node("cloudformation", "main", settings, (), Source(path.name, 1))
    context = EnvironmentContext("sample", "platform", REGION, ACCOUNT, EXAMPLE_ENVIRONMENT_ID)
    design = Design("sample", "1.0.0", "0" * 64, "dev", context, {node.address: node}, ())
    draw(design)
    return compile_design(design).main


def attempt(path: Path, name: str, sandbox: Sandbox, around: Surroundings) -> Outcome:
    started = time.monotonic()
    try:
        template = compiled(path, around)
    except (ValueError, DesignError) as error:
        return Outcome("refused by the portal", _first(error))
    findings = Counter(finding.severity for finding in prove([template]).findings)
    said = " ".join(f"{number} {severity}" for severity, number in sorted(findings.items()))
    number = len(template.resources)
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in template.parameters.items()]
    try:
        status = sandbox.create(name, template.body, region=REGION, account=ACCOUNT, Parameters=parameters)
    except ClientError as error:
        return Outcome("refused by CloudFormation", error.response["Error"]["Message"], number, said)
    why = "" if status == "CREATE_COMPLETE" else _cause(sandbox, name)
    gone = _tear_down(sandbox, name)
    end = f"{status}, then {gone}"
    return Outcome(end, why, number, said, time.monotonic() - started)


def _first(error: ValueError) -> str:
    return str(error.errors()[0]["msg"]) if isinstance(error, ValidationError) else str(error)


def _cause(sandbox: Sandbox, name: str) -> str:
    events = sandbox.events(name, region=REGION, account=ACCOUNT)
    failed = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    return (
        f"{failed[0]['LogicalResourceId']}: {failed[0].get('ResourceStatusReason', '')}"
        if failed
        else "no reason given"
    )


def _tear_down(sandbox: Sandbox, name: str) -> str:
    cloudformation = sandbox.client("cloudformation", REGION, ACCOUNT)
    stack_id = sandbox.stack(name, region=REGION, account=ACCOUNT)["StackId"]
    cloudformation.delete_stack(StackName=name)
    sandbox.wait_stack(stack_id, region=REGION, account=ACCOUNT, seconds=SECONDS)
    return str(sandbox.stack(stack_id, region=REGION, account=ACCOUNT)["StackStatus"])


def begin() -> tuple[Sandbox, Surroundings]:
    sandbox = Sandbox(Path(tempfile.mkdtemp())).start()
    return sandbox, Surroundings.make(lambda service: sandbox.client(service, REGION, ACCOUNT))


def show(path: Path, outcome: Outcome) -> None:
    words = [outcome.end, f"{outcome.resources} resources", outcome.findings]
    print(path, "    " + " · ".join(word for word in words if word), sep="\n", flush=True)  # noqa: T201
    if outcome.why:
        print(f"    {outcome.why[:300]}", flush=True)  # noqa: T201


def main(folder: Path) -> None:
    ends: Counter[str] = Counter()
    sandbox, around = begin()
    try:
        for number, path in enumerate(samples(folder)):
            try:
                outcome = attempt(path, f"sample-{number}", sandbox, around)
            except (pytest.fail.Exception, BotoCoreError) as error:
                outcome = Outcome("the sandbox hung", str(error))
                sandbox.kill()
                sandbox, around = begin()
            ends[outcome.end] += 1
            show(path.relative_to(folder), outcome)
    finally:
        sandbox.close()
    print(*(f"{number:4} {end}" for end, number in ends.most_common()), sep="\n")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
