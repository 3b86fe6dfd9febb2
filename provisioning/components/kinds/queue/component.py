"""An SQS queue with a dead-letter queue: encrypted, TLS only, with an alarm on failed messages.

A user gets `<NAME>_QUEUE_URL` and may send, receive and delete messages of this queue only.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from troposphere import GetAtt, Ref, sqs
from typing_extensions import override

from provisioning.components.kit import iam
from provisioning.components.kit.alarms import alarm
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.values import Box, DashboardWidget, Family, Gives, Grant, Settings, settings_of
from provisioning.components.kit.widgets import queue_widgets
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
_NAME_LIMIT = 80
_DAY = 24 * 60 * 60
_LONGEST_DAYS = 14
_LONG_POLL_SECONDS = 20


class QueueSettings(Settings):
    visibility_seconds: int = Field(
        default=60,
        ge=1,
        le=43_200,
        description="Seconds that a receiver has before another one gets the message; longer than any job takes",
    )
    keep_days: int = Field(
        default=4, ge=1, le=_LONGEST_DAYS, description="Days after which a message that nobody has received is deleted"
    )
    tries: int = Field(
        default=5, ge=1, le=1000, description="How often a message is received before it moves to the dead-letter queue"
    )
    old_after_minutes: int | None = Field(
        default=None,
        ge=1,
        le=_LONGEST_DAYS * 24 * 60,
        description="Alarm when a message has waited for this long; null for none",
    )


class Queue(Component):
    kind = "queue"
    title = "Queue"
    summary = "SQS queue with a dead-letter queue, encrypted, TLS only"
    family = Family.MESSAGING
    schema = QueueSettings
    gives = Gives(
        variables=("<NAME>_QUEUE_URL",),
        rights=(
            "sqs:SendMessage",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
        ),
    )
    attributes = {
        "url": "Address of the queue",
        "arn": "ARN of the queue",
        "name": "Name of the queue",
        "failed_url": "Address of the dead-letter queue",
    }

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, QueueSettings)
        failed = sqs.Queue(
            logical_id(node.address, "Failed"),
            QueueName=build.physical(f"{node.name}-failed", limit=_NAME_LIMIT),
            MessageRetentionPeriod=_LONGEST_DAYS * _DAY,
            SqsManagedSseEnabled=True,
            # By name, not by reference, because each queue names the other.
            RedriveAllowPolicy={
                "redrivePermission": "byQueue",
                "sourceQueueArns": [iam.account_arn("sqs", _name(node, build))],
            },
        )
        queue = sqs.Queue(
            logical_id(node.address),
            QueueName=_name(node, build),
            MessageRetentionPeriod=settings.keep_days * _DAY,
            ReceiveMessageWaitTimeSeconds=_LONG_POLL_SECONDS,
            VisibilityTimeout=settings.visibility_seconds,
            SqsManagedSseEnabled=True,
            RedrivePolicy=sqs.RedrivePolicy(
                deadLetterTargetArn=GetAtt(failed.title, "Arn"), maxReceiveCount=settings.tries
            ),
        )
        for resource, title in ((failed, "Dead-letter queue"), (queue, "Queue")):
            build.retain(resource, policy=None, why="")
            reference = build.add(node, resource, title)
            # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html
            statement = iam.tls_only("sqs:*", GetAtt(resource.title, "Arn"))
            document = iam.policy([statement])
            policy = sqs.QueuePolicy(f"{resource.title}Policy", Queues=[reference], PolicyDocument=document)
            build.add(node, policy, f"{title} policy")
        _alarms(node, build, settings)

    def boxes(self, node: Node) -> list[Box]:
        tries = settings_of(node, QueueSettings).tries
        return [Box("supporting", node.name, "Queue", f"SQS, set aside after {tries} tries")]

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        return queue_widgets(logical_id(node.address, "Failed"), logical_id(node.address))

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        queue = logical_id(node.address)
        match name:
            case "url":
                return Ref(queue)
            case "arn":
                return GetAtt(queue, "Arn")
            case "name":
                return GetAtt(queue, "QueueName")
            case "failed_url":
                return Ref(logical_id(node.address, "Failed"))
        return super().attribute(node, name, build)

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        return Grant(
            label="messages",
            variables={f"{node.name.upper()}_QUEUE_URL": Ref(logical_id(node.address))},
            statements=(iam.allow(self.gives.rights, GetAtt(logical_id(node.address), "Arn")),),
        )


def _name(node: Node, build: Build) -> str:
    return build.physical(node.name, limit=_NAME_LIMIT)


def _alarms(node: Node, build: Build, settings: QueueSettings) -> None:
    failed = {"QueueName": GetAtt(logical_id(node.address, "Failed"), "QueueName")}
    alarm(
        node,
        build,
        key="HasFailed",
        description=f"Messages of {node.address} have failed and wait in its dead-letter queue",
        metric=("AWS/SQS", "ApproximateNumberOfMessagesVisible", failed),
        statistic="Maximum",
        above=0,
    )
    if settings.old_after_minutes:
        alarm(
            node,
            build,
            key="Old",
            description=f"A message of {node.address} has waited for over {settings.old_after_minutes} minutes",
            metric=(
                "AWS/SQS",
                "ApproximateAgeOfOldestMessage",
                {"QueueName": GetAtt(logical_id(node.address), "QueueName")},
            ),
            statistic="Maximum",
            above=settings.old_after_minutes * 60,
        )
