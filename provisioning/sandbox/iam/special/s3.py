"""S3's REST calls: the action follows from the method, the query and some headers.

Source: "Required permissions for Amazon S3 API operations" in the S3 user guide.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from provisioning.sandbox.iam.access import Access
from provisioning.sandbox.iam.requests import Call
from provisioning.sandbox.iam.resources import object_exists

_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-](?:[a-z0-9-]+\.)?(?:amazonaws\.com|localhost)")
_OF_BUCKET = {
    ("GET", "policy"): "GetBucketPolicy",
    ("GET", "tagging"): "GetBucketTagging",
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("GET", "versions"): "ListBucketVersions",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "versioning"): "GetBucketVersioning",
    ("GET", "list-type"): "ListBucket",
    ("PUT", "policy"): "PutBucketPolicy",
    ("DELETE", "policy"): "DeleteBucketPolicy",
    ("GET", ""): "ListBucket",
    ("HEAD", ""): "ListBucket",
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
}
_OF_OBJECT = {
    ("GET", ""): "GetObject",
    ("HEAD", ""): "GetObject",
    ("PUT", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
    ("GET", "versionId"): "GetObjectVersion",
    ("HEAD", "versionId"): "GetObjectVersion",
    ("DELETE", "versionId"): "DeleteObjectVersion",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("PUT", "uploadId"): "PutObject",
    ("POST", "uploads"): "PutObject",
    ("POST", "uploadId"): "PutObject",
    ("GET", "uploadId"): "ListMultipartUploadParts",
}
# Operations that no role needs here: they are refused, not taken for another one.
_SUBRESOURCES = frozenset(
    [
        "accelerate",
        "acl",
        "analytics",
        "attributes",
        "cors",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "lifecycle",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "tagging",
        "torrent",
        "versioning",
        "website",
    ]
)
_IN_TABLES = frozenset(name for _, name in (*_OF_BUCKET, *_OF_OBJECT)) - {"", "versionId"}
# Parameters of the query that choose the operation; the others are filters, pages and signatures. A version comes last,
# since GET ?tagging&versionId=1 reads the tags of that version.
_CHOOSING = (*sorted({"delete"} | _IN_TABLES | _SUBRESOURCES), "versionId")


def needs_of_s3(call: Call) -> list[Access]:
    """The accesses of one call; none for an operation that is not in the tables."""
    bucket, key = _place(call)
    if not bucket:
        return [Access("s3:ListAllMyBuckets")] if call.method == "GET" else []
    chosen = next((name for name in _CHOOSING if name in call.query), "")
    arn = f"arn:aws:s3:::{bucket}"
    if not key and (call.method, chosen) == ("POST", "delete"):
        return _deletions(call, arn)
    table = _OF_OBJECT if key else _OF_BUCKET
    action = table.get((call.method, chosen))
    if action is None:
        return []
    needed = [Access(f"s3:{action}", f"{arn}/{key}" if key else arn, _context(call) if not key else {})]
    if key and action.startswith("GetObject") and not object_exists(bucket, key):
        needed.append(Access("s3:ListBucket", arn))  # without it S3 answers 403 instead of 404
    if key and call.method == "PUT" and call.headers.get("x-amz-tagging"):
        needed.append(Access("s3:PutObjectTagging", f"{arn}/{key}"))
    source = call.headers.get("x-amz-copy-source", "").lstrip("/").partition("?")[0]
    return [*needed, Access("s3:GetObject", f"arn:aws:s3:::{source}")] if source else needed


def _place(call: Call) -> tuple[str, str]:
    host = _HOST.match(call.headers.get("host", ""))
    if host:
        return host["bucket"], call.path.lstrip("/")
    bucket, _, key = call.path.lstrip("/").partition("/")
    return bucket, key


def _context(call: Call) -> dict[str, str | list[str]]:
    return {f"s3:{name}": call.query[name] for name in ("prefix", "delimiter", "max-keys") if call.query.get(name)}


def _deletions(call: Call, arn: str) -> list[Access]:
    """DeleteObjects: S3 asks for each key; several keys in one list of accesses."""
    needed = []
    for element in ET.fromstring(call.body).iter():  # noqa: S314 - our own client's body, on loopback
        if element.tag.rpartition("}")[2] != "Object":
            continue
        texts = {child.tag.rpartition("}")[2]: child.text or "" for child in element}
        action = "s3:DeleteObjectVersion" if texts.get("VersionId") else "s3:DeleteObject"
        needed.append(Access(action, f"{arn}/{texts.get('Key', '')}"))
    return needed
