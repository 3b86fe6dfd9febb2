"""Checks that all stores accept TLS only: caches, databases, buckets, queues, file systems, search
domains, streams.
"""

from __future__ import annotations

from provisioning.proof.model.policies import Statement
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import is_unknown, mapping, mentioned, number, shown, truth
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_WHY = "Inside a network too, an attacker between two machines can read everything unencrypted, passwords first."


@rule(
    "transit.cache",
    "Caches accept TLS only",
    severity="high",
    why=_WHY,
    remedy="Set TransitEncryptionEnabled to true, and TransitEncryptionMode to required.",
    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption.html",
    types=(
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ServerlessCache",
        "AWS::MemoryDB::Cluster",
    ),
)
def cache(view: View, report: Reporter) -> None:
    for group in view.of("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster"):
        if group.get("ReplicationGroupId") is not None and group.type.endswith("CacheCluster"):
            continue
        value = group.get("TransitEncryptionEnabled")
        if is_unknown(value):
            report.undecided(
                group, f"Whether {group.key} requires TLS cannot be determined.", group.at("TransitEncryptionEnabled")
            )
        elif truth(value) is not True:
            detail = "not set" if value is None else shown(value)
            report.fault(
                group,
                f"{group.key} accepts unencrypted connections.",
                f"{group.at('TransitEncryptionEnabled')} is {detail}",
            )
        elif group.get("TransitEncryptionMode") == "preferred":
            mode = f"{group.at('TransitEncryptionMode')} is preferred"
            report.fault(group, f"{group.key} accepts TLS and unencrypted connections.", mode, severity="medium")
        else:
            report.passes(group, f"{group.at('TransitEncryptionEnabled')} is true")
    for serverless in view.of("AWS::ElastiCache::ServerlessCache"):
        report.passes(serverless, f"{serverless.key}: serverless caches accept TLS only")
    for cluster in view.of("AWS::MemoryDB::Cluster"):
        if truth(cluster.get("TLSEnabled", True)) is True:
            report.passes(cluster, f"{cluster.key}: TLS is on")
        else:
            report.fault(cluster, f"{cluster.key} accepts unencrypted connections.", cluster.at("TLSEnabled"))


@rule(
    "transit.database",
    "Databases accept TLS only",
    severity="medium",
    why=_WHY,
    remedy="Give the database a parameter group with rds.force_ssl or require_secure_transport set to 1.",
    # PostgreSQL 15 and later: rds.force_ssl is 1 by default.
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html",
    types=(
        "AWS::RDS::DBInstance",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBParameterGroup",
        "AWS::RDS::DBClusterParameterGroup",
        "AWS::RDS::DBProxy",
    ),
)
def database(view: View, report: Reporter) -> None:
    for instance in view.of("AWS::RDS::DBInstance"):
        if instance.get("DBClusterIdentifier") is None:
            _forced(view, report, instance, "DBParameterGroupName", "AWS::RDS::DBParameterGroup")
    for cluster in view.of("AWS::RDS::DBCluster"):
        _forced(view, report, cluster, "DBClusterParameterGroupName", "AWS::RDS::DBClusterParameterGroup")
    for proxy in view.of("AWS::RDS::DBProxy"):
        if truth(proxy.get("RequireTLS")) is True:
            report.passes(proxy, f"{proxy.at('RequireTLS')} is true")
        else:
            report.fault(proxy, f"{proxy.key} accepts unencrypted connections.", proxy.at("RequireTLS"))


_PARAMETER = {"postgres": "rds.force_ssl", "sqlserver": "rds.force_ssl", "db2": "rds.force_ssl"}
_SINCE_POSTGRES = 15


def _forced(view: View, report: Reporter, database: Resource, path: str, kind: str) -> None:
    engine = str(database.get("Engine", "")).removeprefix("aurora-").replace("postgresql", "postgres")
    name = next((p for start, p in _PARAMETER.items() if engine.startswith(start)), "require_secure_transport")
    if engine.startswith(("oracle", "custom")):
        report.undecided(
            database, f"Whether {database.key} accepts TLS only depends on an Oracle option.", database.at("Engine")
        )
        return
    group = view.model.find(database.get(path), kind)
    if group is None and database.get(path) is not None:
        report.undecided(
            database,
            f"The parameters of {database.key} are not in the template.",
            f"{database.at(path)} is {shown(database.get(path))}",
        )
        return
    value = mapping(group.get("Parameters")).get(name) if group else None
    if value is not None and str(value).lower() in ("1", "on", "true"):
        report.passes(database, f"{database.key}: {name} is {shown(value)} ({group.key if group else ''})")
    elif value is not None:
        report.fault(
            database, f"{database.key} accepts unencrypted connections.", f"{name} is {shown(value)}", severity="high"
        )
    else:
        _by_default(report, database, engine, name)


