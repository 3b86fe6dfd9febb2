"""Many stacks at once: all arrive, and another caller is answered meanwhile."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.template import full_template

pytestmark = [pytest.mark.sandbox, pytest.mark.long]
STACKS = 20


def test_twenty_large_stacks_at_once_arrive_and_go(own_sandbox: Sandbox) -> None:
    own_sandbox.start()
    body = json.dumps(full_template())
    names = [f"load-{number:02d}" for number in range(STACKS)]
    cloudformation, s3 = own_sandbox.client("cloudformation"), own_sandbox.client("s3")
    answered = 0
    over = threading.Event()

    def look() -> None:
        nonlocal answered
        while not over.is_set():
            s3.list_buckets()
            answered += 1
            time.sleep(0.02)

    def create(name: str) -> str:
        cloudformation.create_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        return own_sandbox.wait_stack(name, seconds=120, poll=0.5)

    def delete(name: str) -> str:
        cloudformation.delete_stack(StackName=name)
        return own_sandbox.wait_stack(name, seconds=120, poll=0.5)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        with ThreadPoolExecutor(STACKS) as pool:
            assert set(pool.map(create, names)) == {"CREATE_COMPLETE"}
            assert len(own_sandbox.client("ec2").describe_vpcs()["Vpcs"]) >= STACKS
            assert set(pool.map(delete, names)) == {"GONE"}
    finally:
        over.set()
        watcher.join()
    assert answered > STACKS, "The sandbox has answered nobody else while it was busy."
    left = own_sandbox.client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "aws:cloudformation:stack-name"}]
    )
    assert left["ResourceTagMappingList"] == []
