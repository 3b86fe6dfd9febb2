"""What a design names outside its environment is read off its settings, whatever the kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from provisioning.components.external_names import external_names
from provisioning.components.kit import external_names as external_types
from provisioning.components.kit.external_names import marker
from provisioning.components.registry import component, kinds
from provisioning.design.external_names import ExternalKind
from provisioning.design.graph import Design, Reference
from tests.components.imported_template.test_component import made
from tests.support.designs import ARN, design, node

# Every setting of every kind that names something outside the environment. A new one belongs here, with its mark.
NAMES_SOMETHING_OUTSIDE = {
    "alarm_topic.endpoint_secret": ExternalKind.SECRET,
    "cdn.certificate_arn": ExternalKind.CERTIFICATE,
    "cdn.hosted_zone_id": ExternalKind.HOSTED_ZONE,
    "email.hosted_zone_id": ExternalKind.HOSTED_ZONE,
    "load_balancer.certificate.arn": ExternalKind.CERTIFICATE,
    "load_balancer.certificate.hosted_zone_id": ExternalKind.HOSTED_ZONE,
    "log_shipping.login_secret": ExternalKind.SECRET,
    "monitoring_role.account_id": ExternalKind.ACCOUNT,
    "rabbitmq.image": ExternalKind.IMAGE_REPOSITORY,
    "service.assume_roles": ExternalKind.ROLE,
    "service.image": ExternalKind.IMAGE_REPOSITORY,
}
# Names of settings that sound like something outside the environment, and why these are not.
SOUNDS_LIKE_IT = re.compile(
    r"(^|_)(secrets?|zones?|zone_id|arns?|images?|roles?|certificates?|repository|keys?|account_id)$"
)
NOTHING_OUTSIDE = {
    "deploy_role.repository": "a repository on GitHub; the role's trust policy names it",
    "mysql.url_secret": "true or false: the secret is the environment's own",
    "postgres.url_secret": "true or false: the secret is the environment's own",
    "load_balancer.certificate": "a block, whose parts are listed",
}


def settings_of(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, ExternalKind | None]]:
    for name, field in model.model_fields.items():
        mark = marker(field.annotation, field.metadata)
        yield f"{prefix}.{name}", mark.kind if mark else None
        for block in blocks_in(field.annotation):
            yield from settings_of(block, f"{prefix}.{name}")


def blocks_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from blocks_in(argument)


ALL_SETTINGS = {setting: kind for each in kinds() for setting, kind in settings_of(component(each).schema, each)}


def test_exactly_these_settings_are_marked() -> None:
    assert {setting: kind for setting, kind in ALL_SETTINGS.items() if kind} == NAMES_SOMETHING_OUTSIDE


def test_a_setting_that_sounds_like_a_name_outside_has_a_mark_or_a_reason() -> None:
    suspects = {setting for setting in ALL_SETTINGS if SOUNDS_LIKE_IT.search(setting.rpartition(".")[2])}
    assert suspects - set(NAMES_SOMETHING_OUTSIDE) == set(NOTHING_OUTSIDE)


def found(made_: Design) -> list[tuple[str, str, str]]:
    return [(name.setting, name.kind.value, name.value) for name in external_names(made_)]


def test_alice_names_a_zone_and_an_image_of_a_private_registry() -> None:
    registry = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/payments/api"
    certificate = {"domain": "shop.example.com", "hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
    roles = ("arn:aws:iam::210987654321:role/portal",)
    orders = design(
        node("service", "api", image=f"{registry}:1.2@sha256:{'0' * 64}", cpu=256, memory=512, assume_roles=roles),
        node("load_balancer", "public", certificate=certificate, target=Reference("service", "api"), health_check="/"),
    )
    assert found(orders) == [
        ("image", "image_repository", registry),
        ("assume_roles", "role", "arn:aws:iam::210987654321:role/portal"),
        ("certificate.hosted_zone_id", "hosted_zone", "Z0123456789ABCDEFGHIJ"),
    ]


@pytest.mark.parametrize("host", ["amazonaws.com", "amazonaws.com.", "amazonaws.com:443", "amazonaws.com.cn:443"])
def test_an_image_is_private_however_its_registry_is_written(host: str) -> None:
    repository = f"123456789012.dkr.ecr.eu-north-1.{host}/payments/api"
    assert external_types.private_repositories(f"{repository}:1.2") == [repository]


def test_a_certificate_given_as_text_and_a_secret_are_named() -> None:
    orders = design(
        node("load_balancer", "public", certificate=ARN, target=Reference("service", "api"), health_check="/"),
        node("alarm_topic", "main", endpoint_secret="portal/payments/pagerduty"),
    )
    assert found(orders) == [
        ("certificate.arn", "certificate", ARN),
        ("endpoint_secret", "secret", "portal/payments/pagerduty"),
    ]


def test_an_identity_that_exists_and_an_account_that_is_trusted_are_named() -> None:
    """An identity that the environment creates itself is its own."""
    grafana = {"account_id": "210987654321", "external_id": "grafana-example"}
    orders = design(
        node("email", "own", domain="orders.example.com"),
        node("email", "mail", domain="mail.example.com", existing=True),
        node("email", "support", address="help@example.com", existing=True),
        node("monitoring_role", "grafana", **grafana),
        node("monitoring_role", "none"),
    )
    assert found(orders) == [
        ("domain", "email_identity", "mail.example.com"),
        ("address", "email_identity", "help@example.com"),
        ("account_id", "account", "210987654321"),
    ]


def test_a_public_image_belongs_to_nobody_in_the_account() -> None:
    public = design(node("service", "api", image="public.ecr.aws/docker/library/python:3.13", cpu=256, memory=512))
    assert found(public) == []


@pytest.mark.parametrize(
    "image",
    [
        "{{resolve:ssm:/x}}",
        "python:3.13$(id)",
        "python:${AWS::StackName}",
        "-v",
        "python:3.13 sh",
        'python"',
        "python:3.13\n",
    ],
)
def test_an_image_is_only_an_image(image: str) -> None:
    with pytest.raises(ValueError, match="image"):
        node("service", "api", image=image, cpu=256, memory=512)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::*:role/portal",
        "arn:aws:iam::123456789012:role/*",
        "arn:aws:iam::123456789012:role/por?al",
        "arn:aws:iam::123456789012:role/${aws:PrincipalTag/team}",
        "arn:aws:iam::\N{ARABIC-INDIC DIGIT ONE}23456789012:role/portal",
    ],
)
def test_a_role_arn_has_no_wildcard(arn: str) -> None:
    with pytest.raises(ValueError, match="assume_roles"):
        node("service", "api", image="x", cpu=256, memory=512, assume_roles=(arn,))


NAME_TYPES = {
    "HostedZoneId": (external_types.HostedZoneId, "Z0123456789ABCDEFGHIJ"),
    "SecretName": (external_types.SecretName, "portal/payments/pagerduty"),
    "CertificateArn": (external_types.CertificateArn, ARN),
    "RoleArn": (external_types.RoleArn, "arn:aws:iam::210987654321:role/portal"),
    "AccountId": (external_types.AccountId, "210987654321"),
    "ImageReference": (external_types.ImageReference, "public.ecr.aws/example/api:1"),
}


@pytest.mark.parametrize("name", NAME_TYPES)
@pytest.mark.parametrize("sign", ["*", "?", "${a}", "{{", "'", '"', "\n", " ", "\\", "\u0661", "::", ";", "$("])
def test_a_name_has_no_sign_that_an_arn_or_a_shell_would_read(name: str, sign: str) -> None:
    kind, valid = NAME_TYPES[name]
    adapter = TypeAdapter(kind)
    assert adapter.validate_python(valid) == valid
    for text in (valid + sign, sign + valid, valid[:-2] + sign + valid[-2:]):
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


RAW = """
Parameters:
  Zone: {Type: "AWS::Route53::HostedZone::Id"}
  Other: {Type: String, Default: Z999}
  Token: {Type: String, NoEcho: true, AllowedPattern: "[a-z]{3}-[0-9]{3}"}
  RoleName: {Type: String, Default: Admin}
