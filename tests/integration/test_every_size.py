"""carbon-connect in each size, from the request to the receipt; every resource is there in between
and gone afterwards.
"""

from __future__ import annotations

import pytest

from provisioning.aws import Aws
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.teardown import preview_teardown, request_teardown
from provisioning.models import Environment, Receipt, StackResource
from tests.integration.conftest import REGION, Place

pytestmark = [pytest.mark.sandbox, pytest.mark.long]


def tear_down(place: Place, environment: Environment) -> Receipt:
    preview = preview_teardown(actor=place.bob, environment=environment)
    request = request_teardown(
        actor=place.bob, environment=environment, typed_name=environment.name, expected_digest=preview.digest
    )
    if request.state == "waiting":
        approve_request(
            actor=place.olivia, request=request, digest=request.plan.digest, typed_name=request.environment.name
        )
    place.wait_for(environment, "gone")
    return Receipt.objects.get(environment=environment)


def there(aws: Aws, environment: Environment) -> dict[str, bool | None]:
    """For each line of the ledger, what the resource's own service says."""
    lines = StackResource.objects.filter(stack__environment=environment)
    return {f"{line.logical_id} ({line.type})": aws.exists(line.type, line.physical_id) for line in lines}


@pytest.mark.parametrize("size", ["dev", "staging", "prod"])
def test_it_is_built_whole_and_leaves_only_what_the_receipt_names(place: Place, size: str) -> None:
    place.start_worker()
    environment = place.ask(size, size)
    place.wait_for(environment, "running")
    aws = aws_for_account(place.account, REGION)
    assert [name for name, found in there(aws, environment).items() if found is False] == []
    s3 = place.client("s3")
    for bucket in StackResource.objects.filter(stack__environment=environment, type="AWS::S3::Bucket"):
        s3.put_object(Bucket=bucket.physical_id, Key="kept/by/users.txt", Body=b"data")

    receipt = tear_down(place, environment)

    retained = {line["physical_id"] for line in receipt.lines if line["end"] == "retained"}
    ends = {line["end"] for line in receipt.lines}
    assert ends <= {"deleted", "retained"}
    lines = StackResource.objects.filter(stack__environment=environment)
    left = [line for line in lines if aws.exists(line.type, line.physical_id) and line.physical_id not in retained]
    assert [f"{line.logical_id} {line.physical_id}" for line in left] == []
    found = aws.find_by_tag("portal:environment-id", str(environment.pk))
    assert [tagged.arn for tagged in found if not any(known in tagged.arn for known in retained)] == []
    if size == "dev":
        assert not retained


def test_tearing_one_down_leaves_its_neighbour_alone(place: Place) -> None:
    place.start_worker()
    going, staying = place.ask("going"), place.ask("staying")
    place.wait_for(going, "running")
    place.wait_for(staying, "running")
    aws = aws_for_account(place.account, REGION)
    before = there(aws, staying)

    tear_down(place, going)

    assert [name for name, found in there(aws, going).items() if found] == []
    assert there(aws, staying) == before
    assert True in before.values()
