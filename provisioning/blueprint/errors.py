"""Errors about a blueprint, an input or a request for either. Every message is a sentence for its
reader.

BlueprintError
├── UnknownBlueprint       there is no such slug
├── BrokenBlueprintError   the file is invalid; `.problems` name file and line
├── NotOffered             a size or region that the blueprint does not have
├── InputErrors            inputs are invalid; `.errors` by variable
└── UnresolvedError        each input is valid, but the components reject them; `.problems`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provisioning.design.graph import Source


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with its position."""

    source: Source
    message: str

    def __str__(self) -> str:
        return f"{self.source}: {self.message}"


class BlueprintError(ValueError):
    """The base of all errors below; the message can be shown as it is."""


class UnknownBlueprint(BlueprintError):  # noqa: N818 - named after what happened
    """There is no blueprint with this slug."""


class NotOffered(BlueprintError):  # noqa: N818 - named after what happened
    """The blueprint has no such size, or is not offered in this region."""


class _ProblemsError(BlueprintError):
    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class BrokenBlueprintError(_ProblemsError):
    """The blueprint is listed, but cannot be used until its file is fixed."""

    def __init__(self, slug: str, problems: Iterable[Problem]) -> None:
        super().__init__(problems)
        self.slug = slug


class UnresolvedError(_ProblemsError):
    """The components reject the values that the inputs produce."""


class InputErrors(BlueprintError):  # noqa: N818 - carries several
    """Inputs are rejected; `errors` has the sentences by the variable's name."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = {name: list(sentences) for name, sentences in errors.items()}
        super().__init__(" ".join(sentence for sentences in self.errors.values() for sentence in sentences))


class ProblemFound(Exception):  # noqa: N818 - never leaves this package
    """A single problem, raised until a report collects it."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
