"""How the layers of policies combine.

Sources, all in https://docs.aws.amazon.com/IAM/latest/UserGuide/:
[logic]      reference_policies_evaluation-logic_policy-eval-denyallow.html
[boundaries] access_policies_boundaries.html
"""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.policy.decide import Decision, Layer, decide
from provisioning.policy.documents import parse_policy
from provisioning.policy.errors import MalformedPolicy, UnknownAction
from provisioning.policy.principal import Principal
from tests.policy.build import (
    ACCOUNT_ID,
    ALL,
    NOTHING,
    QUEUE_ARN,
    ROLE_ARN,
    SESSION_ARN,
    Statements,
    allow,
    deny,
    policy,
    role,
)

SEND = "sqs:SendMessage"
OTHER_ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/portal"


class TestLayers:
    @pytest.mark.parametrize(
        ("identity", "boundary", "scp", "session", "allowed", "layer"),
        [
            # [logic] "By default, all requests are implicitly denied."
            ([], None, None, None, False, Layer.IDENTITY),
            ([allow(SEND)], None, None, None, True, Layer.IDENTITY),
            # [boundaries] "… only the actions that are allowed by both."
            ([allow(SEND)], ALL, None, None, True, Layer.IDENTITY),
            ([allow(SEND)], NOTHING, None, None, False, Layer.BOUNDARY),
            ([allow(SEND)], policy(allow("sqs:ReceiveMessage")), None, None, False, Layer.BOUNDARY),
            ([], ALL, None, None, False, Layer.IDENTITY),
            # [logic] Service control policies and session policies have to allow as well.
            ([allow(SEND)], ALL, ALL, ALL, True, Layer.IDENTITY),
            ([allow(SEND)], ALL, NOTHING, ALL, False, Layer.SCP),
            ([allow(SEND)], ALL, ALL, NOTHING, False, Layer.SESSION),
            # [logic] "An explicit deny overrides an explicit allow", in every layer.
            ([allow(SEND), deny(SEND)], ALL, ALL, ALL, False, Layer.IDENTITY),
            ([allow(SEND)], policy(allow(), deny(SEND)), ALL, ALL, False, Layer.BOUNDARY),
            ([allow(SEND)], ALL, policy(allow(), deny(SEND)), ALL, False, Layer.SCP),
            ([allow(SEND)], ALL, ALL, policy(allow(), deny(SEND)), False, Layer.SESSION),
            ([allow(SEND)], ALL, policy(allow(), deny("sqs:ReceiveMessage")), ALL, True, Layer.IDENTITY),
        ],
    )
    def test_every_layer_must_allow(
        self,
        *,
        identity: list[dict[str, Any]],
        boundary: Statements | None,
        scp: Statements | None,
        session: Statements | None,
        allowed: bool,
        layer: Layer,
    ) -> None:
        caller = role(*identity, boundary=boundary, scp=scp, session_policy=session)
        decision = decide(caller, SEND, QUEUE_ARN)
        assert (decision.allowed, decision.layer) == (allowed, layer)


