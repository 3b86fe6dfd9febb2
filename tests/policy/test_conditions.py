"""Condition operators, as AWS documents them.

Sources, all in https://docs.aws.amazon.com/IAM/latest/UserGuide/:
[operators] reference_policies_elements_condition_operators.html
[values]    reference_policies_condition-logic-multiple-context-keys-or-values.html
[sets]      reference_policies_condition-single-vs-multi-valued-context-keys.html
[variables] reference_policies_variables.html
"""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.policy.conditions import parse_condition
from provisioning.policy.errors import MalformedPolicy, UnknownOperator

ABSENT = None
Value = str | tuple[str, ...] | None


def holds(operator: str, policy_values: Any, actual: Value, **context: str) -> bool:
    condition = parse_condition(operator, "aws:Key", policy_values, with_variables=True)
    present: dict[str, str | tuple[str, ...]] = dict(context)
    if actual is not ABSENT:
        present["aws:key"] = actual
    return condition.holds(present)


@pytest.mark.parametrize(
    ("operator", "policy_values", "actual", "expected"),
    [
        # [operators] String: exact and case-sensitive, * and ? only in StringLike.
        ("StringEquals", "payments", "payments", True),
        ("StringEquals", "payments", "Payments", False),
        ("StringEquals", "pay*", "payments", False),
        ("StringEqualsIgnoreCase", "payments", "PAYMENTS", True),
        ("StringNotEqualsIgnoreCase", "payments", "PAYMENTS", False),
        ("StringLike", "pay*", "payments", True),
        ("StringLike", "pay?ents", "payments", True),
        ("StringLike", "Pay*", "payments", False),
        ("StringNotLike", "pay*", "payments", False),
        ("stringequals", "payments", "payments", True),
        # [values] Several values of the policy: OR, and NOR for a negated operator.
        ("StringEquals", ["logistics", "payments"], "payments", True),
        ("StringNotEquals", ["logistics", "payments"], "payments", False),
        ("StringNotEquals", ["logistics", "search"], "payments", True),
        # [operators] Numbers and dates; text that is neither compares with nothing.
        ("NumericEquals", 5, "5.0", True),
        ("NumericLessThan", "10", "9", True),
        ("NumericLessThanEquals", 10, "10", True),
        ("NumericGreaterThan", 10, "10", False),
        ("NumericGreaterThanEquals", 10, "10", True),
        ("NumericNotEquals", 10, "11", True),
        ("NumericEquals", 10, "ten", False),
        ("DateLessThan", "2026-07-01T00:00:00Z", "2026-06-30T23:59:59Z", True),
        ("DateGreaterThan", "2026-07-01T00:00:00Z", "2026-06-30T23:59:59Z", False),
        ("DateGreaterThanEquals", "2026-07-01", "2026-07-01T00:00:00+00:00", True),
        ("DateLessThanEquals", "2026-07-01T02:00:00+02:00", "2026-07-01T00:00:00Z", True),
        ("DateEquals", "1970-01-02T00:00:00Z", "86400", True),
        ("DateNotEquals", "1970-01-02T00:00:00Z", "86400", False),
        ("DateLessThan", "2026-07-01", "soon", False),
        # [operators] Bool, Binary, IP address.
        ("Bool", True, "true", True),
        ("Bool", "false", "true", False),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
        ("BinaryEquals", "QmluYXJ5", "Qm9uYXJ5", False),
        ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
        ("IpAddress", "2001:db8::/32", "203.0.113.7", False),
        ("NotIpAddress", "203.0.113.0/24", "198.51.100.1", True),
        # [operators] ARNs: each of the six parts is compared separately; ArnEquals and ArnLike behave identically.
        ("ArnLike", "arn:aws:iam::*:role/portal", "arn:aws:iam::111122223333:role/portal", True),
        ("ArnEquals", "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/a/b", True),
        ("ArnLike", "arn:aws:*:role/portal", "arn:aws:iam::111122223333:role/portal", False),
        ("ArnLike", "arn:aws:sns:*:1:*", "arn:aws:sns:eu-central-1:1:topic:x", True),
        ("ArnNotLike", "arn:aws:iam::*:role/portal", "arn:aws:iam::1:role/other", True),
        ("ArnLike", "*", "arn:aws:iam::1:role/other", False),
        # [operators] An absent key: false for a positive operator, true for a negated one and with IfExists.
        ("StringEquals", "payments", ABSENT, False),
        ("StringLike", "*", ABSENT, False),
        ("StringNotEquals", "payments", ABSENT, True),
        ("ArnNotLike", "arn:aws:iam::*:role/portal", ABSENT, True),
        ("NumericLessThan", 1, ABSENT, False),
        ("StringEqualsIfExists", "payments", ABSENT, True),
        ("StringEqualsIfExists", "payments", "logistics", False),
        ("BoolIfExists", "true", ABSENT, True),
        ("StringNotEqualsIfExists", "payments", "payments", False),
        # [operators] Null: true asks for an absent key, false for a present one.
        ("Null", "true", ABSENT, True),
        ("Null", True, "payments", False),
        ("Null", "false", "payments", True),
        ("Null", False, ABSENT, False),
        # [sets] ForAllValues: every value of the request; true without values, or with an empty one.
        ("ForAllValues:StringEquals", ["team", "size"], ("team",), True),
        ("ForAllValues:StringEquals", ["team", "size"], ("team", "owner"), False),
        ("ForAllValues:StringEquals", ["team"], ABSENT, True),
        ("ForAllValues:StringEquals", ["team"], (), True),
        ("ForAllValues:StringEquals", ["team"], "", True),
        ("ForAllValues:StringLike", "portal:*", ("portal:team", "portal:size"), True),
        ("ForAllValues:StringNotLike", "portal:*", ("team", "portal:size"), False),
        ("ForAllValues:StringNotLike", "portal:*", ("team", "size"), True),
        # [sets] ForAnyValue: at least one value of the request; false without values.
        ("ForAnyValue:StringEquals", ["team", "size"], ("owner", "size"), True),
        ("ForAnyValue:StringEquals", ["team", "size"], ("owner",), False),
        ("ForAnyValue:StringEquals", ["team"], ABSENT, False),
        ("ForAnyValue:StringEquals", ["team"], (), False),
        ("ForAnyValue:StringEquals", ["team"], "", False),
        ("ForAnyValue:StringNotEquals", ["team"], ABSENT, False),
        ("ForAnyValue:StringNotEquals", ["team"], ("team", "size"), True),
        ("ForAnyValue:StringNotEquals", ["team"], ("team",), False),
        ("ForAnyValue:StringLikeIfExists", "alias/aws/*", ABSENT, True),
    ],
)
def test_operator(operator: str, policy_values: Any, actual: Value, expected: bool) -> None:
    assert holds(operator, policy_values, actual) is expected


