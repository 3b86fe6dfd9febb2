"""Reads a request: a file in the format that the portal exports, with options on top."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from portal.cli.api import Api
from portal.cli.console import Console
from portal.cli.errors import UsageError

_OPTIONS: Final = ("blueprint", "version", "size", "team", "account", "region", "name", "note")
_REQUIRED: Final = ("blueprint", "size", "team", "account", "region", "name")


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The body of POST /requests. `document` may have more keys than the client knows."""

    name: str
    team: str
    blueprint: str
    document: Mapping[str, Any]


def read_request(arguments: Namespace, api: Api, console: Console) -> RequestBody:
    """Raises UsageError if the file cannot be read or something is missing."""
    document = _read_file(arguments.file, console) if arguments.file else {}
    document |= {name: text for name in _OPTIONS if (text := getattr(arguments, name)) is not None}
    if arguments.output_parameters is not None:
        document["output_parameters"] = arguments.output_parameters
    if absent := [name for name in _REQUIRED if not isinstance(document.get(name), str) or not document[name]]:
        raise UsageError(f"The request lacks {', '.join(absent)}. Name a FILE, or use --{absent[0]} and the like.")
    if settings := _settings(arguments, console):
        document["inputs"] = {**document.get("inputs", {}), **_typed(settings, api, document["blueprint"])}
    if arguments.tag:
        document["tags"] = {**document.get("tags", {}), **dict(_pair(text, "--tag", "KEY") for text in arguments.tag)}
    return RequestBody(document["name"], document["team"], document["blueprint"], document)


def new_key(document: Mapping[str, Any]) -> str:
    """A new idempotency key. Its first part is the same for equal documents, which helps in logs."""
    from hashlib import sha256  # noqa: PLC0415 - only calls that create something need them
    from secrets import token_hex  # noqa: PLC0415

    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"{sha256(canonical.encode()).hexdigest()[:16]}-{token_hex(8)}"


def _read_file(path: str, console: Console) -> dict[str, Any]:
    try:
        text = console.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not encoded in UTF-8.") from None
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}.") from None
    if not isinstance(document, dict) or not all(
        isinstance(document.get(name, {}), dict) for name in ("inputs", "tags")
    ):
        raise UsageError(f"{path} is not a request. Use “Export” on a request, “JSON for the API”.")
    return document


def _settings(arguments: Namespace, console: Console) -> dict[str, str]:
    settings = dict(_pair(text, "--set") for text in arguments.set)
    for name, variable in (_pair(text, "--set-env") for text in arguments.set_env):
        if variable not in console.environ:
            raise UsageError(f"The variable {variable} is not set.")
        settings[name] = console.environ[variable]
    return settings


def _pair(text: str, option: str, noun: str = "INPUT") -> tuple[str, str]:
    name, equals, rest = text.partition("=")
    if not name or not equals:
        raise UsageError(f"{option} {text.partition('=')[0]}: write {noun}=VALUE.")
    return name, rest


def _typed(settings: Mapping[str, str], api: Api, blueprint: str) -> dict[str, Any]:
    """The values in the types of the blueprint's inputs. The portal reports names that do not exist."""
    inputs = api.call("catalogue_get", slug=blueprint).document["inputs"]
    types = {one["name"]: str(one["type"]) for one in inputs}
    return {name: _value(name, text, types.get(name, "string")) for name, text in settings.items()}


def _value(name: str, text: str, kind: str) -> Any:
    if kind == "string":
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise UsageError(f'{name} is a {kind}. Write it as JSON, such as 3, true or ["a"].') from None
