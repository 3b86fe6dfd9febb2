"""The account's artefact bucket: where a template lies that is too long for the request itself."""

from __future__ import annotations

import hashlib
from urllib.parse import quote, urlsplit

from provisioning.aws.errors import ValidationFailed
from provisioning.aws.s3 import owner
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


def _url(aws: Clients, bucket: str, key: str) -> str:
    endpoint = urlsplit(aws.s3.meta.endpoint_url)
    if aws.access.endpoint_url:
        return f"{endpoint.scheme}://{endpoint.netloc}/{bucket}/{quote(key)}"
    return f"{endpoint.scheme}://{bucket}.{endpoint.netloc}/{quote(key)}"
