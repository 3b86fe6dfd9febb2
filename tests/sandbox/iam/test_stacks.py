"""CloudFormation acts with the rights of a stack's role, or of the caller without one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.iam.roles import Place, allow, deny
from tests.sandbox.template import assumed_by, att, ref, resource, template_of

pytestmark = pytest.mark.sandbox
TAGS = [{"Key": "portal:team", "Value": "payments"}]
QUEUE = {"Queue": resource("SQS::Queue", {"QueueName": "orders"})}


def create(place: Place, name: str, resources: dict[str, Any], role: str = "", **more: Any) -> str:
    template = template_of(resources)
    named = {"RoleARN": role} if role else {}
    return place.sandbox.create(name, template, account=place.account, Tags=TAGS, **named, **more)


def test_a_permission_that_the_role_lacks_fails_the_resource_and_names_itself(place: Place) -> None:
    role = place.stack_role("stacks", allow("sqs:GetQueue*", "sqs:TagQueue", "sqs:ListQueueTags"))
    assert create(place, "orders", QUEUE, role, OnFailure="DO_NOTHING") == "CREATE_FAILED"
    reason = place.failures("orders")["Queue"]
    assert "assumed-role/stacks/AWSCloudFormation is not authorized to perform: sqs:CreateQueue" in reason
    assert f"on resource: arn:aws:sqs:eu-north-1:{place.account}:orders" in reason
    assert "HandlerErrorCode: AccessDenied" in reason
    assert place.root("sqs").list_queues().get("QueueUrls", []) == []


def test_what_the_role_may_make_it_needs_more_to_delete(place: Place) -> None:
    role = place.stack_role("stacks", allow("sqs:*"), deny("sqs:DeleteQueue"))
    assert create(place, "orders", QUEUE, role) == "CREATE_COMPLETE"
    assert place.sandbox.delete("orders", account=place.account) == "DELETE_FAILED"
    assert "sqs:DeleteQueue" in place.failures("orders")["Queue"]
    assert "with an explicit deny in an identity-based policy" in place.failures("orders")["Queue"]


def test_without_a_role_the_caller_s_own_rights_count(place: Place) -> None:
    caller = place.session(place.role("developer", allow("cloudformation:*", "sqs:GetQueueUrl")))
    body = json.dumps(template_of(QUEUE))
    caller.client("cloudformation").create_stack(StackName="orders", TemplateBody=body, OnFailure="DO_NOTHING")
    assert place.sandbox.wait_stack("orders", account=place.account) == "CREATE_FAILED"
    assert (
        "assumed-role/developer/charlie is not authorized to perform: sqs:CreateQueue"
        in place.failures("orders")["Queue"]
    )


def test_the_stacks_tags_come_with_the_creating_call(place: Place) -> None:
    """As in a policy that lets a team make only what bears its tag."""
    own = {"StringEquals": {"aws:RequestTag/portal:team": "${aws:PrincipalTag/portal:team}"}}
    statements = (allow("sqs:CreateQueue", "sqs:TagQueue", **own), allow("sqs:Get*", "sqs:List*"))
    payments = place.stack_role("payments", *statements, Tags=TAGS)
    logistics = place.stack_role("logistics", *statements, Tags=[{"Key": "portal:team", "Value": "logistics"}])
    assert create(place, "own", QUEUE, payments) == "CREATE_COMPLETE"
    foreign = {"Queue": resource("SQS::Queue", {"QueueName": "others"})}
    assert create(place, "foreign", foreign, logistics, OnFailure="DO_NOTHING") == "CREATE_FAILED"


def test_the_function_of_a_mapping_and_the_actions_of_an_alarm_count(place: Place) -> None:
    """As in the stack role's prohibitions, which know no other way to tell whose these are."""
    own = {"ArnLike": {"lambda:FunctionArn": "arn:aws:lambda:*:*:function:payments-*"}}
    stops = {"ForAnyValue:StringLike": {"cloudwatch:AlarmActions": "arn:*:automate:*"}}
    role = place.stack_role(
        "stacks",
        allow("lambda:CreateEventSourceMapping", **own),
        allow("lambda:Get*", "lambda:List*", "lambda:TagResource", "cloudwatch:*"),
        deny("cloudwatch:PutMetricAlarm", **stops),
    )
    queue = f"arn:aws:sqs:eu-north-1:{place.account}:orders"
    place.root("sqs").create_queue(QueueName="orders")
    alarm = {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "AlarmActions": ["arn:aws:automate:eu-north-1:ec2:terminate"],
    }
    resources = {"Alarm": resource("CloudWatch::Alarm", alarm)}
    for name in ("payments-orders", "logistics-routes"):
        mapping = {"EventSourceArn": queue, "FunctionName": name}
        resources[name.title().replace("-", "")] = resource("Lambda::EventSourceMapping", mapping)
    assert create(place, "orders", resources, role, OnFailure="DO_NOTHING") == "CREATE_FAILED"
    denied = place.failures("orders")
    assert "with an explicit deny" in denied["Alarm"]
    assert "not authorized to perform: lambda:CreateEventSourceMapping" in denied["LogisticsRoutes"]
    assert "not authorized" not in denied.get("PaymentsOrders", "")


