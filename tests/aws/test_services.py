"""The service APIs, against moto as a second opinion: what exists is found, what is gone is not."""

from __future__ import annotations

import json
import uuid

import pytest

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients

REGION = "eu-north-1"


@pytest.fixture
def vpc(by_hand: Clients) -> str:
    return by_hand.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def subnet(by_hand: Clients, vpc: str) -> str:
    return by_hand.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20", AvailabilityZone=f"{REGION}a")["Subnet"][
        "SubnetId"
    ]


@pytest.fixture
def subnets(by_hand: Clients, vpc: str, subnet: str) -> list[str]:
    other = by_hand.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.16.0/20", AvailabilityZone=f"{REGION}b")["Subnet"][
        "SubnetId"
    ]
    return [subnet, other]


@pytest.fixture
def group(by_hand: Clients, vpc: str) -> str:
    return by_hand.ec2.create_security_group(GroupName=f"g-{uuid.uuid4()}", Description="x", VpcId=vpc)["GroupId"]


@pytest.fixture
def load_balancer(by_hand: Clients, subnets: list[str]) -> str:
    answer = by_hand.elbv2.create_load_balancer(Name=f"lb-{uuid.uuid4().hex[:20]}", Subnets=subnets)
    return answer["LoadBalancers"][0]["LoadBalancerArn"]


@pytest.fixture
def database(by_hand: Clients) -> str:
    name = f"db-{uuid.uuid4().hex[:20]}"
    by_hand.rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.medium",
        Engine="postgres",
        AllocatedStorage=50,
        MasterUsername="portal",
        MasterUserPassword="only-for-tests",
        DeletionProtection=True,
    )
    return name


def test_a_network_is_there_and_then_gone(on_moto: LiveAws, by_hand: Clients, vpc: str, subnet: str) -> None:
    assert on_moto.exists("AWS::EC2::VPC", vpc)
    assert on_moto.exists("AWS::EC2::Subnet", subnet)
    by_hand.ec2.delete_subnet(SubnetId=subnet)
    by_hand.ec2.delete_vpc(VpcId=vpc)
    assert on_moto.exists("AWS::EC2::Subnet", subnet) is False
    assert on_moto.exists("AWS::EC2::VPC", vpc) is False


def test_an_address_is_found_by_ip_and_by_allocation(on_moto: LiveAws, by_hand: Clients) -> None:
    made = by_hand.ec2.allocate_address(Domain="vpc")
    assert on_moto.exists("AWS::EC2::EIP", made["PublicIp"])
    assert on_moto.exists("AWS::EC2::EIP", f"{made['PublicIp']}|{made['AllocationId']}")
    by_hand.ec2.release_address(AllocationId=made["AllocationId"])
    assert on_moto.exists("AWS::EC2::EIP", made["PublicIp"]) is False
    assert on_moto.exists("AWS::EC2::EIP", f"{made['PublicIp']}|{made['AllocationId']}") is False


def test_a_deleted_nat_gateway_that_ec2_still_lists_is_gone(on_moto: LiveAws, by_hand: Clients, subnet: str) -> None:
    allocation = by_hand.ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = by_hand.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    assert on_moto.exists("AWS::EC2::NatGateway", gateway)
    by_hand.ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert on_moto.exists("AWS::EC2::NatGateway", gateway) is False


def test_a_route_and_its_association_are_found_in_their_table(
    on_moto: LiveAws, by_hand: Clients, vpc: str, subnet: str
) -> None:
    gateway = by_hand.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    by_hand.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = by_hand.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    by_hand.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    association = by_hand.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    assert on_moto.exists("AWS::EC2::InternetGateway", gateway)
    assert on_moto.exists("AWS::EC2::VPCGatewayAttachment", f"IGW|{vpc}")
    assert on_moto.exists("AWS::EC2::Route", f"{table}|0.0.0.0/0")
    assert on_moto.exists("AWS::EC2::Route", f"{table}|10.9.0.0/16") is False
    assert on_moto.exists("AWS::EC2::SubnetRouteTableAssociation", association)
    by_hand.ec2.disassociate_route_table(AssociationId=association)
    assert on_moto.exists("AWS::EC2::SubnetRouteTableAssociation", association) is False
    assert on_moto.exists("AWS::EC2::Route", "shop-Route-1ABCDEF") is None


