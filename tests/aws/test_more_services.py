"""What stands at the edge, runs functions, sends messages and keeps backups, against moto: found when there, and not when gone."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any

import pytest
from botocore.stub import Stubber

from provisioning.aws import AccessDenied, EmptyingProgress
from provisioning.aws.client import LiveAws
from provisioning.aws.services.backup import empty_vault
from provisioning.aws.sessions import Clients

REGION = "eu-north-1"
ACCOUNT = "123456789012"
STATUSES = ("COMPLETED", "DELETING", "EXPIRED", "CREATING")


def test_a_distribution(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    cloudfront = by_hand.client("cloudfront")
    made = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": name,
            "Comment": "",
            "Enabled": False,
            "Origins": {
                "Quantity": 1,
                "Items": [{"Id": "o", "DomainName": f"{name}.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}],
            },
            "DefaultCacheBehavior": {
                "TargetOriginId": "o",
                "ViewerProtocolPolicy": "redirect-to-https",
                "MinTTL": 0,
                "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            },
        }
    )  # fmt: skip
    distribution = made["Distribution"]["Id"]
    assert on_moto.exists("AWS::CloudFront::Distribution", distribution)
    cloudfront.delete_distribution(Id=distribution, IfMatch=made["ETag"])
    assert on_moto.exists("AWS::CloudFront::Distribution", distribution) is False


def test_an_origin_access_control(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    config = {
        "Name": name,
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    }
    made = by_hand.client("cloudfront").create_origin_access_control(OriginAccessControlConfig=config)
    control = made["OriginAccessControl"]["Id"]
    assert on_moto.exists("AWS::CloudFront::OriginAccessControl", control)
    by_hand.client("cloudfront").delete_origin_access_control(Id=control)
    assert on_moto.exists("AWS::CloudFront::OriginAccessControl", control) is False


def test_a_zone_and_its_records(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    route53 = by_hand.client("route53")
    domain = f"{name}.example"
    zone = route53.create_hosted_zone(Name=domain, CallerReference=name)["HostedZone"]["Id"].rpartition("/")[2]
    record = {"Name": f"www.{domain}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    change: Any = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)
    assert on_moto.exists("AWS::Route53::HostedZone", zone)
    assert on_moto.exists("AWS::Route53::RecordSet", f"www.{domain}|{zone}|A|") is True
    assert on_moto.exists("AWS::Route53::RecordSet", f"www.{domain}|{zone}|AAAA|") is False
    # By its name alone nobody knows whose it is; that there is none is a proof.
    assert on_moto.exists("AWS::Route53::RecordSet", f"www.{domain}") is None
    assert on_moto.exists("AWS::Route53::RecordSet", f"other.{domain}") is False
    change["Changes"][0]["Action"] = "DELETE"
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)
    assert on_moto.exists("AWS::Route53::RecordSet", f"www.{domain}") is False
    route53.delete_hosted_zone(Id=zone)
    assert on_moto.exists("AWS::Route53::HostedZone", zone) is False


@pytest.fixture
def function(by_hand: Clients, name: str) -> str:
    """The ARN of a function."""
    trust = {"Version": "2012-10-17", "Statement": []}
    role = by_hand.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as package:
        package.writestr("handler.py", "def handle(event, context): pass")
    made = by_hand.client("lambda").create_function(
        FunctionName=name, Runtime="python3.13", Handler="handler.handle", Role=role, Code={"ZipFile": code.getvalue()}
    )
    return str(made["FunctionArn"])


def test_a_function_its_url_and_its_permission(on_moto: LiveAws, by_hand: Clients, name: str, function: str) -> None:
    client = by_hand.client("lambda")
    assert on_moto.exists("AWS::Lambda::Function", name)
    assert on_moto.exists("AWS::Lambda::Url", function) is False
    client.create_function_url_config(FunctionName=name, AuthType="NONE")
    assert on_moto.exists("AWS::Lambda::Url", function)
    permission = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    client.add_permission(FunctionName=name, StatementId="from-s3", **permission)
    assert on_moto.exists("AWS::Lambda::Permission", f"{name}|from-s3")
    assert on_moto.exists("AWS::Lambda::Permission", f"{name}|from-sns") is False
    assert on_moto.exists("AWS::Lambda::Permission", "shop-Permission-1ABC") is None
    client.delete_function(FunctionName=name)
    assert on_moto.exists("AWS::Lambda::Function", name) is False
    assert on_moto.exists("AWS::Lambda::Url", function) is False


def test_an_event_source_is_stopped(on_moto: LiveAws, by_hand: Clients, name: str, function: str) -> None:
    queue = by_hand.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = by_hand.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    mapping = by_hand.client("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=arn)["UUID"]
    assert on_moto.exists("AWS::Lambda::EventSourceMapping", mapping)
    assert on_moto.quiesce("AWS::Lambda::EventSourceMapping", mapping) is True
    assert by_hand.client("lambda").get_event_source_mapping(UUID=mapping)["State"] in ("Disabled", "Disabling")
    assert on_moto.quiesce("AWS::Lambda::EventSourceMapping", str(uuid.uuid4())) is True  # gone: nothing to stop


def test_a_queue_by_its_url_and_by_its_arn(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    queue = by_hand.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    assert on_moto.exists("AWS::SQS::Queue", queue)
    assert on_moto.exists("AWS::SQS::Queue", arn)
    by_hand.client("sqs").delete_queue(QueueUrl=queue)
    assert on_moto.exists("AWS::SQS::Queue", queue) is False
    assert on_moto.exists("AWS::SQS::Queue", arn) is False


def test_a_topic_and_its_subscription(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    sns = by_hand.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    assert on_moto.exists("AWS::SNS::Topic", topic)
    assert on_moto.exists("AWS::SNS::Subscription", subscription)
    assert on_moto.exists("AWS::SNS::Subscription", "PendingConfirmation") is None
    sns.unsubscribe(SubscriptionArn=subscription)
    assert on_moto.exists("AWS::SNS::Subscription", subscription) is False


def test_mail(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    mail = by_hand.client("sesv2")
    mail.create_email_identity(EmailIdentity=f"{name}.example")
    mail.create_configuration_set(ConfigurationSetName=name)
    assert on_moto.exists("AWS::SES::EmailIdentity", f"{name}.example")
    assert on_moto.exists("AWS::SES::ConfigurationSet", name)
    mail.delete_email_identity(EmailIdentity=f"{name}.example")
    mail.delete_configuration_set(ConfigurationSetName=name)
    assert on_moto.exists("AWS::SES::EmailIdentity", f"{name}.example") is False
    assert on_moto.exists("AWS::SES::ConfigurationSet", name) is False


def test_a_broker(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    broker = by_hand.client("mq").create_broker(
        BrokerName=name,
        EngineType="RABBITMQ",
        EngineVersion="3.13",
        DeploymentMode="SINGLE_INSTANCE",
        HostInstanceType="mq.t3.micro",
        PubliclyAccessible=False,
        AutoMinorVersionUpgrade=True,
        Users=[{"Username": "portal", "Password": "only-for-tests"}],
    )["BrokerId"]
    assert on_moto.exists("AWS::AmazonMQ::Broker", broker)
    by_hand.client("mq").delete_broker(BrokerId=broker)
    assert on_moto.exists("AWS::AmazonMQ::Broker", broker) is False


@pytest.fixture
def group(by_hand: Clients, name: str) -> str:
    """Two instances, guarded against scaling in."""
    vpc = by_hand.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = by_hand.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
    image = by_hand.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    data: Any = {"ImageId": image, "InstanceType": "t4g.micro"}
    by_hand.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    by_hand.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=2,
        MaxSize=3,
        VPCZoneIdentifier=subnet,
        LaunchTemplate={"LaunchTemplateName": name},
        NewInstancesProtectedFromScaleIn=True,
    )
    return name


def test_a_group_of_instances_is_brought_down_to_none(on_moto: LiveAws, by_hand: Clients, group: str) -> None:
    autoscaling = by_hand.client("autoscaling")
    autoscaling.put_scaling_policy(
        AutoScalingGroupName=group, PolicyName="more", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1
    )
    (made,) = autoscaling.describe_policies(AutoScalingGroupName=group)["ScalingPolicies"]
    policy = made["PolicyARN"]
    assert on_moto.exists("AWS::AutoScaling::AutoScalingGroup", group)
    assert on_moto.exists("AWS::AutoScaling::ScalingPolicy", policy)
    assert on_moto.quiesce("AWS::AutoScaling::AutoScalingGroup", group) is True
    assert on_moto.quiesce("AWS::AutoScaling::AutoScalingGroup", group) is True
    (found,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    assert (found["MinSize"], found["DesiredCapacity"], found["Instances"]) == (0, 0, [])
    autoscaling.delete_policy(AutoScalingGroupName=group, PolicyName="more")
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName=group, ForceDelete=True)
    assert on_moto.exists("AWS::AutoScaling::AutoScalingGroup", group) is False
    assert on_moto.exists("AWS::AutoScaling::ScalingPolicy", policy) is False
    assert on_moto.quiesce("AWS::AutoScaling::AutoScalingGroup", group) is True


def test_a_rule_is_switched_off(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    events = by_hand.client("events")
    arn = events.put_rule(Name=name, ScheduleExpression="rate(5 minutes)")["RuleArn"]
    assert on_moto.quiesce("AWS::Events::Rule", arn) is True
    assert events.describe_rule(Name=name)["State"] == "DISABLED"
    assert on_moto.quiesce("AWS::Events::Rule", f"{name}-none") is True


def test_what_does_nothing_by_itself_is_not_stopped(on_moto: LiveAws) -> None:
    assert on_moto.quiesce("AWS::SNS::Topic", "x") is False


def test_a_backup_vault_and_plan(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    backup = by_hand.client("backup")
    backup.create_backup_vault(BackupVaultName=name)
    rule = {"RuleName": "daily", "TargetBackupVaultName": name}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": name, "Rules": [rule]})["BackupPlanId"]
    assert on_moto.exists("AWS::Backup::BackupVault", name)
    assert on_moto.exists("AWS::Backup::BackupPlan", plan)
    backup.delete_backup_plan(BackupPlanId=plan)
    backup.delete_backup_vault(BackupVaultName=name)
    assert on_moto.exists("AWS::Backup::BackupPlan", plan) is False
    assert on_moto.exists("AWS::Backup::BackupVault", name) is False
    assert on_moto.empty("AWS::Backup::BackupVault", name, limit=100) == EmptyingProgress(deleted=0, empty=True)


def test_a_vault_is_emptied_of_what_can_go(by_hand: Clients) -> None:
    """The next round asks again for what was being copied; what is on its way out is waited for."""
    client = by_hand.client("backup")
    points = [{"RecoveryPointArn": f"arn:{number}", "Status": status} for number, status in enumerate(STATUSES)]
    with Stubber(client) as stub:
        stub.add_response("list_backup_vaults", {"BackupVaultList": [{"BackupVaultName": "v"}]})
        listed = {"BackupVaultName": "v", "MaxResults": 1000}
        stub.add_response("list_recovery_points_by_backup_vault", {"RecoveryPoints": points}, listed)
        stub.add_response("delete_recovery_point", {}, {"BackupVaultName": "v", "RecoveryPointArn": "arn:0"})
        stub.add_client_error("delete_recovery_point", "InvalidResourceStateException", "It is being copied", 400)
        assert empty_vault(by_hand, "v", limit=1000) == EmptyingProgress(deleted=1, empty=False)
        stub.assert_no_pending_responses()


def test_a_locked_vault_is_never_forced(by_hand: Clients) -> None:
    with Stubber(by_hand.client("backup")) as stub:
        stub.add_response("list_backup_vaults", {"BackupVaultList": [{"BackupVaultName": "v"}]})
        stub.add_response(
            "list_recovery_points_by_backup_vault",
            {"RecoveryPoints": [{"RecoveryPointArn": "arn:0", "Status": "COMPLETED"}]},
        )
        stub.add_client_error("delete_recovery_point", "AccessDeniedException", "Backup vault is locked", 400)
        with pytest.raises(AccessDenied, match="locked"):
            empty_vault(by_hand, "v", limit=1000)


def test_a_table_that_guards_itself_is_let_go(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    tables = by_hand.client("dynamodb")
    tables.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    assert on_moto.exists("AWS::DynamoDB::Table", name)
    assert on_moto.lift_protection("AWS::DynamoDB::Table", name) is True
    tables.delete_table(TableName=name)
    assert on_moto.exists("AWS::DynamoDB::Table", name) is False


@pytest.mark.parametrize(
    ("resource_type", "physical_id"),
    [
        ("AWS::AmazonMQ::Broker", "b-00000000-0000-0000-0000-000000000000"),
        ("AWS::AutoScaling::ScalingPolicy", f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:u:autoScalingGroupName/g:policyName/none"),
        ("AWS::CloudFront::Distribution", "E0000000000000"),
        ("AWS::CloudFront::OriginAccessControl", "E0000000000000"),
        ("AWS::Lambda::EventSourceMapping", str(uuid.UUID(int=1))),
        ("AWS::Lambda::Url", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:none"),
        ("AWS::Route53::HealthCheck", str(uuid.UUID(int=1))),
        ("AWS::Route53::HostedZone", "Z0000000000000"),
        ("AWS::SES::Template", "none"),
        ("AWS::StepFunctions::StateMachine", f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:none"),
    ],
)  # fmt: skip
def test_what_never_was_is_not_there(on_moto: LiveAws, resource_type: str, physical_id: str) -> None:
    assert on_moto.exists(resource_type, physical_id) is False
