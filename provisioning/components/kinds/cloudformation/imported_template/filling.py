"""Puts the text together that CloudFormation's functions make, as far as the template tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioning.components.kit.intrinsic_functions import IN_SUB


class Filling:
    """Fills in values by the names of parameters. What only AWS knows remains as `${…}`."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def filled(self, value: Any) -> Any:
        match value:
            case {"Ref": str(name)} if len(value) == 1:
                return self._values.get(name, f"${{{name}}}")
            case {"Fn::GetAtt": [str(name), *_]} | {"Fn::GetAtt": str(name)} if len(value) == 1:
                return f"${{{name.split('.', maxsplit=1)[0]}}}"
            case {"Fn::Sub": str(text)} if len(value) == 1:
                return self._substituted(text, {})
            case {"Fn::Sub": [str(text), dict(variables)]} if len(value) == 1:
                return self._substituted(text, {name: self.filled(part) for name, part in variables.items()})
            case {"Fn::Join": [str(separator), list(parts)]} if len(value) == 1:
                texts = [self.filled(part) for part in parts]
                return separator.join(text if isinstance(text, str) else "${Other}" for text in texts)
            case _:
                return self._filled_inside(value)

    def _filled_inside(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.filled(part) for key, part in value.items()}
        return [self.filled(part) for part in value] if isinstance(value, list) else value

    def _substituted(self, text: str, own: Mapping[str, Any]) -> str:
        def replace(match: re.Match[str]) -> str:
            known = own.get(match[1], self._values.get(match[1])) if not match[2] else None
            return known if isinstance(known, str) else match[0]

        return IN_SUB.sub(replace, text)
