"""Addresses are distinguished, as on AWS: a query for a deleted one does not return the others."""

import pytest
from botocore.exceptions import ClientError

from tests.fixtures.sandbox import Sandbox

pytestmark = pytest.mark.sandbox
ACCOUNT = "411111111111"


def test_a_released_address_is_not_found_beside_another(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2", account=ACCOUNT)
    kept, released = ec2.allocate_address(Domain="vpc"), ec2.allocate_address(Domain="vpc")
    ec2.release_address(AllocationId=released["AllocationId"])
    found = ec2.describe_addresses(PublicIps=[kept["PublicIp"]])["Addresses"]
    assert [address["AllocationId"] for address in found] == [kept["AllocationId"]]
    with pytest.raises(ClientError) as refused:
        ec2.describe_addresses(PublicIps=[released["PublicIp"]])
    assert refused.value.response["Error"]["Code"] == "InvalidAddress.NotFound"
