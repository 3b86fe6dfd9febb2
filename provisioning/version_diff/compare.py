"""Compares two versions of a blueprint: their inputs, sizes, components and files, and the
templates of one environment.

Pure: both versions are resolved and compiled with the same inputs for the same environment, which
need not exist. No result contains the value of a sensitive input.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from provisioning.blueprint import Blueprint, BlueprintError, InputErrors, Inputs, example_inputs, resolve
from provisioning.blueprint.catalogue.load import FILE
from provisioning.blueprint.syntax.operators import same
from provisioning.design.environment_name import (
    EXAMPLE_ACCOUNT_ID,
    EXAMPLE_ENVIRONMENT_ID,
    EXAMPLE_TEAM_KEY,
    default_name,
)
from provisioning.design.errors import DesignError
from provisioning.design.graph import EnvironmentContext, Value
from provisioning.template.compile import CompiledDesign, compile_design
from provisioning.template.diff import Difference, PropertyChange, compare_designs
from provisioning.version_diff.input_changes import InputChange, input_changes

HIDDEN = "(sensitive, not shown)"

ChangeKind: TypeAlias = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting of one size. None means that the size does not set it."""

    size: str
    name: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class PartChange:
    """Something that is `added`, `removed` or `changed`: a region, a component's address, a file's
    path, an output.
    """

    kind: ChangeKind
    name: str


@dataclass(frozen=True)
class VersionChanges:
    """The result of a comparison.

    `template` is None if one of the versions cannot be compiled with these inputs; `problem` is
    then the sentence that says why. `assumed` names the inputs that took their example. `rejected`
    holds, by input, the sentence about a value that the later version does not accept.
    """

    before: Blueprint
    after: Blueprint
    size: str
    inputs: tuple[InputChange, ...]
    settings: tuple[SettingChange, ...]
    regions: tuple[PartChange, ...]
    components: tuple[PartChange, ...]
    files: tuple[PartChange, ...]
    template: Difference | None
    problem: str = ""
    assumed: tuple[str, ...] = ()
    rejected: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        changes = (self.inputs, self.settings, self.regions, self.components, self.files, self.rejected)
        return not any(changes) and self.template is not None and self.template.is_empty

    @property
    def outputs(self) -> tuple[PartChange, ...]:
        """The outputs of the main stack that are removed or added."""
        names = self.template.outputs if self.template is not None else ()
        return tuple(PartChange("removed" if name.startswith("-") else "added", name[1:]) for name in names)


def compare_versions(
    before: Blueprint,
    after: Blueprint,
    *,
    size: str,
    inputs: Mapping[str, Value],
    environment: EnvironmentContext,
) -> VersionChanges:
    """Compare two versions in one size and environment.

    `inputs` are values for the earlier version. A value that equals that version's default gives
    way to the later version's default, and a required input without a value takes its example.
    """
    old, old_examples, _ = _complete(before, size, inputs)
    given = _without_defaults(before, size, inputs)
    new, new_examples, rejected = _complete(after, size, {k: v for k, v in given.items() if k in after.variables})
    template, problem = _compare_templates(before, after, size=size, old=old, new=new, environment=environment)
    return VersionChanges(
        before=before,
        after=after,
        size=size,
        inputs=tuple(input_changes(before, after)),
        settings=tuple(_setting_changes(before, after)),
        regions=_parts(dict.fromkeys(before.regions), dict.fromkeys(after.regions)),
        components=_parts(
            *(dict.fromkeys(block.address for block in blueprint.components) for blueprint in (before, after))
        ),
        files=_parts(
            *({k: v for k, v in blueprint.files.digests.items() if k != FILE} for blueprint in (before, after))
        ),
        template=template,
        problem=problem,
        assumed=tuple(dict.fromkeys([*old_examples, *new_examples])),
        rejected=rejected,
    )


