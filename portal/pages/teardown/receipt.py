"""The receipt of a teardown that has ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portal.pages.teardown.page import Group, grouped
from portal.web.formatting import join_names
from provisioning.errors import NotFound
from provisioning.lifecycle.receipt_document import ReceiptDocument, ReceiptLine, TagScan, digest_of_stored
from provisioning.models import Environment, Receipt, Request, ResourceEnd


class Signature(StrEnum):
    """Whether a receipt is what was written. Receipts of earlier versions have no digest."""

    VALID = "valid"
    BROKEN = "broken"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """`kept_beside` are snapshots and recovery points: they are no resources of the environment and
    not part of the sum.
    """

    environment: Environment
    request: Request
    written_at: datetime
    duration: timedelta | None
    deleted: list[ReceiptLine]
    retained: list[ReceiptLine]
    left_over: list[ReceiptLine]
    not_verified: list[ReceiptLine]
    kept_beside: list[ReceiptLine]
    scan: TagScan
    digest: str
    signature: Signature
    in_several_regions: bool

    @property
    def resources(self) -> int:
        return len(self.deleted) + len(self.retained) + len(self.left_over) + len(self.not_verified)

    @property
    def deleted_groups(self) -> list[Group]:
        return grouped(self.deleted)

    @property
    def restorable(self) -> list[ReceiptLine]:
        """Deleted secrets and keys whose recovery window was running."""
        return [line for line in self.deleted if line.restorable_until is not None]

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
    operation = receipt.operation
    # Snapshots and recovery points have words for a type, and no logical id.
    resources = [line for line in document.lines if line.logical_id or line.end != ResourceEnd.RETAINED]

    def ended(end: ResourceEnd) -> list[ReceiptLine]:
        return [line for line in resources if line.end == end]

    return ReceiptPage(
        environment=environment,
        request=operation.request,
        written_at=receipt.written_at,
        duration=operation.ended_at - operation.started_at if operation.ended_at else None,
        deleted=ended(ResourceEnd.DELETED),
        retained=ended(ResourceEnd.RETAINED),
        left_over=ended(ResourceEnd.LEFT_OVER),
        not_verified=ended(ResourceEnd.NOT_VERIFIED),
        kept_beside=[line for line in document.lines if line not in resources],
        scan=document.scan,
        digest=receipt.digest,
        signature=_signature(receipt),
        in_several_regions=len({line.region for line in document.lines}) > 1,
    )


def _signature(receipt: Receipt) -> Signature:
    """Compute the digest of what is stored and of the plan that was approved. A receipt of this
    version without a digest has lost it.
    """
    if not receipt.digest:
        return Signature.BROKEN if "settled_until" in receipt.scan else Signature.NONE
    plan_digest = receipt.operation.request.approved_digest
    actual = digest_of_stored(receipt.lines, receipt.scan, plan_digest=plan_digest)
    return Signature.VALID if actual == receipt.digest else Signature.BROKEN
