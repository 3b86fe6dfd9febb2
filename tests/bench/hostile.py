"""How long the loaders need for the worst of the hostile texts that `tests/fuzz` knows, next to a
blueprint that ships.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.bench.measure import Figure
from tests.fuzz import bombs, grammar
from tests.fuzz.harness import Fuzzed

HOSTILE: dict[str, Callable[[], Iterator[tuple[str, bytes]]]] = {
    "blueprint": bombs.of_hcl,
    "terraform": bombs.of_hcl,
    "template": bombs.of_templates,
}


def figures() -> Iterator[Figure]:
    largest = max((text.encode() for text in grammar.shipped()), key=len)
    with Fuzzed("tests.fuzz.loaders:blueprint") as fuzzed:
        yardstick_seconds = min(fuzzed.feed(largest).cpu for _ in range(3))
    for loader, texts in HOSTILE.items():
        with Fuzzed(f"tests.fuzz.loaders:{loader}") as fuzzed:
            for _, data in texts():
                fuzzed.feed(data)
            yield Figure(f"slowest hostile text, {loader}", fuzzed.slowest, "our largest blueprint", yardstick_seconds)
