"""S3 buckets with all template settings, whose deletion is rejected while they hold objects, and
secrets as on AWS.
"""

from __future__ import annotations

import json
import secrets as randomness
import string
from typing import Any

from botocore.exceptions import ClientError

from provisioning.sandbox.api import Properties, api, arguments, refused, tag_list
from provisioning.sandbox.private import get_account_id, get_region
from provisioning.sandbox.resources import bucket_settings
from provisioning.sandbox.resources.registry import Made, original, resource_type, true

SCHEDULED = "You can't create this secret because a secret with this name is already scheduled for deletion."
LIST = ("Tags", "list")
DEFAULT_PASSWORD_LENGTH = 32
_create_bucket = original("AWS::S3::Bucket", "create")
_update_bucket = original("AWS::S3::Bucket", "update")
_delete_bucket = original("AWS::S3::Bucket", "delete")
_create_secret = original("AWS::SecretsManager::Secret", "create")
_update_secret = original("AWS::SecretsManager::Secret", "update")
_delete_secret = original("AWS::SecretsManager::Secret", "delete")


def _expiration(rule: dict[str, Any]) -> dict[str, Any]:
    expiration: dict[str, Any] = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = int(rule["ExpirationInDays"])
    if "ExpirationDate" in rule:
        expiration["Date"] = rule["ExpirationDate"]
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = true(rule["ExpiredObjectDeleteMarker"])
    return expiration


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """One rule, converted from CloudFormation to the S3 API."""
    shaped: dict[str, Any] = {"ID": rule.get("Id", ""), "Status": rule["Status"]}
    conditions = {name: rule[name] for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan") if name in rule}
    tags = rule.get("TagFilters") or []
    if conditions or tags:
        shaped["Filter"] = {
            "And": {"Prefix": rule.get("Prefix", ""), "Tags": tags, **{k: int(v) for k, v in conditions.items()}}
        }
    else:
        shaped["Filter"] = {"Prefix": rule.get("Prefix", "")}
    expiration = _expiration(rule)
    if expiration:
        shaped["Expiration"] = expiration
    transitions = rule.get("Transitions") or ([rule["Transition"]] if "Transition" in rule else [])
    if transitions:
        shaped["Transitions"] = [
            {
                "StorageClass": item["StorageClass"],
                **({"Days": int(item["TransitionInDays"])} if "TransitionInDays" in item else {}),
            }
            for item in transitions
        ]
    if "NoncurrentVersionExpiration" in rule:
        shaped["NoncurrentVersionExpiration"] = {k: int(v) for k, v in rule["NoncurrentVersionExpiration"].items()}
    elif "NoncurrentVersionExpirationInDays" in rule:
        shaped["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(rule["NoncurrentVersionExpirationInDays"])}
    if "NoncurrentVersionTransitions" in rule:
        shaped["NoncurrentVersionTransitions"] = [
            {"StorageClass": item["StorageClass"], "NoncurrentDays": int(item["TransitionInDays"])}
            for item in rule["NoncurrentVersionTransitions"]
        ]
    if "AbortIncompleteMultipartUpload" in rule:
        shaped["AbortIncompleteMultipartUpload"] = {
            k: int(v) for k, v in rule["AbortIncompleteMultipartUpload"].items()
        }
    return shaped


def _encryption_rule(rule: dict[str, Any]) -> dict[str, Any]:
    shaped: dict[str, Any] = {}
    default = rule.get("ServerSideEncryptionByDefault")
    if default:
        shaped["ApplyServerSideEncryptionByDefault"] = default
    if "BucketKeyEnabled" in rule:
        shaped["BucketKeyEnabled"] = true(rule["BucketKeyEnabled"])
    return shaped


def _configure(bucket: str, properties: Properties, old: Properties) -> None:
    """Applies the template's settings of a bucket through the S3 API, and removes settings that it
    no longer has.
    """
    s3 = api("s3")
    encryption = (properties.get("BucketEncryption") or {}).get("ServerSideEncryptionConfiguration")
    if encryption:
        encrypted = [_encryption_rule(rule) for rule in encryption]
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": encrypted})
    elif old.get("BucketEncryption"):
        s3.delete_bucket_encryption(Bucket=bucket)
    rules = (properties.get("LifecycleConfiguration") or {}).get("Rules")
    if rules:
        lifecycle = {"Rules": [_lifecycle_rule(rule) for rule in rules]}
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=lifecycle)
    elif old.get("LifecycleConfiguration"):
        s3.delete_bucket_lifecycle(Bucket=bucket)
    if properties.get("OwnershipControls"):
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=properties["OwnershipControls"])
    if properties.get("PublicAccessBlockConfiguration"):
        block = arguments("s3", "PutPublicAccessBlock", properties)["PublicAccessBlockConfiguration"]
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    if properties.get("VersioningConfiguration"):
        s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": properties["VersioningConfiguration"]["Status"]}
        )
    if tag_list(properties):
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_list(properties)})
    elif tag_list(old):
        s3.delete_bucket_tagging(Bucket=bucket)
    bucket_settings.configure(bucket, properties, old)


