"""What the sandbox's own state says about a resource: its ARN by name, its tags, its own policy."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from provisioning.sandbox import private
from provisioning.sandbox.private import get_account_id, get_region
from provisioning.sandbox.services.tag_collectors import COLLECTORS, EC2_STORES, GONE, pairs

Tags = Mapping[str, str]
_NO_TAGS: Tags = {}
# A bucket's tags decide only where ABAC was turned on for it (API_PutBucketAbac; off by default), which nothing here does.
_TAGS_DO_NOT_DECIDE = frozenset({"s3"})
_SERVICE_OF_POLICY = {"s3", "sqs", "sns", "lambda", "secretsmanager", "kms"}


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


def service_of(resource_arn: str) -> str:
    return resource_arn.split(":", 3)[2] if resource_arn.startswith("arn:") else ""


def tags_of(resource_arn: str) -> Tags:
    """The resource's tags as IAM sees them; none for what does not exist, or not any more."""
    service = service_of(resource_arn)
    if not service or service in _TAGS_DO_NOT_DECIDE or resource_arn.endswith("*"):
        return _NO_TAGS
    read = _DIRECT.get(service)
    if read is not None:
        return read(resource_arn)
    collect = COLLECTORS.get(service)
    return next((tags for listed, tags in collect() if listed == resource_arn), _NO_TAGS) if collect else _NO_TAGS


def policy_of(resource_arn: str) -> str:
    """The policy that is attached to the resource itself, as JSON; empty without one."""
    service = service_of(resource_arn)
    if service not in _SERVICE_OF_POLICY:
        return ""
    attached = private.evaluator.resource_policy(service, resource_arn)
    document = attached[0] if attached else ""
    if isinstance(document, str):
        return document
    return json.dumps(document) if document and document.get("Statement") else ""


def _last(resource_arn: str) -> str:
    return resource_arn.split(":", 5)[5].rpartition("/")[2]


def _ec2(resource_arn: str) -> Tags:
    identity = _last(resource_arn)
    name = next((store for prefix, store in EC2_STORES.items() if identity.startswith(prefix)), None)
    record = getattr(private.ec2, name).get(identity) if name else None
    if not record:
        return _NO_TAGS
    state = record.get("State")
    return (
        _NO_TAGS
        if (state.get("Name") if isinstance(state, dict) else state) in GONE
        else pairs(private.ec2.tags.get(identity))
    )


def _rds(resource_arn: str) -> Tags:
    kind, name = resource_arn.split(":", 6)[5:]
    stores = {
        "db": private.rds.instances,
        "cluster": private.rds.clusters,
        "subgrp": private.rds.subnet_groups,
        "pg": private.rds.param_groups,
        "snapshot": private.rds.snapshots,
    }
    record = stores[kind].get(name) if kind in stores else None
    return {**pairs(private.rds.tags.get(resource_arn)), **pairs(record.get("TagList"))} if record else _NO_TAGS


def _iam(resource_arn: str) -> Tags:
    kind, name = resource_arn.split(":", 5)[5].split("/", maxsplit=1)[0], _last(resource_arn)
    store: Mapping[str, Any] = {"role": private.iam.roles, "instance-profile": private.iam.instance_profiles}.get(
        kind, {}
    )
    record = store.get(name)
    return pairs(record.get("Tags")) if record and record.get("Arn") == resource_arn else _NO_TAGS


def _stack(resource_arn: str) -> Tags:
    stack = next((one for one in private.cfn.stacks.values() if one.get("StackId") == resource_arn), None)
    return pairs(stack.get("Tags")) if stack and stack["StackStatus"] != "DELETE_COMPLETE" else _NO_TAGS


def _secret(resource_arn: str) -> Tags:
    secret = private.secrets.secrets.get(resource_arn.split(":", 6)[6][:-7])
    return pairs(secret.get("Tags")) if secret and secret["ARN"] == resource_arn else _NO_TAGS


def _group(resource_arn: str) -> Tags:
    return pairs(private.autoscaling.tags.get(_last(resource_arn)))


def _zone(resource_arn: str) -> Tags:
    kind, _, identity = resource_arn.split(":", 5)[5].partition("/")
    return pairs(private.route53.tags.get((kind, identity)))


