"""What one branch on GitHub may do: roll services, replace files, throw cached copies away. Nothing
else.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioning.template.compile import compile_design
from tests.components.small import rendered
from tests.support.designs import design, node, ref
from tests.support.reading import Template

REPOSITORY = "example/shop"
WEB = (node("bucket", "web"), node("cdn", "site", origin=ref("bucket.web")))
FILES: dict[str, Any] = {"buckets": [ref("bucket.web")], "distributions": [ref("cdn.site")]}


@pytest.fixture(scope="module")
def template() -> Template:
    """A role for files only: no cluster, no service."""
    made = design(*WEB, node("deploy_role", "github", repository=REPOSITORY, **FILES))
    return Template(json.loads(compile_design(made).main.body))


def test_files_are_replaced_in_the_named_bucket_only(template: Template) -> None:
    actions = {action: s["Resource"] for s in template.statements("DeployRoleGithub") for action in s["Action"]}
    objects = [{"Fn::Sub": "${BucketWeb.Arn}/*"}]
    assert actions["s3:PutObject"] == actions["s3:DeleteObject"] == actions["s3:GetObject"] == objects
    assert actions["s3:ListBucket"] == [{"Fn::GetAtt": ["BucketWeb", "Arn"]}]


def test_cached_copies_are_thrown_away_in_the_named_distribution_only(template: Template) -> None:
    actions = {action: s["Resource"] for s in template.statements("DeployRoleGithub") for action in s["Action"]}
    own = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${CdnSite}"
    assert actions["cloudfront:CreateInvalidation"] == [{"Fn::Sub": own}]
    assert set(actions) == {
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "cloudfront:CreateInvalidation",
        "cloudfront:GetInvalidation",
    }


def test_one_branch_may_take_the_role(template: Template) -> None:
    role = template.resources["DeployRoleGithub"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    (demanded,) = trust["Condition"].values()
    assert demanded == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": "repo:example/shop:ref:refs/heads/main",
    }


def test_services_and_files_go_together() -> None:
    role = node("deploy_role", "github", repository=REPOSITORY, services=[ref("service.api")], **FILES)
    template = rendered(beside=(*WEB, role))
    assert {"ecr:PutImage", "ecs:UpdateService", "s3:PutObject", "cloudfront:CreateInvalidation"} <= template.actions(
        "DeployRoleGithub"
    )


def test_without_a_repository_there_is_no_role() -> None:
    template = rendered(beside=(*WEB, node("deploy_role", "github", **FILES)))
    assert "DeployRoleGithub" not in template.resources
