"""IAM, against moto as a second opinion."""

from __future__ import annotations

import json
import uuid

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


def test_a_role_and_its_policies(on_moto: LiveAws, by_hand: Clients) -> None:
    name = f"r-{uuid.uuid4()}"
    trust = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
    )
    by_hand.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    by_hand.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=trust)
    assert on_moto.exists("AWS::IAM::Role", name)
    assert on_moto.exists("AWS::IAM::RolePolicy", f"p|{name}")
    assert on_moto.exists("AWS::IAM::RolePolicy", f"q|{name}") is False
    assert on_moto.exists("AWS::IAM::Policy", "shop-Policy-1ABC") is None
    by_hand.iam.delete_role_policy(RoleName=name, PolicyName="p")
    by_hand.iam.delete_role(RoleName=name)
    assert on_moto.exists("AWS::IAM::Role", name) is False


def _document(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_role_is_read_with_all_its_policies(on_moto: LiveAws, by_hand: Clients) -> None:
    name, trust = f"r-{uuid.uuid4()}", _document("sts:AssumeRole")
    arns = [
        by_hand.iam.create_policy(PolicyName=f"{name}-{part}", PolicyDocument=_document("s3:ListBucket"))["Policy"][
            "Arn"
        ]
        for part in ("boundary", "attached")
    ]
    by_hand.iam.create_policy_version(PolicyArn=arns[1], PolicyDocument=_document("sqs:*"), SetAsDefault=True)
    by_hand.iam.create_role(
        RoleName=name,
        Path="/portal/stacks/",
        AssumeRolePolicyDocument=trust,
        PermissionsBoundary=arns[0],
        Tags=[{"Key": "portal:team", "Value": "payments"}],
    )
    by_hand.iam.attach_role_policy(RoleName=name, PolicyArn=arns[1])
    by_hand.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=_document("ecs:RunTask"))
    role = on_moto.reads.role(name)
    assert role is not None
    assert role.arn.endswith(f":role/portal/stacks/{name}")
    assert role.tags == {"portal:team": "payments"}
    assert json.loads(role.trust) == json.loads(trust)
    assert [(policy.name, policy.arn, json.loads(policy.document)) for policy in role.policies] == [
        ("inline", "", json.loads(_document("ecs:RunTask"))),
        (f"{name}-attached", arns[1], json.loads(_document("sqs:*"))),
    ]
    assert role.boundary is not None
    assert role.boundary.arn == arns[0]
    assert on_moto.reads.role(f"{name}-2") is None
    assert on_moto.reads.managed_policy(f"{arns[0]}-2") is None
