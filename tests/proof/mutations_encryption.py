"""Mutations of encryption, at rest and in transit."""

from __future__ import annotations

from typing import Any

from tests.proof.mutating import Template, add, breaks, named, properties, ref, resources, task

# At rest


@breaks("rest.database", "high")
def database_not_encrypted(t: Template) -> None:
    properties(t, "AWS::RDS::DBInstance")["StorageEncrypted"] = False


@breaks("rest.database", "high")
def database_says_nothing_of_encryption(t: Template) -> None:
    del properties(t, "AWS::RDS::DBInstance")["StorageEncrypted"]


@breaks("rest.database", "medium")
def database_encryption_from_a_parameter(t: Template) -> None:
    t["Parameters"] = {"Encrypt": {"Type": "String"}}
    properties(t, "AWS::RDS::DBInstance")["StorageEncrypted"] = ref("Encrypt")


@breaks("rest.database", "high")
def database_encrypted_in_one_way_only(t: Template) -> None:
    t["Parameters"] = {"Stage": {"Type": "String", "AllowedValues": ["test", "live"]}}
    t["Conditions"] = {"Live": {"Fn::Equals": [ref("Stage"), "live"]}}
    properties(t, "AWS::RDS::DBInstance")["StorageEncrypted"] = {"Fn::If": ["Live", True, False]}


@breaks("rest.cache", "high")
def cache_not_encrypted(t: Template) -> None:
    properties(t, "AWS::ElastiCache::ReplicationGroup")["AtRestEncryptionEnabled"] = "false"


@breaks("rest.cache-cluster", "medium")
def cache_of_the_old_kind(t: Template) -> None:
    add(t, "Bad", "AWS::ElastiCache::CacheCluster", Engine="redis", CacheNodeType="cache.t4g.micro", NumCacheNodes=1)


@breaks("rest.files", "high")
def files_not_encrypted(t: Template) -> None:
    properties(t, "AWS::EFS::FileSystem")["Encrypted"] = False


@breaks("rest.bucket", "low")
def bucket_says_nothing_of_encryption(t: Template) -> None:
    del properties(t, "AWS::S3::Bucket")["BucketEncryption"]


@breaks("rest.volume", "high", on="sample")
def volume_not_encrypted(t: Template) -> None:
    properties(t, "AWS::EC2::Volume")["Encrypted"] = "false"


