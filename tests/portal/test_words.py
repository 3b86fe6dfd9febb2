from __future__ import annotations

import pytest

from portal.web.formatting import duration, format_setting, format_value, relative, resource_word, short_type, title_of
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
    assert format_value(value) == said


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
    assert format_setting(value) == said


def test_aws_words() -> None:
    assert short_type("AWS::ECS::TaskDefinition") == "ECS TaskDefinition"
    assert resource_word("CREATE_IN_PROGRESS") == "creating"
    assert resource_word("IMPORT_ROLLBACK_FAILED") == "import rollback failed"