class TestElements:
    """NotAction, NotResource, wildcards and case."""

    @pytest.mark.parametrize(
        ("statement", "allowed"),
        [
            (allow("sqs:*"), True),
            (allow("SQS:send*"), True),
            (allow("sqs:Send?essage"), True),
            (allow("sqs:Send"), False),
            (allow(SEND, QUEUE_ARN.upper()), False),
            (allow(SEND, "arn:aws:sqs:*:*:ord*"), True),
            (allow(SEND, ["arn:aws:sqs:*:*:other", QUEUE_ARN]), True),
            ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, True),
            ({"Effect": "Allow", "NotAction": ["iam:*", "sqs:*"], "Resource": "*"}, False),
            ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:sqs:*:*:other"}, True),
            ({"Effect": "Allow", "Action": "*", "NotResource": ["arn:aws:s3:::*", QUEUE_ARN]}, False),
            (allow(SEND, "arn:aws:sqs:*:*:${aws:PrincipalTag/portal:team}*"), True),
            (allow(SEND, "arn:aws:sqs:*:*:${aws:PrincipalTag/other}*"), False),
            (allow(SEND, "arn:aws:sqs:*:*:${aws:PrincipalTag/other, 'orders'}"), True),
        ],
    )
    def test_statement(self, statement: dict[str, Any], allowed: bool) -> None:
        assert decide(role(statement, tags={"portal:team": "orders"}), SEND, QUEUE_ARN).allowed is allowed

    @pytest.mark.parametrize(("version", "allowed"), [("2012-10-17", True), ("2008-10-17", False)])
    def test_documents_of_the_old_version_have_no_variables(self, version: str, allowed: bool) -> None:
        statement = allow(SEND, "arn:aws:sqs:*:*:${aws:PrincipalTag/portal:team}")
        caller = Principal(ROLE_ARN, policy(statement, version=version), tags={"portal:team": "orders"})
        assert decide(caller, SEND, QUEUE_ARN).allowed is allowed

    def test_an_action_without_resource_types_needs_a_statement_for_every_resource(self) -> None:
        listing = "sqs:ListQueues"
        assert decide(role(allow(listing)), listing, QUEUE_ARN).allowed
        assert not decide(role(allow(listing, QUEUE_ARN)), listing, QUEUE_ARN).allowed

    @pytest.mark.parametrize(
        ("document", "sentence"),
        [
            ("{", "is not JSON"),
            ({"Version": "2012-10-17"}, "no Statement"),
            ({"Statement": [{"Effect": "Permit", "Action": "*", "Resource": "*"}]}, "needs the Effect Allow or Deny"),
            ({"Statement": [{"Effect": "Allow", "Resource": "*"}]}, "needs either Action or NotAction"),
            ({"Statement": [allow(NotAction="iam:*")]}, "needs either Action or NotAction"),
            ({"Statement": [allow(NotResource="*")]}, "needs either Resource or NotResource"),
            ({"Statement": [allow(Conditions={})]}, "unknown element Conditions"),
            ({"Statement": [allow(Condition=["StringEquals"])]}, "map of operators"),
            ({"Statement": [allow(Principal={"Aws": "*"})]}, "does not know Aws"),
            ({"Statement": [allow(NotPrincipal={"AWS": "*"})]}, "which AWS does not support"),
            ({"Statement": [allow([])]}, "needs text in Action"),
        ],
    )
    def test_a_malformed_policy_is_an_error(self, document: object, sentence: str) -> None:
        with pytest.raises(MalformedPolicy, match=sentence):
            parse_policy(document, "onboarding")

    def test_an_unknown_action_is_an_error(self) -> None:
        with pytest.raises(UnknownAction, match="sqs:SendPostcard"):
            decide(role(allow()), "sqs:SendPostcard")


