"""The plan of a teardown."""

from __future__ import annotations

from typing import Literal

from pydantic.dataclasses import dataclass

from provisioning.lifecycle.plan_documents.parts import FORMAT, STRICT, Format


@dataclass(config=STRICT, frozen=True, slots=True)
class StackToDelete:
    """`stack_ids` are all stacks that were ever begun under this key, oldest first; empty texts
    have no id yet.
    """

    key: str
    name: str
    region: str
    stack_ids: tuple[str, ...]


@dataclass(config=STRICT, frozen=True, slots=True)
class TeardownLine:
    """A resource that a teardown deletes or retains. `policy` is empty unless it is retained; `why`
    is for people.
    """

    logical_id: str
    type: str
    physical_id: str
    address: str
    title: str
    policy: str
    why: str
    stack: str
    region: str


@dataclass(config=STRICT, frozen=True, slots=True)
class TeardownPlan:
    """Deletes an environment. `stacks` are in the order of creation; they are deleted from the last
    to the first.

    `to_leave` are resources that an earlier teardown could not delete, and that may stay in the
    account if they cannot be deleted this time either. `unsearched` are regions in which an earlier
    one was not allowed to search by tag; if it still is not, the receipt says so. With `is_forced`,
    CloudFormation removes the stack whatever is left of it. `account_id` is empty in earlier formats.
    """

    environment_id: str
    stacks: tuple[StackToDelete, ...]
    to_delete: tuple[TeardownLine, ...]
    to_retain: tuple[TeardownLine, ...]
    account_id: str = ""
    to_leave: tuple[TeardownLine, ...] = ()
    is_forced: bool = False
    unsearched: tuple[str, ...] = ()
    kind: Literal["teardown"] = "teardown"
    format: Format = FORMAT

    @property
    def lines(self) -> tuple[TeardownLine, ...]:
        return self.to_delete + self.to_retain + self.to_leave