def _check_namespace(properties: Properties) -> None:
    """Refuse a name that does not fit its namespace. Only names in the account's own namespace end
    in the account, the region and `-an`.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
    """
    name = str(properties.get("BucketName") or "")
    ending = f"-{get_account_id()}-{get_region()}-an"
    if properties.get("BucketNamespace") == "account-regional":
        if name and not name.endswith(ending):
            raise ValueError(
                f"Sandbox: the bucket {name} is in the account's own namespace, so it must end in {ending}."
            )
    elif name.endswith("-an"):
        raise ValueError(f"Sandbox: the bucket {name} ends in -an, so it needs BucketNamespace account-regional.")


def create_bucket(logical_id: str, properties: Properties, stack: str) -> Made:
    _check_namespace(properties)
    made: Made = _create_bucket(logical_id, properties, stack)
    _configure(made[0], properties, {})
    return made


def update_bucket(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    made: Made = _update_bucket(physical_id, old, new, stack, logical_id)
    _configure(made[0], new, old if made[0] == physical_id else {})
    return made


def delete_bucket(physical_id: str, properties: Properties) -> None:
    try:
        held = api("s3").list_object_versions(Bucket=physical_id, MaxKeys=1)
        current = api("s3").list_objects_v2(Bucket=physical_id, MaxKeys=1)
    except ClientError as error:
        if refused(error, "NoSuchBucket"):
            return
        raise
    if held.get("Versions") or held.get("DeleteMarkers") or current.get("Contents"):
        raise ValueError(
            "The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
            "(Service: S3, Status Code: 409) (HandlerErrorCode: GeneralServiceException)"
        )
    _delete_bucket(physical_id, properties)


def generate_password(rules: dict[str, Any]) -> str:
    """A password as from GetRandomPassword with these rules."""
    excluded = set(str(rules.get("ExcludeCharacters", "")))
    sets = [
        (string.ascii_lowercase, "ExcludeLowercase"),
        (string.ascii_uppercase, "ExcludeUppercase"),
        (string.digits, "ExcludeNumbers"),
        (string.punctuation, "ExcludePunctuation"),
    ]
    kinds = ["".join(c for c in letters if c not in excluded) for letters, flag in sets if not true(rules.get(flag))]
    kinds = [letters for letters in kinds if letters]
    if not kinds:
        raise ValueError("GenerateSecretString excludes every character. (Service: SecretsManager, Status Code: 400)")
    length = int(rules.get("PasswordLength", DEFAULT_PASSWORD_LENGTH))
    letters = "".join(kinds) + (" " if true(rules.get("IncludeSpace")) else "")
    chosen = [randomness.choice(letters) for _ in range(length)]
    if str(rules.get("RequireEachIncludedType", "true")).lower() == "true":
        places = randomness.SystemRandom().sample(range(length), min(len(kinds), length))
        for place, kind in zip(places, kinds, strict=False):
            chosen[place] = randomness.choice(kind)
    return "".join(chosen)


def _with_value(properties: Properties) -> Properties:
    rules = properties.get("GenerateSecretString")
    if rules is None or properties.get("SecretString"):
        return properties
    value = generate_password(rules)
    if rules.get("SecretStringTemplate"):
        document = json.loads(rules["SecretStringTemplate"])
        document[rules.get("GenerateStringKey", "password")] = value
        value = json.dumps(document)
    return {**{k: v for k, v in properties.items() if k != "GenerateSecretString"}, "SecretString": value}


def _by_name(properties: Properties, physical_id: str) -> str:
    """The name under which ministack stores the secret whose ARN is the physical id."""
    if properties.get("Name"):
        return str(properties["Name"])
    return physical_id.split(":", 6)[-1].rsplit("-", 1)[0] if physical_id.startswith("arn:") else physical_id


def create_secret(logical_id: str, properties: Properties, stack: str) -> Made:
    name = properties.get("Name")
    if name:
        try:
            known = api("secretsmanager").describe_secret(SecretId=name)
        except ClientError as error:
            if not refused(error, "ResourceNotFoundException"):
                raise
        else:
            if known.get("DeletedDate"):
                raise ValueError(
                    f"{SCHEDULED} (Service: SecretsManager, Status Code: 400) (HandlerErrorCode: InvalidRequest)"
                )
            raise ValueError(
                f"The operation failed because the secret {name} already exists. "
                "(Service: SecretsManager, Status Code: 400) (HandlerErrorCode: AlreadyExists)"
            )
    _name, attributes = _create_secret(logical_id, _with_value(properties), stack)
    return attributes["Arn"], attributes


def update_secret(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    same_rule = old.get("GenerateSecretString") == new.get("GenerateSecretString")
    wanted = new if same_rule else _with_value(new)
    before = _by_name(old, physical_id)
    kept, attributes = _update_secret(before, old, {**wanted, "Name": new.get("Name") or before}, stack, logical_id)
    return (physical_id if kept == before else attributes["Arn"]), attributes


def delete_secret(physical_id: str, properties: Properties) -> None:
    _delete_secret(_by_name(properties, physical_id), properties)


def create_resource_policy(_logical_id: str, properties: Properties, _stack: str) -> Made:
    policy = properties["ResourcePolicy"]
    text = policy if isinstance(policy, str) else json.dumps(policy)
    api("secretsmanager").put_resource_policy(SecretId=properties["SecretId"], ResourcePolicy=text)
    return properties["SecretId"], {"Id": properties["SecretId"]}


def update_resource_policy(_physical_id: str, _old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    return create_resource_policy(logical_id, new, stack)


def delete_resource_policy(physical_id: str, _properties: Properties) -> None:
    try:
        api("secretsmanager").delete_resource_policy(SecretId=physical_id)
    except ClientError as error:
        if not refused(error, "ResourceNotFoundException"):
            raise


def create_rotation(_logical_id: str, properties: Properties, _stack: str) -> Made:
    wanted = arguments("secretsmanager", "RotateSecret", properties)
    api("secretsmanager").rotate_secret(**wanted)
    return properties["SecretId"], {"Id": properties["SecretId"]}


def delete_rotation(physical_id: str, _properties: Properties) -> None:
    try:
        api("secretsmanager").cancel_rotate_secret(SecretId=physical_id)
    except ClientError as error:
        if not refused(error, "ResourceNotFoundException"):
            raise


def create_bucket_policy(_logical_id: str, properties: Properties, _stack: str) -> Made:
    """The physical id is the bucket's name, as on AWS."""
    bucket = str(properties["Bucket"])
    document = properties["PolicyDocument"]
    text = document if isinstance(document, str) else json.dumps(document)
    api("s3").put_bucket_policy(Bucket=bucket, Policy=text)
    return bucket, {}


def update_bucket_policy(_physical_id: str, _old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    return create_bucket_policy(logical_id, new, stack)


def delete_bucket_policy(physical_id: str, _properties: Properties) -> None:
    api("s3").delete_bucket_policy(Bucket=physical_id)


def register() -> None:
    resource_type(
        "AWS::S3::BucketPolicy", create=create_bucket_policy, delete=delete_bucket_policy, update=update_bucket_policy
    )
    resource_type("AWS::S3::Bucket", create=create_bucket, delete=delete_bucket, update=update_bucket, tags=LIST)
    resource_type("AWS::SecretsManager::Secret", create=create_secret, delete=delete_secret, update=update_secret)
    resource_type(
        "AWS::SecretsManager::ResourcePolicy",
        create=create_resource_policy,
        delete=delete_resource_policy,
        update=update_resource_policy,
    )
    resource_type("AWS::SecretsManager::RotationSchedule", create=create_rotation, delete=delete_rotation)
