"""Queues: failed messages are set aside, TLS is required, users reach this queue only."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.kinds.queue.component import QueueSettings
from tests.components.small import rendered
from tests.support.designs import node
from tests.support.reading import Template

DAY = 24 * 60 * 60


@pytest.fixture(scope="module")
def template() -> Template:
    settings: dict[str, Any] = {"visibility_seconds": 300, "keep_days": 2, "tries": 3, "old_after_minutes": 10}
    return rendered(
        node("queue", "jobs", **settings),
        beside=(node("alarm_topic", "main"),),
        outputs={name: f"queue.jobs.{name}" for name in ("url", "arn", "name", "failed_url")},
    )


def test_a_message_that_keeps_failing_is_set_aside(template: Template) -> None:
    queues = template.of_type("AWS::SQS::Queue")
    queue, failed = queues["QueueJobs"], queues["QueueJobsFailed"]
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["QueueJobsFailed", "Arn"]},
        "maxReceiveCount": 3,
    }
    assert failed["RedriveAllowPolicy"]["redrivePermission"] == "byQueue"
    (source,) = failed["RedriveAllowPolicy"]["sourceQueueArns"]
    assert source["Fn::Sub"].endswith(f":{queue['QueueName']}")
    assert (queue["QueueName"], failed["QueueName"]) == (
        "payments-shop-dev-nd524-jobs",
        "payments-shop-dev-nd524-jobs-failed",
    )
    assert (queue["VisibilityTimeout"], queue["MessageRetentionPeriod"]) == (300, 2 * DAY)
    assert failed["MessageRetentionPeriod"] == 14 * DAY


def test_both_queues_are_encrypted_and_refuse_what_is_not_tls(template: Template) -> None:
    queues = template.of_type("AWS::SQS::Queue")
    guarded = set()
    for policy in template.of_type("AWS::SQS::QueuePolicy").values():
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sqs:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        (reference,) = policy["Queues"]
        assert template.target(statement["Resource"]) == template.target(reference)
        guarded.add(template.target(reference))
    assert guarded == set(queues)
    assert all(queue["SqsManagedSseEnabled"] is True for queue in queues.values())


def test_a_user_gets_the_address_and_may_send_and_receive_here_only(template: Template) -> None:
    assert template.variables("api")["JOBS_QUEUE_URL"] == {"Ref": "QueueJobs"}
    (statement,) = [s for s in template.statements(template.role_of("api")) if s["Action"][0].startswith("sqs:")]
    assert {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"} <= set(statement["Action"])
    assert "sqs:PurgeQueue" not in statement["Action"]
    assert statement["Resource"] == [{"Fn::GetAtt": ["QueueJobs", "Arn"]}]


def test_people_are_told_of_failed_and_of_old_messages(template: Template) -> None:
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    failed, old = alarms["QueueJobsHasFailed"], alarms["QueueJobsOld"]
    assert (failed["MetricName"], failed["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
    assert failed["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["QueueJobsFailed", "QueueName"]}
    assert (old["MetricName"], old["Threshold"]) == ("ApproximateAgeOfOldestMessage", 600)
    assert old["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["QueueJobs", "QueueName"]}
    assert failed["AlarmActions"] == old["AlarmActions"] == [{"Ref": "AlarmTopic"}]


def test_its_attributes_lead_to_it(template: Template) -> None:
    assert {name: output["Value"] for name, output in template.body["Outputs"].items()} == {
        "Url": {"Ref": "QueueJobs"},
        "Arn": {"Fn::GetAtt": ["QueueJobs", "Arn"]},
        "Name": {"Fn::GetAtt": ["QueueJobs", "QueueName"]},
        "FailedUrl": {"Ref": "QueueJobsFailed"},
    }


def test_nobody_hears_of_old_messages_who_did_not_ask() -> None:
    assert "QueueJobsOld" not in rendered(node("queue", "jobs")).resources


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"keep_days": 15}, "less than or equal to 14"),
        ({"tries": 0}, "greater than or equal to 1"),
        ({"visibility_seconds": 50_000}, "less than or equal to 43200"),
        ({"fifo": True}, "Extra inputs are not permitted"),
    ],
)
def test_what_sqs_would_refuse_is_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        QueueSettings.model_validate(given)