@breaks("rest.host", "high", on="sample")
def host_disk_not_encrypted(t: Template) -> None:
    data = properties(t, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    del data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"]


@breaks("rest.host", "medium", on="sample")
def host_disk_left_to_the_image(t: Template) -> None:
    del properties(t, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["BlockDeviceMappings"]


@breaks("rest.queue", "high", on="sample")
def queue_not_encrypted(t: Template) -> None:
    properties(t, "AWS::SQS::Queue")["SqsManagedSseEnabled"] = False


@breaks("rest.queue", "low", on="sample")
def topic_without_key(t: Template) -> None:
    del properties(t, "AWS::SNS::Topic")["KmsMasterKeyId"]


@breaks("rest.stream", "high", on="sample")
def stream_not_encrypted(t: Template) -> None:
    del properties(t, "AWS::Kinesis::Stream")["StreamEncryption"]


@breaks("rest.search", "high", on="sample")
def search_not_encrypted(t: Template) -> None:
    properties(t, "AWS::OpenSearchService::Domain")["EncryptionAtRestOptions"] = {"Enabled": False}


@breaks("rest.key-rotation", "low")
def key_never_rotated(t: Template) -> None:
    del properties(t, "AWS::KMS::Key")["EnableKeyRotation"]


# In transit


@breaks("transit.cache", "high")
def cache_in_the_clear(t: Template) -> None:
    properties(t, "AWS::ElastiCache::ReplicationGroup")["TransitEncryptionEnabled"] = False


@breaks("transit.cache", "medium")
def cache_also_in_the_clear(t: Template) -> None:
    properties(t, "AWS::ElastiCache::ReplicationGroup")["TransitEncryptionMode"] = "preferred"


@breaks("transit.database", "high")
def database_does_not_force_tls(t: Template) -> None:
    properties(t, "AWS::RDS::DBParameterGroup")["Parameters"]["rds.force_ssl"] = "0"


@breaks("transit.database", "medium")
def old_database_without_parameters(t: Template) -> None:
    database = properties(t, "AWS::RDS::DBInstance")
    del database["DBParameterGroupName"]
    database["EngineVersion"] = "14.12"


@breaks("transit.database", "medium")
def mysql_without_secure_transport(t: Template) -> None:
    database = properties(t, "AWS::RDS::DBInstance")
    database.update({"Engine": "mysql", "EngineVersion": "8.0.40"})
    del database["DBParameterGroupName"]


@breaks("transit.bucket", "medium")
def bucket_policy_removed(t: Template) -> None:
    del t["Resources"][named(t, "AWS::S3::BucketPolicy")]


@breaks("transit.bucket", "medium")
def bucket_policy_forgets_the_objects(t: Template) -> None:
    statement = properties(t, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"][0]
    statement["Resource"] = statement["Resource"][:1]


@breaks("transit.queue", "low", on="sample")
def queue_accepts_plain_requests(t: Template) -> None:
    del properties(t, "AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"][0]


@breaks("transit.mount", "high")
def files_mounted_in_the_clear(t: Template) -> None:
    del task(t, "Search")["Volumes"][0]["EFSVolumeConfiguration"]["TransitEncryption"]


@breaks("transit.search", "high", on="sample")
def search_over_http(t: Template) -> None:
    properties(t, "AWS::OpenSearchService::Domain")["DomainEndpointOptions"]["EnforceHTTPS"] = False


@breaks("transit.stream", "medium")
def kafka_in_the_clear(t: Template) -> None:
    clear = {"EncryptionInTransit": {"ClientBroker": "TLS_PLAINTEXT", "InCluster": True}}
    add(t, "Bad", "AWS::MSK::Cluster", ClusterName="bad", KafkaVersion="3.8.x", EncryptionInfo=clear)


@breaks("transit.address-in-clear", "medium", on="sample")
def a_plain_address_for_a_store(t: Template) -> None:
    properties(t, "AWS::Lambda::Function")["Environment"]["Variables"]["CACHE"] = "redis://cache.internal:6379"


@breaks("transit.listener", "high")
def http_forwarded(t: Template) -> None:
    http = properties(t, "AWS::ElasticLoadBalancingV2::Listener", "Http")
    group = named(t, "AWS::ElasticLoadBalancingV2::TargetGroup")
    http["DefaultActions"] = [{"Type": "forward", "TargetGroupArn": ref(group)}]


@breaks("transit.listener", "high")
def http_forwarded_by_a_rule(t: Template) -> None:
    group = named(t, "AWS::ElasticLoadBalancingV2::TargetGroup")
    http = next(n for n, r in resources(t, "AWS::ElasticLoadBalancingV2::Listener") if r["Properties"]["Port"] == 80)
    actions = [{"Type": "forward", "TargetGroupArn": ref(group)}]
    conditions = [{"Field": "path-pattern", "Values": ["/*"]}]
    kind = "AWS::ElasticLoadBalancingV2::ListenerRule"
    add(t, "Bad", kind, ListenerArn=ref(http), Priority=1, Actions=actions, Conditions=conditions)


@breaks("transit.tls-version", "medium")
def old_tls_at_the_balancer(t: Template) -> None:
    for _, listener in resources(t, "AWS::ElasticLoadBalancingV2::Listener"):
        listener["Properties"].pop("SslPolicy", None)


def _distribution(t: Template) -> dict[str, Any]:
    found: dict[str, Any] = properties(t, "AWS::CloudFront::Distribution")["DistributionConfig"]
    return found


@breaks("transit.cloudfront-viewer", "high", on="sample")
def cloudfront_answers_http(t: Template) -> None:
    _distribution(t)["DefaultCacheBehavior"]["ViewerProtocolPolicy"] = "allow-all"


@breaks("transit.cloudfront-viewer", "high", on="sample")
def one_cloudfront_path_answers_http(t: Template) -> None:
    behaviour = {"PathPattern": "/old/*", "TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all"}
    _distribution(t)["CacheBehaviors"] = [behaviour]


@breaks("transit.cloudfront-tls", "medium", on="sample")
def old_tls_at_the_edge(t: Template) -> None:
    _distribution(t)["ViewerCertificate"]["MinimumProtocolVersion"] = "TLSv1"


@breaks("transit.cloudfront-origin", "medium", on="sample")
def origin_in_the_clear(t: Template) -> None:
    _distribution(t)["Origins"][1]["CustomOriginConfig"]["OriginProtocolPolicy"] = "http-only"


@breaks("transit.api-domain", "medium", on="sample")
def old_tls_at_an_api_domain(t: Template) -> None:
    add(t, "Bad", "AWS::ApiGateway::DomainName", DomainName="api.example.com", SecurityPolicy="TLS_1_0")


@breaks("transit.subscription", "medium", on="sample")
def topic_delivers_in_the_clear(t: Template) -> None:
    properties(t, "AWS::SNS::Topic")["Subscription"] = [{"Protocol": "http", "Endpoint": "http://example.com/alarms"}]
