"""The outputs of an environment, with the SSM parameters that hold them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from portal.web.formatting import title_of
from provisioning.design.graph import OUTPUT_PARAMETERS
from provisioning.lifecycle.read.output_parameters import by_output
from provisioning.lifecycle.read.progress import Progress


@dataclass(frozen=True, slots=True)
class OutputLine:
    """`parameter` is the name of the SSM parameter; empty if there is none."""

    name: str
    title: str
    value: str
    description: str
    parameter: str

    @property
    def is_link(self) -> bool:
        return self.value.startswith(("https://", "http://"))


@dataclass(frozen=True, slots=True)
class ReadCommand:
    """How a program reads all parameters of an environment. `path` is what their names begin with."""

    path: str
    region: str

    def __str__(self) -> str:
        return f"aws ssm get-parameters-by-path --path {self.path} --region {self.region}"


def output_lines(now: Progress, body: str) -> list[OutputLine]:
    """`body` is the main stack's template, which describes its outputs. Links come first."""
    declared = json.loads(body).get("Outputs", {})
    rows = [line for line in now.resources if line.address == OUTPUT_PARAMETERS and not line.is_gone]
    parameters = by_output(line.physical_id for line in rows if line.physical_id)
    lines = [
        OutputLine(
            name=name,
            title=title_of(name),
            value=str(value),
            description=declared.get(name, {}).get("Description", ""),
            parameter=parameters.get(name, ""),
        )
        for name, value in now.outputs.items()
    ]
    return sorted(lines, key=lambda line: (not line.is_link, line.title))


def read_command(lines: Sequence[OutputLine], region: str) -> ReadCommand | None:
    """None if no output has a parameter."""
    path = next((line.parameter.rpartition("/")[0] for line in lines if line.parameter), "")
    return ReadCommand(path, region) if path else None
