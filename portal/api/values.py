"""What bodies and parameters may contain, where the types of pydantic accept more than the document says."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Annotated, Any, Final, Never, cast

from django.http import HttpRequest
from ninja.parser import Parser
from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema

_NOT_STORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""PostgreSQL stores no NUL in a text, and half of a surrogate pair is no character (RFC 8259, 8.2)."""
_ISO_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME_OF_DAY: Final = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?", re.IGNORECASE
)
"""As RFC 3339, and without an offset, for which pydantic has a sentence."""
PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*$"
"""The pattern of a parameter with words: no control characters."""


NOTE_TO_DECIDERS: Final[Any] = Field("", max_length=2000, description="For those who decide.")


class StrictParser(Parser):
    """Reads JSON as RFC 8259 describes it, without NaN and infinite numbers."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        parsed = json.loads(request.body, parse_constant=_refuse_constant, parse_float=_finite)
        return cast("dict[str, Any]", parsed)


def _refuse_constant(text: str) -> Never:
    raise ValueError(f"{text} is not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large.")
    return number


def check_texts(value: object) -> None:
    """Raise ValueError for a text, at any depth, that cannot be stored."""
    for text in _texts(value):
        if (found := _NOT_STORABLE.search(text)) is not None:
            raise ValueError(f"Remove the character U+{ord(found.group()):04X}, which cannot be stored")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(key)
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _true_or_false(value: object) -> object:
    if isinstance(value, str) and value not in {"true", "false"}:
        raise ValueError("Send true or false")
    return value


def _iso_day(value: object) -> object:
    if not isinstance(value, date) and not (isinstance(value, str) and _ISO_DAY.fullmatch(value)):
        raise ValueError("Send a day as YYYY-MM-DD")
    return value


def _time_of_day(value: object) -> object:
    if not isinstance(value, time) and not (isinstance(value, str) and re.fullmatch(_TIME_OF_DAY, value)):
        raise ValueError("Send a time of day as HH:MM or HH:MM:SS, without a time zone")
    return value


def _instant(value: object) -> object:
    if not isinstance(value, datetime) and not (isinstance(value, str) and _INSTANT.fullmatch(value)):
        raise ValueError("Send a time with its offset from UTC, such as 2027-01-02T06:00:00Z")
    return value


Flag = Annotated[bool, BeforeValidator(_true_or_false)]
"""A boolean in the query. pydantic would accept yes, on and 1 as well. `Query` needs the default, too:
pydantic forgets one that ninja sets later.
"""
Day = Annotated[date, BeforeValidator(_iso_day)]
"""A day. pydantic would accept a number of seconds as well."""
TimeOfDay = Annotated[
    time, BeforeValidator(_time_of_day), WithJsonSchema({"type": "string", "pattern": f"^{_TIME_OF_DAY}$"})
]
"""A time of day at no particular place. pydantic would accept a number of seconds and a time zone as well.
The format `time` of JSON Schema needs a time zone.
"""
Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
"""A moment. pydantic would accept a number of seconds as well."""