def test_an_event_source_of_a_stack_can_be_stopped_by_its_tags(place: Place) -> None:
    """As in a teardown: role/portal may stop only what has an environment's tags."""
    code = {"ZipFile": "def handler(event, context): pass"}
    runs = {"Runtime": "python3.13", "Handler": "index.handler", "Code": code}
    function = {**runs, "Role": place.role("receiver", allow("sqs:*"), service="lambda.amazonaws.com")}
    mapping = {"EventSourceArn": att("Queue", "Arn"), "FunctionName": ref("Receiver")}
    resources = {
        **QUEUE,
        "Receiver": resource("Lambda::Function", function),
        "Source": resource("Lambda::EventSourceMapping", mapping),
    }
    assert create(place, "orders", resources) == "CREATE_COMPLETE"
    own = {"StringEquals": {"aws:ResourceTag/portal:team": "payments"}}
    stop = place.session(place.role("teardown", allow("lambda:UpdateEventSourceMapping", **own))).client("lambda")
    sources = place.root("lambda").list_event_source_mappings()["EventSourceMappings"]
    untagged = place.root("lambda").create_event_source_mapping(
        EventSourceArn=place.root("sqs").get_queue_attributes(
            QueueUrl=place.root("sqs").create_queue(QueueName="others")["QueueUrl"], AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"],
        FunctionName=sources[0]["FunctionArn"],
    )
    assert stop.update_event_source_mapping(UUID=sources[0]["UUID"], Enabled=False)["UUID"] == sources[0]["UUID"]
    with pytest.raises(ClientError, match="not authorized to perform: lambda:UpdateEventSourceMapping"):
        stop.update_event_source_mapping(UUID=untagged["UUID"], Enabled=False)


def test_a_role_outside_the_boundary_cannot_be_made(place: Place) -> None:
    boundary = f"arn:aws:iam::{place.account}:policy/portal-environment-boundary"
    inside = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    role = place.stack_role("stacks", allow("iam:CreateRole", **inside), allow("iam:Get*", "iam:List*", "iam:*agRole"))
    plain = {"AssumeRolePolicyDocument": assumed_by("lambda.amazonaws.com"), "RoleName": "free"}
    bounded = {**plain, "RoleName": "bounded", "PermissionsBoundary": boundary}
    both = {"Free": resource("IAM::Role", plain), "Bounded": {**resource("IAM::Role", bounded)}}
    assert create(place, "roles", both, role, OnFailure="DO_NOTHING") == "CREATE_FAILED"
    assert list(place.failures("roles")) == ["Free"]
    made = place.root("iam").get_role(RoleName="bounded")["Role"]
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


def test_a_foreign_role_cannot_be_handed_to_a_service(place: Place) -> None:
    foreign = place.role("administrator", allow("*"), service="ecs-tasks.amazonaws.com")
    own = f"arn:aws:iam::{place.account}:role/portal/env/*"
    passing = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    role = place.stack_role("stacks", allow("ecs:*", "iam:GetRole"), allow("iam:PassRole", resource=own, **passing))
    container = {"Name": "api", "Image": "public.ecr.aws/x/x:1", "Essential": True}
    task = {"Family": "thief", "TaskRoleArn": foreign, "ContainerDefinitions": [container]}
    made = {"Task": resource("ECS::TaskDefinition", task)}
    assert create(place, "thief", made, role, OnFailure="DO_NOTHING") == "CREATE_FAILED"
    assert f"iam:PassRole on resource: {foreign}" in place.failures("thief")["Task"]


def test_another_teams_secret_cannot_be_read_by_a_dynamic_reference(place: Place) -> None:
    """S1: the text of a reference in any property is resolved with the stack role's rights."""
    place.root("secretsmanager").create_secret(Name="portal/payments/orders/db", SecretString='{"password": "hunter2"}')
    place.root("secretsmanager").create_secret(Name="portal/logistics/hook/db", SecretString="mine")
    own = f"arn:aws:secretsmanager:*:{place.account}:secret:portal/${{aws:PrincipalTag/portal:team}}/*"
    statements = (allow("ssm:*"), allow("secretsmanager:GetSecretValue", resource=own))
    role = place.stack_role("logistics", *statements, Tags=[{"Key": "portal:team", "Value": "logistics"}])

    def parameter(secret: str) -> dict[str, Any]:
        value = f"echo {{{{resolve:secretsmanager:{secret}:SecretString}}}}"
        return {"Text": resource("SSM::Parameter", {"Name": f"/{secret}", "Type": "String", "Value": value})}

    assert create(place, "hook", parameter("portal/logistics/hook/db"), role) == "CREATE_COMPLETE"
    assert (
        create(place, "thief", parameter("portal/payments/orders/db"), role, OnFailure="DO_NOTHING") == "CREATE_FAILED"
    )
    reason = place.failures("thief")["Text"]
    assert "secretsmanager:GetSecretValue on resource:" in reason
    assert "HandlerErrorCode: AccessDenied" in reason
    assert "hunter2" not in json.dumps(place.sandbox.events("thief", account=place.account), default=str)


def test_a_stack_acts_as_its_teams_role_or_not_at_all(place: Place) -> None:
    """CreateStack needs the service role as a condition, and the right to pass it."""
    stacks = place.stack_role("portal-stacks-payments", allow("sqs:*"), Path="/portal/stacks/")
    acting = {"ArnLike": {"cloudformation:RoleArn": f"arn:aws:iam::{place.account}:role/portal/stacks/*"}}
    passing = {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}
    portal = place.session(
        place.role(
            "portal",
            allow("cloudformation:CreateStack", **acting),
            allow("cloudformation:Describe*"),
            allow("iam:PassRole", resource=f"arn:aws:iam::{place.account}:role/portal/stacks/*", **passing),
        )
    ).client("cloudformation")
    body = json.dumps(template_of(QUEUE))
    with pytest.raises(ClientError, match="not authorized to perform: cloudformation:CreateStack"):
        portal.create_stack(StackName="orders", TemplateBody=body)
    foreign = place.stack_role("cdk-exec", allow("*"))
    with pytest.raises(ClientError, match="not authorized to perform: cloudformation:CreateStack"):
        portal.create_stack(StackName="orders", TemplateBody=body, RoleARN=foreign)
    portal.create_stack(StackName="orders", TemplateBody=body, RoleARN=stacks)
    assert place.sandbox.wait_stack("orders", account=place.account) == "CREATE_COMPLETE"


def test_a_role_that_cloudformation_cannot_assume_is_no_service_role(place: Place) -> None:
    lambdas = place.role("function", allow("*"), service="lambda.amazonaws.com")
    for role in (lambdas, f"arn:aws:iam::{place.account}:role/missing"):
        with pytest.raises(ClientError, match="is invalid or cannot be assumed"):
            create(place, "orders", QUEUE, role)


def test_only_stacks_with_the_portals_tag_can_be_deleted(place: Place) -> None:
    assert create(place, "own", QUEUE) == "CREATE_COMPLETE"
    others = {"Queue": resource("SQS::Queue", {"QueueName": "others"})}
    assert place.sandbox.create("foreign", template_of(others), account=place.account) == "CREATE_COMPLETE"
    ours = {"StringLike": {"aws:ResourceTag/portal:team": "?*"}}
    portal = place.session(place.role("portal", allow("cloudformation:DeleteStack", **ours))).client("cloudformation")
    with pytest.raises(ClientError, match="not authorized to perform: cloudformation:DeleteStack"):
        portal.delete_stack(StackName="foreign")
    assert place.sandbox.stack("foreign", account=place.account)["StackStatus"] == "CREATE_COMPLETE"
    portal.delete_stack(StackName="own")


def test_a_one_off_task_passes_only_the_roles_that_the_caller_may_pass(place: Place) -> None:
    task_role = place.role("orders-task", service="ecs-tasks.amazonaws.com", Path="/portal/env/payments/orders/")
    foreign = place.role("administrator", allow("*"), service="ecs-tasks.amazonaws.com")
    ecs = place.root("ecs")
    ecs.create_cluster(clusterName="orders")
    container = {"name": "job", "image": "public.ecr.aws/x/x:1", "essential": True}
    definition = ecs.register_task_definition(family="orders", taskRoleArn=task_role, containerDefinitions=[container])
    arn = definition["taskDefinition"]["taskDefinitionArn"]
    passing = f"arn:aws:iam::{place.account}:role/portal/env/*"
    created = {"StringEquals": {"ecs:CreateAction": "RunTask"}}
    session = place.session(
        place.role(
            "portal", allow("ecs:RunTask"), allow("iam:PassRole", resource=passing), allow("ecs:TagResource", **created)
        )
    ).client("ecs")
    session.run_task(cluster="orders", taskDefinition=arn, tags=[{"key": "portal:team", "value": "payments"}])
    with pytest.raises(ClientError, match=f"iam:PassRole on resource: {foreign}"):
        session.run_task(cluster="orders", taskDefinition=arn, overrides={"taskRoleArn": foreign})
    untagging = place.session(place.role("runner", allow("ecs:RunTask", "iam:PassRole"))).client("ecs")
    with pytest.raises(ClientError, match="not authorized to perform: ecs:TagResource"):
        untagging.run_task(cluster="orders", taskDefinition=arn, tags=[{"key": "portal:team", "value": "payments"}])


def test_a_target_that_another_stack_made_is_asked_about_with_its_tags(place: Place) -> None:
    """What a template can do to a thing that it did not make: here the policy of another team's queue."""
    place.root("sqs").create_queue(QueueName="payroll", tags={"portal:team": "payroll"})
    fence = deny(
        "sqs:SetQueueAttributes", StringNotEquals={"aws:ResourceTag/portal:team": "${aws:PrincipalTag/portal:team}"}
    )
    role = place.stack_role("stacks", allow("sqs:*"), fence, Tags=TAGS)
    open_to_all = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}],
    }
    url = f"https://sqs.eu-north-1.amazonaws.com/{place.account}/payroll"
    own = {**QUEUE, "Policy": resource("SQS::QueuePolicy", {"Queues": [ref("Queue")], "PolicyDocument": open_to_all})}
    assert create(place, "own", own, role) == "CREATE_COMPLETE"
    theirs = {"Policy": resource("SQS::QueuePolicy", {"Queues": [url], "PolicyDocument": open_to_all})}
    assert create(place, "thief", theirs, role, OnFailure="DO_NOTHING") == "CREATE_FAILED"
    assert "sqs:SetQueueAttributes on resource" in place.failures("thief")["Policy"]


