"""Tracks for lines that run side by side: no two on one track where they overlap, and as few
crossings as can be had cheaply.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Segment:
    """A line along a channel from `low` to `high`. `stubs` are where lines join it, from before
    (-1) or behind (+1) the tracks.
    """

    owner: int
    stubs: list[tuple[float, int]] = field(default_factory=list)

    @property
    def low(self) -> float:
        return min(at for at, _ in self.stubs)

    @property
    def high(self) -> float:
        return max(at for at, _ in self.stubs)

    def overlaps(self, other: Segment) -> bool:
        return self.low <= other.high and other.low <= self.high


def pack(segments: Sequence[Segment]) -> dict[int, int]:
    """A track for each segment's owner, from 0."""
    # Ordered by how much more often each would cross the others before them than behind them.
    score = {
        segment.owner: sum(_crossings(segment, other) - _crossings(other, segment) for other in segments)
        for segment in segments
    }
    ordered = sorted(segments, key=lambda segment: (score[segment.owner], segment.low, segment.high, segment.owner))
    tracks: dict[int, int] = {}
    for number, segment in enumerate(ordered):
        before = (tracks[other.owner] + 1 for other in ordered[:number] if other.overlaps(segment))
        tracks[segment.owner] = max(before, default=0)
    return tracks


def used(tracks: Mapping[int, int]) -> int:
    return max(tracks.values(), default=-1) + 1


def _crossings(first: Segment, second: Segment) -> int:
    """How often the two cross when `first` lies before `second`."""
    if not first.overlaps(second):
        return 0
    return _inside(first.stubs, 1, second) + _inside(second.stubs, -1, first)


def _inside(stubs: Iterable[tuple[float, int]], side: int, segment: Segment) -> int:
    return sum(toward == side and segment.low < at < segment.high for at, toward in stubs)
