"""What several of these tests share besides fixtures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from provisioning.aws.client import LiveAws

MakeLive: TypeAlias = Callable[..., LiveAws]


class OpenLimiter:
    """Lets every call pass and records its arguments."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []
        self.refused: list[str] = []

    def acquire(self, _account: str, _region: str, family: str, *, next_page: bool = False) -> float:
        self.asked.append((family, next_page))
        return 0.0

    def throttled(self, _account: str, _region: str, family: str) -> None:
        self.refused.append(family)
