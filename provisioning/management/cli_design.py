"""Resolves command-line arguments to a design, for `render` and the other commands that print facts
about one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from provisioning.blueprint.catalogue.load import Catalogue
from provisioning.blueprint.errors import InputErrors, NotOffered
from provisioning.blueprint.inputs.parse import example_inputs, size_of
from provisioning.blueprint.phrasing import listed, shown
from provisioning.blueprint.resolve import resolve
from provisioning.design.environment_name import (
    EXAMPLE_ACCOUNT_ID,
    EXAMPLE_ENVIRONMENT_ID,
    EXAMPLE_TEAM_KEY,
    default_name,
    name_problem,
)
from provisioning.design.graph import Design, EnvironmentContext
from provisioning.design.size_policy import SIZES

_ACCOUNT = re.compile(r"[0-9]{12}")


def parse_settings(words: Iterable[str]) -> dict[str, str]:
    """`["a=1", "b=x=y"]` as a mapping; raises InputErrors for a word without `=` and for a name
    given twice.
    """
    settings: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise InputErrors({name: [f"--set takes name=value, and {shown(word)} has no name or no equals sign."]})
        if name in settings:
            raise InputErrors({name: [f"--set names {shown(name)} twice; give it once."]})
        settings[name] = value
    return settings


def design_from_arguments(
    catalogue: Catalogue,
    *,
    slug: str | None,
    size: str | None,
    region: str | None = None,
    settings: Iterable[str] = (),
    name: str | None = None,
    account_id: str | None = None,
) -> tuple[Design, list[str]]:
    """Returns the design, and the names of the required inputs for which the example was used.
    Raises BlueprintError.
    """
    if not slug:
        raise NotOffered(
            f"Name a blueprint: {listed(catalogue.blueprints)}." if catalogue.blueprints else "There is no blueprint."
        )
    blueprint = catalogue.get(slug)
    if not size:
        raise NotOffered(f"Name a size with --size: {listed(SIZES)}.")
    size_of(blueprint, size)
    name = name or default_name(slug, size)
    if problem := name_problem(name):
        raise NotOffered(problem)
    account_id = account_id or EXAMPLE_ACCOUNT_ID
    if not _ACCOUNT.fullmatch(account_id):
        raise NotOffered(f"{shown(account_id)} is no AWS account id; it must have 12 digits.")
    inputs, filled = example_inputs(blueprint, size, parse_settings(settings))
    environment = EnvironmentContext(
        name=name,
        team=EXAMPLE_TEAM_KEY,
        region=region or blueprint.default_region,
        account_id=account_id,
        environment_id=EXAMPLE_ENVIRONMENT_ID,
    )
    return resolve(blueprint, size=size, inputs=inputs, environment=environment), filled
