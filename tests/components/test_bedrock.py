"""Bedrock: which model ids are models, which are profiles, and which are neither."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.registry import component
from tests.components.small import rendered
from tests.support.designs import node


def test_models_and_profiles_side_by_side() -> None:
    models = ["amazon.nova-lite-v1:0", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "eu.amazon.nova-pro-v1:0"]
    template = rendered(node("bedrock", "main", models=models))
    allowed = [
        (resource["Fn::Sub"], "Condition" in statement)
        for statement in template.statements(template.role_of("api"))
        for resource in statement["Resource"]
    ]
    bedrock, own = "arn:${AWS::Partition}:bedrock:", "${AWS::Region}:${AWS::AccountId}:inference-profile/"
    assert sorted(allowed) == sorted(
        [
            (f"{bedrock}${{AWS::Region}}::foundation-model/amazon.nova-lite-v1:0", False),
            (f"{bedrock}{own}{models[1]}", False),
            (f"{bedrock}*::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0", True),
            (f"{bedrock}{own}{models[2]}", False),
            (f"{bedrock}*::foundation-model/amazon.nova-pro-v1:0", True),
        ]
    )


def test_the_endpoint_allows_what_the_role_allows_and_to_this_account_only() -> None:
    template = rendered(node("bedrock", "main", models=["amazon.nova-lite-v1:0", "eu.amazon.nova-pro-v1:0"]))
    (endpoint,) = [e for e in template.of_type("AWS::EC2::VPCEndpoint").values() if "PolicyDocument" in e]
    at_the_endpoint = _resources(endpoint["PolicyDocument"]["Statement"])
    assert at_the_endpoint == _resources(template.statements(template.role_of("api")))
    assert len(at_the_endpoint) == 3
    for statement in endpoint["PolicyDocument"]["Statement"]:
        assert statement["Condition"]["StringEquals"]["aws:PrincipalAccount"] == {"Ref": "AWS::AccountId"}


def _resources(statements: list[dict[str, Any]]) -> list[str]:
    return sorted(resource["Fn::Sub"] for statement in statements for resource in statement["Resource"])


@pytest.mark.parametrize("model", ["*", "amazon.*", "nova", "amazon.nova lite", "arn:aws:bedrock:::x", "a.b/../c"])
def test_only_plain_ids_are_taken(model: str) -> None:
    with pytest.raises(ValidationError, match="String should match pattern"):
        component("bedrock").schema.model_validate({"models": [model]})


def test_at_least_one_model_is_named() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        component("bedrock").schema.model_validate({"models": []})
