"""The page that confirms a teardown, and the receipt of one that has ended."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.pages.teardown.forms import TeardownForm
from portal.web.formatting import join_names
from provisioning.errors import NotFound
from provisioning.lifecycle.receipt_document import ReceiptDocument, ReceiptLine, TagScan
from provisioning.lifecycle.services.teardown import TeardownPreview, preview_teardown
from provisioning.models import Environment, Receipt, Request, ResourceEnd, User


@dataclass(frozen=True, slots=True)
class TeardownPage:
    """`request_id` is the id of the request that the form will make, so that a double click makes
    one.
    """

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
class ReceiptPage:
    environment: Environment
    request: Request
    written_at: datetime
    duration: timedelta | None
    deleted: list[ReceiptLine]
    retained: list[ReceiptLine]
    left_over: list[ReceiptLine]
    scan: TagScan
    in_several_regions: bool

    @property
    def searched_regions(self) -> str:
        return join_names(self.scan.regions)


def receipt_page(environment: Environment) -> ReceiptPage:
    """The newest receipt of the environment. Raises NotFound if no teardown has ended yet."""
    rows = Receipt.objects.filter(environment=environment).select_related(
        "operation__request__requested_by", "operation__request__decided_by"
    )
    receipt = rows.order_by("-written_at").first()
    if receipt is None:
        raise NotFound("There is no receipt yet. It is written when a teardown has ended.")
    document = ReceiptDocument.from_json(receipt.lines, receipt.scan)
    lines, operation = document.lines, receipt.operation
    return ReceiptPage(
        environment=environment,
        request=operation.request,
        written_at=receipt.written_at,
        duration=operation.ended_at - operation.started_at if operation.ended_at else None,
        deleted=[line for line in lines if line.end == ResourceEnd.DELETED],
        retained=[line for line in lines if line.end == ResourceEnd.RETAINED],
        left_over=[line for line in lines if line.end == ResourceEnd.LEFT_OVER],
        scan=document.scan,
        in_several_regions=len({line.region for line in lines}) > 1,
    )
