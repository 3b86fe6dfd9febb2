"""The SSM parameters that hold an environment's outputs, from the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from provisioning.design.graph import OUTPUT_PARAMETERS
from provisioning.models import Environment, StackResource

_EXISTING: Final = StackResource.objects.filter(address=OUTPUT_PARAMETERS, end="").exclude(physical_id="")


def output_parameters_of(environment: Environment) -> dict[str, str]:
    """Return the names of the parameters that exist, by output."""
    return by_output(_EXISTING.filter(stack__environment=environment).values_list("physical_id", flat=True))


def parameters_of_stacks() -> ArraySubquery:
    """Return the names of the parameters of each stack in a query of stacks."""
    return ArraySubquery(_EXISTING.filter(stack=OuterRef("pk")).values("physical_id"))


def by_output(names: Iterable[str]) -> dict[str, str]:
    """Return names of parameters by output, which is the last part of each name."""
    return {name.rpartition("/")[2]: name for name in names}
