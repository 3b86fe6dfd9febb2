"""How AWS can generate a value that a NoEcho parameter's constraints would accept.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-secretsmanager-secret-generatesecretstring.html
"""

from __future__ import annotations

import random
import string
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

LENGTH: Final = 32
_SAMPLES: Final = 200
_KINDS: Final[tuple[tuple[str, dict[str, bool]], ...]] = (
    (string.ascii_letters + string.digits, {}),
    (string.ascii_letters, {"ExcludeNumbers": True}),
    (string.ascii_lowercase + string.digits, {"ExcludeUppercase": True}),
    (string.ascii_lowercase, {"ExcludeUppercase": True, "ExcludeNumbers": True}),
    (string.digits, {"ExcludeUppercase": True, "ExcludeLowercase": True}),
)


def generation(parameter: Mapping[str, Any]) -> dict[str, Any] | None:
    """GenerateSecretString for this parameter; None where no kind of generated text surely satisfies it."""
    if parameter.get("AllowedValues"):
        return None
    least, most = _whole(parameter.get("MinLength"), 0), _whole(parameter.get("MaxLength"), LENGTH)
    length = max(least, min(LENGTH, most))
    if not 4 <= length <= most:  # noqa: PLR2004 - one of each kind, and one to spare
        return None
    accepted = _pattern(parameter.get("AllowedPattern"))
    if accepted is None:
        return None
    for alphabet, excluded in _KINDS:
        if all(_matches(accepted, sample) for sample in _samples(alphabet, length)):
            return {"PasswordLength": length, "ExcludePunctuation": True, **excluded}
    return None


def _samples(alphabet: str, length: int) -> list[str]:
    chance = random.Random(length)  # noqa: S311 - samples to try a pattern on, never a secret
    return ["".join(chance.choices(alphabet, k=length)) for _ in range(_SAMPLES)]


def _pattern(pattern: Any) -> SchemaValidator | None:
    """The pattern in a linear-time engine; None where it cannot be read there (look-around)."""
    text = f"^(?:{pattern})$" if isinstance(pattern, str) and pattern else ""
    try:
        return SchemaValidator(core_schema.str_schema(pattern=text))
    except SchemaError:
        return None


def _matches(accepted: SchemaValidator, sample: str) -> bool:
    try:
        accepted.validate_python(sample)
    except ValidationError:
        return False
    return True


def _whole(value: Any, otherwise: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return otherwise
