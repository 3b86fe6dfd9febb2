"""Elastic Load Balancing, against moto as a second opinion."""

from __future__ import annotations

import uuid

import pytest

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


@pytest.fixture
def load_balancer(by_hand: Clients, subnets: list[str]) -> str:
    answer = by_hand.elbv2.create_load_balancer(Name=f"lb-{uuid.uuid4().hex[:20]}", Subnets=subnets)
    return answer["LoadBalancers"][0]["LoadBalancerArn"]


def test_a_load_balancer_loses_its_protection(on_moto: LiveAws, by_hand: Clients, load_balancer: str) -> None:
    by_hand.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=load_balancer, Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}]
    )
    assert on_moto.lift_protection("AWS::ElasticLoadBalancingV2::LoadBalancer", load_balancer) is True
    by_hand.elbv2.delete_load_balancer(LoadBalancerArn=load_balancer)
    assert on_moto.exists("AWS::ElasticLoadBalancingV2::LoadBalancer", load_balancer) is False
    assert on_moto.lift_protection("AWS::ElasticLoadBalancingV2::LoadBalancer", load_balancer) is True


def test_a_load_balancer_stops_writing_its_access_logs(on_moto: LiveAws, by_hand: Clients, load_balancer: str) -> None:
    def logs() -> str:
        answer = by_hand.elbv2.describe_load_balancer_attributes(LoadBalancerArn=load_balancer)
        return next(entry["Value"] for entry in answer["Attributes"] if entry["Key"] == "access_logs.s3.enabled")

    by_hand.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=load_balancer, Attributes=[{"Key": "access_logs.s3.enabled", "Value": "true"}]
    )
    assert logs() == "true"
    for _ in range(2):
        assert on_moto.quiesce("AWS::ElasticLoadBalancingV2::LoadBalancer", load_balancer) is True
        assert logs() == "false"
