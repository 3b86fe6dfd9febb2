"""The tags of all resources, service by service: the data of the tagging API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from provisioning.sandbox import private
from provisioning.sandbox.private import get_account_id, get_region, tagging
from provisioning.sandbox.services.application_autoscaling import TARGETS
from provisioning.sandbox.services.calls import scope

Tagged = Iterator[tuple[str, dict[str, str]]]
EC2_STORES = {
    "i-": "instances",
    "sg-": "security_groups",
    "vpc-": "vpcs",
    "subnet-": "subnets",
    "igw-": "internet_gateways",
    "eipalloc-": "addresses",
    "rtb-": "route_tables",
    "eni-": "network_interfaces",
    "vpce-": "vpc_endpoints",
    "vol-": "volumes",
    "snap-": "snapshots",
    "acl-": "network_acls",
    "nat-": "nat_gateways",
    "fl-": "flow_logs",
    "dopt-": "dhcp_options",
    "lt-": "launch_templates",
}
# The region in which AWS lists global resources:
# https://docs.aws.amazon.com/tag-editor/latest/userguide/find-resources-to-tag.html
WORLD_REGION = "us-east-1"
GONE = ("deleted", "terminated", "INACTIVE")


def pairs(tags: Any) -> dict[str, str]:
    """Tags in any of the services' shapes, as a map."""
    if isinstance(tags, dict):
        return {str(key): str(value) for key, value in tags.items()}
    shapes = (("Key", "Value"), ("key", "value"), ("TagKey", "TagValue"))
    return {str(tag[key]): str(tag.get(value, "")) for tag in tags or [] for key, value in shapes if key in tag}


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


def _ec2() -> Tagged:
    ec2 = private.ec2
    for resource_id, tags in ec2.tags.items():
        name = next((store for prefix, store in EC2_STORES.items() if resource_id.startswith(prefix)), None)
        record = getattr(ec2, name).get(resource_id) if name else None
        state = record.get("State") if record else "deleted"
        if (state.get("Name") if isinstance(state, dict) else state) not in GONE:
            yield _arn("ec2", f"{ec2.guess_resource_type(resource_id)}/{resource_id}"), pairs(tags)


def _rds() -> Tagged:
    rds = private.rds
    stores = (
        (rds.instances, "DBInstanceArn"),
        (rds.clusters, "DBClusterArn"),
        (rds.subnet_groups, "DBSubnetGroupArn"),
        (rds.param_groups, "DBParameterGroupArn"),
        (rds.snapshots, "DBSnapshotArn"),
    )
    for records, name in stores:
        for record in records.values():
            arn = record.get(name, "")
            yield arn, {**pairs(rds.tags.get(arn)), **pairs(record.get("TagList"))}


def _elasticache() -> Tagged:
    cache = private.elasticache
    stores = (
        cache.clusters,
        cache.replication_groups,
        cache.subnet_groups,
        cache.param_groups,
        cache.users,
        cache.user_groups,
        cache.serverless_caches,
        cache.snapshots,
    )
    alive = {record.get("ARN") for records in stores for record in records.values()}
    for arn, tags in cache.tags.items():
        if arn in alive:
            yield arn, pairs(tags)


def _secrets() -> Tagged:
    for secret in private.secrets.secrets.values():
        if not secret.get("DeletedDate"):
            yield secret["ARN"], pairs(secret.get("Tags"))


def _log_groups() -> Tagged:
    for name, group in private.logs.log_groups.items():
        yield _arn("logs", f"log-group:{name}"), pairs(group.get("tags"))


def _balancers() -> Tagged:
    alb = private.alb
    alive = {arn for store in (alb.lbs, alb.tgs, alb.listeners, alb.rules) for arn in store}
    for arn, tags in alb.tags.items():
        if arn in alive:
            yield arn, pairs(tags)


def _ecs() -> Tagged:
    ecs = private.ecs
    stores = (ecs.clusters, ecs.services, ecs.task_defs)
    names = ("clusterArn", "serviceArn", "taskDefinitionArn")
    for store, name in zip(stores, names, strict=True):
        for record in store.values():
            if record.get("status") not in GONE:
                yield record[name], pairs(ecs.tags.get(record[name]))


def _web_acls() -> Tagged:
    for acl in private.waf.web_acls.values():
        yield acl["ARN"], pairs(private.waf.waf_tags.get(acl["ARN"]))


