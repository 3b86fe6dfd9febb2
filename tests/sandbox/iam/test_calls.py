"""Calls of a role: allowed, refused in AWS's words, or unknown to the sandbox and refused in its own."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.session import get_session

from provisioning.aws.calls import Caller, calls
from tests.sandbox.iam.roles import Place, allow, deny, policy

pytestmark = pytest.mark.sandbox
NEVER_DENIED = ("sts:GetCallerIdentity",)
# The values that a parameter must have for the sandbox to know the operation's resource.
EXAMPLES = {
    "Arn": "arn:aws:lambda:eu-north-1:610000000001:layer:tools:1",
    "CertificateArn": "arn:aws:acm:eu-north-1:610000000001:certificate/0a",
    "LoadBalancerArn": "arn:aws:elasticloadbalancing:eu-north-1:610000000001:loadbalancer/app/x/0a",
    "OpenIDConnectProviderArn": "arn:aws:iam::610000000001:oidc-provider/token.actions.githubusercontent.com",
    "PolicyArn": "arn:aws:iam::610000000001:policy/deploy",
    "RecoveryPointArn": "arn:aws:backup:eu-north-1:610000000001:recovery-point:0a",
    "ResourceArn": "arn:aws:elasticloadbalancing:eu-north-1:610000000001:loadbalancer/app/x/0a",
    "SubscriptionArn": "arn:aws:sns:eu-north-1:610000000001:alarms:0a",
    "TopicArn": "arn:aws:sns:eu-north-1:610000000001:alarms",
    "stateMachineArn": "arn:aws:states:eu-north-1:610000000001:stateMachine:x",
    "UUID": "7c0f4f2e-0000-4000-8000-000000000001",
    "RoleArn": "arn:aws:iam::610000000001:role/portal",
    "RoleARN": "arn:aws:iam::610000000001:role/portal/stacks/portal-stacks-payments",
    "QueueUrl": "https://sqs.eu-north-1.amazonaws.com/610000000001/queue",
}


def example(shape: Shape, name: str) -> Any:
    """A value with every required member, as botocore's model demands it."""
    if isinstance(shape, StructureShape):
        return {key: example(shape.members[key], key) for key in shape.required_members}
    if isinstance(shape, ListShape):
        return [example(shape.member, name)]
    if isinstance(shape, MapShape):
        return {"key": example(shape.value, name)}
    if getattr(shape, "enum", None):
        return shape.enum[0]
    by_type: dict[str, Any] = {
        "boolean": True,
        "integer": 1,
        "long": 1,
        "float": 1.0,
        "double": 1.0,
        "blob": b"x",
        "timestamp": "2026-11-27",
    }
    return by_type.get(shape.type_name, EXAMPLES.get(name, "orders-dev-0a1b2"))


@cache
def _model(service: str) -> ServiceModel:
    return get_session().get_service_model(service)


def call(session: Any, name: str) -> None:
    service, operation = name.split(":")
    model = _model(service).operation_model(operation)
    parameters = example(model.input_shape, "") if model.input_shape else {}
    getattr(session.client(service), xform_name(operation))(**parameters)


def test_every_operation_that_the_portal_uses_is_known_and_needs_what_the_portal_thinks(place: Place) -> None:
    """The sandbox's table and the portal's were written apart; here they are compared."""
    session = place.session(place.role("nobody"))
    problems = []
    for name, line in calls().items():
        if line.caller is not Caller.PORTAL_ROLE or name in NEVER_DENIED:
            continue
        with pytest.raises(ClientError) as raised:
            call(session, name)
        message = str(raised.value)
        if name in {"s3:HeadBucket", "s3:HeadObject"}:
            known = raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        else:
            known = any(f"perform: {need.action} on" in message for need in line.needs)
        if not known:
            problems.append(f"{name}: {message}")
    assert not problems, "\n".join(problems)


def test_what_a_role_may_not_do_is_refused_in_the_words_of_each_protocol(place: Place) -> None:
    session = place.session(place.role("nobody"))
    codes = {}
    for name in (
        "ec2:DescribeVpcs",
        "sns:GetTopicAttributes",
        "iam:GetRole",
        "ecs:DescribeClusters",
        "sqs:GetQueueUrl",
    ):
        with pytest.raises(ClientError) as raised:
            call(session, name)
        codes[name] = raised.value.response["Error"]["Code"]
    assert codes == {
        "ec2:DescribeVpcs": "UnauthorizedOperation",
        "sns:GetTopicAttributes": "AuthorizationError",
        "iam:GetRole": "AccessDenied",
        "ecs:DescribeClusters": "AccessDeniedException",
        "sqs:GetQueueUrl": "AccessDenied",
    }
    assert (
        f"User: arn:aws:sts::{place.account}:assumed-role/nobody/charlie is not authorized to perform: iam:GetRole on "
        f"resource: arn:aws:iam::{place.account}:role/nobody because no identity-based policy allows the iam:GetRole action"
    ) in refusal(session, "iam", "get_role", RoleName="nobody")


def refusal(session: Any, service: str, method: str, **parameters: Any) -> str:
    with pytest.raises(ClientError) as raised:
        getattr(session.client(service), method)(**parameters)
    return str(raised.value)


def test_an_operation_without_a_rule_is_refused_in_the_sandboxs_own_words(place: Place) -> None:
    session = place.session(place.role("administrator", allow("*")))
    assert "SandboxUnknownOperation" in refusal(session, "ecs", "create_cluster", clusterName="x")
    assert "SandboxUnknownOperation" in refusal(session, "backup", "create_backup_vault", BackupVaultName="x")
    assert "SandboxUnknownOperation" in refusal(session, "s3", "get_bucket_cors", Bucket="x")
    # Not taken for reading the version itself.
    tags_of_version = {"Bucket": "x", "Key": "a.zip", "VersionId": "1"}
    assert "SandboxUnknownOperation" in refusal(session, "s3", "get_object_tagging", **tags_of_version)


