"""How resource policies, key policies and trust policies combine with those of the caller.

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

from provisioning.policy.decide import Layer, Reason, decide, decide_for_service
from provisioning.policy.principal import ServicePrincipal
from tests.policy.build import (
    ACCOUNT_ID,
    ALL,
    NOTHING,
    QUEUE_ARN,
    ROLE_ARN,
    SESSION_ARN,
    USER_ARN,
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
