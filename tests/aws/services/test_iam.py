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
