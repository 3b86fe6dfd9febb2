from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from provisioning.aws import AccessDenied, AccountAccess, EmptyingProgress
from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients
from provisioning.outgoing import OWN_MACHINE
from tests.aws.support import OpenLimiter

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def s3(moto: str, limiter: OpenLimiter) -> Iterator[S3Client]:
    """Plain S3 in moto's account, to prepare and to look."""
    clients = Clients(
        AccountAccess(account_id="123456789012", region="eu-north-1", endpoint_url=moto, endpoint_rules=OWN_MACHINE),
        limiter,
    )
    yield clients.s3
    clients.close()


@pytest.fixture
def bucket(s3: S3Client) -> str:
    name = f"documents-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
    return name


def versioned(s3: S3Client, bucket: str, status: str = "Enabled") -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def left(s3: S3Client, bucket: str) -> int:
    page = s3.list_object_versions(Bucket=bucket)
    uploads = s3.list_multipart_uploads(Bucket=bucket)
    return len(page.get("Versions", [])) + len(page.get("DeleteMarkers", [])) + len(uploads.get("Uploads", []))


def test_a_bucket_that_never_had_versions_is_emptied(on_moto: LiveAws, s3: S3Client, bucket: str) -> None:
    for number in range(3):
        s3.put_object(Bucket=bucket, Key=f"{number}", Body=b"x")
    assert on_moto.empty("AWS::S3::Bucket", bucket, limit=100) == EmptyingProgress(deleted=3, empty=True)
    s3.delete_bucket(Bucket=bucket)


def test_versions_markers_and_unfinished_uploads_go_too(on_moto: LiveAws, s3: S3Client, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="before", Body=b"x")
    versioned(s3, bucket)
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key="twice", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="twice")
    s3.create_multipart_upload(Bucket=bucket, Key="half")
    assert left(s3, bucket) == 5
    assert on_moto.empty("AWS::S3::Bucket", bucket, limit=100) == EmptyingProgress(deleted=5, empty=True)
    assert left(s3, bucket) == 0


def test_suspended_versioning_changes_nothing(on_moto: LiveAws, s3: S3Client, bucket: str) -> None:
    versioned(s3, bucket)
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    versioned(s3, bucket, "Suspended")
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="a")
    assert on_moto.empty("AWS::S3::Bucket", bucket, limit=100).empty
    assert left(s3, bucket) == 0


def test_a_round_never_deletes_more_than_its_limit(on_moto: LiveAws, s3: S3Client, bucket: str) -> None:
    for number in range(7):
        s3.put_object(Bucket=bucket, Key=f"{number}", Body=b"x")
    s3.create_multipart_upload(Bucket=bucket, Key="half")
    rounds = []
    while not rounds or not rounds[-1].empty:
        rounds.append(on_moto.empty("AWS::S3::Bucket", bucket, limit=3))
        assert len(rounds) < 10
    assert all(progress.deleted <= 3 for progress in rounds)
    assert sum(progress.deleted for progress in rounds) == 8
    assert left(s3, bucket) == 0


def test_keys_that_need_escaping_are_deleted(on_moto: LiveAws, s3: S3Client, bucket: str) -> None:
    for key in ("a b/ü&<>", "x%0a+", "//", "日本"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert on_moto.empty("AWS::S3::Bucket", bucket, limit=100) == EmptyingProgress(deleted=4, empty=True)
    assert left(s3, bucket) == 0


def test_a_bucket_that_is_not_there_is_empty(on_moto: LiveAws) -> None:
    assert on_moto.empty("AWS::S3::Bucket", f"missing-{uuid.uuid4()}", limit=10) == EmptyingProgress(
        deleted=0, empty=True
    )


def test_a_locked_object_is_named_and_the_lock_is_never_bypassed(on_moto: LiveAws, s3: S3Client) -> None:
    name = f"locked-{uuid.uuid4()}"
    s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"}, ObjectLockEnabledForBucket=True
    )
    s3.put_object(
        Bucket=name,
        Key="contract.pdf",
        Body=b"x",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate="2099-01-01T00:00:00Z",
    )
    with pytest.raises(AccessDenied, match=r"1 of 1 objects in bucket locked-.* cannot be deleted \(contract.pdf\)"):
        on_moto.empty("AWS::S3::Bucket", name, limit=10)
    assert left(s3, name) == 1


REGION = "eu-north-1"


def test_a_bucket_and_its_policy(on_moto: LiveAws, by_hand: Clients) -> None:
    name = f"b-{uuid.uuid4()}"
    by_hand.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert on_moto.exists("AWS::S3::Bucket", name)
    assert on_moto.exists("AWS::S3::BucketPolicy", name) is False
    by_hand.s3.delete_bucket(Bucket=name)
    assert on_moto.exists("AWS::S3::Bucket", name) is False
