"""What deciding about permissions costs the sandbox: CPU time of its process, with and without."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.bench.measure import Figure
from tests.fixtures.sandbox import REGION, Sandbox
from tests.sandbox.iam.roles import Place, allow
from tests.sandbox.template import ref, resource, template_of
from tests.support.onboarded import OnboardedAccount

ACCOUNT_ID = "300000000002"
ROUNDS, CALLS = 7, 100
QUEUES = 20


def figures() -> Iterator[Figure]:
    sandbox = Sandbox(Path(tempfile.mkdtemp(prefix="portal-bench-"))).start()
    account = OnboardedAccount(sandbox, ACCOUNT_ID)
    try:
        account.onboard(REGION)
        account.onboard_team("payments", REGION)
        decided, free = compare(sandbox, lambda: call(account))
        yield Figure("sandbox: CPU of a call as role/portal", decided / CALLS, "no permissions", free / CALLS)
        added = max(decided - free, 0) / CALLS
        yield Figure("sandbox: CPU that the decision adds to it", added, "no permissions", free / CALLS, "≤ 0.5 ms")
        place = Place(sandbox, "300000000003")
        statements = [allow("sqs:*", "sns:*", "logs:*", "ssm:*", "ec2:*")] * 8
        role = place.stack_role("stacks", *statements)
        decided, free = compare(sandbox, lambda: create_and_delete(place, role))
        count = len(resources())
        yield Figure("sandbox: CPU of a resource, created and deleted", decided / count, "no permissions", free / count)
        account.close()
    finally:
        sandbox.close()


def compare(sandbox: Sandbox, work: Callable[[], object]) -> tuple[float, float]:
    """The median CPU seconds of the sandbox for some work, with and without permissions, in turns."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    for on in (True, False):
        sandbox.control("POST", "permissions", {"on": on})
        work()  # clients and caches
    for _ in range(ROUNDS):
        for on in (True, False):
            sandbox.control("POST", "permissions", {"on": on})
            before = cpu_seconds(sandbox)
            work()
            taken[on].append(cpu_seconds(sandbox) - before)
    sandbox.control("POST", "permissions", {"on": True})
    return statistics.median(taken[True]), statistics.median(taken[False])


def cpu_seconds(sandbox: Sandbox) -> float:
    """User and system time of the process so far (proc(5), fields 14 and 15 of stat)."""
    process = sandbox._process
    assert process is not None
    after_name = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def call(account: OnboardedAccount) -> None:
    """The calls that the portal makes most: watching stacks, and looking for resources by their services."""
    cloudformation, ec2 = account.client("cloudformation", REGION), account.client("ec2", REGION)
    ecs, secrets = account.client("ecs", REGION), account.client("ssm", REGION)
    for _ in range(CALLS // 4):
        cloudformation.describe_stacks(StackName="portal-onboarding")
        ec2.describe_vpcs()
        ecs.describe_clusters(clusters=["orders"])
        secrets.describe_parameters()


def resources() -> dict[str, Any]:
    queues = {f"Queue{number}": resource("SQS::Queue", {}) for number in range(QUEUES)}
    topics = {f"Topic{number}": resource("SNS::Topic", {}) for number in range(QUEUES)}
    network = {
        "Vpc": resource("EC2::VPC", {"CidrBlock": "10.0.0.0/16"}),
        **{
            f"Subnet{number}": resource("EC2::Subnet", {"VpcId": ref("Vpc"), "CidrBlock": f"10.0.{number}.0/24"})
            for number in range(QUEUES)
        },
    }
    return {**queues, **topics, **network}


def create_and_delete(place: Place, role: str) -> None:
    body = template_of(resources())
    tags = [{"Key": "portal:team", "Value": "payments"}]
    made = place.sandbox.create("bench", body, account=place.account, RoleARN=role, Tags=tags)
    assert made == "CREATE_COMPLETE", place.failures("bench")
    assert place.sandbox.delete("bench", account=place.account) == "GONE"
