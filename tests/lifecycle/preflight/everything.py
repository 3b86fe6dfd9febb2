"""One template that concerns every check, and an account in which every check passes."""

from __future__ import annotations

from typing import Any

from provisioning.aws import interface
from provisioning.aws.account_reads import Certificate, HostedZone, SecretState
from provisioning.aws.onboarding import ONBOARDING_VERSION
from provisioning.lifecycle.preflight.checks.service_roles import ROLES
from tests.lifecycle.preflight.support import ACCOUNT, REGION, Desk
from tests.scripted_aws.cloud import Living, Place, ScriptedStack

ZONE = "Z0SHOP00000000000000"
DOMAIN = "shop.example"
NAME_SERVERS = ("ns-1.awsdns-1.com", "ns-2.awsdns-2.net")
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1"
EDGE_CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/2"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/payments/api:1.0"
STACK_ROLE = f"arn:aws:iam::{ACCOUNT}:role/portal/stacks/portal-stacks-payments"


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def subnet(number: int, cidr: str) -> dict[str, Any]:
    zone = {"Fn::Select": [number, {"Fn::GetAZs": ""}]}
    return resource("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock=cidr, AvailabilityZone=zone)


def alias(name: str, target: str) -> dict[str, Any]:
    return resource(
        "Route53::RecordSet",
        HostedZoneId=ZONE,
        Name=f"{name}.",
        Type="A",
        AliasTarget={"DNSName": {"Fn::GetAtt": [target, "DNSName"]}, "HostedZoneId": "Z2FDTNDATAQYW2"},
    )


RESOURCES: dict[str, dict[str, Any]] = {
    "Vpc": resource("EC2::VPC", CidrBlock="10.0.0.0/16"),
    "Gateway": resource("EC2::InternetGateway"),
    "PublicA": subnet(0, "10.0.0.0/20"),
    "PublicB": subnet(1, "10.0.16.0/20"),
    "Address": resource("EC2::EIP"),
    "Nat": resource(
        "EC2::NatGateway", SubnetId=ref("PublicA"), AllocationId={"Fn::GetAtt": ["Address", "AllocationId"]}
    ),
    "Host": resource("EC2::Instance", InstanceType="m7g.large", SubnetId=ref("PublicB")),
    "Role": resource(
        "IAM::Role",
        AssumeRolePolicyDocument={"Statement": [{"Effect": "Allow", "Principal": {"Federated": PROVIDER}}]},
    ),
    "Database": resource(
        "RDS::DBInstance",
        Engine="postgres",
        EngineVersion="17.9",
        DBInstanceClass="db.t4g.small",
        MultiAZ=True,
        DBSubnetGroupName=ref("Group"),
    ),
    "Group": resource("RDS::DBSubnetGroup", SubnetIds=[ref("PublicA"), ref("PublicB")]),
    "Cache": resource(
        "ElastiCache::ReplicationGroup", Engine="redis", EngineVersion="7.1", CacheNodeType="cache.t4g.micro"
    ),
    "Broker": resource(
        "AmazonMQ::Broker",
        EngineType="RABBITMQ",
        EngineVersion="4.2",
        HostInstanceType="mq.m7g.large",
        SubnetIds=[ref("PublicA")],
    ),
    "Cluster": resource("ECS::Cluster"),
    "Task": resource("ECS::TaskDefinition", ContainerDefinitions=[{"Name": "api", "Image": IMAGE}]),
    "Function": resource("Lambda::Function", ReservedConcurrentExecutions=50),
    "Bucket": resource("S3::Bucket", BucketName="a-name-of-my-own"),
    "Secret": resource("SecretsManager::Secret", Name="app/key"),
    "Reader": resource("SSM::Parameter", Value="{{resolve:secretsmanager:payments/token:SecretString:key}}"),
    "Balancer": resource("ElasticLoadBalancingV2::LoadBalancer", Scheme="internet-facing", Subnets=[ref("PublicA")]),
    "Listener": resource(
        "ElasticLoadBalancingV2::Listener",
        LoadBalancerArn=ref("Balancer"),
        Certificates=[{"CertificateArn": CERTIFICATE}],
    ),
    "Record": alias(f"api.{DOMAIN}", "Balancer"),
    "Issued": resource(
        "CertificateManager::Certificate",
        DomainName=DOMAIN,
        DomainValidationOptions=[{"DomainName": DOMAIN, "HostedZoneId": ZONE}],
    ),
    "Mail": resource("SES::EmailIdentity", EmailIdentity=f"mail.{DOMAIN}"),
    "Edge": resource(
        "CloudFront::Distribution",
        DistributionConfig={"Aliases": [f"www.{DOMAIN}"], "ViewerCertificate": {"AcmCertificateArn": EDGE_CERTIFICATE}},
    ),
    "Caching": resource("CloudFront::CachePolicy"),
    "Headers": resource("CloudFront::ResponseHeadersPolicy"),
}


def ready_desk() -> Desk:
    """An account in which everything that the template refers to is in place."""
    desk = Desk(delegations={DOMAIN: NAME_SERVERS}, stack_role_arn=STACK_ROLE)
    here = desk.script()
    for script in (here, desk.script("us-east-1")):
        script.hosted_zones[ZONE] = HostedZone(DOMAIN, is_private=False, name_servers=NAME_SERVERS)
    here.certificates[CERTIFICATE] = Certificate("ISSUED", (f"*.{DOMAIN}",))
    desk.script("us-east-1").certificates[EDGE_CERTIFICATE] = Certificate("ISSUED", (f"www.{DOMAIN}",))
    here.secrets["payments/token"] = SecretState("arn:secret", None)
    here.images[f"{ACCOUNT}/payments/api"] = {"1.0"}
    for name in ("portal-stacks-payments", *(role.name for role in ROLES)):
        exists(desk, "AWS::IAM::Role", name)
    exists(desk, "AWS::IAM::OIDCProvider", PROVIDER)
    onboarded(desk, str(ONBOARDING_VERSION))
    return desk


def exists(desk: Desk, resource_type: str, physical_id: str) -> None:
    living = Living(resource_type, physical_id, f"arn:{physical_id}", {})
    desk.cloud.living[Place(ACCOUNT, REGION), resource_type, physical_id] = living


def onboarded(desk: Desk, version: str) -> None:
    """The onboarding stack, whose output is `version`."""
    body = '{"Outputs": {"OnboardingVersion": {"Value": "' + version + '"}}, "Resources": {}}'
    desk.cloud.stacks[:] = [stack for stack in desk.cloud.stacks if stack.spec.name != "portal-onboarding"]
    desk.cloud.output_values["portal-onboarding"] = {"OnboardingVersion": version}
    desk.cloud.stacks.append(
        ScriptedStack(
            place=Place(ACCOUNT, REGION),
            stack_id="arn:aws:cloudformation:eu-north-1:123456789012:stack/portal-onboarding/1",
            spec=interface.StackSpec(name="portal-onboarding", body=body),
            token="onboarding",
            created_at=desk.cloud.clock.now(),
            status="CREATE_COMPLETE",
        )
    )
