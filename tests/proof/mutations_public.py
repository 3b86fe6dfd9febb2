"""Mutations that open something to the internet or to other accounts."""

from __future__ import annotations

from typing import Any

from tests.proof.mutating import Template, add, allow, att, breaks, named, properties, ref

# Public


def _distribution(t: Template) -> dict[str, Any]:
    found: dict[str, Any] = properties(t, "AWS::CloudFront::Distribution")["DistributionConfig"]
    return found


@breaks("public.bucket-block", "high")
def bucket_may_become_public(t: Template) -> None:
    properties(t, "AWS::S3::Bucket")["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] = False


@breaks("public.bucket-block", "high")
def bucket_block_is_half_there(t: Template) -> None:
    properties(t, "AWS::S3::Bucket")["PublicAccessBlockConfiguration"] = {"BlockPublicAcls": True}


@breaks("public.bucket-block", "low")
def bucket_block_not_said(t: Template) -> None:
    del properties(t, "AWS::S3::Bucket")["PublicAccessBlockConfiguration"]


@breaks("public.bucket-acl", "high")
def bucket_opened_by_acl(t: Template) -> None:
    properties(t, "AWS::S3::Bucket")["AccessControl"] = "PublicRead"


@breaks("public.bucket-website", "medium")
def bucket_as_website(t: Template) -> None:
    properties(t, "AWS::S3::Bucket")["WebsiteConfiguration"] = {"IndexDocument": "index.html"}


@breaks("public.origin-access", "medium", on="sample")
def cloudfront_reads_as_a_stranger(t: Template) -> None:
    del _distribution(t)["Origins"][0]["OriginAccessControlId"]


@breaks("public.database", "high")
def database_has_a_public_address(t: Template) -> None:
    properties(t, "AWS::RDS::DBInstance")["PubliclyAccessible"] = "true"


@breaks("public.database", "high")
def database_does_not_say_that_it_is_private(t: Template) -> None:
    del properties(t, "AWS::RDS::DBInstance")["PubliclyAccessible"]


@breaks("public.domain", "medium", on="sample")
def search_outside_the_network(t: Template) -> None:
    del properties(t, "AWS::OpenSearchService::Domain")["VPCOptions"]


@breaks("public.function-url", "medium", on="sample")
def function_url_for_everybody(t: Template) -> None:
    properties(t, "AWS::Lambda::Url")["AuthType"] = "NONE"


@breaks("public.api", "medium", on="sample")
def api_for_everybody(t: Template) -> None:
    add(t, "Bad", "AWS::ApiGatewayV2::Route", ApiId="a1b2c3", RouteKey="GET /")


@breaks("public.elsewhere", "medium", on="sample")
def cluster_endpoint_for_everybody(t: Template) -> None:
    add(t, "Bad", "AWS::EKS::Cluster", RoleArn=att("HostRole"), ResourcesVpcConfig={"SubnetIds": [ref("Host0")]})


def _open(t: Template, kind: str, path: str, action: str, **condition: Any) -> None:
    document = properties(t, kind).setdefault(path, {"Version": "2012-10-17", "Statement": []})
    document["Statement"].append(allow(action, "*", Principal="*", **condition))


@breaks("public.policy", "high")
def bucket_policy_for_everybody(t: Template) -> None:
    _open(t, "AWS::S3::BucketPolicy", "PolicyDocument", "s3:GetObject")


@breaks("public.policy", "high", on="sample")
def queue_policy_for_everybody(t: Template) -> None:
    statement = allow("sqs:SendMessage", att("Queue"), Principal={"AWS": "*"})
    properties(t, "AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"].append(statement)


@breaks("public.policy", "high", on="sample")
def topic_policy_for_everybody_with_an_open_condition(t: Template) -> None:
    _open(t, "AWS::SNS::TopicPolicy", "PolicyDocument", "sns:Publish", Condition={"ArnLike": {"aws:SourceArn": "*"}})


@breaks("public.policy", "high")
def key_policy_for_everybody(t: Template) -> None:
    properties(t, "AWS::KMS::Key")["KeyPolicy"]["Statement"].append(allow("kms:Decrypt", "*", Principal={"AWS": "*"}))


@breaks("public.policy", "high", on="sample")
def registry_for_everybody(t: Template) -> None:
    _open(t, "AWS::ECR::Repository", "RepositoryPolicyText", "ecr:BatchGetImage")


@breaks("public.policy", "high", on="sample")
def vault_for_everybody(t: Template) -> None:
    _open(t, "AWS::Backup::BackupVault", "AccessPolicy", "backup:CopyIntoBackupVault")


@breaks("public.policy", "high")
def file_system_for_everybody(t: Template) -> None:
    _open(t, "AWS::EFS::FileSystem", "FileSystemPolicy", "elasticfilesystem:ClientMount")


@breaks("public.policy", "high")
def secret_for_everybody(t: Template) -> None:
    document = {"Version": "2012-10-17", "Statement": [allow("secretsmanager:GetSecretValue", "*", Principal="*")]}
    secret = ref(named(t, "AWS::SecretsManager::Secret"))
    add(t, "Bad", "AWS::SecretsManager::ResourcePolicy", SecretId=secret, ResourcePolicy=document)


@breaks("public.policy", "high", on="sample")
def function_for_everybody(t: Template) -> None:
    del properties(t, "AWS::Lambda::Permission")["SourceArn"]
    properties(t, "AWS::Lambda::Permission")["Principal"] = "*"


@breaks("public.policy", "high", on="sample")
def event_bus_for_everybody(t: Template) -> None:
    add(t, "Bad", "AWS::Events::EventBusPolicy", StatementId="all", Principal="*", Action="events:PutEvents")


@breaks("public.policy", "high")
def bucket_policy_for_all_but_one(t: Template) -> None:
    statement = allow("s3:GetObject")
    statement["NotPrincipal"] = {"AWS": "arn:aws:iam::123456789012:root"}
    properties(t, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"].append(statement)


@breaks("public.policy-service", "medium", on="sample")
def any_distribution_reads_the_site(t: Template) -> None:
    del properties(t, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"][1]["Condition"]


@breaks("public.policy-service", "medium", on="sample")
def any_topic_calls_the_function(t: Template) -> None:
    del properties(t, "AWS::Lambda::Permission")["SourceArn"]


@breaks("public.policy-account", "medium")
def bucket_shared_with_another_account(t: Template) -> None:
    statement = allow("s3:GetObject", "*", Principal={"AWS": "arn:aws:iam::999988887777:root"})
    properties(t, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"].append(statement)