def example_environment(before: Blueprint, after: Blueprint, *, size: str) -> EnvironmentContext:
    """Return an environment for comparing versions without one, in the first region that offers
    both.
    """
    shared = [region for region in after.regions if region in before.regions]
    region = shared[0] if shared else after.default_region
    return EnvironmentContext(
        default_name(after.slug, size), EXAMPLE_TEAM_KEY, region, EXAMPLE_ACCOUNT_ID, EXAMPLE_ENVIRONMENT_ID
    )


def _without_defaults(blueprint: Blueprint, size: str, inputs: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values that differ from the default. An environment stores both alike."""
    return {
        name: value
        for name, value in inputs.items()
        if (variable := blueprint.variables.get(name))
        and (variable.required or not same(value, variable.default_in(size)))
    }


def _complete(
    blueprint: Blueprint, size: str, given: Mapping[str, Value]
) -> tuple[Inputs | None, list[str], dict[str, str]]:
    """Return all inputs, the names of those that took their example, and the errors of the values
    that were left out.
    """
    try:
        return *example_inputs(blueprint, size, given), {}
    except InputErrors as error:
        rejected = {name: " ".join(sentences) for name, sentences in error.errors.items() if name in given}
    accepted = {name: value for name, value in given.items() if name not in rejected}
    try:
        return *example_inputs(blueprint, size, accepted), rejected
    except InputErrors as error:
        others = {name: " ".join(sentences) for name, sentences in error.errors.items()}
        return None, [], {**rejected, **others}


def _compare_templates(
    before: Blueprint,
    after: Blueprint,
    *,
    size: str,
    old: Inputs | None,
    new: Inputs | None,
    environment: EnvironmentContext,
) -> tuple[Difference | None, str]:
    compiled: list[CompiledDesign] = []
    for blueprint, inputs in ((before, old), (after, new)):
        if inputs is None:
            return None, f"Version {blueprint.version} cannot be compiled with these inputs."
        try:
            design = resolve(blueprint, size=size, inputs=inputs, environment=environment)
            # Every resource has a tag with the version, whose difference is no news.
            compiled.append(compile_design(replace(design, version=before.version, digest=before.digest)))
        except (BlueprintError, DesignError) as error:
            return None, f"Version {blueprint.version} cannot be compiled with these inputs: {error}"
    secrets = {*_secrets(before, old), *_secrets(after, new)}
    return _without_secrets(compare_designs(*compiled), secrets), ""


def _secrets(blueprint: Blueprint, inputs: Inputs | None) -> Iterator[str]:
    for name, value in (inputs or {}).items():
        if blueprint.variables[name].sensitive:
            yield from _texts(value)


def _texts(value: Value) -> Iterator[str]:
    match value:
        case str() if value:
            # Also as it is escaped inside a JSON string.
            yield from {value, json.dumps(value, ensure_ascii=False)[1:-1]}
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for item in value.values():
                yield from _texts(item)


def _without_secrets(difference: Difference, secrets: Iterable[str]) -> Difference:
    """Hide every value that contains a secret, as a whole: a gap in it would give away the secret's
    length.
    """
    hidden = tuple(secrets)

    def shown(text: str | None) -> str | None:
        return HIDDEN if text is not None and any(secret in text for secret in hidden) else text

    if not hidden:
        return difference
    return replace(
        difference,
        resources=tuple(
            replace(
                resource,
                changes=tuple(
                    PropertyChange(one.path, shown(one.before), shown(one.after)) for one in resource.changes
                ),
            )
            for resource in difference.resources
        ),
    )


def _setting_changes(before: Blueprint, after: Blueprint) -> Iterator[SettingChange]:
    for size in before.sizes:
        old, new = before.sizes[size].settings, after.sizes[size].settings
        for name in dict.fromkeys([*old, *new]):
            if not same(old.get(name), new.get(name)):
                yield SettingChange(size, name, old.get(name), new.get(name))


def _parts(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[PartChange, ...]:
    changed = [name for name in before if name in after and before[name] != after[name]]
    return (
        *(PartChange("removed", name) for name in before if name not in after),
        *(PartChange("changed", name) for name in changed),
        *(PartChange("added", name) for name in after if name not in before),
    )
