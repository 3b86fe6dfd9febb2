"""Buckets: emptied in bounded rounds, and asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict

from provisioning.aws.error_codes import class_for, without_secrets
from provisioning.aws.errors import NotFound
from provisioning.aws.interface import BucketProgress
from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

BATCH: Final = 1000
"""The most keys that DeleteObjects takes (API reference)."""
_NAMED: Final = 5


class Owner(TypedDict):
    ExpectedBucketOwner: str


def owner(aws: Clients) -> Owner:
    """Makes S3 refuse a bucket of another account: bucket names are the whole world's."""
    return {"ExpectedBucketOwner": aws.access.account_id}


def empty_bucket(aws: Clients, bucket: str, *, limit: int) -> BucketProgress:
    """Delete at most `limit` versions, markers and unfinished uploads. Each round reads from the start: what it read, it deleted.

    What S3 refuses to delete (object lock, a policy) is raised with the first names; nothing is ever bypassed.
    """
    deleted = 0
    try:
        while deleted < limit:
            found, more = _versions(aws, bucket, min(BATCH, limit - deleted))
            if found:
                _delete(aws, bucket, found)
                deleted += len(found)
            elif more:
                break  # a page without entries that says there are more: the next round asks again
            if not more:
                aborted, more = _abort_uploads(aws, bucket, limit - deleted)
                return BucketProgress(deleted=deleted + aborted, empty=not more)
    except NotFound:
        return BucketProgress(deleted=deleted, empty=True)
    return BucketProgress(deleted=deleted, empty=False)


def _versions(aws: Clients, bucket: str, count: int) -> tuple[list[ObjectIdentifierTypeDef], bool]:
    """Object versions and delete markers; a bucket that never had versions shows its objects as version "null"."""
    page = aws.s3.list_object_versions(Bucket=bucket, MaxKeys=count, **owner(aws))
    entries: Iterable[Mapping[str, Any]] = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
    return [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries], page["IsTruncated"]


def _delete(aws: Clients, bucket: str, found: Sequence[ObjectIdentifierTypeDef]) -> None:
    answer = aws.s3.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True}, **owner(aws))
    refused = answer.get("Errors", [])
    if not refused:
        return
    first = refused[0]
    code = first.get("Code", "Unknown")
    names = ", ".join(entry.get("Key", "?") for entry in refused[:_NAMED]) + (", …" if len(refused) > _NAMED else "")
    message = without_secrets(first.get("Message", "no reason given"))
    raise class_for("s3", code, message, 400)(
        f"{len(refused)} of {len(found)} objects in bucket {bucket} cannot be deleted ({names}): {message}",
        operation="s3:DeleteObjects",
        code=code,
    )


def _abort_uploads(aws: Clients, bucket: str, limit: int) -> tuple[int, bool]:
    """Abort at most `limit` unfinished multipart uploads: invisible in listings, they are paid for. Returns how many, and whether more are left."""
    if limit <= 0:
        return 0, True
    page = aws.s3.list_multipart_uploads(Bucket=bucket, MaxUploads=min(BATCH, limit), **owner(aws))
    uploads = page.get("Uploads", [])
    for upload in uploads:
        try:
            aws.s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"], **owner(aws))
        except NotFound:
            continue
    return len(uploads), page["IsTruncated"]


def _has_bucket(aws: Clients, bucket: str) -> bool:
    aws.s3.head_bucket(Bucket=bucket, **owner(aws))
    return True


def _has_policy(aws: Clients, bucket: str) -> bool:
    return bool(aws.s3.get_bucket_policy(Bucket=bucket, **owner(aws))["Policy"])


EXISTENCE: Mapping[str, Probe] = {"AWS::S3::Bucket": _has_bucket, "AWS::S3::BucketPolicy": _has_policy}
