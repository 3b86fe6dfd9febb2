"""The SNS topic that all alarms of an environment notify.

The address of a paging service contains a key, so it is never an input. It is in a secret of the
account, which the template names and CloudFormation reads.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from troposphere import GetAtt, Ref, sns

from provisioning.components.kit import iam
from provisioning.components.kit.alarms import KIND
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.dynamic_references import named_secret_value
from provisioning.components.kit.external_names import SecretName
from provisioning.components.kit.keys import own_key
from provisioning.components.kit.values import Box, Family, Settings, settings_of
from provisioning.design.graph import Node
from provisioning.design.names import ComponentName, logical_id

_SERVICE = "cloudwatch.amazonaws.com"


class AlarmTopicSettings(Settings):
    endpoint_secret: SecretName | None = Field(
        default=None,
        description=(
            "Name of a secret in the account that holds the https address to notify, such as PagerDuty's integration "
            "URL; without it, subscribe by hand"
        ),
    )


class AlarmTopic(Component):
    kind = KIND
    title = "Alarm topic"
    summary = "Encrypted SNS topic that every alarm of the environment notifies"
    family = Family.MONITORING
    schema = AlarmTopicSettings
    attributes = {"arn": "ARN of the topic", "name": "Name of the topic"}

    def build(self, node: Node, build: Build) -> None:
        build.only(KIND, needed_by=node)
        settings = settings_of(node, AlarmTopicSettings)
        topic = build.add(
            node,
            sns.Topic(
                logical_id(node.address),
                TopicName=build.physical(ComponentName("alarms", node.name).short, limit=256),
                DisplayName=f"Alarms of {build.name}",
                KmsMasterKeyId=_key(node, build),
            ),
            "Alarm topic",
        )
        policy = sns.TopicPolicy(
            logical_id(node.address, "Policy"),
            Topics=[topic],
            PolicyDocument=iam.policy([_alarms_statement(topic), iam.tls_only("sns:Publish", topic)]),
        )
        build.add(node, policy, "Alarm topic policy")
        if settings.endpoint_secret:
            subscription = sns.SubscriptionResource(
                logical_id(node.address, "Subscription"),
                TopicArn=topic,
                Protocol="https",
                Endpoint=named_secret_value(build, settings.endpoint_secret),
            )
            build.add(node, subscription, "Subscription to the alarms")

    def finish(self, node: Node, build: Build) -> None:  # noqa: ARG002 - it asks all the others
        """Let every component add its alarms, now that they notify somebody."""
        for other in build.design.nodes.values():
            build.component(other).alarms(other, build)

    def boxes(self, node: Node) -> list[Box]:
        endpoint = settings_of(node, AlarmTopicSettings).endpoint_secret
        return [Box("supporting", node.name, "Alarm topic", "SNS to https" if endpoint else "SNS")]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        if name == "arn":
            return Ref(logical_id(node.address))
        if name == "name":
            return GetAtt(logical_id(node.address), "TopicName")
        return super().attribute(node, name, build)


def _alarms_statement(topic: Ref) -> dict[str, Any]:
    return {
        "Sid": "AlarmsOnly",
        "Effect": "Allow",
        "Principal": {"Service": _SERVICE},
        "Action": "sns:Publish",
        "Resource": topic,
        # Only alarms of this account.
        "Condition": {
            "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
            "ArnLike": {"aws:SourceArn": iam.account_arn("cloudwatch", "alarm:*")},
        },
    }


def _key(node: Node, build: Build) -> Ref:
    """Add a key of its own, because CloudWatch may not use the AWS managed key of SNS.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    alarms = {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": _SERVICE},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")}},
    }
    return own_key(node, build, "Alarm topic key", of="Messages", statements=(alarms,))
