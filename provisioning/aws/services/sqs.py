"""Simple Queue Service: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_queue(aws: Clients, url_or_arn: str) -> bool:
    """The physical id is the URL; a scan by tag reports the ARN."""
    if url_or_arn.startswith("arn:"):
        return bool(aws.client("sqs").get_queue_url(QueueName=url_or_arn.rpartition(":")[2])["QueueUrl"])
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=url_or_arn, AttributeNames=["QueueArn"])
    return bool(answer["Attributes"])
