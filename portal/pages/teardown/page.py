"""The page that confirms a teardown, and the receipt of one that has ended."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime

from portal.pages.teardown.forms import TeardownForm
from portal.web.formatting import join_names
from provisioning.errors import NotFound
from provisioning.lifecycle.services.teardown import TeardownPreview, preview_teardown
from provisioning.models import Environment, Receipt, Request, ResourceEnd, User


@dataclass(frozen=True, slots=True)
class TeardownPage:
    """`request_id` is the id of the request that the form will make, so that a double click makes one."""

    environment: Environment
    preview: TeardownPreview
    form: TeardownForm
    request_id: object
    notice: str

    @property
    def regions(self) -> str:
        return join_names(self.preview.regions) or self.environment.region

    @property
    def in_several_regions(self) -> bool:
        return len(self.preview.regions) > 1

    @property
    def has_steps_before(self) -> bool:
        preview = self.preview
        return bool(preview.emptied or preview.protected or preview.packages or self.in_several_regions)


def teardown_page(
    user: User, environment: Environment, *, form: TeardownForm | None = None, notice: str = ""
) -> TeardownPage:
    preview = preview_teardown(actor=user, environment=environment)
    form = form or TeardownForm(initial={"request_id": uuid.uuid4()})
    return TeardownPage(
        environment=environment,
        preview=preview,
        form=form,
        request_id=uuid.uuid4() if "request_id" in form.errors else form["request_id"].value(),
        notice=notice,
    )


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """`end` is how the resource ended: deleted, retained or abandoned. `ended_at` is None if that time is unknown."""

    title: str
    type: str
    address: str
    physical_id: str
    region: str
    end: str
    note: str
    ended_at: datetime | None

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> ReceiptLine:
        return cls(
            title=line["title"],
            type=line["type"],
            address=line["address"],
            physical_id=line["physical_id"],
            region=line["region"],
            end=line["end"],
            note=line["note"],
            ended_at=parse_datetime(line["ended_at"]) if line["ended_at"] else None,
        )


@dataclass(frozen=True, slots=True)
class Scan:
    """The search for resources with the environment's tag. `left` and `stale` are ARNs, `found` is their number.

    `left` should have been deleted; `stale` are listed by AWS although they no longer exist.
    """

    at: datetime | None
    key: str
    value: str
    regions: Sequence[str]
    found: int
    left: Sequence[str]
    stale: Sequence[str]

    @property
    def region_names(self) -> str:
        return join_names(self.regions)


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    environment: Environment
    request: Request
    written_at: datetime
    duration: timedelta | None
    deleted: list[ReceiptLine]
    retained: list[ReceiptLine]
    left_over: list[ReceiptLine]
    scan: Scan
    in_several_regions: bool


def receipt_page(environment: Environment) -> ReceiptPage:
    """The newest receipt of the environment. Raises NotFound if no teardown has ended yet."""
    rows = Receipt.objects.filter(environment=environment).select_related(
        "operation__request__requested_by", "operation__request__decided_by"
    )
    receipt = rows.order_by("-written_at").first()
    if receipt is None:
        raise NotFound("There is no receipt yet. It is written when a teardown has ended.")
    lines = [ReceiptLine.of(line) for line in receipt.lines]
    operation, scan = receipt.operation, receipt.scan
    return ReceiptPage(
        environment=environment,
        request=operation.request,
        written_at=receipt.written_at,
        duration=operation.ended_at - operation.started_at if operation.ended_at else None,
        deleted=[line for line in lines if line.end == ResourceEnd.DELETED],
        retained=[line for line in lines if line.end == ResourceEnd.RETAINED],
        left_over=[line for line in lines if line.end == ResourceEnd.ABANDONED],
        scan=Scan(
            at=parse_datetime(scan["at"]),
            key=scan["key"],
            value=scan["value"],
            regions=scan["regions"],
            found=len(scan["found"]),
            left=scan["left"],
            stale=scan["stale"],
        ),
        in_several_regions=len({line.region for line in lines}) > 1,
    )