def test_the_account_itself_may_do_everything_and_an_unknown_key_nothing(place: Place) -> None:
    place.root("sqs").create_queue(QueueName="q")
    stranger = place.session(place.role("somebody"))
    stranger.keys["AccessKeyId"] = "ASIAUNKNOWN000000000"
    assert "UnrecognizedClientException" in refusal(stranger, "ecs", "list_clusters")
    assert "InvalidClientTokenId" in refusal(stranger, "iam", "list_roles")


def test_a_deleted_role_leaves_its_sessions_without_any_right(place: Place) -> None:
    session = place.session(place.role("short-lived", allow("*")))
    assert session.client("sts").get_caller_identity()["Account"] == place.account
    place.root("iam").delete_role_policy(RoleName="short-lived", PolicyName="policy")
    place.root("iam").delete_role(RoleName="short-lived")
    assert "InvalidClientTokenId" in refusal(session, "iam", "list_roles")


def test_a_changed_policy_counts_at_once(place: Place) -> None:
    session = place.session(place.role("reader", allow("iam:ListRoles")))
    assert session.client("iam").list_roles()["Roles"]
    place.root("iam").put_role_policy(RoleName="reader", PolicyName="policy", PolicyDocument=policy(deny("iam:*")))
    assert "with an explicit deny in an identity-based policy" in refusal(session, "iam", "list_roles")


def test_a_boundary_limits_what_a_policy_allows(place: Place) -> None:
    boundary = place.root("iam").create_policy(PolicyName="boundary", PolicyDocument=policy(allow("sqs:*")))["Policy"][
        "Arn"
    ]
    session = place.session(place.role("bounded", allow("*"), PermissionsBoundary=boundary))
    session.client("sqs").list_queues()
    assert "because no permissions boundary allows the iam:ListRoles action" in refusal(session, "iam", "list_roles")


def test_tags_of_the_principal_and_of_the_resource_decide(place: Place) -> None:
    queues = {
        team: place.root("sqs").create_queue(QueueName=team, tags={"team": team}) for team in ("payments", "logistics")
    }
    same_team = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    role = place.role("tagged", allow("sqs:ReceiveMessage", **same_team), Tags=[{"Key": "team", "Value": "payments"}])
    session = place.session(role)
    session.client("sqs").receive_message(QueueUrl=queues["payments"]["QueueUrl"])
    assert "AccessDenied" in refusal(session, "sqs", "receive_message", QueueUrl=queues["logistics"]["QueueUrl"])


def test_a_buckets_own_policy_keeps_other_roles_from_writing(place: Place) -> None:
    """The artefact bucket's fence: only the portal writes, whatever the other's policies say."""
    bucket = f"portal-artefacts-{place.account}"
    portal = place.role("portal", allow("s3:*"))
    other = place.role("pipeline", allow("s3:*"))
    s3 = place.root("s3", "us-east-1")
    s3.create_bucket(Bucket=bucket)
    only = {"ArnNotEquals": {"aws:PrincipalArn": portal}}
    fence = {**deny("s3:PutObject", "s3:DeleteObject", resource=f"arn:aws:s3:::{bucket}/*", **only), "Principal": "*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(fence))
    place.session(portal).client("s3", "us-east-1").put_object(Bucket=bucket, Key="artefacts/a.zip", Body=b"x")
    pipeline = place.session(other)
    reason = refusal(pipeline, "s3", "put_object", Bucket=bucket, Key="artefacts/a.zip", Body=b"y")
    assert "with an explicit deny in a resource-based policy" in reason
    assert s3.get_object(Bucket=bucket, Key="artefacts/a.zip")["Body"].read() == b"x"


def test_s3_tells_only_those_who_may_list_that_an_object_is_missing(place: Place) -> None:
    bucket = f"missing-{place.account}"
    place.root("s3", "us-east-1").create_bucket(Bucket=bucket)
    blind = place.session(place.role("blind", allow("s3:GetObject")))
    sighted = place.session(place.role("sighted", allow("s3:GetObject", "s3:ListBucket")))
    statuses = []
    for session in (blind, sighted):
        with pytest.raises(ClientError) as raised:
            session.client("s3").head_object(Bucket=bucket, Key="artefacts/a.zip")
        statuses.append(raised.value.response["ResponseMetadata"]["HTTPStatusCode"])
    assert statuses == [403, 404]


def test_the_control_api_lists_the_latest_refusals_with_the_deciding_statement(place: Place) -> None:
    session = place.session(place.role("reader", allow("iam:GetRole", resource="arn:aws:iam::*:role/else")))
    refusal(session, "iam", "get_role", RoleName="reader")
    latest = place.denials()[0]
    assert (latest["action"], latest["resource"]) == ("iam:GetRole", f"arn:aws:iam::{place.account}:role/reader")
    assert "reader.policy/#0" in latest["explanation"]
    assert json.dumps(latest)


def test_permissions_can_be_turned_off_for_comparisons(place: Place) -> None:
    session = place.session(place.role("nobody"))
    try:
        assert place.sandbox.control("POST", "permissions", {"on": False})["on"] is False
        session.client("iam").list_roles()
    finally:
        place.sandbox.control("POST", "permissions", {"on": True})
    assert "AccessDenied" in refusal(session, "iam", "list_roles")
    assert "must be true or false" in place.sandbox.control("POST", "permissions", {"on": "no"})["error"]