def _log_group(resource_arn: str) -> Tags:
    name = resource_arn.split(":", 6)[6].removesuffix(":*").split(":log-stream:")[0]
    return pairs((private.logs.log_groups.get(name) or {}).get("tags"))


def _key(resource_arn: str) -> Tags:
    return pairs((private.kms.keys.get(_last(resource_arn)) or {}).get("Tags"))


def _by_arn(store: Callable[[], Mapping[str, Any]]) -> Callable[[str], Tags]:
    return lambda resource_arn: pairs(store().get(resource_arn))


_DIRECT: dict[str, Callable[[str], Tags]] = {
    "autoscaling": _group,
    "cloudformation": _stack,
    "cloudwatch": _by_arn(lambda: private.cloudwatch.resource_tags),
    "ec2": _ec2,
    "ecs": _by_arn(lambda: private.ecs.tags),
    "elasticache": _by_arn(lambda: private.elasticache.tags),
    "elasticloadbalancing": _by_arn(lambda: private.alb.tags),
    "events": _by_arn(lambda: private.eventbridge.tags),
    "iam": _iam,
    "kms": _key,
    "logs": _log_group,
    "rds": _rds,
    "route53": _zone,
    "secretsmanager": _secret,
    "servicediscovery": _by_arn(lambda: private.servicediscovery.resource_tags),
    "ssm": _by_arn(lambda: private.ssm.tags),
    "wafv2": _by_arn(lambda: private.waf.waf_tags),
}


# Names as properties and calls have them -------------------------------------------------------------------------


def role_arn(name: str) -> str:
    """A role by its name, or by its ARN; with its path, if it exists."""
    if name.startswith("arn:"):
        return name
    record = private.iam.roles.get(name)
    return str(record["Arn"]) if record else f"arn:aws:iam::{get_account_id()}:role/{name}"


def profile_arn(name: str) -> str:
    if name.startswith("arn:"):
        return name
    record = private.iam.instance_profiles.get(name)
    return str(record["Arn"]) if record else f"arn:aws:iam::{get_account_id()}:instance-profile/{name}"


def secret_arn(secret_id: str) -> str:
    """A secret by its name, its ARN or its ARN without the suffix that AWS adds."""
    name = secret_id.split(":secret:", 1)[-1]
    record = private.secrets.secrets.get(name)
    if record is not None:
        return str(record["ARN"])
    return secret_id if secret_id.startswith("arn:") else arn("secretsmanager", f"secret:{name}-??????")


def key_arn(key_id: str) -> str:
    """A KMS key by its id, ARN or alias."""
    if ":key/" in key_id:
        return key_id
    if ":alias/" in key_id or key_id.startswith("alias/"):
        return arn("kms", f"key/{key_id.rpartition(':')[2].replace('/', '-')}")
    return arn("kms", f"key/{key_id}")


def parameter_arn(name: str) -> str:
    """An SSM parameter by its name; AWS's own public ones belong to no account."""
    if name.startswith("arn:"):
        return name
    name = name.split(":", maxsplit=1)[0].lstrip("/")
    return (
        f"arn:aws:ssm:{get_region()}::parameter/{name}"
        if name.startswith("aws/service/")
        else arn("ssm", f"parameter/{name}")
    )


def queue_arn(queue: str) -> str:
    """A queue by its URL, name or ARN."""
    return queue if queue.startswith("arn:") else arn("sqs", queue.rpartition("/")[2])


def function_arn(name: str) -> str:
    if name.startswith("arn:"):
        return ":".join(name.split(":")[:7])
    return arn("lambda", f"function:{name.split(':', maxsplit=1)[0]}")


def cluster_arn(name: str) -> str:
    return name if name.startswith("arn:") else arn("ecs", f"cluster/{name or 'default'}")


def object_exists(bucket: str, key: str) -> bool:
    return key in ((private.s3.buckets.get(bucket) or {}).get("objects") or {})


def task_definition(name: str) -> Mapping[str, Any] | None:
    """A task definition by ARN, family and revision, or family: its latest active revision."""
    short = name.rpartition("/")[2]
    listed = [one for one in private.ecs.task_defs.values() if one["family"] == short.split(":")[0]]
    if ":" in short:
        listed = [one for one in listed if str(one["revision"]) == short.split(":")[1]]
    active = [one for one in listed if one.get("status") != "INACTIVE"] or listed
    return max(active, key=lambda one: int(one["revision"]), default=None)
