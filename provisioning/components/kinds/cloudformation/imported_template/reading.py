"""Reads a CloudFormation template, JSON or YAML, as plain data with the lines of its entries.

What CloudFormation does not accept is refused before it can do harm: YAML aliases (and with them
every expansion bomb), merge keys, unknown tags, repeated keys and deep nesting.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from provisioning.cloudformation_limits import MAX_TEMPLATE_BYTES

MAX_DEPTH = 60
MAX_NODES = 100_000
SECTIONS = (
    "AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings", "Conditions", "Transform",
    "Hooks", "Resources", "Outputs",
)  # fmt: skip
_FUNCTIONS = frozenset(
    {
        "And", "Base64", "Cidr", "Equals", "FindInMap", "ForEach", "GetAZs", "GetAtt", "GetStackOutput", "If",
        "ImportValue", "Join", "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform",
        "Contains", "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll",
    }
)  # fmt: skip
_NAMES = frozenset({"Ref", "Condition"})
_YAML = "tag:yaml.org,2002:"
# Plain dates, `<<` and `=` are text here. CloudFormation does not accept binary, omap, pairs and set.
_TAGS = frozenset(
    _YAML + kind for kind in ("bool", "int", "float", "map", "merge", "null", "seq", "str", "timestamp", "value")
)
_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{1,17}(?:[eE][-+]?[0-9]{1,2})?")


class TemplateProblem(ValueError):  # noqa: N818 - a template's mistake, reported with its line
    """The template cannot be used. `line` counts from 1; 0 means that no line is known."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


