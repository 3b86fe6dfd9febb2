"""One digest for everything that a person agrees to; the same JSON gives the same digest everywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# All that reaches AWS, where it goes, and what it was made from. The tag `portal:operation` is added when a stack is
# handed over and is no part of this: an approval outlives the attempt. Nor is the value of a parameter that comes from
# another stack: that stack is part of it, and the value is its own.
APPROVED_KEYS = ("account_id", "after", "blueprint", "region", "stacks")
TEARDOWN_KEYS = ("environment_id", "stacks", "dies", "stays")


def digest_of(value: object) -> str:
    """SHA-256 of the canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_plan(content: Mapping[str, Any]) -> str:
    """What an approval approves: for a creation all that is sent to AWS, for a teardown all that dies and stays."""
    if content.get("kind") == "teardown":
        return digest_of({key: content[key] for key in TEARDOWN_KEYS})
    return digest_of({key: content[key] for key in APPROVED_KEYS})
