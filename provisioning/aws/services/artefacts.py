"""The account's artefact bucket: where a template lies that is too long for the request itself, and code that a stack runs."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote, urlsplit

from provisioning.aws.errors import NotFound, ValidationFailed
from provisioning.aws.services.s3 import owner
from provisioning.aws.sessions import Clients


def upload(aws: Clients, content: bytes, *, prefix: str, suffix: str) -> str:
    """Store the content under its digest and return its URL. The same content goes to the same place, so repeating is harmless."""
    bucket = aws.access.artefact_bucket
    if not bucket:
        raise ValidationFailed(
            f"The template has {len(content):,} bytes, more than CloudFormation takes in a request, "
            f"and account {aws.access.account_id} has no artefact bucket to pass it through. Name one in the account's settings",
            operation="cloudformation:CreateStack",
            code="NoArtefactBucket",
        )
    key = f"{prefix}/{hashlib.sha256(content).hexdigest()}{suffix}"
    aws.s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json", **owner(aws))
    return _url(aws, bucket, key)


def put(aws: Clients, bucket: str, key: str, body: bytes, *, sha256: str) -> bool:
    """Store a package under its key, unless the same lies there. Its checksum is proved here, and by S3 when it arrives.

    Returns whether it was stored now. Other content under the key is written over: a key is its content's own.
    """
    if hashlib.sha256(body).hexdigest() != sha256:
        raise ValidationFailed(
            f"The package for {key} is not the one that was planned: its content has another SHA-256",
            operation="s3:PutObject",
            code="BadDigest",
        )
    checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
    try:
        found = aws.s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED", **owner(aws))
    except NotFound:
        pass
    else:
        if found.get("ChecksumSHA256") == checksum:
            return False
    aws.s3.put_object(
        Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum, **owner(aws)
    )
    return True


def _url(aws: Clients, bucket: str, key: str) -> str:
    endpoint = urlsplit(aws.s3.meta.endpoint_url)
    if aws.access.endpoint_url:
        return f"{endpoint.scheme}://{endpoint.netloc}/{bucket}/{quote(key)}"
    return f"{endpoint.scheme}://{bucket}.{endpoint.netloc}/{quote(key)}"
