"""The page that fills in the request form from Terraform text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.pages.import_terraform.forms import ImportForm
from provisioning.blueprint import Blueprint, Variable
from provisioning.exchange import Filled, Left, Source


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several module blocks: the fields that it fills in, and the same as a signed token for
    the next POST.
    """

    source: Source
    filled: Filled
    token: str


@dataclass(frozen=True, slots=True)
class ImportPage:
    """`choices` are the module blocks of a text that has several, `left` the parts of it that are
    not read.
    """

    blueprint: Blueprint
    form: ImportForm
    error: str = ""
    choices: Sequence[Choice] = ()
    left: Sequence[Left] = ()

    @property
    def aliases(self) -> list[Variable]:
        """The inputs that go by other names in Terraform."""
        return [variable for variable in self.blueprint.variables.values() if variable.terraform]
