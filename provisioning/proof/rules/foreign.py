"""Checks that a template changes nothing of others, is in no network of others and uses no roles of
others: a property can name any policy's target, any network and any role of the account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioning.proof.model.values import CLOSE, OPEN, has_unknown, is_known, many, mentioned, shown, target, texts
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

# The property that names what a resource is attached to, and the types that it may name.
_ATTACHED = {
    "AWS::S3::BucketPolicy": ("Bucket", ("AWS::S3::Bucket",)),
    "AWS::S3::AccessPoint": ("Bucket", ("AWS::S3::Bucket",)),
    "AWS::SQS::QueuePolicy": ("Queues", ("AWS::SQS::Queue",)),
    "AWS::SQS::QueueInlinePolicy": ("Queue", ("AWS::SQS::Queue",)),
    "AWS::SNS::TopicPolicy": ("Topics", ("AWS::SNS::Topic",)),
    "AWS::SNS::TopicInlinePolicy": ("TopicArn", ("AWS::SNS::Topic",)),
    "AWS::SecretsManager::ResourcePolicy": ("SecretId", ("AWS::SecretsManager::Secret",)),
    "AWS::SecretsManager::RotationSchedule": ("SecretId", ("AWS::SecretsManager::Secret",)),
    "AWS::SecretsManager::SecretTargetAttachment": ("SecretId", ("AWS::SecretsManager::Secret",)),
    "AWS::Lambda::Permission": ("FunctionName", ("AWS::Lambda::Function", "AWS::Lambda::Alias")),
    "AWS::Lambda::Url": ("TargetFunctionArn", ("AWS::Lambda::Function", "AWS::Lambda::Alias")),
    "AWS::Kinesis::ResourcePolicy": ("ResourceArn", ("AWS::Kinesis::Stream",)),
    "AWS::SSM::ResourcePolicy": ("ResourceArn", ("AWS::SSM::Parameter",)),
    "AWS::Events::EventBusPolicy": ("EventBusName", ("AWS::Events::EventBus",)),
    "AWS::IAM::Policy": ("Roles", ("AWS::IAM::Role",)),
    "AWS::IAM::ManagedPolicy": ("Roles", ("AWS::IAM::Role",)),
    "AWS::IAM::RolePolicy": ("RoleName", ("AWS::IAM::Role",)),
    "AWS::IAM::InstanceProfile": ("Roles", ("AWS::IAM::Role",)),
}
# What these add to is not theirs to change either; the stack's role may do it to its own resources only.
_ADDED_TO = {
    "AWS::SNS::Subscription": ("TopicArn", ("AWS::SNS::Topic",)),
    "AWS::Logs::SubscriptionFilter": ("LogGroupName", ("AWS::Logs::LogGroup",)),
    "AWS::Logs::MetricFilter": ("LogGroupName", ("AWS::Logs::LogGroup",)),
    "AWS::EC2::SecurityGroupIngress": ("GroupId", ("AWS::EC2::SecurityGroup",)),
    "AWS::EC2::SecurityGroupEgress": ("GroupId", ("AWS::EC2::SecurityGroup",)),
    "AWS::EC2::Route": ("RouteTableId", ("AWS::EC2::RouteTable",)),
    "AWS::EC2::VolumeAttachment": ("VolumeId", ("AWS::EC2::Volume",)),
    "AWS::EFS::MountTarget": ("FileSystemId", ("AWS::EFS::FileSystem",)),
    "AWS::EFS::AccessPoint": ("FileSystemId", ("AWS::EFS::FileSystem",)),
    "AWS::ElasticLoadBalancingV2::Listener": ("LoadBalancerArn", ("AWS::ElasticLoadBalancingV2::LoadBalancer",)),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("ListenerArn", ("AWS::ElasticLoadBalancingV2::Listener",)),
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": ("ListenerArn", ("AWS::ElasticLoadBalancingV2::Listener",)),
    "AWS::ECS::Service": ("Cluster", ("AWS::ECS::Cluster",)),
    "AWS::ECS::TaskSet": ("Cluster", ("AWS::ECS::Cluster",)),
    "AWS::Lambda::EventSourceMapping": ("FunctionName", ("AWS::Lambda::Function", "AWS::Lambda::Alias")),
    "AWS::WAFv2::WebACLAssociation": ("ResourceArn", ("AWS::ElasticLoadBalancingV2::LoadBalancer",)),
    "AWS::ApplicationAutoScaling::ScalableTarget": ("ResourceId", ("AWS::ECS::Service",)),
}
# Ids that AWS gives out. A template cannot know those of its own resources. Prefix lists (pl-) and images (ami-) may be
# AWS's own. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
_ID = re.compile(
    r"(acl|dopt|eigw|eipalloc|eni|fs|fsap|i|igw|lt|nat|pcx|rtb|sg|snap|subnet|tgw|vgw|vol|vpc|vpce)-[0-9a-f]{8,17}"
)
# Where a resource is, in the properties of every type: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
_PLACE = re.compile(
    r"(^|\.)((Peer)?V(PC|pc)(I[dD])?|SubnetIds?|Subnets|VPCZoneIdentifier|(VPC|Vpc)?SecurityGroup(Id)?s|GroupSet|File[sS]ystemId)"
    r"(\[\d+\])?$"
)
# Texts for people or programs: an id in them connects nothing.
_NO_PLACE = re.compile(r"(^|\.)(Tags|Description|Environment|Metadata|UserData)\b")
_ROLE_ARN = re.compile(rf"arn:[^:]*:iam::(?:{OPEN}[^{CLOSE}]*{CLOSE}|[^:]*):role/(.+)")
# An instance gets a role by the name or the ARN of a profile.
_PROFILE = re.compile(r"(^|\.)IamInstanceProfile(\.(Name|Arn))?$")
# AWS makes these roles, and no one else may change what they may do.
_SERVICE_LINKED = "aws-service-role/"
# In a policy, a role's ARN is a resource or a principal; other rules check those.
_IN_POLICY = re.compile(r"(^|\.)(Statement|PolicyDocument|AssumeRolePolicyDocument|KeyPolicy|Policy|ResourcePolicy)\b")


@rule(
    "foreign.policy",
    "Policies and permissions are attached to the template's own resources",
    severity="high",
    why="A policy on another team's bucket, queue, secret or role opens it, or replaces the policy that protects it.",
    remedy="Attach it to a resource of the template by Ref or GetAtt.",
    types=_ATTACHED,
)
def foreign_policy(view: View, report: Reporter) -> None:
    _check_targets(view, report, _ATTACHED)


@rule(
    "foreign.attachment",
    "Subscriptions, filters, rules, routes and tasks are added to the template's own resources",
    severity="high",
    why="A subscription to another team's topic or logs receives its messages; a rule or route redirects its traffic.",
    remedy="Add it to a resource of the template by Ref or GetAtt.",
    types=_ADDED_TO,
)
def foreign_attachment(view: View, report: Reporter) -> None:
    _check_targets(view, report, _ADDED_TO)


def _check_targets(view: View, report: Reporter, targets: Mapping[str, tuple[str, tuple[str, ...]]]) -> None:
    for type_, (property_, kinds) in targets.items():
        for resource in view.of(type_):
            for named in many(resource.get(property_)):
                where = f"{resource.at(property_)} is {shown(named)}"
                if _is_own(view, named, kinds):
                    report.passes(resource, where)
                else:
                    sentence = f"{resource.key} changes {shown(named)}, which is not a resource of the template."
                    report.fault(resource, sentence, where)


def _is_own(view: View, named: Any, kinds: tuple[str, ...]) -> bool:
    if (marked := target(named)) is not None:
        return marked[0] in view.model.resources
    if view.model.find(named, *kinds) is not None:
        return True
    # An ARN or a name that is put together from a resource of the template.
    return isinstance(named, str) and not has_unknown(named) and bool(set(mentioned(named)) & set(view.model.resources))


@rule(
    "foreign.network",
    "Networks, volumes and file systems are the template's own",
    severity="high",
    why="In another team's network, or with its disks, resources reach what only that team may reach.",
    remedy="Make the VPC, subnet, security group, volume or file system in the template and name it by Ref or GetAtt.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/infrastructure-security.html",
)
def foreign_network(view: View, report: Reporter) -> None:
    for resource in view.model.resources.values():
        own = 0
        for path, text in texts(resource.properties):
            if _IN_POLICY.search(path) or _NO_PLACE.search(path):
                continue
            where = f"{resource.at(path)} is {shown(text)}"
            parts = [part.strip() for part in text.split(",")]
            if ids := [part for part in parts if _ID.fullmatch(part)]:
                report.fault(
                    resource, f"{resource.key} uses {', '.join(ids)}, which the template does not make.", where
                )
            elif _PLACE.search(path) and has_unknown(text):
                sentence = f"{resource.key} is in a network, or uses a file system, that only AWS or a parameter knows."
                report.fault(resource, sentence, where, certain=False)
            else:
                own += bool(_PLACE.search(path))
        if own:
            report.passes(resource, f"{resource.key}: {own} networks or file systems of the template")


@rule(
    "foreign.role",
    "Resources get the template's own roles only",
    severity="high",
    why="A function or task with an existing role of the account has all rights of that role.",
    remedy="Make a role in the template and name it by GetAtt.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
)
def foreign_role(view: View, report: Reporter) -> None:
    own = {str(role.get("RoleName")) for role in view.of("AWS::IAM::Role") if role.get("RoleName") is not None}
    for resource in view.model.resources.values():
        for path, text in texts(resource.properties):
            role = _role_named(path, text)
            if not role:
                continue
            where = f"{resource.at(path)} is {text}"
            if _is_own_role(role, own) or text in view.listed:
                report.passes(resource, where)
            else:
                sentence = f"{resource.key} gets the role {shown(role)}, which the template does not make."
                report.fault(resource, sentence, where)


def _role_named(path: str, text: str) -> str:
    """The path and name of the role that a property names; empty if it names none."""
    if _IN_POLICY.search(path):
        return ""
    if role := _ROLE_ARN.fullmatch(text):
        return role[1]
    if _PROFILE.search(path) and target(text) is None:
        return f"{text} (an instance profile)"
    # ECS takes a role's name in place of its ARN.
    return text if path.endswith(("RoleArn", "RoleARN")) and is_known(text) else ""


def _is_own_role(path: str, own: set[str]) -> bool:
    name = path.rpartition("/")[2]
    made_here = name in own or (not is_known(name) and name.startswith(OPEN) and not has_unknown(name))
    return made_here or path.startswith(_SERVICE_LINKED)
