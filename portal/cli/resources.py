"""The resources of the API as far as the client shows them. Unknown properties are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

from portal.cli.errors import CliError

T = TypeVar("T")


def read(kind: type[T], document: Mapping[str, Any]) -> T:
    """Build a dataclass from a document. Raises CliError if a property is missing."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    try:
        return kind(**{name: document[name] for name in names})
    except (KeyError, TypeError) as error:
        raise CliError(f"The portal’s answer lacks {error}. Is this client too new for it?") from None


@dataclass(frozen=True, slots=True)
class Environment:
    id: str
    name: str
    state: str
    size: str
    region: str
    team: str
    account: str
    blueprint: str
    blueprint_version: str
    created_by: str


@dataclass(frozen=True, slots=True)
class Request:
    id: str
    kind: str
    state: str
    environment_id: str
    environment: str
    team: str
    size: str
    digest: str
    requested_by: str
    note: str
    decided_by: str | None
    decision_note: str

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_REQUESTS


OPEN_REQUESTS: Final = frozenset({"planning", "waiting", "approved"})


@dataclass(frozen=True, slots=True)
class Operation:
    """`steps` are documents with `title`, `state` and `detail`."""

    id: str
    kind: str
    label: str
    is_ended: bool
    succeeded: bool
    environment_id: str
    request_id: str
    cause: str
    cause_detail: str
    next_action: str
    steps: list[dict[str, str]]

    @property
    def current_step(self) -> str:
        """The titles and details of the steps in progress."""
        now = [step for step in self.steps if step["state"] == "now"]
        return ", ".join(f"{step['title']} ({step['detail']})" if step["detail"] else step["title"] for step in now)


@dataclass(frozen=True, slots=True)
class Output:
    """`id` is the output's name, `stack` the key of its stack, `parameter` the SSM parameter that holds
    it; empty if there is none.
    """

    id: str
    value: str
    stack: str
    parameter: str


@dataclass(frozen=True, slots=True)
class TeardownLine:
    id: str
    type: str
    title: str
    policy: str


@dataclass(frozen=True, slots=True)
class TeardownPreview:
    digest: str
    requires_approval: bool
    to_delete: list[dict[str, Any]]
    to_retain: list[dict[str, Any]]

    @property
    def deleted(self) -> list[TeardownLine]:
        return [read(TeardownLine, line) for line in self.to_delete]

    @property
    def retained(self) -> list[TeardownLine]:
        return [read(TeardownLine, line) for line in self.to_retain]


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan without a request, with the rules that would refuse it and the security findings."""

    digest: str
    requires_approval: bool
    refusals: list[dict[str, str]]
    stacks: list[dict[str, Any]]
    output_parameters: list[str]
    retained: list[str]
    findings: list[dict[str, Any]]
    low_seconds: float
    high_seconds: float


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A line of the catalogue."""

    id: str
    title: str
    version: str
    maturity: str
    sizes: list[str]
    regions: list[str]
