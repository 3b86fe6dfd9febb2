"""The format of durations, names, AWS types, statuses and values on pages. Pure functions of text
and numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from provisioning.blueprint import as_text
from provisioning.design.graph import Value

MINUTE, HOUR, DAY = 60, 3_600, 86_400
# Words that people write in a case of their own.
_SPELLED = {
    "api": "API", "arn": "ARN", "aws": "AWS", "az": "AZ", "cdn": "CDN", "cidr": "CIDR", "cidrs": "CIDRs", "cpu": "CPU", "db": "database",
    "dns": "DNS", "ecs": "ECS", "gb": "GB", "github": "GitHub", "id": "ID", "ip": "IP", "pagerduty": "PagerDuty", "ui": "UI",
    "url": "URL", "vpc": "VPC",
}  # fmt: skip
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_RESOURCE_WORDS = {
    "PLANNED": "pending",
    "CREATE_IN_PROGRESS": "creating",
    "CREATE_COMPLETE": "created",
    "CREATE_FAILED": "failed",
    "DELETE_IN_PROGRESS": "deleting",
    "DELETE_COMPLETE": "deleted",
    "DELETE_FAILED": "delete failed",
    "DELETE_SKIPPED": "retained",
    "UPDATE_IN_PROGRESS": "updating",
    "UPDATE_COMPLETE": "updated",
    "UPDATE_FAILED": "update failed",
}


def duration(seconds: float) -> str:
    """`41 s`, `2:41`, `1:02:41`."""
    whole = max(0, round(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    hours, rest = divmod(whole, HOUR)
    minutes, left = divmod(rest, MINUTE)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def relative(seconds: float) -> str:
    """`3 min ago`, or `in 3 min` for a time in the future. static/js/portal.js formats times in the
    same way.
    """
    size = abs(seconds)
    if size < MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    number, unit = (
        (size // MINUTE, "min") if size < HOUR else (size // HOUR, "h") if size < 2 * DAY else (size // DAY, "days")
    )
    return f"{number:.0f} {unit} ago" if seconds >= 0 else f"in {number:.0f} {unit}"


def title_of(name: str) -> str:
    """`certificate_arn` and `CertificateArn` as `Certificate ARN`."""
    words = [_SPELLED.get(word.lower(), word.lower()) for part in name.split("_") for word in _PARTS.findall(part)]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def short_type(type_: str) -> str:
    """`AWS::ECS::TaskDefinition` as `ECS TaskDefinition`."""
    return type_.removeprefix("AWS::").replace("::", " ")


def resource_word(status: str) -> str:
    return _RESOURCE_WORDS.get(status) or status.replace("_", " ").lower()


def format_value(value: Value) -> str:
    """A value of a blueprint's variable, for people."""
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return as_text(value)


def format_setting(value: object) -> str:
    """A setting of a size, on one line: `mode nodes, node type cache.m7g.large, nodes 2`."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{key.replace('_', ' ')} {format_setting(item)}" for key, item in value.items()) or "none"
        case list():
            return ", ".join(format_setting(item) for item in value) or "none"
        case str() if "." not in value:
            return value.replace("_", " ")
        case _:
            return str(value)


def join_names(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def maturity_tone(maturity: str) -> str:
    return {"draft": "note", "deprecated": "idle"}.get(maturity, "ok")
