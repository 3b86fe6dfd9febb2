"""A cache's address looks like one of ElastiCache's, in the stack's output and in the service's own answer."""

import json

import pytest

from tests.fixtures.sandbox import Sandbox

pytestmark = pytest.mark.sandbox
ACCOUNT = "422222222222"


def test_a_serverless_cache_has_a_host_of_its_own(sandbox: Sandbox) -> None:
    output = {"Host": {"Value": {"Fn::GetAtt": ["Cache", "Endpoint.Address"]}}}
    properties = {"ServerlessCacheName": "orders-cache", "Engine": "valkey"}
    resource = {"Type": "AWS::ElastiCache::ServerlessCache", "Properties": properties}
    status = sandbox.create("hosts", json.dumps({"Resources": {"Cache": resource}, "Outputs": output}), account=ACCOUNT)
    assert status == "CREATE_COMPLETE"
    host = sandbox.stack("hosts", account=ACCOUNT)["Outputs"][0]["OutputValue"]
    cache = sandbox.client("elasticache", account=ACCOUNT).describe_serverless_caches()["ServerlessCaches"][0]
    assert host == cache["Endpoint"]["Address"]
    assert host.startswith("orders-cache.")
    assert host.endswith(".serverless.eun1.cache.amazonaws.com")
