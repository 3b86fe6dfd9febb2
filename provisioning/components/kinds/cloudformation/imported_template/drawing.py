"""The boxes of an imported template in the diagram, derived from the types of its resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.components.kit.values import Box, Tier

_RUNS, _HOLDS = "APIs and functions", "Storage and messages"

# The types that people look for, with their usual tier, their name, and a heading for those outside a network.
_SHOWN: Final[dict[str, tuple[Tier, str, str]]] = {
    "AWS::ApiGateway::RestApi": ("supporting", "REST API", _RUNS),
    "AWS::ApiGatewayV2::Api": ("supporting", "HTTP API", _RUNS),
    "AWS::AppRunner::Service": ("supporting", "App Runner service", _RUNS),
    "AWS::AutoScaling::AutoScalingGroup": ("private", "Auto Scaling group", ""),
    "AWS::CloudFront::Distribution": ("edge", "CloudFront", ""),
    "AWS::DocDB::DBCluster": ("data", "DocumentDB cluster", ""),
    "AWS::DynamoDB::Table": ("supporting", "DynamoDB table", _HOLDS),
    "AWS::EC2::Instance": ("private", "EC2 instance", ""),
    "AWS::EC2::InternetGateway": ("public", "Internet gateway", ""),
    "AWS::EC2::NatGateway": ("public", "NAT gateway", ""),
    "AWS::ECS::Service": ("private", "ECS service", ""),
    "AWS::EFS::FileSystem": ("data", "File system", ""),
    "AWS::EKS::Cluster": ("private", "EKS cluster", ""),
    "AWS::EKS::Nodegroup": ("private", "EKS nodes", ""),
    "AWS::ElastiCache::CacheCluster": ("data", "Cache", ""),
    "AWS::ElastiCache::ReplicationGroup": ("data", "Cache", ""),
    "AWS::ElasticLoadBalancing::LoadBalancer": ("public", "Classic load balancer", ""),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("public", "Load balancer", ""),
    "AWS::Kinesis::Stream": ("supporting", "Kinesis stream", _HOLDS),
    "AWS::Lambda::Function": ("supporting", "Function", _RUNS),
    "AWS::Neptune::DBCluster": ("data", "Neptune cluster", ""),
    "AWS::OpenSearchService::Domain": ("data", "OpenSearch", ""),
    "AWS::RDS::DBCluster": ("data", "Database cluster", ""),
    "AWS::RDS::DBInstance": ("data", "Database", ""),
    "AWS::Redshift::Cluster": ("data", "Redshift cluster", ""),
    "AWS::S3::Bucket": ("supporting", "Bucket", _HOLDS),
    "AWS::SNS::Topic": ("supporting", "Topic", _HOLDS),
    "AWS::SQS::Queue": ("supporting", "Queue", _HOLDS),
    "AWS::StepFunctions::StateMachine": ("supporting", "State machine", _RUNS),
}


def place(types: Mapping[str, int]) -> list[Box]:
    """Return one box, with a count, for each type worth showing, and one box per service for
    everything else.
    """
    boxes: list[Box] = []
    others: dict[str, int] = {}
    for kind, number in sorted(types.items()):
        if kind in _SHOWN:
            tier, words, heading = _SHOWN[kind]
            boxes.append(Box(tier, words, heading, "one" if number == 1 else f"{number} of them"))
        else:
            service = kind.split("::")[1] if kind.count("::") > 1 else kind.split("::", maxsplit=1)[0]
            others[service] = others.get(service, 0) + number
    for service, number in others.items():
        boxes.append(Box("supporting", service, "Other resources", f"{number} resource{'s' if number > 1 else ''}"))
    return boxes
