"""Families of resources: each is made, found by its own service, tagged, and gone after the stack's
deletion.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

import pytest

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.families import CODE_BUCKET, CODE_KEY, DOMAIN, FAMILIES, certified, distribution, edge, hosts
from tests.sandbox.finders import find
from tests.sandbox.finders_by_properties import resolved
from tests.sandbox.template import Json, allowing, assumed_by, att, queue, ref, resource, template_of

pytestmark = pytest.mark.sandbox
ACCOUNT, REGION = "222200002222", "eu-north-1"
PLACE: dict[str, str] = {"account": ACCOUNT, "region": REGION}


@pytest.fixture(scope="module", autouse=True)
def code(sandbox: Sandbox) -> None:
    """The artefact that functions are made from."""
    s3, body = sandbox.client("s3", **PLACE), io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("receiver.py", "def handle(event, context): ...")
    s3.create_bucket(Bucket=CODE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=CODE_BUCKET, Key=CODE_KEY, Body=body.getvalue())


def create(sandbox: Sandbox, name: str, resources: Json, **more: Any) -> str:
    return sandbox.create(name, template_of(resources, **more), **PLACE)


def failures(sandbox: Sandbox, name: str) -> str:
    events = sandbox.events(name, **PLACE)
    return "\n".join(e.get("ResourceStatusReason", "") for e in events if "FAILED" in e["ResourceStatus"])


def physical(sandbox: Sandbox, name: str) -> dict[str, str]:
    pages = sandbox.client("cloudformation", **PLACE).get_paginator("list_stack_resources").paginate(StackName=name)
    return {
        item["LogicalResourceId"]: item["PhysicalResourceId"]
        for page in pages
        for item in page["StackResourceSummaries"]
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_made_found_and_gone(sandbox: Sandbox, family: str) -> None:
    name, resources = f"family-{family}", FAMILIES[family]()
    assert create(sandbox, name, resources) == "CREATE_COMPLETE", failures(sandbox, name)
    ids = physical(sandbox, name)

    def found() -> dict[str, bool]:
        return {
            logical_id: bool(
                find(sandbox, item["Type"], ids[logical_id], **PLACE, properties=resolved(item["Properties"], ids))
            )
            for logical_id, item in resources.items()
        }

    assert [logical_id for logical_id, there in found().items() if not there] == []
    assert sandbox.delete(name, **PLACE) == "GONE"
    assert [logical_id for logical_id, there in found().items() if there] == []


def test_a_buckets_replication_and_logs_are_what_the_template_says(sandbox: Sandbox) -> None:
    versions = {"VersioningConfiguration": {"Status": "Enabled"}}
    rule = {"Id": "all", "Status": "Enabled", "Destination": {"Bucket": att("Copy", "Arn")}, "Filter": {"Prefix": "a/"}}
    rule |= {"Priority": 1, "DeleteMarkerReplication": {"Status": "Disabled"}}
    kept = {
        **versions,
        "ReplicationConfiguration": {"Role": att("Role", "Arn"), "Rules": [rule]},
        "LoggingConfiguration": {"DestinationBucketName": ref("Copy"), "LogFilePrefix": "logs/"},
    }
    resources = {
        "Role": resource("IAM::Role", {"AssumeRolePolicyDocument": assumed_by("s3.amazonaws.com")}),
        "Copy": resource("S3::Bucket", versions),
        "Kept": resource("S3::Bucket", kept),
    }
    assert create(sandbox, "copied", resources) == "CREATE_COMPLETE", failures(sandbox, "copied")
    s3, ids = sandbox.client("s3", **PLACE), physical(sandbox, "copied")
    shown = s3.get_bucket_replication(Bucket=ids["Kept"])["ReplicationConfiguration"]["Rules"][0]
    assert (shown["ID"], shown["Filter"]) == ("all", {"Prefix": "a/"})
    assert shown["Destination"]["Bucket"] == f"arn:aws:s3:::{ids['Copy']}"
    logs = s3.get_bucket_logging(Bucket=ids["Kept"])["LoggingEnabled"]
    assert (logs["TargetBucket"], logs["TargetPrefix"]) == (ids["Copy"], "logs/")
    assert sandbox.delete("copied", **PLACE) == "GONE"


def test_dynamic_references_are_resolved_and_never_stored(sandbox: Sandbox) -> None:
    resources = {name: item for name, item in FAMILIES["broker"]().items() if name in ("Password", "Url")}
    assert create(sandbox, "dynamic", resources) == "CREATE_COMPLETE", failures(sandbox, "dynamic")
    ids, secrets = physical(sandbox, "dynamic"), sandbox.client("secretsmanager", **PLACE)
    password = json.loads(secrets.get_secret_value(SecretId=ids["Password"])["SecretString"])["password"]
    assert len(password) == 30
    assert secrets.get_secret_value(SecretId=ids["Url"])["SecretString"] == f"amqps://portal:{password}@broker"
    shown = sandbox.client("cloudformation", **PLACE).get_template(StackName="dynamic")["TemplateBody"]
    assert password not in json.dumps(shown)
    assert "{{resolve:secretsmanager:" in json.dumps(shown)
    sandbox.delete("dynamic", **PLACE)


def test_a_certificates_proof_stands_in_the_zone(sandbox: Sandbox) -> None:
    assert create(sandbox, "proof", certified()) == "CREATE_COMPLETE", failures(sandbox, "proof")
    ids = physical(sandbox, "proof")
    certificate = sandbox.client("acm", **PLACE).describe_certificate(CertificateArn=ids["Certificate"])["Certificate"]
    wanted = certificate["DomainValidationOptions"][0]["ResourceRecord"]
    records = sandbox.client("route53", **PLACE).list_resource_record_sets(HostedZoneId=ids["Zone"])
    assert wanted["Name"] in {item["Name"] for item in records["ResourceRecordSets"]}
    # ACM leaves the record behind, and a zone with records refuses to go.
    assert sandbox.delete("proof", **PLACE) == "DELETE_FAILED"
    assert "contains resource record sets other than the default" in failures(sandbox, "proof")


def test_an_instance_shows_its_public_name_and_address(sandbox: Sandbox) -> None:
    resources = {
        k: v for k, v in hosts().items() if k in ("Vpc", "Subnet", "Group", "Launch", "Host", "Role", "Profile")
    }
    resources["Subnet"]["Properties"]["MapPublicIpOnLaunch"] = True
    outputs = {name: {"Value": att("Host", name)} for name in ("PublicIp", "PublicDnsName", "PrivateIp")}
    assert create(sandbox, "public", resources, Outputs=outputs) == "CREATE_COMPLETE", failures(sandbox, "public")
    shown = {item["OutputKey"]: item["OutputValue"] for item in sandbox.stack("public", **PLACE)["Outputs"]}
    assert re.fullmatch(r"\d+\.\d+\.\d+\.\d+", shown["PublicIp"])
    assert shown["PublicDnsName"].startswith("ec2-")
    assert shown["PrivateIp"].startswith("10.9.0.")
    sandbox.delete("public", **PLACE)


@pytest.mark.parametrize("waiting", ["Host", "Fleet"])
def test_a_host_that_signals_failure_rolls_its_stack_back(sandbox: Sandbox, waiting: str) -> None:
    name = f"signal-{waiting.lower()}"
    sandbox.fault(stack=name, target=waiting, op="signal", mode="fail")
    assert create(sandbox, name, hosts()) == "ROLLBACK_COMPLETE"
    assert re.search(r"Received \d FAILURE signal\(s\) out of \d", failures(sandbox, name))


def test_a_wait_condition_that_a_host_knows_is_answered(sandbox: Sandbox) -> None:
    resources = {
        k: v for k, v in hosts().items() if k in ("Vpc", "Subnet", "Group", "Host", "Launch", "Role", "Profile")
    }
    resources["Host"].pop("CreationPolicy")
    resources["Handle"] = resource("CloudFormation::WaitConditionHandle", {})
    resources["Host"]["Properties"]["UserData"] = {"Fn::Base64": {"Fn::Sub": "curl -X PUT '${Handle}'"}}
    condition = {"Handle": ref("Handle"), "Timeout": "600", "Count": 1}
    resources["Wait"] = resource("CloudFormation::WaitCondition", condition, DependsOn="Host")
    assert create(sandbox, "wait", resources) == "CREATE_COMPLETE", failures(sandbox, "wait")
    assert sandbox.delete("wait", **PLACE) == "GONE"


def test_a_scalable_target_brings_its_service_inside_its_limits(sandbox: Sandbox) -> None:
    task = {"Family": "few", "ContainerDefinitions": [{"Name": "web", "Image": "web", "Memory": 128}]}
    resources = {
        "Cluster": resource("ECS::Cluster", {"ClusterName": "few"}),
        "Task": resource("ECS::TaskDefinition", task),
        "Service": resource(
            "ECS::Service",
            {"Cluster": ref("Cluster"), "TaskDefinition": ref("Task"), "ServiceName": "few", "DesiredCount": 1},
        ),
        "Target": resource(
            "ApplicationAutoScaling::ScalableTarget",
            {
                "ServiceNamespace": "ecs",
                "ScalableDimension": "ecs:service:DesiredCount",
                "ResourceId": "service/few/few",
                "MinCapacity": 3,
                "MaxCapacity": 5,
            },
            DependsOn="Service",
        ),
    }
    assert create(sandbox, "few", resources) == "CREATE_COMPLETE", failures(sandbox, "few")
    described = sandbox.client("ecs", **PLACE).describe_services(cluster="few", services=["few"])["services"]
    assert described[0]["desiredCount"] == 3
    assert sandbox.delete("few", **PLACE) == "GONE"


def _replicating(to: str, *, versioned: bool) -> Json:
    versions = {"VersioningConfiguration": {"Status": "Enabled"}} if versioned else {}
    rule = {
        "Status": "Enabled",
        "Destination": {"Bucket": f"arn:aws:s3:::{to}"},
    }
    role = resource("IAM::Role", {"AssumeRolePolicyDocument": assumed_by("s3.amazonaws.com")})
    replication = {"ReplicationConfiguration": {"Role": att("Role", "Arn"), "Rules": [rule]}}
    return {"Role": role, "Bucket": resource("S3::Bucket", {**versions, **replication})}


def _elsewhere(**more: Any) -> Json:
    return {
        **edge(),
        "Distribution": resource("CloudFront::Distribution", {"DistributionConfig": distribution(**more)}),
    }


_CERTIFICATE = f"arn:aws:acm:eu-north-1:{ACCOUNT}:certificate/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
REFUSED: dict[str, tuple[Json, str]] = {
    "a policy for no bucket": (
        {
            "Policy": resource(
                "S3::BucketPolicy", {"Bucket": "families-no-such-bucket", "PolicyDocument": allowing("s3:GetObject")}
            )
        },
        "The specified bucket does not exist",
    ),
    "a distribution's certificate of another region": (
        _elsewhere(
            Aliases=[DOMAIN], ViewerCertificate={"AcmCertificateArn": _CERTIFICATE, "SslSupportMethod": "sni-only"}
        ),
        "isn't in us-east-1 region",
    ),
    "an alias without a certificate": (_elsewhere(Aliases=[DOMAIN]), "you must attach a trusted certificate"),
    "replication without versions": (
        _replicating(CODE_BUCKET, versioned=False),
        "Versioning must be 'Enabled' on the bucket",
    ),
    "replication to a bucket without versions": (
        _replicating(CODE_BUCKET, versioned=True),
        "Destination bucket must have versioning enabled",
    ),
    "replication to no bucket": (
        _replicating("families-nowhere-at-all", versioned=True),
        "Destination bucket must exist",
    ),
    "code that isn't there": (
        {
            "Role": resource("IAM::Role", {"AssumeRolePolicyDocument": assumed_by("lambda.amazonaws.com")}),
            "Function": resource(
                "Lambda::Function",
                {
                    "Code": {"S3Bucket": CODE_BUCKET, "S3Key": "missing.zip"},
                    "Handler": "receiver.handle",
                    "Runtime": "python3.13",
                    "Role": att("Role", "Arn"),
                },
            ),
        },
        "The specified key does not exist",
    ),
    "an edge firewall elsewhere": (
        {
            "Acl": resource(
                "WAFv2::WebACL",
                {
                    "Scope": "CLOUDFRONT",
                    "DefaultAction": {"Allow": {}},
                    "VisibilityConfig": {
                        "CloudWatchMetricsEnabled": False,
                        "SampledRequestsEnabled": False,
                        "MetricName": "acl",
                    },
                },
            )
        },
        "The scope is not valid",
    ),
    "a zone of no such name": (
        {
            "Name": resource(
                "Route53::RecordSet",
                {
                    "HostedZoneName": "nobody.example.",
                    "Name": "a.nobody.example",
                    "Type": "A",
                    "TTL": "60",
                    "ResourceRecords": ["10.0.0.1"],
                },
            )
        },
        "No hosted zones named nobody.example. found",
    ),
    "a name outside its zone": (
        {
            "Zone": resource("Route53::HostedZone", {"Name": "here.example"}),
            "Name": resource(
                "Route53::RecordSet",
                {
                    "HostedZoneId": ref("Zone"),
                    "Name": "a.there.example",
                    "Type": "A",
                    "TTL": "60",
                    "ResourceRecords": ["10.0.0.1"],
                },
            ),
        },
        "is not permitted in zone here.example.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_aws_refuses_is_refused(sandbox: Sandbox, case: str) -> None:
    resources, message = REFUSED[case]
    name = re.sub(r"[^a-z]+", "-", f"refused {case}")
    assert create(sandbox, name, resources) == "ROLLBACK_COMPLETE"
    assert re.search(message, failures(sandbox, name))
    sandbox.delete(name, **PLACE)


def test_a_custom_resource_is_refused_before_anything_is_made(sandbox: Sandbox) -> None:
    body = template_of({"Queue": queue(), "Answer": {"Type": "Custom::Answer", "Properties": {"ServiceToken": "x"}}})
    client = sandbox.client("cloudformation", **PLACE)
    with pytest.raises(
        client.exceptions.ClientError, match=r"Custom resources are not simulated.*Answer \(Custom::Answer\)"
    ):
        client.create_stack(StackName="custom", TemplateBody=json.dumps(body))


def test_two_distributions_never_share_a_name(sandbox: Sandbox) -> None:
    certificate = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    named = _elsewhere(
        Aliases=[DOMAIN], ViewerCertificate={"AcmCertificateArn": certificate, "SslSupportMethod": "sni-only"}
    )
    assert create(sandbox, "first", named) == "CREATE_COMPLETE", failures(sandbox, "first")
    second = json.loads(
        json.dumps(named).replace("families-access", "second-access").replace("families-routing", "second-routing")
    )
    assert create(sandbox, "second", second) == "ROLLBACK_COMPLETE"
    assert "CNAMEs you provided are already associated" in failures(sandbox, "second")
    assert sandbox.delete("first", **PLACE) == "GONE"


def test_a_part_that_a_distribution_names_refuses_to_go(sandbox: Sandbox) -> None:
    parts = {name: item for name, item in edge().items() if name != "Distribution"}
    assert create(sandbox, "parts", parts) == "CREATE_COMPLETE", failures(sandbox, "parts")
    ids = physical(sandbox, "parts")
    config = distribution()
    config["Origins"][0] |= {"DomainName": f"{ids['Site']}.s3.amazonaws.com", "OriginAccessControlId": ids["Access"]}
    arn = f"arn:aws:cloudfront::{ACCOUNT}:function/{ids['Routing']}"
    config["DefaultCacheBehavior"]["FunctionAssociations"][0]["FunctionARN"] = arn
    named = {"Distribution": resource("CloudFront::Distribution", {"DistributionConfig": config})}
    assert create(sandbox, "naming", named) == "CREATE_COMPLETE", failures(sandbox, "naming")
    assert sandbox.delete("parts", **PLACE) == "DELETE_FAILED"
    reasons = failures(sandbox, "parts")
    assert "Cannot delete the OriginAccessControl because it is in use" in reasons
    assert "Cannot delete the Function because it is in use" in reasons
    assert sandbox.delete("naming", **PLACE) == "GONE"
    assert sandbox.delete("parts", **PLACE) == "GONE"