def test_a_security_group_and_its_rule(on_moto: LiveAws, by_hand: Clients, group: str) -> None:
    rule = by_hand.ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    assert on_moto.exists("AWS::EC2::SecurityGroupIngress", rule)
    assert on_moto.exists("AWS::EC2::SecurityGroupIngress", "ApiIngress") is None
    by_hand.ec2.delete_security_group(GroupId=group)
    assert on_moto.exists("AWS::EC2::SecurityGroup", group) is False


def test_only_detached_interfaces_of_the_named_groups_and_subnets_are_released(
    on_moto: LiveAws, by_hand: Clients, vpc: str, subnet: str, group: str
) -> None:
    elsewhere = by_hand.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.32.0/20")["Subnet"]["SubnetId"]
    ours = by_hand.ec2.create_network_interface(SubnetId=elsewhere, Groups=[group])["NetworkInterface"][
        "NetworkInterfaceId"
    ]
    beside = by_hand.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    foreign = by_hand.ec2.create_network_interface(SubnetId=elsewhere)["NetworkInterface"]["NetworkInterfaceId"]
    assert on_moto.release_network_interfaces({}) == []
    assert sorted(on_moto.release_network_interfaces({"group-id": [group], "subnet-id": [subnet]})) == sorted(
        [ours, beside]
    )
    assert on_moto.exists("AWS::EC2::NetworkInterface", foreign)
    assert on_moto.exists("AWS::EC2::NetworkInterface", ours) is False
    assert on_moto.release_network_interfaces({"group-id": [group], "subnet-id": [subnet]}) == []


def test_an_interface_in_use_is_left_alone(on_moto: LiveAws, by_hand: Clients, subnet: str, group: str) -> None:
    image = by_hand.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    by_hand.ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnet, SecurityGroupIds=[group], InstanceType="t4g.micro"
    )
    assert on_moto.release_network_interfaces({"group-id": [group], "subnet-id": [subnet]}) == []


def test_a_database_loses_its_protection_and_is_gone_when_deleted(
    on_moto: LiveAws, by_hand: Clients, database: str
) -> None:
    assert on_moto.exists("AWS::RDS::DBInstance", database)
    assert on_moto.lift_protection("AWS::RDS::DBInstance", database) is True
    assert on_moto.lift_protection("AWS::RDS::DBInstance", database) is True
    by_hand.rds.delete_db_instance(DBInstanceIdentifier=database, FinalDBSnapshotIdentifier=f"{database}-final")
    assert on_moto.exists("AWS::RDS::DBInstance", database) is False
    assert on_moto.exists("AWS::RDS::DBSnapshot", f"{database}-final")
    assert on_moto.exists("AWS::RDS::DBSnapshot", "none") is False


def test_a_load_balancer_loses_its_protection(on_moto: LiveAws, by_hand: Clients, load_balancer: str) -> None:
    by_hand.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=load_balancer, Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}]
    )
    assert on_moto.lift_protection("AWS::ElasticLoadBalancingV2::LoadBalancer", load_balancer) is True
    by_hand.elbv2.delete_load_balancer(LoadBalancerArn=load_balancer)
    assert on_moto.exists("AWS::ElasticLoadBalancingV2::LoadBalancer", load_balancer) is False
    assert on_moto.lift_protection("AWS::ElasticLoadBalancingV2::LoadBalancer", load_balancer) is True


def test_what_has_no_protection_says_so(on_moto: LiveAws) -> None:
    assert on_moto.lift_protection("AWS::EC2::VPC", "vpc-1") is False


def test_a_secret_in_its_recovery_window_is_gone(on_moto: LiveAws, by_hand: Clients) -> None:
    arn = by_hand.secretsmanager.create_secret(Name=f"s-{uuid.uuid4()}", SecretString="x")["ARN"]
    assert on_moto.exists("AWS::SecretsManager::Secret", arn)
    assert on_moto.exists("AWS::SecretsManager::SecretTargetAttachment", arn) is None
    by_hand.secretsmanager.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    assert on_moto.exists("AWS::SecretsManager::Secret", arn) is False
    assert on_moto.exists("AWS::SecretsManager::SecretTargetAttachment", arn) is False


def test_a_key_that_waits_for_its_deletion_is_gone_and_its_alias_too(on_moto: LiveAws, by_hand: Clients) -> None:
    key = by_hand.kms.create_key()["KeyMetadata"]["KeyId"]
    alias = f"alias/{uuid.uuid4()}"
    by_hand.kms.create_alias(AliasName=alias, TargetKeyId=key)
    assert on_moto.exists("AWS::KMS::Key", key)
    assert on_moto.exists("AWS::KMS::Alias", alias)
    by_hand.kms.delete_alias(AliasName=alias)
    by_hand.kms.schedule_key_deletion(KeyId=key)
    assert on_moto.exists("AWS::KMS::Key", key) is False
    assert on_moto.exists("AWS::KMS::Alias", alias) is False


