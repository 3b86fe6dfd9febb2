"""A package of code is stored once under its digest, and nothing else is ever taken for it."""

from __future__ import annotations

import hashlib

import pytest

from provisioning.aws import ValidationFailed
from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients

REGION = "eu-north-1"


@pytest.fixture
def bucket(by_hand: Clients, name: str) -> str:
    by_hand.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    by_hand.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def test_a_package_is_stored_once(on_moto: LiveAws, by_hand: Clients, bucket: str) -> None:
    body = b"some code"
    sha256 = hashlib.sha256(body).hexdigest()
    assert on_moto.put_artefact(bucket, "artefacts/x.zip", body, sha256=sha256) is True
    assert on_moto.put_artefact(bucket, "artefacts/x.zip", body, sha256=sha256) is False
    assert by_hand.s3.get_object(Bucket=bucket, Key="artefacts/x.zip")["Body"].read() == body
    assert len(by_hand.s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


def test_something_else_under_its_key_is_replaced(on_moto: LiveAws, by_hand: Clients, bucket: str) -> None:
    by_hand.s3.put_object(Bucket=bucket, Key="artefacts/x.zip", Body=b"other code")
    body = b"some code"
    assert on_moto.put_artefact(bucket, "artefacts/x.zip", body, sha256=hashlib.sha256(body).hexdigest()) is True
    assert by_hand.s3.get_object(Bucket=bucket, Key="artefacts/x.zip")["Body"].read() == body


def test_a_package_that_is_not_what_it_should_be_is_refused(on_moto: LiveAws, by_hand: Clients, bucket: str) -> None:
    with pytest.raises(ValidationFailed):
        on_moto.put_artefact(bucket, "artefacts/x.zip", b"other", sha256=hashlib.sha256(b"some").hexdigest())
    assert by_hand.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