@pytest.mark.parametrize(
    ("operator", "pattern", "actual", "tag", "expected"),
    [
        # [variables] A variable stands for the value of a key; its default for a key without value.
        ("StringEquals", "${aws:PrincipalTag/team}", "payments", "payments", True),
        ("StringEquals", "${aws:PrincipalTag/team}", "payments", "logistics", False),
        ("StringLike", "${AWS:principaltag/Team}-*", "payments-dev", "payments", True),
        ("StringEquals", "${aws:PrincipalTag/team, 'payments'}", "payments", ABSENT, True),
        ("StringEquals", "${aws:PrincipalTag/team, 'payments'}", "payments", "logistics", False),
        # [variables] "Policy variables with no value": nothing equals them, and a negated operator matches.
        ("StringEquals", "${aws:PrincipalTag/team}", "payments", ABSENT, False),
        ("StringLike", "${aws:PrincipalTag/team}*", "payments", ABSENT, False),
        ("StringNotEquals", "${aws:PrincipalTag/team}", "payments", ABSENT, True),
        # [variables] ${*}, ${?} and ${$} are the characters themselves.
        ("StringLike", "a${*}", "a*", ABSENT, True),
        ("StringLike", "a${*}", "abc", ABSENT, False),
        ("StringEquals", "a${*}", "a*", ABSENT, True),
        ("StringLike", "a${?}${$}", "a?$", ABSENT, True),
        # A tag's value is data: a wildcard in it is no wildcard of the policy.
        ("StringLike", "${aws:PrincipalTag/team}/x", "payments/x", "*", False),
        (
            "ArnLike",
            "arn:aws:sqs:*:*:${aws:PrincipalTag/team}-*",
            "arn:aws:sqs:eu-west-1:1:payments-q",
            "payments",
            True,
        ),
        ("ArnLike", "arn:aws:sqs:*:*:${aws:PrincipalTag/team}-*", "arn:aws:sqs:eu-west-1:1:payments-q", "*", False),
    ],
)
def test_policy_variable(operator: str, pattern: str, actual: str, tag: str | None, expected: bool) -> None:
    context = {} if tag is ABSENT else {"aws:principaltag/team": tag}
    assert holds(operator, pattern, actual, **context) is expected


def test_a_variable_of_a_key_with_several_values_has_no_value() -> None:
    condition = parse_condition("StringLike", "aws:Key", "${aws:TagKeys}", with_variables=True)
    assert not condition.holds({"aws:key": "team", "aws:tagkeys": ("team",)})


def test_documents_of_the_old_version_have_no_variables() -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    condition = parse_condition("StringEquals", "aws:Key", "${aws:username}", with_variables=False)
    assert condition.holds({"aws:key": "${aws:username}", "aws:username": "alice"})
    assert not condition.holds({"aws:key": "alice", "aws:username": "alice"})


@pytest.mark.parametrize(
    "operator", ["StringMatches", "NullIfExists", "ForSomeValues:StringEquals", "ForAllValues:Null"]
)
def test_an_unknown_operator_is_an_error(operator: str) -> None:
    with pytest.raises(UnknownOperator, match=operator):
        parse_condition(operator, "aws:Key", "x", with_variables=True)


@pytest.mark.parametrize("values", [[], {"a": "b"}, [["a"]], None])
def test_a_condition_needs_text(values: Any) -> None:
    with pytest.raises(MalformedPolicy, match="aws:Key"):
        parse_condition("StringEquals", "aws:Key", values, with_variables=True)
