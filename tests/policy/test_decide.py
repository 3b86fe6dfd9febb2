"""How the layers of policies combine.

Sources, all in https://docs.aws.amazon.com/IAM/latest/UserGuide/:
[logic]      reference_policies_evaluation-logic_policy-eval-denyallow.html
[basics]     reference_policies_evaluation-logic_policy-eval-basics.html
[cross]      reference_policies_evaluation-logic-cross-account.html
[boundaries] access_policies_boundaries.html
[principal]  reference_policies_elements_principal.html
[notprincipal] reference_policies_elements_notprincipal.html
and [keys] https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
"""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.policy.decide import Decision, Layer, Reason, decide, decide_for_service
from provisioning.policy.documents import parse_policy
from provisioning.policy.errors import MalformedPolicy, UnknownAction
from provisioning.policy.principal import Principal, ServicePrincipal
from tests.policy.build import (
    ACCOUNT_ID,
    ALL,
    NOTHING,
    QUEUE_ARN,
    ROLE_ARN,
    SESSION_ARN,
    USER_ARN,
    Statements,
    allow,
    deny,
    policy,
    role,
    user,
)

SEND = "sqs:SendMessage"
FOREIGN_QUEUE_ARN = "arn:aws:sqs:eu-central-1:444455556666:orders"
KEY_ARN = f"arn:aws:kms:eu-central-1:{ACCOUNT_ID}:key/1234"
OTHER_ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/portal"
ROOT_ARN = f"arn:aws:iam::{ACCOUNT_ID}:root"


def to(*principals: str) -> dict[str, Any]:
    return {"Principal": {"AWS": list(principals)}}


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


class TestResourcePolicies:
    @pytest.mark.parametrize(
        ("statements", "allowed"),
        [
            # [basics] Within an account either policy suffices, if it names the caller.
            ([allow(SEND, **to(ROLE_ARN))], True),
            ([allow(SEND, **to(SESSION_ARN))], True),
            ([allow(SEND, Principal="*")], True),
            ([allow(SEND, **to(OTHER_ROLE_ARN))], False),
            ([allow(SEND, **to(SESSION_ARN + "-2"))], False),
            ([allow(SEND, Principal={"Service": "sns.amazonaws.com"})], False),
            # [principal] The account's own ARN or id delegates to the account; it grants nothing by itself.
            ([allow(SEND, **to(ROOT_ARN))], False),
            ([allow(SEND, **to(ACCOUNT_ID))], False),
            ([allow(SEND, **to("444455556666"))], False),
        ],
    )
    def test_a_role_without_policies(self, statements: list[dict[str, Any]], allowed: bool) -> None:
        assert decide(role(), SEND, QUEUE_ARN, resource_policy=policy(*statements)).allowed is allowed

    @pytest.mark.parametrize(
        ("principal", "allowed"),
        [
            # [logic] A grant to a role's ARN is limited by an implicit deny in its boundary …
            (to(ROLE_ARN), False),
            # … one to the session is not, and neither is one to everyone, whatever its condition on aws:PrincipalArn.
            (to(SESSION_ARN), True),
            ({"Principal": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}}}, True),
            ({"Principal": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": OTHER_ROLE_ARN}}}, False),
            (to(ROOT_ARN), False),
        ],
    )
    def test_a_boundary_limits_only_what_names_the_role(self, principal: dict[str, Any], allowed: bool) -> None:
        granted = policy(allow(SEND, **principal))
        assert decide(role(boundary=NOTHING), SEND, QUEUE_ARN, resource_policy=granted).allowed is allowed
        session_limited = role(session_policy=NOTHING)
        assert decide(session_limited, SEND, QUEUE_ARN, resource_policy=granted).allowed is allowed

    def test_a_boundary_does_not_limit_what_names_a_user(self) -> None:
        granted = policy(allow(SEND, **to(USER_ARN)))
        assert decide(user(boundary=NOTHING), SEND, QUEUE_ARN, resource_policy=granted).allowed

    @pytest.mark.parametrize("denying", ["identity", "boundary", "resource"])
    def test_an_explicit_deny_overrides_a_grant_to_the_session(self, denying: str) -> None:
        refused = deny(SEND)
        caller = role(
            *([refused] if denying == "identity" else []), boundary=policy(refused) if denying == "boundary" else None
        )
        grants = [allow(SEND, **to(SESSION_ARN)), *([deny(SEND, Principal="*")] if denying == "resource" else [])]
        decision = decide(caller, SEND, QUEUE_ARN, resource_policy=policy(*grants))
        assert decision.reason is Reason.EXPLICIT_DENY

    def test_a_service_control_policy_limits_a_grant_to_the_session(self) -> None:
        granted = policy(allow(SEND, **to(SESSION_ARN)))
        decision = decide(role(scp=NOTHING), SEND, QUEUE_ARN, resource_policy=granted)
        assert (decision.allowed, decision.layer) == (False, Layer.SCP)

    @pytest.mark.parametrize(
        ("identity", "principal", "allowed"),
        [
            # [cross] Across accounts both must allow; here the account's ARN is enough.
            ([allow(SEND)], ROOT_ARN, True),
            ([allow(SEND)], ROLE_ARN, True),
            ([], ROLE_ARN, False),
            ([], SESSION_ARN, False),
            ([allow(SEND)], "444455556666", False),
        ],
    )
    def test_another_account(self, identity: list[dict[str, Any]], principal: str, allowed: bool) -> None:
        granted = policy(allow(SEND, **to(principal)))
        assert decide(role(*identity), SEND, FOREIGN_QUEUE_ARN, resource_policy=granted).allowed is allowed

    @pytest.mark.parametrize(
        ("left_out", "bounded", "allowed"),
        [
            # [notprincipal] AWS checks the account, then the role, then the session.
            ([ROOT_ARN, ROLE_ARN, SESSION_ARN], False, True),
            ([ROLE_ARN, SESSION_ARN], False, False),
            ([ROOT_ARN, ROLE_ARN], False, False),
            ([ROOT_ARN], False, False),
            # [boundaries] It always denies a principal with a boundary.
            ([ROOT_ARN, ROLE_ARN, SESSION_ARN], True, False),
        ],
    )
    def test_not_principal(self, left_out: list[str], bounded: bool, allowed: bool) -> None:
        refused = policy({"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": left_out}})
        caller = role(allow(), boundary=ALL if bounded else None)
        assert decide(caller, SEND, QUEUE_ARN, resource_policy=refused).allowed is allowed


