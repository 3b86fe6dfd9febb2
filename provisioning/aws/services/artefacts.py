"""The account's artefact bucket: holds templates that are too long for a request, and the code that
stacks run.
"""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote, urlsplit

from provisioning.aws.errors import NotFound, ValidationFailed
from provisioning.aws.services.s3 import owner
from provisioning.aws.sessions import Clients


def upload(aws: Clients, content: bytes, *, prefix: str, suffix: str) -> str:
    """Stores content under its digest and returns its URL. Safe to repeat: the same content has the
    same URL.
    """
    bucket = aws.access.artefact_bucket
    if not bucket:
        raise ValidationFailed(
            f"The template has {len(content):,} bytes, more than CloudFormation accepts in a request, and "
            f"account {aws.access.account_id} has no artefact bucket. Enter one in the settings of the account",
            operation="cloudformation:CreateStack",
            code="NoArtefactBucket",
        )
    key = f"{prefix}/{hashlib.sha256(content).hexdigest()}{suffix}"
    aws.s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json", **owner(aws))
    endpoint = urlsplit(aws.s3.meta.endpoint_url)
    if aws.access.endpoint_url:
        return f"{endpoint.scheme}://{endpoint.netloc}/{bucket}/{quote(key)}"
    return f"{endpoint.scheme}://{bucket}.{endpoint.netloc}/{quote(key)}"


def put(aws: Clients, bucket: str, key: str, body: bytes, *, sha256: str) -> bool:
    """Stores a package under its key and returns True, or returns False if the same content is
    there already.

    Its checksum is verified here, and by S3 on arrival. Other content under the key is overwritten,
    because the key is derived from the content.
    """
    if hashlib.sha256(body).hexdigest() != sha256:
        raise ValidationFailed(
            f"The package for {key} is not the planned one: its SHA-256 differs",
            operation="s3:PutObject",
            code="BadDigest",
        )
    checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
    try:
        stored = aws.s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED", **owner(aws))
    except NotFound:
        pass
    else:
        if stored.get("ChecksumSHA256") == checksum:
            return False
    aws.s3.put_object(
        Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum, **owner(aws)
    )
    return True
