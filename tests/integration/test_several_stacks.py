"""Three stacks in three regions, with code that is put in place first: made, killed in the middle,
torn down, over HTTP.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from portal.demo.sample import onboard
from provisioning.blueprint import Blueprint
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.services.requests import request_environment
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.models import Artefact, Environment, Operation, Stack, StackResource
from tests.fixtures.signpost import REGIONS
from tests.integration.conftest import REGION, Place
from tests.integration.test_every_size import tear_down

pytestmark = [pytest.mark.sandbox, pytest.mark.long]

SPEED = 60
ROLES = {"edge": "us-east-1", "copy": "eu-central-1", "main": REGION}


@pytest.fixture
def abroad(place: Place) -> Place:
    """The place, with an account that is onboarded in all three regions."""
    place.account.regions = REGIONS
    place.account.save()
    onboard(place.account)
    return place


def ask(place: Place, blueprint: Blueprint, size: str = "dev") -> Environment:
    request = request_environment(
        actor=place.bob,
        team=place.team,
        name=place.name(f"sign-{size}"),
        blueprint=blueprint,
        size=size,
        inputs={},
        account=place.account,
        region=REGION,
    )
    place.approve(request)
    return request.environment


def client(place: Place, service: str, region: str) -> Any:
    return place.sandbox.client(service, region, place.account.account_id)


def stacks_in_aws(place: Place) -> dict[str, str]:
    """Region of each stack that is there and ours."""
    found = {}
    for region in REGIONS:
        for stack in client(place, "cloudformation", region).list_stacks()["StackSummaries"]:
            if stack["StackStatus"] != "DELETE_COMPLETE" and not stack["StackName"].startswith("portal-onboarding"):
                found[stack["StackName"]] = region
    return found


def there(place: Place, environment: Environment) -> dict[str, bool | None]:
    lines = StackResource.objects.filter(stack__environment=environment).exclude(physical_id="").select_related("stack")
    return {
        f"{line.logical_id} {line.physical_id}": aws_for_account(place.account, line.stack.region).exists(
            line.type, line.physical_id
        )
        for line in lines
    }


def test_it_is_made_in_three_regions_killed_between_and_leaves_nothing(abroad: Place, signpost: Blueprint) -> None:
    abroad.sandbox.set_speed(SPEED)
    abroad.start_worker()
    environment = ask(abroad, signpost)
    for role in ("copy", "main"):  # once in the second stack, once in the third
        abroad.until(
            lambda role=role: Stack.objects.filter(role=role).exclude(stack_id="").exists(), bool, 90, f"stack {role}"
        )
        abroad.kill_workers()
        abroad.start_worker()
    abroad.wait_for(environment, "running")

    prefix = abroad.stack_name(environment)
    places = {"edge": "us-east-1", "copy": "eu-central-1", "main": REGION}
    assert stacks_in_aws(abroad) == {abroad.stack_name(environment, key): region for key, region in places.items()}
    assert [key for key, found in there(abroad, environment).items() if found is False] == []
    topic = client(abroad, "cloudformation", "us-east-1").describe_stacks(
        StackName=abroad.stack_name(environment, "edge")
    )["Stacks"][0]
    handed = Stack.objects.get(role="main").inputs
    assert handed["EdgeTopicArn"] == topic["Outputs"][0]["OutputValue"]
    parameter = f"/portal/{abroad.team.slug}/{environment.name}-{environment.generation}/sign"
    sign = client(abroad, "ssm", REGION).get_parameter(Name=parameter)["Parameter"]["Value"]
    assert sign == handed["CopyName"]
    configured = client(abroad, "lambda", REGION).get_function_configuration(FunctionName=f"{prefix}-code")
    assert configured["Environment"]["Variables"]["TOPIC"] == handed["EdgeTopicArn"]

    client(abroad, "s3", "eu-central-1").put_object(Bucket=sign, Key="copied", Body=b"data")
    abroad.sandbox.set_speed(0)
    receipt = tear_down(abroad, environment)

    assert {line["end"] for line in receipt.lines} == {"deleted"}
    assert {line["region"] for line in receipt.lines} == set(REGIONS)
    assert set(receipt.scan["regions"]) == set(REGIONS)
    assert [key for key, found in there(abroad, environment).items() if found] == []
    assert stacks_in_aws(abroad) == {}
    for region in REGIONS:
        aws = aws_for_account(abroad.account, region)
        assert aws.find_by_tag("portal:environment-id", str(environment.pk)) == []


def test_its_code_lies_in_its_regions_bucket_and_stays_after_the_teardown(abroad: Place, signpost: Blueprint) -> None:
    abroad.start_worker()
    environment = ask(abroad, signpost)
    abroad.wait_for(environment, "running")
    tear_down(abroad, environment)
    kept = Artefact.objects.get()
    bucket = f"portal-artefacts-{abroad.account.account_id}-{REGION}"
    stored = client(abroad, "s3", REGION).get_object(Bucket=bucket, Key=f"artefacts/{kept.sha256}.zip")["Body"].read()
    assert hashlib.sha256(stored).hexdigest() == kept.sha256


def test_a_later_stack_that_fails_is_tried_again_alone(abroad: Place, signpost: Blueprint) -> None:
    abroad.sandbox.fault(stack="*", target="Sign", op="create", reason="Access Denied")
    abroad.start_worker()
    environment = ask(abroad, signpost)
    abroad.wait_for(environment, "create_failed")
    told = failure(environment)
    assert told is not None
    assert told.logical_id == "Sign"
    edge = Stack.objects.get(role="edge").stack_id
    abroad.sandbox.clear_faults()
    retry_operation(actor=abroad.bob, environment=environment)
    abroad.wait_for(environment, "running")
    assert [stack.stack_id for stack in Stack.objects.filter(role="edge")] == [edge]
    assert Stack.objects.filter(role="main").count() == 2
    assert Operation.objects.filter(environment=environment).count() == 2


def test_what_stays_stays_in_its_region(abroad: Place, signpost: Blueprint) -> None:
    abroad.start_worker()
    environment = ask(abroad, signpost, "staging")
    abroad.wait_for(environment, "running")
    receipt = tear_down(abroad, environment)
    kept = {line["logical_id"]: line["region"] for line in receipt.lines if line["end"] == "retained"}
    assert kept["CopyBucket"] == "eu-central-1"
    assert kept["BucketFiles"] == REGION
    assert stacks_in_aws(abroad) == {}
    assert json.loads(json.dumps(receipt.scan))["left"] == []
