"""The parts of a property that differ, on the page of a change."""

from __future__ import annotations

import json

import pytest

from portal.pages.requests.values import differing_parts
from provisioning.aws.change_sets import ChangeDetail
from provisioning.lifecycle.change_plan.freeze import path_of


def lines(before: object, after: object) -> list[tuple[str, str | None, str | None]]:
    texts = [one if one is None or isinstance(one, str) else json.dumps(one) for one in (before, after)]
    return [(part.path, part.before, part.after) for part in differing_parts("P", *texts)]


def test_only_what_differs_is_shown() -> None:
    before = [{"Name": "api", "Image": "python:3.12", "Cpu": 256}, {"Name": "log", "Image": "x"}]
    after = [{"Name": "api", "Image": "python:3.13", "Cpu": 256}, {"Name": "log", "Image": "x", "User": "1"}]
    assert lines(before, after) == [("P.api.Image", "python:3.12", "python:3.13"), ("P.log.User", None, "1")]
    assert lines({"a": [1, 2]}, {"a": [1, 3]}) == [("P.a.1", "2", "3")]


def test_lists_of_other_items_are_shown_whole() -> None:
    assert lines([{"Name": "a"}], [{"Name": "b"}]) == [("P", '[{"Name": "a"}]', '[{"Name": "b"}]')]
    assert lines([1], [1, 2]) == [("P", "[1]", "[1, 2]")]


def test_texts_and_absent_values_stay_as_they_are() -> None:
    assert lines("12", "13") == [("P", "12", "13")]
    assert lines(None, "{not json") == [("P", None, "{not json")]
    assert lines("same", "same") == []


def test_a_value_that_is_known_later_says_so() -> None:
    (part,) = differing_parts("P", "x", "{{changeSet:KNOWN_AFTER_APPLY}}")
    assert part.after_is_later


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/Properties/Tags/0/Value", "Tags.0.Value"), ("/DeletionPolicy", "DeletionPolicy"), ("", "Engine")],
)
def test_a_path_of_aws_is_written_as_those_of_the_templates(path: str, shown: str) -> None:
    """Else the same attribute is listed twice, once from AWS and once from the templates."""
    assert path_of(ChangeDetail("Properties", name="Engine", path=path)) == shown
