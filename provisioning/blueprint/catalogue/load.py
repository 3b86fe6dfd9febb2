"""The catalogue: every blueprint of a folder. A broken one is listed with its problems and does not
affect the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioning.blueprint.blueprint import Blueprint
from provisioning.blueprint.catalogue import shipped_files
from provisioning.blueprint.catalogue.blocks import Report
from provisioning.blueprint.catalogue.definition import read_definition
from provisioning.blueprint.errors import BrokenBlueprintError, InputErrors, Problem, ProblemFound, UnknownBlueprint
from provisioning.blueprint.phrasing import known, shown
from provisioning.blueprint.resolve import DesignScope, build_nodes, build_outputs, build_tags
from provisioning.blueprint.syntax import scan
from provisioning.blueprint.syntax.parse import parse
from provisioning.blueprint.syntax.references import problems_in
from provisioning.design.environment_name import (
    EXAMPLE_ACCOUNT_ID,
    EXAMPLE_ENVIRONMENT_ID,
    EXAMPLE_TEAM_KEY,
    default_name,
)
from provisioning.design.graph import EnvironmentContext, Source, Value

FILE = "blueprint.hcl"
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MAX_SLUG = 64
_MAX_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class BrokenBlueprint:
    """A folder that cannot be offered, with the reasons."""

    slug: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`blueprints` by slug, sorted by title; `broken` by slug."""

    blueprints: Mapping[str, Blueprint]
    broken: tuple[BrokenBlueprint, ...]

    def get(self, slug: str) -> Blueprint:
        """Returns the blueprint. Raises UnknownBlueprint or BrokenBlueprintError."""
        if slug in self.blueprints:
            return self.blueprints[slug]
        for broken in self.broken:
            if broken.slug == slug:
                raise BrokenBlueprintError(slug, broken.problems)
        raise UnknownBlueprint(
            f"There is no blueprint {shown(slug)}; {known(slug, [*self.blueprints, *(broken.slug for broken in self.broken)])}"
        )


def load_catalogue(root: Path) -> Catalogue:
    """Loads every folder of the root. Never raises for a folder's content; a missing root gives an
    empty catalogue.
    """
    blueprints: list[Blueprint] = []
    broken: list[BrokenBlueprint] = []
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.name.startswith((".", "_")) or not folder.is_dir():
            continue
        loaded = _load(folder)
        if isinstance(loaded, Blueprint):
            blueprints.append(loaded)
        else:
            broken.append(BrokenBlueprint(folder.name, loaded[:_MAX_PROBLEMS]))
    blueprints.sort(key=lambda blueprint: (blueprint.title.casefold(), blueprint.slug))
    return Catalogue({blueprint.slug: blueprint for blueprint in blueprints}, tuple(broken))


def _load(folder: Path) -> Blueprint | tuple[Problem, ...]:
    slug = folder.name
    report = Report(f"{slug}/{FILE}")
    if folder.is_symlink():
        return (
            Problem(Source(slug, 1), "The folder is a link, and links are not followed; put the folder itself here."),
        )
    if not _SLUG.fullmatch(slug) or len(slug) > _MAX_SLUG:
        message = f"The folder's name is the blueprint's slug: lowercase letters, digits and single hyphens, at most {_MAX_SLUG}."
        return (Problem(Source(slug, 1), message),)
    try:
        blueprint = _read_blueprint(folder, report)
    except shipped_files.FolderProblem as problem:
        return (Problem(Source(f"{slug}/{problem.path}", 1), str(problem)),)
    except OSError as error:
        return (Problem(Source(f"{slug}/{FILE}", 1), f"The file cannot be read: {error.strerror}."),)
    except ProblemFound as problem:
        report.add(problem.line, problem.message)
        return report.problems
    _check(blueprint, report)
    return report.problems or blueprint


def _read_blueprint(folder: Path, report: Report) -> Blueprint:
    paths = shipped_files.list_files(folder)
    if FILE not in paths:
        raise shipped_files.FolderProblem(FILE, "The folder has no such file; every folder of the catalogue holds one.")
    data = shipped_files.read(paths[FILE], name=FILE, at_most=scan.MAX_BYTES)
    body = parse(scan.decode(data))
    shipped, digest = shipped_files.take(paths)
    return read_definition(body, report, slug=folder.name, digest=digest, path=folder, files=shipped)


def _check(blueprint: Blueprint, report: Report) -> None:
    """Reports every undefined reference, and every setting that a component rejects in any size
    with the inputs' examples.
    """
    expressions = [argument.value for block in blueprint.components for argument in block.arguments.values()]
    expressions.extend(output.value for output in blueprint.outputs)
    expressions.extend([blueprint.tags] if blueprint.tags is not None else [])
    for expression in expressions:
        for problem in problems_in(expression, blueprint.known):
            report.add(problem.line, problem.message)
    sizes_by_problem: dict[tuple[int, str], list[str]] = {}
    for size in blueprint.sizes:
        environment = EnvironmentContext(
            name=default_name(blueprint.slug, size),
            team=EXAMPLE_TEAM_KEY,
            region=blueprint.regions[0],
            account_id=EXAMPLE_ACCOUNT_ID,
            environment_id=EXAMPLE_ENVIRONMENT_ID,
        )
        inputs: dict[str, Value] = {
            name: variable.example if variable.required else variable.default_in(size)
            for name, variable in blueprint.variables.items()
        }
        scope, of_size = DesignScope(blueprint, size, inputs, environment), Report(report.path)
        build_nodes(blueprint, scope, of_size)
        build_outputs(blueprint, scope, of_size)
        try:
            build_tags(blueprint, scope, of_size)
        except InputErrors as error:
            of_size.add(blueprint.tags.line if blueprint.tags else 1, f"The example or default of {error}")
        for problem_ in of_size.problems:
            sizes_by_problem.setdefault((problem_.source.line, problem_.message), []).append(size)
    for (line, message), sizes in sizes_by_problem.items():
        everywhere = len(sizes) == len(blueprint.sizes) or (line, message) in report
        report.add(line, message if everywhere else f"{message.rstrip('.')} (in size {', '.join(sizes)}).")
