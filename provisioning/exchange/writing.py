"""Exports a request's inputs as Terraform variables and as the API's JSON. Importing either gives
the same inputs.

Secrets are omitted and listed by name. The rest of the request (name, size, account, region) is in
a comment that only this portal reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioning.design.graph import Joined, Reference, Value

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_KEYWORDS = frozenset({"true", "false", "null", "for", "in", "if", "else", "endif", "endfor", "for_each"})
# The first character of ${ and %{ as an escape: Terraform then reads plain text, without a closing
# brace.
_ESCAPES = ((r"\\", r"\\\\"), (r'"', r"\""), (r"\$(?=\{)", r"\\u0024"), (r"%(?=\{)", r"\\u0025"))


@dataclass(frozen=True, slots=True)
class RequestDocument:
    """A request in the form in which it is exported. `inputs` has no secrets and no nulls;
    `secrets` names the omitted ones. `output_parameters` says that the outputs are also written as SSM
    parameters.
    """

    blueprint: str
    version: str
    size: str
    team: str
    account: str
    region: str
    name: str
    inputs: Mapping[str, Value]
    tags: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=())
    output_parameters: bool = False

    @property
    def about(self) -> dict[str, object]:
        names = ("blueprint", "version", "size", "team", "account", "region", "name")
        about = {name: getattr(self, name) for name in names}
        return {**about, "output_parameters": True} if self.output_parameters else about

    @property
    def header(self) -> dict[str, object]:
        """Everything but the inputs."""
        return {**self.about, **({"tags": dict(self.tags)} if self.tags else {})}


def write_tfvars(document: RequestDocument) -> str:
    lines = [
        f"# {document.name}: {document.blueprint} {document.version}, size {document.size}",
        f"# portal: {json.dumps(document.header, ensure_ascii=False)}",
        *(f"# Not in this file, because it is a secret: {name}" for name in document.secrets),
        "",
    ]
    width = max((len(name) for name in document.inputs), default=0)
    lines.extend(f"{name.ljust(width)} = {hcl(value)}" for name, value in document.inputs.items())
    return "\n".join(lines).rstrip() + "\n"


def write_tfvars_json(document: RequestDocument) -> str:
    left_out = {"left_out": list(document.secrets)} if document.secrets else {}
    return _json({"//": {**document.header, **left_out}, **document.inputs})


def write_api_json(document: RequestDocument) -> str:
    """The body of a POST to /api/v1/requests."""
    return _json({**document.header, "inputs": dict(document.inputs)})


def hcl(value: Value, indent: str = "") -> str:  # noqa: PLR0911 - one case a type
    """A value in Terraform's syntax."""
    inner = f"{indent}  "
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _quoted(value)
        case []:
            return "[]"
        case list():
            items = "".join(f"{inner}{hcl(item, inner)},\n" for item in value)
            return f"[\n{items}{indent}]"
        case dict() if not value:
            return "{}"
        case dict():
            entries = "".join(f"{inner}{_key(key)} = {hcl(item, inner)}\n" for key, item in value.items())
            return f"{{\n{entries}{indent}}}"
        case Reference() | Joined():
            raise TypeError(f"an input is plain data, and {value} is not")


def _quoted(text: str) -> str:
    for sign, escape in _ESCAPES:
        text = re.sub(sign, escape, text)
    return f'"{text}"'


def _key(key: str) -> str:
    return key if _WORD.fullmatch(key) and key not in _KEYWORDS else _quoted(key)


def _json(data: Mapping[str, object]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
