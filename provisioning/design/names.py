"""Names of a design's parts: components, logical ids in a template, and physical names in AWS.

A component called `main` is the only one of its kind, or the most important one. `main` tells a
reader nothing, so every name that is made from a component's name leaves it out. Only this module
knows that.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_WORD = re.compile(r"[A-Za-z0-9]+")
_MAIN = "main"


@dataclass(frozen=True, slots=True)
class ComponentName:
    """A component's kind and name, and the names that are made from them."""

    kind: str
    name: str

    @classmethod
    def of(cls, address: str) -> ComponentName:
        """Return the name behind an address such as `postgres.main`."""
        kind, _, name = address.partition(".")
        return cls(kind, name)

    @property
    def logical_id(self) -> str:
        """`BucketMedia`, or `Postgres` for `postgres.main`: a template should fit into 51,200
        bytes.
        """
        return pascal(self.kind if self.name == _MAIN else f"{self.kind}.{self.name}")

    @property
    def short(self) -> str:
        """`redis-locks`, or `redis` for `redis.main`: a name in AWS that still tells the kind."""
        return self.kind if self.name == _MAIN else f"{self.kind}-{self.name}"

    def for_people(self, title: str) -> tuple[str, str]:
        """Return name and kind as pages show them; `title` is the kind's title."""
        return name_for_people(self.name, title)


def name_for_people(name: str, title: str) -> tuple[str, str]:
    """Return name and kind as pages show them: (“api”, “Service”), or (“PostgreSQL”, “”) for
    `postgres.main`.

    `title` is the kind's title. Without one the name is shown, whatever it is.
    """
    if name == _MAIN and title:
        return title, ""
    return name.replace("_", " "), title


def pascal(text: str) -> str:
    """Return `SearchKey` for `search_key`."""
    return "".join(word[0].upper() + word[1:] for word in _WORD.findall(text))


def logical_id(address: str, suffix: str = "") -> str:
    """Return the logical id of a component's resource: `BucketMediaPolicy` for `bucket.media` and
    `Policy`.
    """
    return ComponentName.of(address).logical_id + suffix


def physical(environment: str, name: str, *, limit: int) -> str:
    """Return `{environment}-{name}` in at most `limit` characters. A name that is cut ends in six
    digits of its hash.
    """
    full = f"{environment}-{name.replace('_', '-')}"
    if len(full) <= limit:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()[:6]
    return f"{full[: limit - 7].rstrip('-')}-{digest}"
