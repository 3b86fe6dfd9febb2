"""The SSM parameters that hold an environment's outputs, from the ledger."""

from __future__ import annotations

from collections.abc import Iterable

from provisioning.design.graph import OUTPUT_PARAMETERS
from provisioning.models import Environment, StackResource


def output_parameters_of(environment: Environment) -> dict[str, str]:
    """Return the names of the parameters that exist, by output."""
    rows = StackResource.objects.filter(stack__environment=environment, address=OUTPUT_PARAMETERS, end="")
    return by_output(rows.exclude(physical_id="").values_list("physical_id", flat=True))


def by_output(names: Iterable[str]) -> dict[str, str]:
    """Return names of parameters by output, which is the last part of each name."""
    return {name.rpartition("/")[2]: name for name in names}