def _by_default(report: Reporter, database: Resource, engine: str, name: str) -> None:
    version = str(database.get("EngineVersion", ""))
    major = number(version.split(".", maxsplit=1)[0])
    if engine == "postgres" and major is not None and major >= _SINCE_POSTGRES and database.type.endswith("DBInstance"):
        report.passes(database, f"{database.key}: {name} is 1 by default in PostgreSQL {major}")
    elif engine == "postgres" and major is None:
        report.undecided(
            database,
            f"The version of {database.key}, and thus whether it forces TLS, cannot be determined.",
            database.at("EngineVersion"),
        )
    else:
        report.fault(
            database,
            f"{database.key} accepts unencrypted connections.",
            f"{name} is not set, and {engine} {version} does not force TLS",
        )


def denies_plain(statement: Statement) -> bool:
    """Whether a statement denies every principal every action that is not sent over TLS."""
    return (
        not statement.allow
        and len(statement.condition_keys()) == 1
        and "false" in [value.lower() for value in statement.values("aws:SecureTransport")]
        and any(name == "*" for _, name in statement.principals)
        and any(action == "*" or action.endswith(":*") for action in statement.actions)
    )


@rule(
    "transit.bucket",
    "Buckets accept TLS only",
    severity="medium",
    why=_WHY,
    remedy="Add a bucket policy that denies s3:* where aws:SecureTransport is false, for the bucket and its objects.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
    types=("AWS::S3::Bucket", "AWS::S3::BucketPolicy"),
)
def bucket(view: View, report: Reporter) -> None:
    for s3_bucket in view.of("AWS::S3::Bucket"):
        policies = [
            p for p in view.of("AWS::S3::BucketPolicy") if view.model.find(p.get("Bucket"), s3_bucket.type) is s3_bucket
        ]
        held = {policy.key for policy in policies}
        for statement in view.policies.of("resource"):
            if (
                statement.resource.key in held
                and denies_plain(statement)
                and _covers_bucket_and_objects(s3_bucket, statement)
            ):
                report.passes(s3_bucket, f"{s3_bucket.key}: {statement.at} denies requests without TLS")
                break
        else:
            report.fault(
                [s3_bucket, *policies],
                f"{s3_bucket.key} accepts unencrypted requests.",
                *(p.at("PolicyDocument") for p in policies),
            )


def _covers_bucket_and_objects(bucket: Resource, statement: Statement) -> bool:
    """Whether it covers the bucket and its objects: a policy for one of them leaves the other
    unencrypted.
    """
    on = [resource for resource in statement.resources if resource == "*" or bucket.key in mentioned(resource)]
    named = [r for r in statement.resources if str(bucket.get("BucketName", "⟧")) in r]
    of_bucket = on or named
    return "*" in of_bucket or (
        any(r.endswith("/*") for r in of_bucket) and any(not r.endswith("/*") for r in of_bucket)
    )


@rule(
    "transit.queue",
    "Queues and topics accept TLS only",
    severity="low",
    why=_WHY,
    remedy="Add a policy that denies the service's actions where aws:SecureTransport is false.",
    source="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html",
    types=("AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"),
)
def queue(view: View, report: Reporter) -> None:
    for kind, path in (("AWS::SQS::Queue", "Queues"), ("AWS::SNS::Topic", "Topics")):
        for channel in view.of(kind):
            for statement in view.policies.of("resource"):
                covers = any(view.model.find(v) is channel for v in statement.resource.items(path))
                plain = not statement.allow and "false" in [v.lower() for v in statement.values("aws:SecureTransport")]
                if covers and plain:
                    report.passes(channel, f"{channel.key}: {statement.at} denies requests without TLS")
                    break
            else:
                report.fault(
                    channel,
                    f"{channel.key} has no policy that requires TLS.",
                    f"no policy of {channel.key} denies on aws:SecureTransport",
                )


@rule(
    "transit.mount",
    "Tasks mount file systems over TLS",
    severity="high",
    why=_WHY,
    remedy="Set EFSVolumeConfiguration.TransitEncryption to ENABLED.",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html",
    types=("AWS::ECS::TaskDefinition", "AWS::EFS::FileSystem", "AWS::EFS::AccessPoint"),
)
def mount(view: View, report: Reporter) -> None:
    for task in view.of("AWS::ECS::TaskDefinition"):
        for index, volume in enumerate(task.objects("Volumes")):
            configuration = volume.get("EFSVolumeConfiguration")
            if not isinstance(configuration, dict):
                continue
            where = task.at(f"Volumes[{index}].EFSVolumeConfiguration.TransitEncryption")
            if configuration.get("TransitEncryption") == "ENABLED":
                report.passes(task, f"{where} is ENABLED")
            else:
                report.fault(
                    task,
                    f"{task.key} mounts a file system without TLS.",
                    f"{where} is {shown(configuration.get('TransitEncryption', 'not set'))}",
                )