@dataclass(frozen=True)
class ImportedTemplate:
    """A template's data in its long form (`{"Ref": …}`), and the line of each entry of a section."""

    data: Mapping[str, Any]
    lines: Mapping[tuple[str, str], int]

    def section(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.data.get(name) or {}
        return found

    def line(self, section: str, entry: str = "") -> int:
        return self.lines.get((section, entry), 0)


def read_template(text: str) -> ImportedTemplate:
    """Return the template. Raises TemplateProblem with line and sentence."""
    if len(text.encode(errors="replace")) > MAX_TEMPLATE_BYTES:
        raise TemplateProblem(
            0, f"The template has more than {MAX_TEMPLATE_BYTES:,} bytes, which is CloudFormation's limit."
        )
    data, lines = _read_json(text) if text.lstrip("\ufeff \t\r\n").startswith("{") else _read_yaml(text)
    if not isinstance(data, dict):
        raise TemplateProblem(1, "A template must be a mapping of sections, such as Resources.")
    template = ImportedTemplate(data, lines)
    _check_shape(template)
    return template


def _check_shape(template: ImportedTemplate) -> None:
    for name, value in template.data.items():
        if name not in SECTIONS:
            raise TemplateProblem(
                template.line(name), f"CloudFormation has no section “{name[:60]}”; it has {', '.join(SECTIONS)}."
            )
        if name not in ("AWSTemplateFormatVersion", "Description", "Transform") and not isinstance(value, dict):
            raise TemplateProblem(template.line(name), f"The section {name} must be a mapping of names.")
    if not template.section("Resources"):
        raise TemplateProblem(
            template.line("Resources"), "The template has no Resources, so there is nothing to create."
        )
    for section in ("Resources", "Parameters", "Outputs"):
        for entry, value in template.section(section).items():
            what = f"{section[:-1]} “{entry[:60]}”"
            if not isinstance(value, dict):
                raise TemplateProblem(template.line(section, entry), f"{what} must be a mapping.")
            if section != "Outputs" and not isinstance(value.get("Type"), str):
                raise TemplateProblem(template.line(section, entry), f"{what} has no Type.")
            if section == "Resources" and not isinstance(value.get("Properties", {}), dict):
                raise TemplateProblem(template.line(section, entry), f"{what} has Properties that are not a mapping.")


# JSON


def _read_json(text: str) -> tuple[Any, dict[tuple[str, str], int]]:
    _check_json_depth(text)

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(found)
        if len(result) < len(found):
            twice, _ = Counter(name for name, _ in found).most_common(1)[0]
            raise TemplateProblem(0, f"“{twice[:60]}” occurs twice in one mapping; remove one.")
        return result

    def refuse(word: str) -> NoReturn:
        raise TemplateProblem(0, f"{word} is not a number in JSON.")

    def whole(word: str) -> int:
        if len(word) > 19:  # noqa: PLR2004 - digits of a signed 64-bit number
            raise TemplateProblem(0, f"The number {word[:24]}… is too large.")
        return int(word)

    def broken(word: str) -> float:
        value = float(word)
        return value if math.isfinite(value) else refuse(word[:24])

    try:
        data = json.loads(
            text.lstrip("\ufeff"), object_pairs_hook=pairs, parse_constant=refuse, parse_int=whole, parse_float=broken
        )
    except json.JSONDecodeError as error:
        raise TemplateProblem(error.lineno, f"This is not valid JSON: {error.msg}.") from error
    return data, _json_lines(text, data)


def _check_json_depth(text: str) -> None:
    depth = 0
    # An unclosed string extends to the end, and no character is read twice.
    for match in re.finditer(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', text):
        sign = match[0]
        depth += (sign in "[{") - (sign in "]}") if len(sign) == 1 else 0
        if depth > MAX_DEPTH:
            line = text.count("\n", 0, match.start()) + 1
            raise TemplateProblem(line, f"Brackets are nested more than {MAX_DEPTH} levels deep; flatten the template.")


def _json_lines(text: str, data: Any) -> dict[tuple[str, str], int]:
    """Return the lines of the sections' entries, found by their quoted names."""
    lines: dict[tuple[str, str], int] = {}
    if not isinstance(data, dict):
        return lines
    first: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        for name in re.findall(r'"([A-Za-z0-9_:.-]{1,255})"\s*:', line):
            first.setdefault(name, number)
    for section, entries in data.items():
        lines[section, ""] = first.get(section, 0)
        for entry in entries if isinstance(entries, dict) else ():
            lines[section, entry] = first.get(entry, 0)
    return lines


# YAML


def _read_yaml(text: str) -> tuple[Any, dict[tuple[str, str], int]]:
    try:
        _check_events(text)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise TemplateProblem(line, f"This is not valid YAML: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise TemplateProblem(0, f"This is not valid YAML: {' '.join(str(error).split())[:200]}.") from error
    except ValueError as error:
        if isinstance(error, TemplateProblem):
            raise
        raise TemplateProblem(0, "This is not valid YAML: it contains characters that are not allowed.") from error
    if root is None:
        raise TemplateProblem(1, "The template is empty.")
    return _plain(root), dict(_yaml_lines(root))


def _check_events(text: str) -> None:
    """Refuse aliases, deep nesting and too many values before anything is built."""
    depth = documents = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise TemplateProblem(
                line, "CloudFormation accepts no YAML anchors or aliases (& and *); repeat the value."
            )
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise TemplateProblem(
                    line, "The file contains a second YAML document (---); a template must be one document."
                )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise TemplateProblem(line, f"Values are nested more than {MAX_DEPTH} levels deep; flatten the template.")
        if nodes > MAX_NODES:
            raise TemplateProblem(line, f"The template has more than {MAX_NODES:,} values; split it.")


def _yaml_lines(root: yaml.Node) -> Iterator[tuple[tuple[str, str], int]]:
    if not isinstance(root, yaml.MappingNode):
        return
    for key, value in root.value:
        yield (str(key.value), ""), key.start_mark.line + 1
        if isinstance(value, yaml.MappingNode):
            for entry, _ in value.value:
                yield (str(key.value), str(entry.value)), entry.start_mark.line + 1


def _plain(node: yaml.Node) -> Any:
    """Return a node as plain data, with a short function (`!Ref x`) in its long form."""
    if node.tag.startswith("!"):
        return _function(node)
    if node.tag not in _TAGS:
        kind = node.tag.removeprefix(_YAML)
        raise TemplateProblem(node.start_mark.line + 1, f"CloudFormation accepts no YAML of the type {kind[:40]}.")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    return [_plain(item) for item in node.value]


def _mapping(node: yaml.MappingNode) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.tag.startswith("!"):
            raise TemplateProblem(line, "A key must be plain text.")
        if key.value == "<<" and not key.style:
            raise TemplateProblem(line, "CloudFormation accepts no YAML merge keys (<<); repeat the entries.")
        if key.value in result:
            raise TemplateProblem(line, f"“{key.value[:60]}” occurs twice in one mapping; remove one.")
        result[key.value] = _plain(value)
    return result


def _function(node: yaml.Node) -> dict[str, Any]:
    name = node.tag[1:]
    line = node.start_mark.line + 1
    if name in _NAMES:
        if not isinstance(node, yaml.ScalarNode):
            raise TemplateProblem(line, f"!{name} takes one name.")
        return {name: node.value}
    if name not in _FUNCTIONS:
        raise TemplateProblem(line, f"!{name[:60]} is not a CloudFormation function.")
    if isinstance(node, yaml.ScalarNode):
        value: Any = node.value
        if name == "GetAtt":
            value = node.value.split(".", maxsplit=1)
    elif isinstance(node, yaml.SequenceNode):
        value = [_plain(item) for item in node.value]
    elif isinstance(node, yaml.MappingNode):
        value = _mapping(node)
    return {f"Fn::{name}": value}


def _scalar(node: yaml.ScalarNode) -> Any:
    """Return a plain scalar as in YAML 1.1, without the silent conversions of dates, octals and
    22:22.
    """
    text: str = node.value
    if node.style or node.tag == "tag:yaml.org,2002:str":
        return text
    word = text.lower()
    if word in ("", "~", "null"):
        return None
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
