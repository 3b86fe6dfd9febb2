"""The condition operators as data: how one value of the request compares with one value of the policy.

Source: IAM user guide, "IAM JSON policy elements: Condition operators"
(reference_policies_elements_condition_operators). Case does not matter in an operator's name.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from provisioning.policy.globs import covers

Test = Callable[[str, str], bool]
"""(the request's value, the policy's value) -> whether they compare."""


@dataclass(frozen=True, slots=True)
class Operator:
    """`negated`: true if the request's value compares with none of the policy's values, or is absent."""

    name: str
    test: Test
    negated: bool = False
    wildcards: bool = False


def _arn_like(actual: str, expected: str) -> bool:
    """Compare each of the six parts of an ARN separately; `*` never reaches over a colon but in the last part."""
    parts, patterns = actual.split(":", 5), expected.split(":", 5)
    return len(parts) == len(patterns) == 6 and all(map(covers, patterns, parts))  # noqa: PLR2004 - an ARN has six parts


def _numbers(compare: Callable[[float, float], bool]) -> Test:
    def test(actual: str, expected: str) -> bool:
        try:
            return compare(float(actual), float(expected))
        except ValueError:
            return False

    return test


def _dates(compare: Callable[[datetime, datetime], bool]) -> Test:
    def test(actual: str, expected: str) -> bool:
        left, right = _instant(actual), _instant(expected)
        return left is not None and right is not None and compare(left, right)

    return test


@lru_cache(maxsize=1024)
def _instant(text: str) -> datetime | None:
    """Read an ISO 8601 date, or seconds since 1970 as aws:EpochTime sends them."""
    try:
        if text.isdigit() and len(text) > len("2026"):
            return datetime.fromtimestamp(int(text), tz=UTC)
        instant = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _in_network(actual: str, expected: str) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(expected, strict=False)
    except ValueError:
        return False


def _same_bytes(actual: str, expected: str) -> bool:
    try:
        return base64.b64decode(actual, validate=True) == base64.b64decode(expected, validate=True)
    except binascii.Error:
        return False


def _with_negation(name: str, negation: str, test: Test, *, wildcards: bool = False) -> tuple[Operator, Operator]:
    return Operator(name, test, wildcards=wildcards), Operator(negation, test, negated=True, wildcards=wildcards)


OPERATORS = {
    one.name.lower(): one
    for one in (
        *_with_negation("StringEquals", "StringNotEquals", operator.eq),
        *_with_negation(
            "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", lambda left, right: left.lower() == right.lower()
        ),
        *_with_negation(
            "StringLike", "StringNotLike", lambda actual, expected: covers(expected, actual), wildcards=True
        ),
        *_with_negation("ArnEquals", "ArnNotEquals", _arn_like, wildcards=True),
        *_with_negation("ArnLike", "ArnNotLike", _arn_like, wildcards=True),
        *_with_negation("NumericEquals", "NumericNotEquals", _numbers(operator.eq)),
        Operator("NumericLessThan", _numbers(operator.lt)),
        Operator("NumericLessThanEquals", _numbers(operator.le)),
        Operator("NumericGreaterThan", _numbers(operator.gt)),
        Operator("NumericGreaterThanEquals", _numbers(operator.ge)),
        *_with_negation("DateEquals", "DateNotEquals", _dates(operator.eq)),
        Operator("DateLessThan", _dates(operator.lt)),
        Operator("DateLessThanEquals", _dates(operator.le)),
        Operator("DateGreaterThan", _dates(operator.gt)),
        Operator("DateGreaterThanEquals", _dates(operator.ge)),
        Operator("Bool", lambda left, right: left.lower() == right.lower()),
        Operator("BinaryEquals", _same_bytes),
        *_with_negation("IpAddress", "NotIpAddress", _in_network),
    )
}
