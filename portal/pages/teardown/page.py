"""The page that confirms a teardown."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from portal.pages.teardown.forms import TeardownForm
from portal.web.components import name_and_kind
from portal.web.formatting import join_names
from provisioning.lifecycle import clock
from provisioning.lifecycle.plan_document import TeardownLine
from provisioning.lifecycle.receipt_document import ReceiptLine
from provisioning.lifecycle.services.refresh_ledger import ledger_is_fresh
from provisioning.lifecycle.services.teardown import Removal, TeardownPreview, preview_teardown
from provisioning.models import Environment, User


@dataclass(frozen=True, slots=True)
class Group:
    """The resources of one component."""

    name: str
    lines: list[TeardownLine | ReceiptLine]


def grouped(lines: Iterable[TeardownLine | ReceiptLine]) -> list[Group]:
    """Resources by component, the largest group first."""
    groups: dict[str, list[TeardownLine | ReceiptLine]] = defaultdict(list)
    for line in lines:
        groups[name_and_kind(line.address)[0]].append(line)
    return [Group(name, groups[name]) for name in sorted(groups, key=lambda name: (-len(groups[name]), name))]


@dataclass(frozen=True, slots=True)
class TeardownPage:
    """`request_id` is the id of the request that the form will make, so that a double click makes
    one. A page that is not `fresh` lists the stacks again after it is shown.
    """

    environment: Environment
    preview: TeardownPreview
    form: TeardownForm
    request_id: object
    notice: str
    fresh: bool

    @property
    def resources(self) -> int:
        return len(self.preview.plan.lines)

    @property
    def deleted(self) -> list[TeardownLine]:
        """What is deleted, also after a final snapshot."""
        plan = self.preview.plan
        return [*plan.to_delete, *(line for line in plan.to_retain if line.policy == "Snapshot")]

    @property
    def deleted_groups(self) -> list[Group]:
        return grouped(self.deleted)

    @property
    def retained(self) -> list[TeardownLine]:
        return [line for line in self.preview.plan.to_retain if line.policy != "Snapshot"]

    @property
    def snapshots(self) -> list[TeardownLine]:
        return [line for line in self.preview.plan.to_retain if line.policy == "Snapshot"]

    @property
    def regions(self) -> str:
        return join_names(self.preview.regions) or self.environment.region

    @property
    def in_several_regions(self) -> bool:
        return len(self.preview.regions) > 1

    @property
    def is_forced(self) -> bool:
        return self.preview.removal is Removal.FORCE

    @property
    def leaves(self) -> bool:
        return self.preview.removal is Removal.LEAVE


def teardown_page(
    user: User,
    environment: Environment,
    *,
    removal: Removal = Removal.DELETE,
    form: TeardownForm | None = None,
    notice: str = "",
    refreshed: bool = False,
) -> TeardownPage:
    """`refreshed`: the stacks were just listed, or cannot be; the page does not ask again."""
    preview = preview_teardown(actor=user, environment=environment, removal=removal)
    form = form or TeardownForm(initial={"request_id": uuid.uuid4()})
    return TeardownPage(
        environment=environment,
        preview=preview,
        form=form,
        request_id=uuid.uuid4() if "request_id" in form.errors else form["request_id"].value(),
        notice=notice,
        fresh=refreshed or ledger_is_fresh(environment, now=clock.now()),
    )