def test_a_log_group_is_not_mistaken_for_a_longer_name(on_moto: LiveAws, by_hand: Clients) -> None:
    name = f"/portal/{uuid.uuid4()}"
    by_hand.logs.create_log_group(logGroupName=f"{name}-longer")
    assert on_moto.exists("AWS::Logs::LogGroup", f"{name}-longer")
    assert on_moto.exists("AWS::Logs::LogGroup", name) is False


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


def test_a_bucket_and_its_policy(on_moto: LiveAws, by_hand: Clients) -> None:
    name = f"b-{uuid.uuid4()}"
    by_hand.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert on_moto.exists("AWS::S3::Bucket", name)
    assert on_moto.exists("AWS::S3::BucketPolicy", name) is False
    by_hand.s3.delete_bucket(Bucket=name)
    assert on_moto.exists("AWS::S3::Bucket", name) is False


def test_a_stopped_service_stays_stopped(on_moto: LiveAws, by_hand: Clients) -> None:
    cluster = f"c-{uuid.uuid4()}"
    by_hand.ecs.create_cluster(clusterName=cluster)
    by_hand.ecs.register_task_definition(
        family=cluster, containerDefinitions=[{"name": "api", "image": "x", "memory": 64}]
    )
    arn = by_hand.ecs.create_service(cluster=cluster, serviceName="api", taskDefinition=cluster, desiredCount=2)[
        "service"
    ]["serviceArn"]
    resource = f"service/{cluster}/api"
    by_hand.application_autoscaling.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=resource,
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=10,
    )
    assert on_moto.exists("AWS::ApplicationAutoScaling::ScalableTarget", f"{resource}|ecs:service:DesiredCount|ecs")
    on_moto.quiesce("AWS::ECS::Service", arn, parent_id=cluster)
    on_moto.quiesce("AWS::ECS::Service", "api", parent_id=cluster)
    target = by_hand.application_autoscaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])[
        "ScalableTargets"
    ][0]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 0)
    assert by_hand.ecs.describe_services(cluster=cluster, services=["api"])["services"][0]["desiredCount"] == 0
    assert on_moto.exists("AWS::ECS::Service", arn)
    by_hand.ecs.delete_service(cluster=cluster, service="api")
    assert on_moto.exists("AWS::ECS::Service", arn) is False
    on_moto.quiesce("AWS::ECS::Service", "api", parent_id=cluster)


def test_stopping_a_service_that_is_not_there_is_fine(on_moto: LiveAws) -> None:
    on_moto.quiesce("AWS::ECS::Service", "api", parent_id="no-such-cluster")


def test_a_cluster_and_a_task_definition_that_ecs_remembers_as_inactive_are_gone(
    on_moto: LiveAws, by_hand: Clients
) -> None:
    name = f"c-{uuid.uuid4()}"
    by_hand.ecs.create_cluster(clusterName=name)
    definition = by_hand.ecs.register_task_definition(
        family=name, containerDefinitions=[{"name": "api", "image": "x", "memory": 64}]
    )
    arn = definition["taskDefinition"]["taskDefinitionArn"]
    assert on_moto.exists("AWS::ECS::Cluster", name)
    assert on_moto.exists("AWS::ECS::TaskDefinition", arn)
    by_hand.ecs.delete_cluster(cluster=name)
    by_hand.ecs.deregister_task_definition(taskDefinition=arn)
    assert on_moto.exists("AWS::ECS::Cluster", name) is False
    assert on_moto.exists("AWS::ECS::TaskDefinition", arn) is False
    assert on_moto.exists("AWS::ECS::TaskDefinition", f"{name}:99") is False


def test_a_task_that_ecs_does_not_know_is_none(on_moto: LiveAws, by_hand: Clients) -> None:
    name = f"c-{uuid.uuid4()}"
    by_hand.ecs.create_cluster(clusterName=name)
    assert (
        on_moto.describe_task(name, f"arn:aws:ecs:{REGION}:123456789012:task/{name}/0123456789abcdef0123456789abcdef")
        is None
    )