def test_a_service_linked_role_is_made_once_and_needed_only_without_it(place: Place) -> None:
    role = place.stack_role("stacks", allow("ecs:*"))
    cluster = {"Cluster": resource("ECS::Cluster", {"ClusterName": "orders"})}
    assert create(place, "early", cluster, role, OnFailure="DELETE") == "GONE"
    assert {one["action"] for one in place.denials()} == {"iam:CreateServiceLinkedRole"}
    linked = {"Linked": resource("IAM::ServiceLinkedRole", {"AWSServiceName": "ecs.amazonaws.com"})}
    assert create(place, "onboarding", linked) == "CREATE_COMPLETE"
    assert (
        place.root("iam").get_role(RoleName="AWSServiceRoleForECS")["Role"]["Path"]
        == "/aws-service-role/ecs.amazonaws.com/"
    )
    assert create(place, "orders", cluster, role) == "CREATE_COMPLETE"
    assert create(place, "again", linked, OnFailure="DO_NOTHING") == "CREATE_FAILED"
    assert "Service role name AWSServiceRoleForECS has been taken" in place.failures("again")["Linked"]


def test_nested_stacks_are_refused_to_a_role_in_the_sandboxs_own_words(place: Place) -> None:
    role = place.stack_role("stacks", allow("*"))
    nested = {"Nested": resource("CloudFormation::Stack", {"TemplateURL": "https://s3.amazonaws.com/b/t.json"})}
    assert create(place, "outer", nested, role, OnFailure="DO_NOTHING") == "CREATE_FAILED"
    reasons = [event.get("ResourceStatusReason", "") for event in place.sandbox.events("outer", account=place.account)]
    assert any("does not enforce permissions inside nested stacks" in reason for reason in reasons)


