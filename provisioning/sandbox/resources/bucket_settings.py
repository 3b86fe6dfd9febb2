"""A bucket's replication and access logs, which ministack's handler omits, converted to the S3 API."""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.api import Properties, api, arguments
from provisioning.sandbox.private import s3
from provisioning.sandbox.work import on_loop

Json = dict[str, Any]


def _replication_rule(rule: Json) -> Json:
    shaped = {name: value for name, value in rule.items() if name != "Filter"}
    chosen = rule.get("Filter")
    if chosen is not None:
        both = chosen.get("And")
        shaped["Filter"] = (
            {"And": {"Prefix": both.get("Prefix", ""), "Tags": both.get("TagFilters") or []}}
            if both
            else {("Tag" if name == "TagFilter" else name): value for name, value in chosen.items()}
        )
    return shaped


def _replicate(bucket: str, value: Json) -> None:
    for rule in value["Rules"]:
        name = str(rule["Destination"]["Bucket"]).rpartition(":")[2]
        if on_loop(s3.bucket_owner_account, name) is None:
            raise ValueError(
                "Destination bucket must exist. (Service: S3, Status Code: 400) (HandlerErrorCode: InvalidRequest)"
            )
    shaped = {"Role": value["Role"], "Rules": [_replication_rule(rule) for rule in value["Rules"]]}
    wanted = arguments("s3", "PutBucketReplication", {"ReplicationConfiguration": shaped})
    api("s3").put_bucket_replication(Bucket=bucket, **wanted)


def configure(bucket: str, properties: Properties, old: Properties) -> None:
    """Applies the template's settings and removes settings that it no longer has; versioning must
    be set before.
    """
    if properties.get("ReplicationConfiguration"):
        _replicate(bucket, properties["ReplicationConfiguration"])
    elif old.get("ReplicationConfiguration"):
        api("s3").delete_bucket_replication(Bucket=bucket)
    if properties.get("LoggingConfiguration"):
        # The template may name another bucket for the logs.
        logging = properties["LoggingConfiguration"]
        target = {
            "TargetBucket": logging.get("DestinationBucketName") or bucket,
            "TargetPrefix": logging.get("LogFilePrefix", ""),
        }
        api("s3").put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": target})
    elif old.get("LoggingConfiguration"):
        api("s3").put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
