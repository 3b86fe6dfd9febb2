"""Mutations of roles, their policies and who may take them."""

from __future__ import annotations

from typing import Any

from tests.proof.mutating import Template, add, allow, att, breaks, named, properties, ref, statements


def _grant(t: Template, *given: dict[str, Any]) -> None:
    statements(t, named(t, "AWS::IAM::Role", "ServiceApi")).extend(given)


def _trust(t: Template, **given: Any) -> None:
    """Replace the trust of the API's role."""
    statement = properties(t, "AWS::IAM::Role", "ServiceApi")["AssumeRolePolicyDocument"]["Statement"][0]
    statement.pop("Condition", None)
    statement.update(given)


@breaks("iam.action-wildcard", "high")
def role_may_do_everything(t: Template) -> None:
    _grant(t, allow("*"))


@breaks("iam.action-wildcard", "high")
def role_may_do_everything_of_a_service(t: Template) -> None:
    _grant(t, allow(["s3:*"]))


@breaks("iam.action-wildcard", "medium")
def role_may_do_everything_with_one_bucket(t: Template) -> None:
    _grant(t, allow("s3:*", att(named(t, "AWS::S3::Bucket"))))


@breaks("iam.action-wildcard", "medium")
def role_may_put_anything(t: Template) -> None:
    _grant(t, allow("dynamodb:Put*", "arn:aws:dynamodb:eu-north-1:123456789012:table/app"))


@breaks("iam.action-wildcard", "high")
def wildcard_in_a_policy_beside_the_role(t: Template) -> None:
    role = ref(named(t, "AWS::IAM::Role", "ServiceApi"))
    document = {"Version": "2012-10-17", "Statement": allow("kms:*")}
    add(t, "Bad", "AWS::IAM::Policy", PolicyName="more", Roles=[role], PolicyDocument=document)


@breaks("iam.resource-wildcard", "high")
def every_secret_is_readable(t: Template) -> None:
    _grant(t, allow("secretsmanager:GetSecretValue"))


@breaks("iam.resource-wildcard", "high")
def every_bucket_is_writable(t: Template) -> None:
    _grant(t, allow("s3:PutObject", "arn:aws:s3:::*"))


@breaks("iam.resource-wildcard", "high")
def every_table_of_the_account(t: Template) -> None:
    _grant(
        t,
        allow("dynamodb:DeleteItem", {"Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:*"}),
    )


@breaks("iam.resource-wildcard", "low")
def every_queue_may_be_listed(t: Template) -> None:
    _grant(t, allow("sqs:GetQueueAttributes"))


@breaks("iam.resource-wildcard", "high")
def wildcard_hidden_in_a_managed_policy(t: Template) -> None:
    document = {"Version": "2012-10-17", "Statement": [allow("kms:Decrypt")]}
    add(t, "More", "AWS::IAM::ManagedPolicy", PolicyDocument=document)
    properties(t, "AWS::IAM::Role", "ServiceApi")["ManagedPolicyArns"] = [ref("More")]


@breaks("iam.resource-wildcard", "medium")
def resource_from_nowhere(t: Template) -> None:
    t["Parameters"] = {"Resource": {"Type": "String"}}
    _grant(t, allow("s3:PutObject", ref("Resource")))


@breaks("iam.negation", "high")
def all_but_one_action(t: Template) -> None:
    _grant(t, {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})


