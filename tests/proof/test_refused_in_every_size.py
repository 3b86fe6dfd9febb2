"""Findings that reach what belongs to others are refused in dev, too."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.design.size_policy import SIZE_POLICIES, SIZES
from provisioning.proof import RULES
from provisioning.proof.refused_in_every_size import REFUSED_IN_EVERY_SIZE, refused_findings
from provisioning.proof.report import Proof
from provisioning.proof.rules import load
from provisioning.proof.run import prove
from provisioning.template.compile import compile_design
from tests.support import shipped

# What charlie's draft contained: a policy on another team's bucket, an administrator's role, and every action.
EVIL: dict[str, Any] = {
    "Resources": {
        "Open": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": "orders-dev-documents",
                "PolicyDocument": {
                    "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
                },
            },
        },
        "Code": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Role": "arn:aws:iam::123456789012:role/SomebodyElsesAdmin", "Code": {"ZipFile": "x"}},
        },
        "Mine": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
                    }
                },
                "Policies": [
                    {
                        "PolicyName": "all",
                        "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
                    }
                ],
            },
        },
    }
}


def rules(proof: Proof, size: str) -> set[str]:
    return {finding.rule for finding in refused_findings(proof, SIZE_POLICIES[size])}


def test_every_entry_is_a_rule() -> None:
    load()
    assert set(REFUSED_IN_EVERY_SIZE) <= set(RULES)


@pytest.mark.parametrize("size", SIZES)
def test_charlies_draft_is_refused_in_every_size(size: str) -> None:
    proof = prove(EVIL, policy=SIZE_POLICIES[size])
    assert {"foreign.policy", "foreign.role", "iam.action-wildcard", "public.policy"} <= rules(proof, size)


def test_dev_still_takes_other_high_findings() -> None:
    """Alice may try an unencrypted database in dev; it harms nobody else."""
    database = {"Resources": {"Db": {"Type": "AWS::RDS::DBInstance", "Properties": {"StorageEncrypted": False}}}}
    dev, prod = (prove(database, policy=SIZE_POLICIES[size]) for size in ("dev", "prod"))
    assert dev.of("high")
    assert rules(dev, "dev") == set()
    assert rules(prod, "prod")


@pytest.mark.parametrize("slug", shipped.slugs())
def test_what_ships_is_refused_nowhere(slug: str) -> None:
    for size in SIZES:
        policy = SIZE_POLICIES[size]
        proof = prove(shipped.compiled(slug, size), policy=policy)
        assert refused_findings(proof, policy) == ()


REFERENCES = {
    "{{resolve:secretsmanager:portal/payments/pagerduty}}": True,
    "{{resolve:ssm:/portal/payments/key:2}}": True,
    "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64}}": True,
    "{{resolve:secretsmanager:arn:aws:secretsmanager:eu-north-1:123456789012:secret:portal/payments/x-AbCdEf:SecretString:k}}": True,
    "{{resolve:secretsmanager:portal/orders/pagerduty}}": False,
    "{{resolve:secretsmanager:portal/payments-2/pagerduty}}": False,
    "{{resolve:secretsmanager:/portal/payments/x}}": False,
    "{{resolve:ssm:portal/payments/x}}": False,
    "{{resolve:ssm:/aws/service-x/y}}": False,
}


@pytest.mark.parametrize(("reference", "allowed"), REFERENCES.items())
def test_a_team_reads_what_bears_its_prefix(reference: str, *, allowed: bool) -> None:
    compiled = shipped.compiled("static-site", "dev")
    body = compiled.main.body.replace('"Comment":"', f'"Comment":"{reference}', 1)
    (stack,) = (part for part in compiled.stacks if part.stack == "main")
    assert body != stack.body
    proof = prove(type(stack)(**{name: getattr(stack, name) for name in stack.__dataclass_fields__} | {"body": body}))
    found = [finding for finding in proof.findings if finding.rule == "secrets.dynamic-reference"]
    assert (not found) is allowed


def test_alice_may_use_what_an_administrator_has_listed() -> None:
    given = {"pagerduty_secret": "pagerduty", "loki_url": "https://loki.example.com", "loki_login_secret": "loki"}
    compiled = compile_design(shipped.shipped("dev", slug="webhook-pipeline", **given))
    dev = SIZE_POLICIES["dev"]
    assert refused_findings(prove(compiled, policy=dev, listed={"pagerduty", "loki"}), dev) == ()
    for listed in ({"pagerduty"}, {"loki"}, {"pager", "lok"}, {"pagerduty:", "loki-"}):
        assert refused_findings(prove(compiled, policy=dev, listed=listed), dev)