def test_everything_with_a_tag_is_found(on_moto: LiveAws, by_hand: Clients) -> None:
    value = str(uuid.uuid4())
    name = f"b-{value}"
    by_hand.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    by_hand.s3.put_bucket_tagging(
        Bucket=name, Tagging={"TagSet": [{"Key": "portal:environment", "Value": value}, {"Key": "team", "Value": "x"}]}
    )
    vpc = by_hand.ec2.create_vpc(
        CidrBlock="10.1.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "portal:environment", "Value": value}]}],
    )["Vpc"]["VpcId"]
    found = {
        resource.arn.rpartition(":")[2].rpartition("/")[2]: resource.tags
        for resource in on_moto.find_by_tag("portal:environment", value)
    }
    assert set(found) == {name, vpc}
    assert found[name] == {"portal:environment": value, "team": "x"}
    assert on_moto.find_by_tag("portal:environment", "nobody") == []


@pytest.mark.parametrize(
    ("resource_type", "physical_id"),
    [
        ("AWS::CertificateManager::Certificate", f"arn:aws:acm:{REGION}:123456789012:certificate/{uuid.UUID(int=1)}"),
        ("AWS::CloudWatch::Alarm", "none"),
        ("AWS::EC2::FlowLog", "fl-0123456789abcdef0"),
        ("AWS::EC2::Instance", "i-0123456789abcdef0"),
        ("AWS::EC2::LaunchTemplate", "lt-0123456789abcdef0"),
        ("AWS::EC2::VPCEndpoint", "vpce-0123456789abcdef0"),
        ("AWS::EFS::AccessPoint", "fsap-0123456789abcdef0"),
        ("AWS::EFS::FileSystem", "fs-0123456789abcdef0"),
        ("AWS::EFS::MountTarget", "fsmt-0123456789abcdef0"),
        ("AWS::ElastiCache::ReplicationGroup", "none"),
        ("AWS::ElastiCache::SubnetGroup", "none"),
        (
            "AWS::ElasticLoadBalancingV2::Listener",
            f"arn:aws:elasticloadbalancing:{REGION}:123456789012:listener/app/x/0123456789abcdef/0123456789abcdef",
        ),
        (
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            f"arn:aws:elasticloadbalancing:{REGION}:123456789012:targetgroup/x/0123456789abcdef",
        ),
        ("AWS::Events::Rule", "none"),
        ("AWS::IAM::InstanceProfile", "none"),
        ("AWS::IAM::ManagedPolicy", "arn:aws:iam::123456789012:policy/none"),
        ("AWS::IAM::OIDCProvider", "arn:aws:iam::123456789012:oidc-provider/none.example"),
        ("AWS::Lambda::Function", "none"),
        ("AWS::RDS::DBCluster", "none"),
        ("AWS::RDS::DBParameterGroup", "none"),
        ("AWS::RDS::DBSubnetGroup", "none"),
        ("AWS::SNS::Topic", f"arn:aws:sns:{REGION}:123456789012:none"),
        ("AWS::SQS::Queue", f"https://sqs.{REGION}.amazonaws.com/123456789012/none"),
        ("AWS::SSM::Parameter", "/none"),
        ("AWS::ServiceDiscovery::PrivateDnsNamespace", "ns-0123456789abcdef"),
        ("AWS::ServiceDiscovery::Service", "srv-0123456789abcdef"),
        ("AWS::WAFv2::WebACL", f"none|{uuid.UUID(int=1)}|REGIONAL"),
    ],
)
def test_what_never_was_is_not_there(on_moto: LiveAws, resource_type: str, physical_id: str) -> None:
    assert on_moto.exists(resource_type, physical_id) is False


@pytest.mark.parametrize(
    ("resource_type", "physical_id"),
    [
        ("Custom::Thing", "x"),
        ("AWS::EC2::VPC", ""),
        ("AWS::WAFv2::WebACL", "odd"),
        ("AWS::WAFv2::WebACL", "edge|id|CLOUDFRONT"),
        ("AWS::WAFv2::WebACLAssociation", "odd"),
        ("AWS::EC2::VPCGatewayAttachment", "shop-Attachment-1ABC"),
        ("AWS::ECS::Service", "api"),
        ("AWS::ApplicationAutoScaling::ScalableTarget", "table/x|dynamodb:table:ReadCapacityUnits|dynamodb"),
        ("AWS::ApplicationAutoScaling::ScalingPolicy", "odd"),
    ],
)
def test_what_cannot_be_asked_for_is_left_open(on_moto: LiveAws, resource_type: str, physical_id: str) -> None:
    assert on_moto.exists(resource_type, physical_id) is None