@breaks("iam.negation", "high")
def all_but_one_resource(t: Template) -> None:
    _grant(t, {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::secret/*"})


@breaks("iam.other-environments", "medium")
def every_table_by_name(t: Template) -> None:
    _grant(t, allow("dynamodb:PutItem", {"Fn::Sub": "arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/*"}))


@breaks("iam.escalation", "high")
def role_rewrites_policies(t: Template) -> None:
    _grant(t, allow("iam:PutRolePolicy"))


@breaks("iam.escalation", "high")
def role_rewrites_policies_by_pattern(t: Template) -> None:
    _grant(t, allow("iam:*Policy*"))


@breaks("iam.escalation", "high")
def role_runs_code_as_any_function(t: Template) -> None:
    _grant(t, allow("lambda:UpdateFunctionCode"))


@breaks("iam.escalation", "medium")
def role_changes_one_trust(t: Template) -> None:
    _grant(t, allow("iam:UpdateAssumeRolePolicy", att(named(t, "AWS::IAM::Role", "ServiceWorker"))))


@breaks("iam.pass-role", "high")
def any_role_may_be_passed(t: Template) -> None:
    _grant(t, allow("iam:PassRole"))


@breaks("iam.pass-role", "medium")
def role_passed_to_any_service(t: Template) -> None:
    _grant(t, allow("iam:PassRole", att(named(t, "AWS::IAM::Role", "ServiceWorker"))))


@breaks("iam.assume-role", "high")
def any_role_may_be_taken(t: Template) -> None:
    _grant(t, allow("sts:AssumeRole"))


@breaks("iam.assume-role", "high")
def the_portals_role_of_every_account_may_be_taken(t: Template) -> None:
    _grant(t, allow("sts:AssumeRole", "arn:aws:iam::*:role/portal"))


@breaks("iam.assume-role", "high")
def another_role_of_the_account_may_be_taken(t: Template) -> None:
    _grant(t, allow("sts:AssumeRole", "arn:aws:iam::100000000001:role/Admin"))


@breaks("iam.assume-role", "high")
def a_role_below_the_portals_path_may_be_taken(t: Template) -> None:
    _grant(t, allow("sts:AssumeRole", "arn:aws:iam::100000000001:role/portal/stacks/portal-stacks-orders"))


@breaks("secrets.foreign-right", "high")
def another_teams_secret_is_readable(t: Template) -> None:
    name = (
        "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:orders-dev/database-main-??????"
    )
    _grant(t, allow("secretsmanager:GetSecretValue", {"Fn::Sub": name}))


@breaks("secrets.foreign-right", "high")
def a_secret_of_every_team_is_readable(t: Template) -> None:
    _grant(t, allow("secretsmanager:*", "arn:aws:secretsmanager:*:*:secret:portal/*"))


@breaks("foreign.policy", "high")
def a_policy_on_anothers_bucket(t: Template) -> None:
    opened = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::orders-dev-documents/*",
    }
    add(t, "Bad", "AWS::S3::BucketPolicy", Bucket="orders-dev-documents", PolicyDocument={"Statement": [opened]})


@breaks("foreign.policy", "high")
def more_rights_for_anothers_role(t: Template) -> None:
    add(
        t,
        "Bad",
        "AWS::IAM::Policy",
        PolicyName="x",
        Roles=["orders-api"],
        PolicyDocument={"Statement": [allow("s3:*")]},
    )


@breaks("foreign.policy", "high")
def anothers_function_may_be_called(t: Template) -> None:
    add(
        t,
        "Bad",
        "AWS::Lambda::Permission",
        FunctionName="orders",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
    )


@breaks("foreign.attachment", "high")
def another_teams_logs_are_forwarded(t: Template) -> None:
    add(
        t,
        "Bad",
        "AWS::Logs::SubscriptionFilter",
        LogGroupName="/portal/orders-dev/api",
        FilterPattern="",
        DestinationArn="x",
    )


@breaks("foreign.attachment", "high")
def another_teams_topic_is_subscribed_to(t: Template) -> None:
    arn = {"Fn::Sub": "arn:aws:sns:${AWS::Region}:${AWS::AccountId}:orders-dev-alarms"}
    add(t, "Bad", "AWS::SNS::Subscription", TopicArn=arn, Protocol="https", Endpoint="https://evil.example.com")


@breaks("foreign.attachment", "high")
def another_teams_group_is_opened_by_a_parameter(t: Template) -> None:
    t["Parameters"] = {"Group": {"Type": "AWS::EC2::SecurityGroup::Id"}}
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "10.0.0.0/8"}
    add(t, "Bad", "AWS::EC2::SecurityGroupIngress", GroupId=ref("Group"), **rule)


@breaks("foreign.attachment", "high")
def another_teams_cluster_runs_a_service(t: Template) -> None:
    add(t, "Bad", "AWS::ECS::Service", Cluster="orders-dev-main", TaskDefinition="orders-dev-api")


@breaks("foreign.attachment", "high")
def another_teams_function_gets_an_event_source(t: Template) -> None:
    arn = {"Fn::Sub": "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:x"}
    add(t, "Bad", "AWS::Lambda::EventSourceMapping", FunctionName="orders-dev-receiver", EventSourceArn=arn)


@breaks("foreign.attachment", "high")
def another_teams_listener_gets_a_certificate(t: Template) -> None:
    arn = "arn:aws:elasticloadbalancing:eu-north-1:123456789012:listener/app/orders/0a/0b"
    add(t, "Bad", "AWS::ElasticLoadBalancingV2::ListenerCertificate", ListenerArn=arn, Certificates=[])


@breaks("foreign.network", "high")
def a_private_zone_answers_in_anothers_network(t: Template) -> None:
    add(t, "Bad", "AWS::Route53::HostedZone", Name="x.internal", VPCs=[{"VPCId": "vpc-0123abcd", "VPCRegion": "x"}])


@breaks("foreign.network", "high")
def a_private_zone_answers_in_a_network_of_a_parameter(t: Template) -> None:
    t["Parameters"] = {"Network": {"Type": "AWS::EC2::VPC::Id"}}
    add(t, "Bad", "AWS::Route53::HostedZone", Name="x.internal", VPCs=[{"VPCId": ref("Network"), "VPCRegion": "x"}])


@breaks("foreign.network", "high")
def a_task_mounts_anothers_files(t: Template) -> None:
    volume = {"Name": "theirs", "EFSVolumeConfiguration": {"FilesystemId": "fs-0123456789abcdef0"}}
    properties(t, "AWS::ECS::TaskDefinition", "ServiceApi")["Volumes"] = [volume]


@breaks("foreign.network", "high")
def a_service_runs_in_anothers_subnets(t: Template) -> None:
    place = properties(t, "AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
    place["Subnets"] = ["subnet-0123456789abcdef0", *place["Subnets"][1:]]


@breaks("foreign.role", "high")
def an_instance_with_anothers_profile(t: Template) -> None:
    add(t, "Bad", "AWS::EC2::Instance", ImageId="ami-0123456789abcdef0", IamInstanceProfile="admin")


@breaks("foreign.role", "high")
def a_task_with_anothers_role(t: Template) -> None:
    properties(t, "AWS::ECS::TaskDefinition", "ServiceApi")["TaskRoleArn"] = "arn:aws:iam::100000000001:role/Admin"


@breaks("foreign.role", "high")
def a_function_with_a_role_that_is_put_together(t: Template) -> None:
    role = {"Fn::Join": [":", ["arn:aws:iam:", ref("AWS::AccountId"), "role/SomebodyElsesAdmin"]]}
    add(t, "Bad", "AWS::Lambda::Function", Role=role, Code={"ZipFile": "x"}, Handler="x.y", Runtime="python3.13")


@breaks("iam.managed-policy", "high")
def role_is_administrator(t: Template) -> None:
    arn = {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"}
    properties(t, "AWS::IAM::Role", "ServiceApi")["ManagedPolicyArns"] = [arn]


@breaks("iam.managed-policy", "medium")
def role_has_a_whole_service(t: Template) -> None:
    properties(t, "AWS::IAM::Role", "ServiceApi")["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/AmazonS3FullAccess"]


@breaks("iam.managed-policy", "medium")
def role_has_a_policy_that_nobody_sees(t: Template) -> None:
    arn = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:policy/theirs"}
    properties(t, "AWS::IAM::Role", "ServiceApi")["ManagedPolicyArns"] = [arn]


@breaks("iam.user", "high")
def an_access_key(t: Template) -> None:
    add(t, "Somebody", "AWS::IAM::User")
    add(t, "Bad", "AWS::IAM::AccessKey", UserName=ref("Somebody"))


@breaks("iam.not-asked-for", "low")
def a_right_that_nothing_needs(t: Template) -> None:
    bucket = att(named(t, "AWS::S3::Bucket"))
    statements(t, named(t, "AWS::IAM::Role", "ServiceSearch")).append(allow("s3:GetObject", bucket))


@breaks("iam.unreadable", "medium")
def a_policy_from_another_stack(t: Template) -> None:
    properties(t, "AWS::IAM::Role", "ServiceApi")["Policies"][0]["PolicyDocument"] = {"Fn::ImportValue": "policy"}


@breaks("house.boundary", "medium")
def role_without_boundary(t: Template) -> None:
    del properties(t, "AWS::IAM::Role")["PermissionsBoundary"]


@breaks("house.log-group-right", "medium")
def role_makes_log_groups(t: Template) -> None:
    _grant(t, allow("logs:CreateLogGroup", {"Fn::Sub": "arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:/app"}))


@breaks("house.log-group-right", "medium")
def role_makes_log_groups_by_a_managed_policy(t: Template) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    properties(t, "AWS::IAM::Role", "ServiceApi")["ManagedPolicyArns"] = [arn]


@breaks("trust.anybody", "high")
def everybody_takes_the_role(t: Template) -> None:
    _trust(t, Principal="*")


@breaks("trust.anybody", "high")
def every_account_takes_the_role(t: Template) -> None:
    _trust(t, Principal={"AWS": "arn:aws:iam::*:root"})


@breaks("trust.service", "medium")
def service_takes_the_role_for_anybody(t: Template) -> None:
    _trust(t)


@breaks("trust.account", "high")
def another_account_takes_the_role(t: Template) -> None:
    _trust(t, Principal={"AWS": "arn:aws:iam::999988887777:root"})


@breaks("trust.account", "low")
def whoever_is_in_the_account_takes_the_role(t: Template) -> None:
    _trust(t, Principal={"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}})


def _github(t: Template) -> dict[str, Any]:
    role = properties(t, "AWS::IAM::Role", "DeployRole")
    found: dict[str, Any] = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"]
    return found


@breaks("trust.identity-provider", "high")
def every_repository_deploys(t: Template) -> None:
    del _github(t)["token.actions.githubusercontent.com:sub"]


@breaks("trust.identity-provider", "high")
def every_repository_deploys_by_pattern(t: Template) -> None:
    role = properties(t, "AWS::IAM::Role", "DeployRole")
    subject = _github(t).pop("token.actions.githubusercontent.com:sub")
    assert subject.startswith("repo:")
    like = {"token.actions.githubusercontent.com:sub": "repo:*"}
    role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringLike"] = like


@breaks("trust.identity-provider", "medium")
def every_branch_deploys(t: Template) -> None:
    _github(t)["token.actions.githubusercontent.com:sub"] = "repo:example/carbon-connect:*"


@breaks("trust.identity-provider", "medium")
def audience_not_checked(t: Template) -> None:
    del _github(t)["token.actions.githubusercontent.com:aud"]
