"""A cache's address looks like one of ElastiCache's, in the stack's output and in the service's own
answer.
"""

import json
import re

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


@pytest.mark.parametrize(
    ("encrypted", "expected"),
    [(True, r"master\.sessions-true\.[0-9a-f]{6}\.eun1"), (False, r"sessions-false\.[0-9a-f]{6}\.ng\.0001\.eun1")],
)
def test_a_replication_group_has_hosts_of_its_own(sandbox: Sandbox, encrypted: bool, expected: str) -> None:
    name = f"group-{str(encrypted).lower()}"
    properties = {
        "ReplicationGroupId": f"sessions-{encrypted}".lower(),
        "ReplicationGroupDescription": "sessions",
        "Engine": "valkey",
        "CacheNodeType": "cache.t4g.micro",
        "NumCacheClusters": 2,
        "TransitEncryptionEnabled": encrypted,
    }
    resource = {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": properties}
    output = {"Host": {"Value": {"Fn::GetAtt": ["Cache", "PrimaryEndPoint.Address"]}}}
    body = json.dumps({"Resources": {"Cache": resource}, "Outputs": output})
    assert sandbox.create(name, body, account=ACCOUNT) == "CREATE_COMPLETE"
    host = sandbox.stack(name, account=ACCOUNT)["Outputs"][0]["OutputValue"]
    assert re.fullmatch(rf"{expected}\.cache\.amazonaws\.com", host)
    group = sandbox.client("elasticache", account=ACCOUNT).describe_replication_groups()["ReplicationGroups"][-1]
    assert group["NodeGroups"][0]["PrimaryEndpoint"]["Address"] == host
    assert sandbox.delete(name, account=ACCOUNT) == "GONE"