class TestContext:
    def test_aws_sends_the_arn_of_the_role_and_never_that_of_its_session(self) -> None:
        own = {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}}
        session = {"ArnEquals": {"aws:PrincipalArn": SESSION_ARN}}
        assert decide(role(allow(SEND, Condition=own)), SEND, QUEUE_ARN).allowed
        assert not decide(role(allow(SEND, Condition=session)), SEND, QUEUE_ARN).allowed

    @pytest.mark.parametrize(
        ("action", "resource", "key", "sent"),
        [
            ("sqs:DeleteQueue", QUEUE_ARN, "aws:ResourceTag/portal:team", True),
            # The tags of a bucket count only with attribute-based access control, which is off by default.
            ("s3:GetObject", "arn:aws:s3:::bucket/key", "aws:ResourceTag/portal:team", False),
            ("s3:DeleteBucket", "arn:aws:s3:::bucket", "aws:ResourceTag/portal:team", False),
            # An action without resource types knows no tags of a resource.
            ("sqs:ListQueues", QUEUE_ARN, "aws:ResourceTag/portal:team", False),
        ],
    )
    def test_resource_tags_reach_only_actions_that_know_them(
        self, action: str, resource: str, key: str, sent: bool
    ) -> None:
        caller = role(allow(action, Condition={"StringEquals": {key: "payments"}}))
        decision = decide(caller, action, resource, resource_tags={"portal:team": "payments"})
        assert decision.allowed is sent
        assert decision.dropped_keys == (() if sent else (key,))

    @pytest.mark.parametrize(
        ("action", "resource", "key"),
        [
            ("ec2:TerminateInstances", "arn:aws:ec2:eu-central-1:1:instance/i-1", "ec2:ResourceTag/portal:team"),
            (
                "secretsmanager:GetSecretValue",
                "arn:aws:secretsmanager:eu-central-1:1:secret:a-b",
                "secretsmanager:ResourceTag/portal:team",
            ),
            ("rds:DeleteDBInstance", "arn:aws:rds:eu-central-1:1:db:orders", "rds:db-tag/portal:team"),
            ("ssm:GetParameter", "arn:aws:ssm:eu-central-1:1:parameter/orders", "ssm:resourceTag/portal:team"),
        ],
    )
    def test_services_have_keys_of_their_own_for_tags(self, action: str, resource: str, key: str) -> None:
        caller = role(allow(action, Condition={"StringEquals": {key: "payments"}}))
        assert decide(caller, action, resource, resource_tags={"portal:team": "payments"}).allowed
        assert not decide(caller, action, resource, resource_tags={"portal:team": "logistics"}).allowed

    def test_tags_of_the_resource_are_no_tags_of_the_request(self) -> None:
        caller = role(allow(Condition={"StringEquals": {"rds:req-tag/portal:team": "payments"}}))
        database_arn = "arn:aws:rds:eu-central-1:1:db:orders"
        tags = {"portal:team": "payments"}
        assert not decide(caller, "rds:CreateDBInstance", database_arn, resource_tags=tags).allowed
        assert decide(
            caller, "rds:CreateDBInstance", database_arn, context={"rds:req-tag/portal:team": "payments"}
        ).allowed

    def test_a_key_that_the_action_does_not_know_is_dropped_and_named(self) -> None:
        caller = role(allow("iam:CreateRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}))
        decision = decide(
            caller, "iam:CreateRole", OTHER_ROLE_ARN, context={"iam:PassedToService": "ec2.amazonaws.com"}
        )
        assert decision.dropped_keys == ("iam:PassedToService",)
        assert not decision.allowed
        assert "AWS never sends iam:PassedToService" in decision.explain()


class TestSentences:
    CONDITION = {"StringEquals": {"aws:ResourceTag/portal:team": "payments"}}

    @pytest.mark.parametrize(
        ("decision", "sentence", "clause"),
        [
            (
                decide(role(allow(SEND, sid="Send")), SEND, QUEUE_ARN),
                "sqs:SendMessage on ORDERS is allowed by role/Send (identity-based policy).",
                "",
            ),
            (
                decide(role(allow(), boundary=policy(deny(sid="Fence"), source="fence")), SEND, QUEUE_ARN),
                "sqs:SendMessage on ORDERS is denied by fence/Fence (permissions boundary).",
                "with an explicit deny in a permissions boundary",
            ),
            (
                decide(role(deny()), SEND, QUEUE_ARN),
                "sqs:SendMessage on ORDERS is denied by role/Deny (identity-based policy).",
                "with an explicit deny in an identity-based policy",
            ),
            (
                decide(role(allow(sid="OwnTeam", Condition=CONDITION)), SEND, QUEUE_ARN),
                (
                    "sqs:SendMessage on ORDERS is not allowed: role/OwnTeam (identity-based policy) requires "
                    "StringEquals aws:ResourceTag/portal:team payments."
                ),
                "because no identity-based policy allows the sqs:SendMessage action",
            ),
            (
                decide(role(allow(SEND, "arn:aws:sqs:*:*:other")), SEND, QUEUE_ARN),
                (
                    "sqs:SendMessage on ORDERS is not allowed: role/Allow (identity-based policy) allows the action on "
                    "other resources only."
                ),
                "because no identity-based policy allows the sqs:SendMessage action",
            ),
            (
                decide(role(allow(), scp=NOTHING), SEND, QUEUE_ARN),
                "sqs:SendMessage on ORDERS is not allowed: no service control policy allows it.",
                "because no service control policy allows the sqs:SendMessage action",
            ),
        ],
    )
    def test_explanation(self, decision: Decision, sentence: str, clause: str) -> None:
        assert decision.explain() == sentence.replace("ORDERS", QUEUE_ARN)
        assert decision.aws_clause() == clause
