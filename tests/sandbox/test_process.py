"""The process itself: start, state over restarts and kills, speed, the control API, request rates."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioning.sandbox.launch import ROOT, SandboxMissingError, sandbox_command, sandbox_environment, sandbox_python
from tests.fixtures.sandbox import Sandbox
from tests.sandbox.template import bucket, parameter, queue, template_of

pytestmark = pytest.mark.sandbox
NOT_YET = 3.5
"""Longer than the timer of the state and the time that a copy takes."""


def create(sandbox: Sandbox, name: str, template: dict[str, Any], **more: Any) -> None:
    sandbox.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template), **more)


def test_it_answers_as_soon_as_it_says_so_and_ends_when_asked(own_sandbox: Sandbox) -> None:
    own_sandbox.start()
    assert own_sandbox.control("GET", "status")["operations"] == 0
    create(own_sandbox, "p", template_of({"P": parameter("/p")}))
    own_sandbox.stop()


def test_it_listens_on_loopback_only(own_sandbox: Sandbox) -> None:
    own_sandbox.start()
    port = int(own_sandbox.url.rsplit(":", 1)[1])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) == 0
    assert own_sandbox._process is not None
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    elsewhere = {f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and not row[1].startswith("0100007F")}
    assert not elsewhere & _descriptors(own_sandbox._process.pid)


def _descriptors(pid: int) -> set[str]:
    return {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}


def test_a_second_start_finds_everything(own_sandbox: Sandbox) -> None:
    own_sandbox.start()
    assert (
        own_sandbox.create("kept", template_of({"P": parameter("/kept"), "B": bucket("kept-bucket")}))
        == "CREATE_COMPLETE"
    )
    own_sandbox.client("s3").put_object(Bucket="kept-bucket", Key="k", Body=b"content")
    before = own_sandbox.events("kept")
    own_sandbox.stop()
    own_sandbox.start()
    assert own_sandbox.stack("kept")["StackStatus"] == "CREATE_COMPLETE"
    assert [e["EventId"] for e in own_sandbox.events("kept")] == [e["EventId"] for e in before]
    assert own_sandbox.client("s3").get_object(Bucket="kept-bucket", Key="k")["Body"].read() == b"content"
    assert own_sandbox.client("ssm").get_parameter(Name="/kept")["Parameter"]["Value"] == "1"
    own_sandbox.client("s3").delete_object(Bucket="kept-bucket", Key="k")
    assert own_sandbox.delete("kept") == "GONE"


@pytest.mark.slow
def test_a_creation_goes_on_after_a_kill_and_makes_nothing_twice(own_sandbox: Sandbox) -> None:
    own_sandbox.start()
    own_sandbox.fault(stack="killed", target="Hanging", mode="hang")
    resources = {
        "Done": queue("killed-done"),
        "Hanging": {**queue("killed-hanging"), "DependsOn": "Done"},
        "Later": {**queue("killed-later"), "DependsOn": "Hanging"},
    }
    create(own_sandbox, "killed", template_of(resources), ClientRequestToken="tok")
    time.sleep(NOT_YET)
    own_sandbox.kill()
    own_sandbox.start()
    assert own_sandbox.wait_stack("killed") == "CREATE_COMPLETE"
    assert {e.get("ClientRequestToken") for e in own_sandbox.events("killed")} == {"tok"}
    made = [
        e["LogicalResourceId"]
        for e in own_sandbox.events("killed")
        if e.get("ResourceStatusReason") == "Resource creation Initiated"
    ]
    assert sorted(made) == ["Done", "Hanging", "Later"]
    assert len(own_sandbox.client("sqs").list_queues()["QueueUrls"]) == 3


@pytest.mark.slow
def test_a_deletion_and_a_rollback_go_on_after_a_kill(own_sandbox: Sandbox) -> None:
    own_sandbox.start()
    for name in ("deleted", "rolled"):
        own_sandbox.fault(stack=name, target="Held", op="delete", mode="hang")
    own_sandbox.fault(stack="rolled", target="Bad")
    held = {"Held": queue()}
    assert own_sandbox.create("deleted", template_of(held)) == "CREATE_COMPLETE"
    stack_id = own_sandbox.stack("deleted")["StackId"]
    own_sandbox.client("cloudformation").delete_stack(StackName="deleted")
    create(own_sandbox, "rolled", template_of({**held, "Bad": {**parameter("/bad"), "DependsOn": "Held"}}))
    time.sleep(NOT_YET)
    assert own_sandbox.stack("rolled")["StackStatus"] == "ROLLBACK_IN_PROGRESS"
    own_sandbox.kill()
    own_sandbox.start()
    assert own_sandbox.wait_stack(stack_id) == "DELETE_COMPLETE"
    assert own_sandbox.wait_stack("rolled") == "ROLLBACK_COMPLETE"
    assert not own_sandbox.client("sqs").list_queues().get("QueueUrls")


def test_the_speed_paces_a_stack_and_can_change_meanwhile(own_sandbox: Sandbox) -> None:
    own_sandbox.speed = 1
    own_sandbox.start()
    create(own_sandbox, "paced", template_of({name: queue() for name in "ABCDEF"}))
    time.sleep(0.5)
    assert own_sandbox.stack("paced")["StackStatus"] == "CREATE_IN_PROGRESS"
    assert own_sandbox.set_speed(60)["speed"] == 60
    assert own_sandbox.wait_stack("paced", poll=0.3) == "CREATE_COMPLETE"
    queues = [event for event in own_sandbox.events("paced") if event["ResourceType"] == "AWS::SQS::Queue"]
    begun = [event["ResourceStatus"] for event in queues][:6]
    assert begun == ["CREATE_IN_PROGRESS"] * 6, "Six queues are made at the same time."
    assert own_sandbox.set_speed(-1)["error"]


def test_a_hanging_resource_goes_on_when_faults_are_cleared(sandbox: Sandbox) -> None:
    sandbox.fault(stack="freed", target="AWS::SQS::Queue", mode="hang", times=None)
    create(sandbox, "freed", template_of({"A": queue(), "B": queue()}))
    time.sleep(0.3)
    assert sandbox.stack("freed")["StackStatus"] == "CREATE_IN_PROGRESS"
    faults = sandbox.control("GET", "faults")["faults"]
    assert [fault["hits"] for fault in faults if fault["stack"] == "freed"] == [2]
    sandbox.clear_faults()
    assert sandbox.wait_stack("freed") == "CREATE_COMPLETE"


def test_the_control_api_says_what_is_wrong(sandbox: Sandbox) -> None:
    assert "op is 'melt'" in sandbox.fault(op="melt")["error"]
    assert "mode is 'odd'" in sandbox.fault(mode="odd")["error"]
    assert "has no colour" in sandbox.fault(colour="red")["error"]
    assert "There is no GET /_sandbox/nothing" in sandbox.control("GET", "nothing")["error"]
    assert "lacks 'speed'" in sandbox.control("POST", "speed", {})["error"]


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Host": "evil.example:4566"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": ""}],
    ids=str,
)
def test_the_control_api_answers_no_web_page(sandbox: Sandbox, headers: dict[str, str]) -> None:
    request = urllib.request.Request(f"{sandbox.url}/_sandbox/faults", data=b'{"op": "melt"}', headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    with refused.value as answer:
        assert answer.status == 403


def test_requests_above_awss_rate_are_throttled_per_account_and_region(own_sandbox: Sandbox) -> None:
    own_sandbox.start()
    for _ in range(30):
        own_sandbox.client("cloudformation").describe_stacks()
    own_sandbox.control("POST", "throttling", {"on": True, "rates": {"DescribeStacks": [1, 3]}})
    cloudformation = own_sandbox.client("cloudformation")
    with pytest.raises(ClientError) as caught:
        for _ in range(5):
            cloudformation.describe_stacks()
    assert caught.value.response["Error"] == {"Type": "Sender", "Code": "Throttling", "Message": "Rate exceeded"}
    assert own_sandbox.client("cloudformation", "us-east-1").describe_stacks()["Stacks"] == []
    assert own_sandbox.client("cloudformation", account="999900009999").describe_stacks()["Stacks"] == []
    time.sleep(1.1)
    assert cloudformation.describe_stacks()["Stacks"] == []


def test_no_uploaded_code_is_run(sandbox: Sandbox) -> None:
    iam, functions = sandbox.client("iam"), sandbox.client("lambda")
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    )
    arn = iam.create_role(RoleName="code", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    file = io.BytesIO()
    target = sandbox.state / "code-was-run"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            "index.py", f"open({str(target)!r}, 'w').close()\ndef handler(event, context):\n    return 1\n"
        )
    functions.create_function(
        FunctionName="code", Runtime="python3.11", Role=arn, Handler="index.handler", Code={"ZipFile": file.getvalue()}
    )
    try:
        answer = functions.invoke(FunctionName="code")
    except ClientError:
        answer = {"FunctionError": "refused"}
    assert answer.get("FunctionError")
    assert not target.exists()


def test_a_taken_port_is_one_sentence(sandbox: Sandbox, own_sandbox: Sandbox) -> None:
    port = int(sandbox.url.rsplit(":", 1)[1])
    ended = subprocess.run(
        sandbox_command(port, 0, own_sandbox.state),
        cwd=ROOT,
        env=sandbox_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert str(port) in ended.stderr


def test_a_missing_interpreter_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_SANDBOX_PYTHON", "/nowhere/python")
    with pytest.raises(SandboxMissingError, match="/nowhere/python"):
        sandbox_python()


def test_the_command_says_what_is_missing_and_ends_with_two() -> None:
    environment = {**os.environ, "PORTAL_SANDBOX_PYTHON": "/nowhere/python"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    ended = subprocess.run(
        [sys.executable, "manage.py", "sandbox"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "/nowhere/python does not exist" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_product_never_imports_the_emulator() -> None:
    code = "import sys, provisioning.sandbox.launch; assert not {m for m in sys.modules if m.split('.')[0] in ('ministack', 'boto3', 'django')}"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_request_that_arrives_long_after_its_signature_is_refused(own_sandbox: Sandbox) -> None:
    own_sandbox.start()
    cloudformation = own_sandbox.client("cloudformation")
    cloudformation.meta.events.register("before-send.cloudformation", _delay)
    own_sandbox.control("POST", "signatures", {"seconds": 1})
    with pytest.raises(ClientError, match="Signature expired") as refused:
        cloudformation.list_stacks()
    assert refused.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
    own_sandbox.control("POST", "signatures", {"seconds": None})
    assert cloudformation.list_stacks()["StackSummaries"] == []


def _delay(request: object, **_: object) -> None:
    """The request is signed already."""
    del request
    time.sleep(2.5)