Resources:
  Record:
    Type: AWS::Route53::RecordSet
    Properties:
      HostedZoneId: !Ref Zone
      Name: a.example.com
      Type: A
      AliasTarget: {HostedZoneId: Z2FDTNDATAQYW2, DNSName: d1.cloudfront.net}
  Second:
    Type: AWS::Route53::RecordSet
    Properties: {HostedZoneId: !Ref Other, Name: b.example.com, Type: CNAME, TTL: "60", ResourceRecords: [!Ref Token]}
  Own: {Type: "AWS::Route53::HostedZone", Properties: {Name: c.example.com}}
  Third:
    Type: AWS::Route53::RecordSet
    Properties: {HostedZoneId: !Ref Own, Name: c.example.com, Type: CNAME, TTL: "60", ResourceRecords: [a.example.com]}
  Code:
    Type: AWS::Lambda::Function
    Properties:
      Role: !Join [":", ["arn:aws:iam:", !Ref "AWS::AccountId", !Sub "role/${RoleName}"]]
      Code: {ImageUri: !Sub "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/billing/x:1"}
      PackageType: Image
  Policy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: more
      Roles: [BillingRole, !Ref Mine]
      PolicyDocument:
        Statement:
          - {Effect: Deny, Action: "*", Resource: "arn:aws:secretsmanager:*:*:secret:denied"}
          - Effect: Allow
            Action: secretsmanager:GetSecretValue
            Resource:
              - !Sub "arn:aws:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:billing/*"
              - !Sub "arn:aws:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${AWS::StackName}-*"
              - !Sub "arn:aws:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:*${AWS::StackName}"
  Mine:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}
          - {Effect: Allow, Principal: {AWS: ["210987654321", !Ref "AWS::AccountId"]}, Action: sts:AssumeRole}
          - {Effect: Allow, Principal: {AWS: "arn:aws:iam::310987654321:root"}, Action: sts:AssumeRole}
"""


def test_a_raw_template_names_what_its_parameters_and_its_text_name() -> None:
    token = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:payments/token-AbCdEf"
    assert set(found(made(RAW, answers={"Zone": "Z111", "Token": token}))) == {
        ("Zone", "hosted_zone", "Z111"),
        ("Token", "secret", token),
        ("Second.HostedZoneId", "hosted_zone", "Z999"),
        ("Code.Role", "role", "arn:aws:iam::123456789012:role/Admin"),
        ("Code.Code.ImageUri", "image_repository", "123456789012.dkr.ecr.eu-north-1.amazonaws.com/billing/x"),
        ("Policy.Roles", "role", "BillingRole"),
        ("Mine.AssumeRolePolicyDocument.Statement[1].Principal.AWS[0]", "account", "210987654321"),
        ("Mine.AssumeRolePolicyDocument.Statement[2].Principal.AWS", "account", "310987654321"),
        ("Policy.PolicyDocument.Statement.Resource", "secret", "arn:aws:secretsmanager:eu-north-1:123456789012:secret:billing/*"),
        ("Policy.PolicyDocument.Statement.Resource", "secret", "arn:aws:secretsmanager:eu-north-1:123456789012:secret:*${AWS::StackName}"),
    }  # fmt: skip
