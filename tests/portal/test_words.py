from __future__ import annotations

import pytest

from portal.panels.diagram import in_states
from portal.web.formatting import duration, relative, resource_word, said_setting, said_value, short_type, title_of
from provisioning.blueprint.inputs.types import Value


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (59.4, "59 s"), (60, "1:00"), (161, "2:41"), (3_761, "1:02:41"), (-3, "0 s")]
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (5, "just now"),
        (-5, "in a moment"),
        (61, "1 min ago"),
        (-200, "in 3 min"),
        (7_300, "2 h ago"),
        (86_400 * 3, "3 days ago"),
        (100_000, "27 h ago"),
    ],
)
def test_distances(seconds: float, said: str) -> None:
    assert relative(seconds) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("certificate_arn", "Certificate ARN"),
        ("DeployRoleArn", "Deploy role ARN"),
        ("Url", "URL"),
        ("api_image", "API image"),
        ("s3_keys", "S3 keys"),
    ],
)
def test_names(name: str, said: str) -> None:
    assert title_of(name) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "none"),
        ([], "none"),
        ({}, "none"),
        (False, "no"),
        (0, "0"),
        ("", ""),
        (["a", "b"], "a\nb"),
        ({"team": "shop", "cost": "42"}, "team = shop\ncost = 42"),
    ],
)
def test_a_variables_value(value: Value, said: str) -> None:
    assert said_value(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        ({}, "none"),
        ([], "none"),
        (True, "yes"),
        ("per_az", "per az"),
        ("cache.m7g.large", "cache.m7g.large"),
        (
            {"mode": "nodes", "node_type": "cache.t4g.micro", "nodes": 2},
            "mode nodes, node type cache.t4g.micro, nodes 2",
        ),
        (["a", {"b": False}], "a, b no"),
    ],
)
def test_what_a_size_sets(value: object, said: str) -> None:
    assert said_setting(value) == said


def test_aws_words() -> None:
    assert short_type("AWS::ECS::TaskDefinition") == "ECS TaskDefinition"
    assert resource_word("CREATE_IN_PROGRESS") == "being created"
    assert resource_word("IMPORT_ROLLBACK_FAILED") == "import rollback failed"


def test_a_picture_without_a_drawing_is_empty() -> None:
    assert in_states("", {"a": "ok"}) == ""


def test_states_are_written_into_the_drawing_and_texts_stay_text() -> None:
    svg = (
        '<svg class="pic" xmlns="http://www.w3.org/2000/svg"><g class="pic-box is-planned" data-address="service.api"><title>api &lt;b&gt;</title>'
        '<rect class="pic-shape" x="10" y="5" width="100" height="40"/><text class="pic-name" x="22" y="26">api</text>'
        '<text class="pic-kind" x="100" y="26" text-anchor="end">Service</text></g>'
        '<g class="pic-box is-planned" data-address="bucket.x"><title>x</title></g></svg>'
    )
    drawn = in_states(svg, {"service.api": "ok"})
    assert 'class="pic-box is-ok" data-address="service.api"' in drawn
    assert "api &lt;b&gt; · ready" in drawn
    assert '<text class="pic-mark" x="102" y="26" text-anchor="end">✓</text>' in drawn
    assert 'class="pic-kind" x="86"' in drawn
    assert 'class="pic-box is-planned" data-address="bucket.x"' in drawn
    assert "style=" not in drawn
