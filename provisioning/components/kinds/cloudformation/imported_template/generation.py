"""How AWS can generate a value that satisfies the constraints of a NoEcho parameter.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-secretsmanager-secret-generatesecretstring.html
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic_core import SchemaError, SchemaValidator, core_schema

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
    """Return GenerateSecretString for this parameter, or None if no kind of generated text is
    certain to satisfy it.
    """
    if parameter.get("AllowedValues"):
        return None
    least, most = _whole(parameter.get("MinLength"), 0), _whole(parameter.get("MaxLength"), LENGTH)
    length = max(least, min(LENGTH, most))
    if not 4 <= length <= most:  # noqa: PLR2004 - one of each kind, and one to spare
        return None
    accepts = matcher(parameter.get("AllowedPattern"))
    if accepts is None:
        return None
    for alphabet, excluded in _KINDS:
        chance = random.Random(length)  # noqa: S311 - samples to try a pattern on, never a secret
        samples = ["".join(chance.choices(alphabet, k=length)) for _ in range(_SAMPLES)]
        if all(accepts(sample) for sample in samples):
            return {"PasswordLength": length, "ExcludePunctuation": True, **excluded}
    return None


def matcher(pattern: Any) -> Callable[[str], bool] | None:
    """Return a function that matches the whole pattern in linear time, or None if the engine does
    not support the pattern (look-around).
    """
    text = f"^(?:{pattern})$" if isinstance(pattern, str) and pattern else ""
    try:
        validator = SchemaValidator(core_schema.str_schema(pattern=text))
    except SchemaError:
        return None
    return validator.isinstance_python


def _whole(value: Any, otherwise: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return otherwise
