"""Checks that every store is encrypted at rest: one rule per kind of store, from one table of their
properties.
"""

from __future__ import annotations

from collections.abc import Callable

from provisioning.proof.facts.encryption import ALWAYS_ENCRYPTED, AT_REST, AtRest
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import is_unknown, mapping, shown, truth
from provisioning.proof.model.view import View
from provisioning.proof.report import Severity
from provisioning.proof.rule import Reporter, rule

_WHY = "Encryption makes a discarded disk, a snapshot shared by mistake or a copy at the provider unreadable."


def _judge(report: Reporter, resource: Resource, how: AtRest) -> None:
    value = resource.get(how.path)
    if value is None:
        for path in how.otherwise:
            if resource.get(path) is not None:
                report.passes(resource, f"{resource.at(path)} is {shown(resource.get(path))}")
                return
        sentence = f"{resource.key} does not declare encryption at rest."
        report.fault(resource, sentence, f"{resource.at(how.path)} is not set", severity=how.missing)
    elif is_unknown(value):
        report.undecided(
            resource,
            f"Whether {resource.key} is encrypted at rest cannot be determined.",
            f"{resource.at(how.path)} is {value}",
        )
    elif how.given or truth(value) is True:
        report.passes(resource, f"{resource.at(how.path)} is {shown(value) if not how.given else 'set'}")
    else:
        report.fault(
            resource,
            f"{resource.key} is not encrypted at rest.",
            f"{resource.at(how.path)} is {shown(value)}",
            severity="high",
        )


def _register(rule_id: str, title: str, table: tuple[AtRest, ...]) -> None:
    worst: Severity = "high" if any(how.missing == "high" for how in table) else table[0].missing

    def look(view: View, report: Reporter) -> None:
        for how in table:
            for resource in view.of(how.type):
                if not how.belongs or resource.get(how.belongs) is None:
                    _judge(report, resource, how)

    decorate: Callable[[Callable[[View, Reporter], None]], Callable[[View, Reporter], None]] = rule(
        rule_id,
        title,
        severity=worst,
        why=_WHY,
        remedy=f"Set {' or '.join(sorted({how.path for how in table}))} on the resource.",
        source=table[0].source,
        types=[how.type for how in table],
    )
    decorate(look)


for _id, (_title, _table) in AT_REST.items():
    _register(_id, _title, _table)


@rule(
    "rest.host",
    "Hosts' disks are encrypted at rest",
    severity="high",
    why=_WHY,
    remedy="Set Encrypted on every block device mapping, the root device included.",
    source="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
    types=("AWS::EC2::Instance", "AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration"),
)
def host_disks(view: View, report: Reporter) -> None:
    for kind, path in (
        ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.BlockDeviceMappings"),
        ("AWS::AutoScaling::LaunchConfiguration", "BlockDeviceMappings"),
        ("AWS::EC2::Instance", "BlockDeviceMappings"),
    ):
        for host in view.of(kind):
            devices = [
                mapping(one.get("Ebs")) | {"at": i} for i, one in enumerate(host.objects(path)) if one.get("Ebs")
            ]
            if not devices and (kind != "AWS::EC2::Instance" or host.get("LaunchTemplate") is None):
                sentence = f"{host.key} takes its disks from the image; they are encrypted only if the account's default says so."
                report.fault(host, sentence, f"{host.at(path)} is not set", severity="medium")
            for device in devices:
                where = f"{host.at(path)}[{device['at']}].Ebs.Encrypted"
                if truth(device.get("Encrypted")) is True:
                    report.passes(host, f"{where} is true")
                else:
                    report.fault(
                        host,
                        f"A disk of {host.key} is not encrypted.",
                        f"{where} is {shown(device.get('Encrypted', 'not set'))}",
                    )


@rule(
    "rest.cache-cluster",
    "No cache is of a type that cannot be encrypted",
    severity="medium",
    why=_WHY,
    remedy="Use a replication group or a serverless cache.",
    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/at-rest-encryption.html",
    types=("AWS::ElastiCache::CacheCluster",),
)
def cache_cluster(view: View, report: Reporter) -> None:
    for cluster in view.of("AWS::ElastiCache::CacheCluster"):
        if cluster.get("ReplicationGroupId") is None:
            report.fault(
                cluster,
                f"{cluster.key} is a single cache cluster, which cannot be encrypted at rest.",
                cluster.at("Engine"),
            )


@rule(
    "rest.always",
    "AWS always encrypts the remaining stores",
    severity="info",
    why="For information: which key is used, the account's own or AWS's.",
    remedy="",
    types=ALWAYS_ENCRYPTED,
)
def always(view: View, report: Reporter) -> None:
    for kind, source in ALWAYS_ENCRYPTED.items():
        for resource in view.of(kind):
            key = next((resource.get(p) for p in _KEYS if resource.get(p) is not None), None)
            whose = f"the key {shown(key)}" if key is not None else f"AWS's own key ({source})"
            report.passes(resource, f"{resource.key}: always encrypted, with {whose}")


_KEYS = (
    "KmsKeyId",
    "KmsKeyArn",
    "EncryptionKeyArn",
    "EncryptionOptions.KmsKeyId",
    "SSESpecification.KMSMasterKeyId",
    "EncryptionConfiguration.KmsKey",
    "EncryptionInfo.EncryptionAtRest.DataVolumeKMSKeyId",
)


@rule(
    "rest.key-rotation",
    "Customer-managed keys are rotated",
    severity="low",
    why="A key that is never rotated protects all data, old and new, with one secret.",
    remedy="Set EnableKeyRotation to true.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    types=("AWS::KMS::Key", "AWS::KMS::ReplicaKey"),
)
def key_rotation(view: View, report: Reporter) -> None:
    for key in view.of("AWS::KMS::Key"):
        spec = key.get("KeySpec", "SYMMETRIC_DEFAULT")
        if spec != "SYMMETRIC_DEFAULT":
            report.fact(f"{key.key} is {shown(spec)}, which AWS does not rotate")
        elif truth(key.get("EnableKeyRotation")) is True:
            report.passes(key, f"{key.at('EnableKeyRotation')} is true")
        else:
            report.fault(
                key,
                f"{key.key} is never rotated.",
                f"{key.at('EnableKeyRotation')} is {shown(key.get('EnableKeyRotation', 'not set'))}",
            )
