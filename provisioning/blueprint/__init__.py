"""Loads blueprints from folders of HCL files, and resolves a blueprint with size and inputs to a
design.

Pure: no Django, no AWS. The catalogue's folder is the only I/O. Only `syntax/parse.py` imports
hcl2.
"""

from provisioning.blueprint.blueprint import Blueprint, ComponentBlock, OutputBlock, Size
from provisioning.blueprint.catalogue.load import BrokenBlueprint, Catalogue, load_catalogue
from provisioning.blueprint.errors import (
    BlueprintError,
    BrokenBlueprintError,
    InputErrors,
    NotOffered,
    Problem,
    UnknownBlueprint,
    UnresolvedError,
)
from provisioning.blueprint.inputs.parse import Inputs, example_inputs, parse_inputs
from provisioning.blueprint.inputs.types import as_text
from provisioning.blueprint.inputs.variables import Validation, Variable
from provisioning.blueprint.resolve import resolve

__all__ = [
    "Blueprint",
    "BlueprintError",
    "BrokenBlueprint",
    "BrokenBlueprintError",
    "Catalogue",
    "ComponentBlock",
    "InputErrors",
    "Inputs",
    "NotOffered",
    "OutputBlock",
    "Problem",
    "Size",
    "UnknownBlueprint",
    "UnresolvedError",
    "Validation",
    "Variable",
    "as_text",
    "example_inputs",
    "load_catalogue",
    "parse_inputs",
    "resolve",
]