def test_the_roles_of_a_stack_get_their_tags(place: Place) -> None:
    made = {
        "Role": resource(
            "IAM::Role", {"RoleName": "api", "AssumeRolePolicyDocument": assumed_by("ecs-tasks.amazonaws.com")}
        )
    }
    assert create(place, "orders", made) == "CREATE_COMPLETE"
    tags = place.root("iam").get_role(RoleName="api")["Role"]["Tags"]
    assert {"Key": "portal:team", "Value": "payments"} in tags
    assert create(place, "again", made, OnFailure="DO_NOTHING") == "CREATE_FAILED"
    assert "already exists" in place.failures("again")["Role"]


def test_ssm_parameters_of_a_template_are_read_with_the_roles_rights(place: Place) -> None:
    place.root("ssm").put_parameter(Name="/portal/payroll/size", Type="String", Value="3")
    role = place.stack_role("stacks", allow("sqs:*"))
    body = template_of(
        QUEUE, Parameters={"Size": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/portal/payroll/size"}}
    )
    with pytest.raises(ClientError, match="not authorized to perform: ssm:GetParameters"):
        place.sandbox.create("thief", body, account=place.account, RoleARN=role)


def test_attributes_of_other_resources_of_the_stack_are_known_as_its_own(place: Place) -> None:
    fence = deny("lambda:*", StringNotEquals={"aws:ResourceTag/portal:team": "${aws:PrincipalTag/portal:team}"})
    role = place.stack_role("stacks", allow("*"), fence, Tags=TAGS)
    topic = {"Topic": resource("SNS::Topic", {}), "Queue": resource("SQS::Queue", {})}
    subscription = {"TopicArn": ref("Topic"), "Protocol": "sqs", "Endpoint": att("Queue", "Arn")}
    assert (
        create(place, "orders", {**topic, "Link": resource("SNS::Subscription", subscription)}, role)
        == "CREATE_COMPLETE"
    )