@rule(
    "transit.files",
    "File systems accept TLS only",
    severity="low",
    why="A task definition binds only its own task; a policy binds every client that mounts the file system.",
    remedy="Give the file system a policy that denies requests where aws:SecureTransport is false.",
    source="https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html",
    types=("AWS::EFS::FileSystem",),
)
def files(view: View, report: Reporter) -> None:
    for system in view.of("AWS::EFS::FileSystem"):
        statements = [s for s in view.policies.of("resource") if s.resource is system]
        if any(not s.allow and "false" in [v.lower() for v in s.values("aws:SecureTransport")] for s in statements):
            report.passes(system, f"{system.at('FileSystemPolicy')} denies requests without TLS")
        else:
            report.fault(
                system,
                f"{system.key} would accept a mount without TLS.",
                f"{system.at('FileSystemPolicy')} does not deny it",
            )


@rule(
    "transit.search",
    "Search domains require TLS 1.2 or newer, between their nodes too",
    severity="high",
    why=_WHY,
    remedy="Enforce HTTPS with a TLS 1.2 policy, and enable node-to-node encryption.",
    source="https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ntn.html",
    types=("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"),
)
def search(view: View, report: Reporter) -> None:
    for domain in view.of("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"):
        paths = ("DomainEndpointOptions.EnforceHTTPS", "NodeToNodeEncryptionOptions.Enabled")
        faults = [path for path in paths if truth(domain.get(path)) is not True]
        policy = str(domain.get("DomainEndpointOptions.TLSSecurityPolicy", ""))
        if "TLS-1-2" not in policy:
            faults.append("DomainEndpointOptions.TLSSecurityPolicy")
        if faults:
            report.fault(
                domain,
                f"{domain.key} accepts connections without modern TLS.",
                *(f"{domain.at(f)} is {shown(domain.get(f, 'not set'))}" for f in faults),
            )
        else:
            report.passes(domain, f"{domain.key}: HTTPS only, {policy}, encrypted between nodes")


@rule(
    "transit.stream",
    "Kafka, DocumentDB and Redshift accept TLS only",
    severity="medium",
    why=_WHY,
    remedy="MSK: ClientBroker TLS; DocumentDB: tls enabled; Redshift: require_ssl true.",
    source="https://docs.aws.amazon.com/msk/latest/developerguide/msk-encryption.html",
    types=(
        "AWS::MSK::Cluster",
        "AWS::DocDB::DBClusterParameterGroup",
        "AWS::Redshift::ClusterParameterGroup",
        "AWS::Redshift::Cluster",
        "AWS::DocDB::DBCluster",
        "AWS::Neptune::DBCluster",
    ),
)
def stream(view: View, report: Reporter) -> None:
    for cluster in view.of("AWS::MSK::Cluster"):
        client = cluster.get("EncryptionInfo.EncryptionInTransit.ClientBroker", "TLS")
        inside = truth(cluster.get("EncryptionInfo.EncryptionInTransit.InCluster", True))
        if client == "TLS" and inside is True:
            report.passes(cluster, f"{cluster.key}: TLS between clients and brokers, and among brokers")
        else:
            report.fault(
                cluster,
                f"{cluster.key} also accepts unencrypted connections.",
                f"ClientBroker is {shown(client)}, InCluster {shown(inside)}",
            )
    for group in view.of("AWS::DocDB::DBClusterParameterGroup"):
        if str(mapping(group.get("Parameters")).get("tls", "enabled")) in ("disabled", "none"):
            report.fault(group, f"{group.key} disables TLS.", group.at("Parameters.tls"), severity="high")
        else:
            report.passes(group, f"{group.key}: tls is on")
    for warehouse in view.of("AWS::Redshift::Cluster"):
        group_found = view.model.find(
            warehouse.get("ClusterParameterGroupName"), "AWS::Redshift::ClusterParameterGroup"
        )
        given = (
            {mapping(p).get("ParameterName"): mapping(p).get("ParameterValue") for p in group_found.items("Parameters")}
            if group_found
            else {}
        )
        if str(given.get("require_ssl")).lower() == "true":
            report.passes(warehouse, f"{warehouse.key}: require_ssl is true")
        else:
            report.fault(warehouse, f"{warehouse.key} accepts unencrypted connections.", "require_ssl is not true")
