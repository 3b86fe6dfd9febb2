"""Cursors for keyset pagination: a position in a list that is sorted by time and id, newest first."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row that was shown. Its text is safe in a URL."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        text = json.dumps([self.at.isoformat(), str(self.id)])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """Return None for no cursor and for one that this portal did not write; the list then
        starts at the top.
        """
        try:
            at, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            moment = datetime.fromisoformat(at)
            return cls(moment.astimezone(UTC), UUID(pk)) if moment.tzinfo else None
        except (ValueError, OverflowError, TypeError, AttributeError, RecursionError, binascii.Error):
            return None

    def following(self, field: str) -> Q:
        """The condition for the rows after this one; `field` is the column of the time."""
        return Q(**{f"{field}__lt": self.at}) | Q(**{field: self.at, "id__lt": self.id})
