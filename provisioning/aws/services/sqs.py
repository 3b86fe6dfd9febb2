"""Simple Queue Service: existence checks, and the messages of the account's event queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from provisioning.aws.change_sets import QueuedEvent
from provisioning.aws.sessions import Clients

MAX_MESSAGES: Final = 10
"""The most messages that one call receives or deletes (API reference)."""
_SECONDS_FOR_THE_ANSWER: Final = 2


def has_queue(aws: Clients, url_or_arn: str) -> bool:
    """The physical id is the URL; a scan by tag reports the ARN."""
    if url_or_arn.startswith("arn:"):
        return bool(aws.client("sqs").get_queue_url(QueueName=url_or_arn.rpartition(":")[2])["QueueUrl"])
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=url_or_arn, AttributeNames=["QueueArn"])
    return bool(answer["Attributes"])


def receive_events(aws: Clients, queue_url: str, *, wait_seconds: int) -> list[QueuedEvent]:
    """Waits for messages, but less long than the client waits for an answer."""
    sqs = aws.client("sqs")
    longest = int(sqs.meta.config.read_timeout) - _SECONDS_FOR_THE_ANSWER
    answer = sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=MAX_MESSAGES, WaitTimeSeconds=max(0, min(wait_seconds, longest))
    )
    return [QueuedEvent(receipt=one["ReceiptHandle"], body=one["Body"]) for one in answer.get("Messages", ())]


def delete_events(aws: Clients, queue_url: str, receipts: Sequence[str]) -> None:
    """SQS delivers a message again if it could not be deleted, as it may do at any time."""
    sqs = aws.client("sqs")
    for first in range(0, len(receipts), MAX_MESSAGES):
        batch = receipts[first : first + MAX_MESSAGES]
        entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(batch)]
        sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)
