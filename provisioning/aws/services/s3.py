"""S3: empties buckets in bounded rounds; existence checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict

from provisioning.aws.error_codes import class_for, without_secrets
from provisioning.aws.errors import NotFound
from provisioning.aws.interface import EmptyingProgress
from provisioning.aws.sessions import Clients

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

BATCH: Final = 1000
"""The most keys that DeleteObjects accepts (API reference)."""
_NAMED_IN_MESSAGE: Final = 5


class Owner(TypedDict):
    ExpectedBucketOwner: str


def owner(aws: Clients) -> Owner:
    """Makes S3 refuse a bucket of another account, because bucket names are global."""
    return {"ExpectedBucketOwner": aws.access.account_id}


def empty_bucket(aws: Clients, bucket: str, *, limit: int) -> EmptyingProgress:
    """Deletes at most `limit` versions, delete markers and unfinished uploads. Each round lists
    from the start, because the previous round deleted everything that it listed.

    If S3 refuses to delete objects (object lock, a policy), its error is raised with the first
    names. Nothing is bypassed.
    """
    deleted = 0
    try:
        while deleted < limit:
            versions, more = _versions(aws, bucket, min(BATCH, limit - deleted))
            if versions:
                _delete(aws, bucket, versions)
                deleted += len(versions)
            elif more:
                break  # an empty page that announces more: the next round lists again
            if not more:
                aborted, more = _abort_uploads(aws, bucket, limit - deleted)
                return EmptyingProgress(deleted=deleted + aborted, empty=not more)
    except NotFound:
        return EmptyingProgress(deleted=deleted, empty=True)
    return EmptyingProgress(deleted=deleted, empty=False)


def _versions(aws: Clients, bucket: str, count: int) -> tuple[list[ObjectIdentifierTypeDef], bool]:
    """Lists object versions and delete markers. A bucket without versioning lists its objects as
    version "null".
    """
    page = aws.s3.list_object_versions(Bucket=bucket, MaxKeys=count, **owner(aws))
    entries: Iterable[Mapping[str, Any]] = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
    return [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries], page["IsTruncated"]


def _delete(aws: Clients, bucket: str, objects: Sequence[ObjectIdentifierTypeDef]) -> None:
    answer = aws.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}, **owner(aws))
    refused = answer.get("Errors", [])
    if not refused:
        return
    first = refused[0]
    code = first.get("Code", "Unknown")
    names = ", ".join(entry.get("Key", "?") for entry in refused[:_NAMED_IN_MESSAGE]) + (
        ", …" if len(refused) > _NAMED_IN_MESSAGE else ""
    )
    message = without_secrets(first.get("Message", "no reason given"))
    raise class_for("s3", code, message, 400)(
        f"{len(refused)} of {len(objects)} objects in bucket {bucket} cannot be deleted ({names}): {message}",
        operation="s3:DeleteObjects",
        code=code,
    )


def _abort_uploads(aws: Clients, bucket: str, limit: int) -> tuple[int, bool]:
    """Aborts at most `limit` unfinished multipart uploads, which cost money although no listing
    shows them. Returns how many were aborted and whether more are left.
    """
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


def has_bucket(aws: Clients, bucket: str) -> bool:
    aws.s3.head_bucket(Bucket=bucket, **owner(aws))
    return True


def has_policy(aws: Clients, bucket: str) -> bool:
    return bool(aws.s3.get_bucket_policy(Bucket=bucket, **owner(aws))["Policy"])
