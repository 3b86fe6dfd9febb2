"""Dynamic references: the only way to put a stored value into a template, and a check that no other
one is in it.

Components make them here only, so that the build records each one. A reference that somebody wrote
into a text is recorded nowhere, and the template does not compile.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from troposphere import Ref

from provisioning.components.kit.build import Build
from provisioning.components.kit.intrinsic_functions import IN_SUB
from provisioning.design.expressions import DYNAMIC_REFERENCE_START


def secret_value(build: Build, secret: Ref, key: str = "") -> str:
    """Return text for `Sub` that CloudFormation replaces with the value of a secret of this build,
    or with one key of it.
    """
    return _recorded(build, f"secretsmanager:${{{secret.data['Ref']}}}:SecretString{key and ':' + key}")


def named_secret_value(build: Build, name: str) -> str:
    """Return text that CloudFormation replaces with the value of a secret outside the environment.

    `name` comes from a setting of the type SecretName, so a plan checks whether the team may use it.
    """
    build.named_secrets.add(name)
    return _recorded(build, f"secretsmanager:{name}")


def public_image(build: Build, parameter: str) -> str:
    """Return an ImageId that EC2 replaces with the id in one of AWS's public parameters."""
    if not parameter.startswith("/aws/service/"):
        raise ValueError(f"{parameter} is not one of AWS's public parameters")
    reference = f"resolve:ssm:{parameter}"
    build.dynamic_references.add(reference)
    return reference


def _recorded(build: Build, key: str) -> str:
    reference = f"{{{{resolve:{key}}}}}"
    build.dynamic_references.add(reference)
    return reference


def unrecorded_references(template: Any, recorded: set[str]) -> Iterator[tuple[str, str]]:
    """Yield place and text of every dynamic reference in a template that the build did not record.

    Also looks at keys, and at what `Fn::Join` and `Fn::Sub` put together from literal parts.
    """
    for place, text in texts_in(template):
        for start in DYNAMIC_REFERENCE_START.finditer(text):
            rest = text[start.start() :]
            if not rest.startswith(tuple(recorded)):
                yield place, rest
        if text.strip().lower().startswith("resolve:") and text not in recorded:
            yield place, text


def texts_in(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield place and text of every text, key and joined text in a template."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        if (joined := _joined(value)) is not None:
            yield place, joined
        for key, part in value.items():
            inside = f"{place}.{key}" if place else str(key)
            yield inside, str(key)
            yield from texts_in(part, inside)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from texts_in(part, f"{place}[{number}]")


def _joined(value: Any) -> str | None:
    """Return the text that a function makes of its literal parts; None if it makes no text."""
    match value:
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(_part(part) for part in parts)
        case {"Fn::Sub": [str(text), Mapping() as variables]}:
            return IN_SUB.sub(lambda found: _part(variables.get(found[1], "")) or found[0], text)
        case _:
            return None


def _part(part: Any) -> str:
    match part:
        case str():
            return part
        case {"Fn::Sub": str(text)}:
            return text
        case _:
            return _joined(part) or ""
