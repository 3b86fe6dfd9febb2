"""Reads a CloudFormation template, in YAML with its short forms or in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from provisioning.policy.errors import MalformedPolicy


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template. Its sections are CloudFormation's own untyped documents."""

    resources: Mapping[str, Any]
    parameters: Mapping[str, Any]
    conditions: Mapping[str, Any]
    mappings: Mapping[str, Any]


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with CloudFormation's short forms, such as !Ref."""


def _short_form(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
# A date such as 2012-10-17 without quotes is text in CloudFormation.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_template(text: str) -> Template:
    try:
        body = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)  # noqa: S506 - a child of SafeLoader
    except (ValueError, yaml.YAMLError) as error:
        raise MalformedPolicy(f"The template is neither JSON nor YAML: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("Resources"), dict):
        raise MalformedPolicy("The template has no Resources")
    return Template(
        resources=body["Resources"],
        parameters=body.get("Parameters") or {},
        conditions=body.get("Conditions") or {},
        mappings=body.get("Mappings") or {},
    )
