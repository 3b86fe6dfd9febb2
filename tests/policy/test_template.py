"""Roles and policies as a CloudFormation template states them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioning.policy.decide import decide
from provisioning.policy.errors import MalformedPolicy, UnresolvedReference
from provisioning.policy.template import bucket_policies_of, load_template, managed_policies_of, roles_of
from tests.policy.build import ACCOUNT_ID, ALL

REGION = "eu-central-1"
TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Team: {Type: String}
  ExternalId: {Type: String, Default: "0123456789abcdef"}
  Zones: {Type: CommaDelimitedList, Default: "Z1, Z2"}
  FirstRegion: {Type: String, Default: "true"}
Mappings:
  Sizes: {dev: {Prefix: d}}
Conditions:
  Here: !Equals [!Ref FirstRegion, "true"]
  Elsewhere: !Not [!Condition Here]
  Both: !And [!Condition Here, !Or [!Condition Elsewhere, !Equals [!Ref Team, payments]]]
Resources:
  Boundary:
    Type: AWS::IAM::ManagedPolicy
    Condition: Here
    Properties:
      ManagedPolicyName: portal-environment-boundary
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Sid: Own, Effect: Allow, Action: "sqs:*", Resource: !Sub "arn:${AWS::Partition}:sqs:*:*:${!aws:PrincipalTag/portal:team}-*"}
  Shared:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Roles: [!Ref StackRole]
      PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "sns:Publish", Resource: "*"}}
  StackRole:
    Type: AWS::IAM::Role
    Condition: Here
    Properties:
      RoleName: !Join ["-", [portal-stacks, !Ref Team]]
      Path: /portal/stacks/
      PermissionsBoundary: !Ref Boundary
      ManagedPolicyArns: [!If [Both, !Ref Boundary, !Ref AWS::NoValue], "arn:aws:iam::aws:policy/ReadOnlyAccess"]
      Tags: [{Key: "portal:team", Value: !Ref Team}]
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {Service: cloudformation.amazonaws.com}
            Action: "sts:AssumeRole"
            Condition: {StringEquals: {"aws:SourceAccount": !Ref AWS::AccountId, "sts:ExternalId": !Ref ExternalId}}
      Policies:
        - PolicyName: Zones
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - Sid: Records
                Effect: Allow
                Action: "route53:ChangeResourceRecordSets"
                Resource: [!Sub ["arn:aws:route53:::hostedzone/${Zone}", {Zone: !Select [1, !Ref Zones]}]]
              - !If
                - Elsewhere
                - {Sid: Elsewhere, Effect: Allow, Action: "*", Resource: "*"}
                - !Ref AWS::NoValue
  Detached:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: detached
      Roles: [!Ref StackRole]
      PolicyDocument:
        Version: 2012-10-17
        Statement: {Sid: Objects, Effect: Deny, Action: "s3:GetObject", Resource: !Sub "${Bucket.Arn}/*"}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub
        - "${Prefix}-${AWS::AccountId}-${Last}"
        - Prefix: !FindInMap [Sizes, dev, Prefix]
          Last: !Select [2, !Split ["-", !Ref AWS::Region]]
  BucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Version: 2012-10-17
        Statement: {Sid: Roles, Effect: Allow, Principal: {AWS: !GetAtt StackRole.Arn}, Action: "s3:*", Resource: !GetAtt Bucket.Arn}
"""
STACK_ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/portal/stacks/portal-stacks-payments"
BOUNDARY_ARN = f"arn:aws:iam::{ACCOUNT_ID}:policy/portal-environment-boundary"


def roles(**parameters: str) -> Any:
    return roles_of(load_template(TEMPLATE), {"Team": "payments", **parameters}, ACCOUNT_ID, REGION)


def test_a_role_with_its_policies() -> None:
    role = roles()["StackRole"]
    assert (role.arn, role.path, role.boundary_arn) == (STACK_ROLE_ARN, "/portal/stacks/", BOUNDARY_ARN)
    assert role.tags == {"portal:team": "payments"}
    assert [str(one) for one in role.identity] == [
        "Boundary/Own",
        "Shared/#0",
        "StackRole.Zones/Records",
        "Detached/Objects",
    ]
    assert role.foreign_policy_arns == ("arn:aws:iam::aws:policy/ReadOnlyAccess",)