def _alarms() -> Tagged:
    watch = private.cloudwatch
    for records in (watch.alarms, watch.composite_alarms):
        for alarm in records.values():
            yield alarm["AlarmArn"], pairs(watch.resource_tags.get(alarm["AlarmArn"]))
    for name in watch.dashboards:
        arn = f"arn:aws:cloudwatch::{get_account_id()}:dashboard/{name}"
        yield arn, pairs(watch.resource_tags.get(arn))


def _names() -> Tagged:
    directory = private.servicediscovery
    for records in (directory.namespaces, directory.services):
        for record in records.values():
            yield record["Arn"], pairs(directory.resource_tags.get(record["Arn"]))


def _parameters() -> Tagged:
    ssm = private.ssm
    for name in ssm.parameters:
        arn = _arn("ssm", f"parameter/{str(name).lstrip('/')}")
        yield arn, pairs(ssm.tags.get(arn))


def _rules() -> Tagged:
    events = private.eventbridge
    for rule in events.rules.values():
        arn = rule.get("Arn", "")
        yield arn, pairs(events.tags.get(arn))


def _keys() -> Tagged:
    for key in private.kms.keys.values():
        if key.get("KeyState") != "PendingDeletion":
            yield key.get("Arn") or _arn("kms", f"key/{key['KeyId']}"), pairs(key.get("Tags"))


def _scalable_targets() -> Tagged:
    for key, target in TARGETS.items():
        if key.startswith(scope()):
            yield target["ScalableTargetARN"], pairs(target.get("Tags"))


def _certificates() -> Tagged:
    for arn, certificate in private.acm.certificates.items():
        yield arn, pairs(certificate.get("Tags"))


def _functions() -> Tagged:
    yield from _ministacks("lambda")()
    for mapping_id, mapping in private.lambda_functions.esms.items():
        yield _arn("lambda", f"event-source-mapping:{mapping_id}"), pairs(mapping.get("Tags"))


def _brokers() -> Tagged:
    for broker in private.mq.brokers.values():
        yield broker["brokerArn"], pairs(private.mq.tags.get(broker["brokerArn"]))


def _zones() -> Tagged:
    if get_region() != WORLD_REGION:
        return
    for (kind, identity), tags in private.route53.tags.items():
        known = private.route53.zones if kind == "hostedzone" else private.route53.health_checks
        if identity in known:
            yield f"arn:aws:route53:::{kind}/{identity}", pairs(tags)


def _emails() -> Tagged:
    ses = private.ses
    names = {f"identity/{name}" for name in ses.identities} | {f"configuration-set/{name}" for name in ses.config_sets}
    for arn, tags in ses.ses_tags.items():
        if arn.split(":", 5)[-1] in names:
            yield arn, pairs(tags)


def _groups() -> Tagged:
    for name, group in private.autoscaling.asgs.items():
        yield group["AutoScalingGroupARN"], pairs(private.autoscaling.tags.get(name))


def _distributions() -> Tagged:
    return _ministacks("cloudfront")() if get_region() == WORLD_REGION else iter(())


def _state_machines() -> Tagged:
    for arn in private.stepfunctions.state_machines:
        yield arn, pairs(private.stepfunctions.tags.get(arn))


def _ministacks(name: str) -> Callable[[], Tagged]:
    def collect() -> Tagged:
        for arn, tags in tagging.COLLECTORS[name]():
            yield arn, pairs(tags)

    return collect


MINISTACKS = (
    "backup",
    "dynamodb",
    "ecr",
    "elasticfilesystem",
    "glue",
    "s3",
    "scheduler",
    "sns",
    "sqs",
)

COLLECTORS: dict[str, Callable[[], Tagged]] = {
    **{name: _ministacks(name) for name in MINISTACKS},
    "acm": _certificates,
    "application-autoscaling": _scalable_targets,
    "autoscaling": _groups,
    "cloudfront": _distributions,
    "cloudwatch": _alarms,
    "ec2": _ec2,
    "ecs": _ecs,
    "elasticache": _elasticache,
    "elasticloadbalancing": _balancers,
    "events": _rules,
    "kms": _keys,
    "lambda": _functions,
    "logs": _log_groups,
    "mq": _brokers,
    "rds": _rds,
    "route53": _zones,
    "secretsmanager": _secrets,
    "servicediscovery": _names,
    "ses": _emails,
    "ssm": _parameters,
    "states": _state_machines,
    "wafv2": _web_acls,
}
