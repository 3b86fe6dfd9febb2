"""The load balancer's own settings: whether port 80 is open, how long tasks drain, and which
certificate it takes.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.kinds.load_balancer.settings import LoadBalancerSettings
from provisioning.components.registry import component
from provisioning.template.compile import compile_design
from tests.components.small import TIERS
from tests.support.designs import ARN, design, node, ref
from tests.support.reading import Template

SETTINGS: dict[str, Any] = {"certificate": ARN, "target": ref("service.api"), "health_check": "/health"}


def _template(**settings: Any) -> Template:
    made = design(
        node("network", "main", cidr="10.0.0.0/16", azs=2, nat="single", tiers=TIERS),
        node("cluster", "main"),
        node("service", "api", image="public.ecr.aws/example/api:1", cpu=256, memory=512, port=8000),
        node("load_balancer", "public", **(SETTINGS | settings)),
    )
    return Template(json.loads(compile_design(made).main.body))


def _listening(template: Template) -> set[int]:
    return {listener["Port"] for listener in template.of_type("AWS::ElasticLoadBalancingV2::Listener").values()}


def test_http_is_redirected_unless_port_80_is_to_stay_shut() -> None:
    open_, shut = _template(), _template(http_redirect=False)
    assert _listening(open_) == {80, 443}
    assert open_.admitted("LoadBalancerPublicSg") == {("0.0.0.0/0", 80), ("0.0.0.0/0", 443)}
    assert _listening(shut) == {443}
    assert shut.admitted("LoadBalancerPublicSg") == {("0.0.0.0/0", 443)}


@pytest.mark.parametrize(("settings", "leads"), [({}, "80, 443"), ({"http_redirect": False}, "443")])
def test_the_picture_shows_the_ports_that_are_open(settings: dict[str, Any], leads: str) -> None:
    drawn = node("load_balancer", "public", **(SETTINGS | settings))
    assert [box.label for box in component("load_balancer").boxes(drawn)] == [None, leads]


def test_it_lets_out_to_its_target_only() -> None:
    assert _template().way_out("LoadBalancerPublicSg") == {("ServiceApiSg", 8000)}


@pytest.mark.parametrize(
    ("given", "seconds"), [({}, "30"), ({"drain_seconds": 0}, "0"), ({"drain_seconds": 300}, "300")]
)
def test_tasks_that_leave_finish_their_requests(given: dict[str, int], seconds: str) -> None:
    targets = _template(**given).one("AWS::ElasticLoadBalancingV2::TargetGroup")
    assert {entry["Key"]: entry["Value"] for entry in targets["TargetGroupAttributes"]} == {
        "deregistration_delay.timeout_seconds": seconds
    }


@pytest.mark.parametrize("account", ["123456789", "123456789012"])
def test_a_certificate_as_documentation_abbreviates_it_is_taken(account: str) -> None:
    arn = f"arn:aws:acm:us-east-1:{account}:certificate/abc"
    found = LoadBalancerSettings.model_validate({**SETTINGS, "certificate": arn})
    assert found.certificate.arn == arn


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"drain_seconds": 3601}, "less than or equal to 3600"),
        ({"drain_seconds": -1}, "greater than or equal to 0"),
        ({"certificate": "arn:aws:acm:us-east-1:12345678:certificate/abc"}, "String should match pattern"),
        ({"certificate": "arn:aws:acm:us-east-1:1234567890123:certificate/abc"}, "String should match pattern"),
        ({"outbound": "anywhere"}, "Extra inputs are not permitted"),
    ],
)
def test_it_refuses(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        LoadBalancerSettings.model_validate({**SETTINGS, **change})
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    "path",
    [
        "/{{resolve:ssm:x}}",
        "/a b",
        '/"',
        "/<x>",
        "/`id`",
        "/\\",
        "/x#y",
        "health",
        "/\N{LATIN SMALL LETTER E WITH ACUTE}",
    ],
)
def test_a_health_check_is_a_path_of_a_url(path: str) -> None:
    with pytest.raises(ValidationError, match="health_check"):
        component("load_balancer").schema.model_validate(SETTINGS | {"health_check": path})