def test_the_role_decides_as_its_policies_say() -> None:
    caller = roles()["StackRole"].principal()
    assert decide(caller, "sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:payments-orders").allowed
    assert not decide(caller, "sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:logistics-orders").allowed
    unbounded = roles()["StackRole"].principal(boundary=ALL)
    assert decide(unbounded, "route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z2").allowed
    assert not decide(unbounded, "route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1").allowed
    denied = decide(unbounded, "s3:GetObject", f"arn:aws:s3:::d-{ACCOUNT_ID}-1/a")
    assert denied.statement == "Detached/Objects"


def test_trust_and_bucket_policies() -> None:
    (trust,) = roles()["StackRole"].trust
    assert [one.text for one in trust.conditions] == [
        f"StringEquals aws:SourceAccount {ACCOUNT_ID}",
        "StringEquals sts:ExternalId 0123456789abcdef",
    ]
    ((arn, (statement,)),) = bucket_policies_of(
        load_template(TEMPLATE), {"Team": "payments"}, ACCOUNT_ID, REGION
    ).items()
    assert arn == f"arn:aws:s3:::d-{ACCOUNT_ID}-1"
    assert statement.principal is not None
    assert statement.principal.aws == (STACK_ROLE_ARN,)


def test_a_resource_whose_condition_does_not_hold_is_left_out() -> None:
    template = load_template(TEMPLATE)
    parameters = {"Team": "payments", "FirstRegion": "false"}
    assert roles_of(template, parameters, ACCOUNT_ID, REGION) == {}
    assert BOUNDARY_ARN not in managed_policies_of(template, parameters, ACCOUNT_ID, REGION)


def test_conditions_are_those_of_the_parameters() -> None:
    role = roles(Team="logistics")["StackRole"]
    assert [str(one) for one in role.identity] == ["Shared/#0", "StackRole.Zones/Records", "Detached/Objects"]


def test_json_and_yaml_say_the_same() -> None:
    body = {
        "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}}
    }
    (role,) = roles_of(load_template(json.dumps(body, indent="\t")), {}, ACCOUNT_ID, REGION).values()
    assert role.arn == f"arn:aws:iam::{ACCOUNT_ID}:role/stack-Role"
    assert role.boundary_arn is None


def test_the_partition_is_part_of_every_arn() -> None:
    template = load_template(TEMPLATE)
    parameters = {"Team": "payments"}
    role = roles_of(template, parameters, ACCOUNT_ID, "cn-north-1", partition="aws-cn")["StackRole"]
    assert role.arn.startswith("arn:aws-cn:iam::")
    body = TEMPLATE.replace('Key: "portal:team", Value: !Ref Team', 'Key: domain, Value: !Ref "AWS::URLSuffix"')
    role = roles_of(load_template(body), parameters, ACCOUNT_ID, "cn-north-1", partition="aws-cn")["StackRole"]
    assert role.tags == {"domain": "amazonaws.com.cn"}


def test_a_boundary_of_another_template_has_to_be_given() -> None:
    body = TEMPLATE.replace("PermissionsBoundary: !Ref Boundary", "PermissionsBoundary: arn:aws:iam::1:policy/other")
    role = roles_of(load_template(body), {"Team": "payments"}, ACCOUNT_ID, REGION)["StackRole"]
    with pytest.raises(UnresolvedReference, match="which is in another template"):
        role.principal()
    assert role.principal(boundary=ALL).boundary == ALL


@pytest.mark.parametrize(
    ("parameters", "body", "sentence"),
    [
        ({}, TEMPLATE, "Team is neither a parameter with a value nor a resource"),
        ({"Team": "a", "Size": "dev"}, TEMPLATE, "no parameter Size"),
        ({"Team": "a"}, TEMPLATE.replace("!Condition Here]", "!Condition There]"), "no condition There"),
        ({"Team": "a"}, TEMPLATE.replace("[Sizes, dev,", "[Sizes, prod,"), "mapping Sizes has no prod/Prefix"),
        ({"Team": "a"}, TEMPLATE.replace('!Sub "${Bucket.Arn}/*"', "!ImportValue x"), "Fn::ImportValue cannot be resolved"),
    ],
)  # fmt: skip
def test_what_cannot_be_resolved_is_an_error(parameters: dict[str, str], body: str, sentence: str) -> None:
    with pytest.raises(UnresolvedReference, match=sentence):
        roles_of(load_template(body), parameters, ACCOUNT_ID, REGION)


@pytest.mark.parametrize("text", ["{", "a: [", "Resources: none", "[]"])
def test_what_is_no_template_is_an_error(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        load_template(text)