class TestKeysAndTrust:
    @pytest.mark.parametrize(
        ("identity", "key_policy", "allowed"),
        [
            # [keys] "No AWS principal … has any permissions to a KMS key unless … explicitly allowed in a key policy".
            ([allow("kms:*")], [], False),
            ([allow("kms:*")], [allow("kms:*", **to(OTHER_ROLE_ARN))], False),
            # The account's ARN lets IAM policies decide.
            ([allow("kms:*")], [allow("kms:*", **to(ROOT_ARN))], True),
            ([], [allow("kms:*", **to(ROOT_ARN))], False),
            ([], [allow("kms:*", **to(ROLE_ARN))], True),
        ],
    )
    def test_a_key_policy_must_allow(
        self, identity: list[dict[str, Any]], key_policy: list[dict[str, Any]], allowed: bool
    ) -> None:
        decision = decide(role(*identity), "kms:Decrypt", KEY_ARN, resource_policy=policy(*key_policy))
        assert decision.allowed is allowed

    @pytest.mark.parametrize(
        ("identity", "external_id", "allowed"),
        [
            ([allow("sts:AssumeRole", "arn:aws:iam::*:role/portal")], "0123456789abcdef", True),
            ([allow("sts:AssumeRole", "arn:aws:iam::*:role/portal")], "another", False),
            ([allow("sts:AssumeRole", "arn:aws:iam::*:role/portal")], None, False),
            ([], "0123456789abcdef", False),
        ],
    )
    def test_the_portal_assumes_its_role_in_another_account(
        self, identity: list[dict[str, Any]], external_id: str | None, allowed: bool
    ) -> None:
        condition = {"StringEquals": {"sts:ExternalId": "0123456789abcdef"}}
        trust = policy(
            {"Effect": "Allow", "Action": "sts:AssumeRole", **to(ROLE_ARN), "Condition": condition}, source="trust"
        )
        context = {"sts:ExternalId": external_id} if external_id else {}
        decision = decide(
            role(*identity),
            "sts:AssumeRole",
            "arn:aws:iam::444455556666:role/portal",
            context=context,
            resource_policy=trust,
        )
        assert decision.allowed is allowed

    def test_a_role_that_trusts_nobody_cannot_be_assumed_within_its_account(self) -> None:
        decision = decide(role(allow("sts:*")), "sts:AssumeRole", OTHER_ROLE_ARN, resource_policy=NOTHING)
        assert (decision.allowed, decision.layer) == (False, Layer.RESOURCE)

    @pytest.mark.parametrize(
        ("service", "source_account", "allowed"),
        [
            ("cloudformation.amazonaws.com", ACCOUNT_ID, True),
            ("cloudformation.amazonaws.com", "444455556666", False),
            ("lambda.amazonaws.com", ACCOUNT_ID, False),
        ],
    )
    def test_a_service_assumes_the_stack_role(self, service: str, source_account: str, allowed: bool) -> None:
        trust = policy(
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudformation.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}},
            }
        )
        decision = decide_for_service(
            ServicePrincipal(service),
            "sts:AssumeRole",
            OTHER_ROLE_ARN,
            context={"aws:SourceAccount": source_account},
            resource_policy=trust,
        )
        assert decision.allowed is allowed

    def test_an_explicit_deny_in_a_trust_policy_stops_a_service(self) -> None:
        service = {"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = policy({"Effect": "Allow", **service}, {"Effect": "Deny", **service})
        caller = ServicePrincipal("lambda.amazonaws.com")
        assert not decide_for_service(caller, "sts:AssumeRole", OTHER_ROLE_ARN, resource_policy=trust).allowed


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
