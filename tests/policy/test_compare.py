"""Policies are compared by what they say."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.policy.compare import missing_statements
from tests.policy.build import allow, deny, policy

OWN = allow(
    ["sqs:SendMessage", "sqs:DeleteQueue"],
    ["a", "b"],
    sid="Own",
    Condition={"StringEquals": {"aws:TagKeys": ["x", "y"]}},
)
SAME = allow(
    ["SQS:DeleteQueue", "sqs:SendMessage"],
    ["b", "a"],
    sid="Other",
    Condition={"stringequals": {"AWS:tagkeys": ["y", "x"]}},
)


def test_order_case_and_sid_do_not_matter() -> None:
    assert missing_statements(policy(OWN, deny()), policy(deny(sid="x"), SAME)) == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"Action": "sqs:SendMessage"},
        {"Resource": ["a", "c"]},
        {"Effect": "Deny"},
        {"Condition": {}},
        {"Condition": {"StringEquals": {"aws:TagKeys": ["x"]}}},
        {"Condition": {"StringEqualsIfExists": {"aws:TagKeys": ["x", "y"]}}},
        {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["x", "y"]}}},
        {"Condition": {"StringNotEquals": {"aws:TagKeys": ["x", "y"]}}},
        {"Condition": {"StringEquals": {"aws:PrincipalTag/x": ["x", "y"]}}},
        {"Principal": "*"},
    ],
)
def test_a_statement_that_says_something_else_is_missing(changed: dict[str, Any]) -> None:
    expected = policy(OWN)
    assert missing_statements(expected, policy({**OWN, **changed})) == expected


def test_excluding_is_not_including() -> None:
    excluding = {"Effect": "Allow", "NotAction": ["sqs:*"], "NotResource": ["a"]}
    assert missing_statements(policy(allow("sqs:*", ["a"])), policy(excluding)) != ()
    refusing = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    listed = policy({**refusing, "Principal": {"AWS": ["1" * 12]}})
    assert missing_statements(listed, policy({**refusing, "NotPrincipal": {"AWS": ["1" * 12]}})) == listed
    assert missing_statements(listed, policy({**refusing, "Principal": {"Service": ["1" * 12]}})) == listed


@pytest.mark.parametrize("wanted", ["true", "false"])
def test_null_asks_for_one_of_two_things(wanted: str) -> None:
    other = {"true": "false", "false": "true"}[wanted]
    expected = policy(allow(Condition={"Null": {"aws:TagKeys": wanted}}))
    assert missing_statements(expected, policy(allow(Condition={"Null": {"aws:TagKeys": other}}))) == expected


@pytest.mark.parametrize(
    "statement",
    [
        deny("*", "arn:aws:s3:::${aws:PrincipalTag/portal:team}-*"),
        deny(Condition={"StringNotEquals": {"aws:ResourceTag/portal:team": "${aws:PrincipalTag/portal:team}"}}),
    ],
)
def test_a_variable_is_plain_text_in_a_document_of_the_old_version(statement: dict[str, Any]) -> None:
    expected = policy(statement)
    assert missing_statements(expected, policy(statement)) == ()
    assert missing_statements(expected, policy(statement, version="2008-10-17")) == expected
