"""Names: logical ids inside a template, and physical names that carry the environment's name."""

from __future__ import annotations

import hashlib
import re

_WORD = re.compile(r"[A-Za-z0-9]+")


def pascal(text: str) -> str:
    """`search_key` becomes `SearchKey`."""
    return "".join(word[0].upper() + word[1:] for word in _WORD.findall(text))


def logical_id(address: str, suffix: str = "") -> str:
    """The logical id of a component's resource: `bucket.media`, `Policy` becomes `BucketMediaPolicy`.

    The name `main` says nothing and is left out (`PostgresKey`): a template has to fit into 51,200 bytes.
    """
    return pascal(address.removesuffix(".main")) + suffix


def physical(environment: str, name: str, *, limit: int) -> str:
    """`{environment}-{name}` in at most `limit` characters; what is cut is told apart by six digits of its hash."""
    full = f"{environment}-{name.replace('_', '-')}"
    if len(full) <= limit:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()[:6]
    return f"{full[: limit - 7].rstrip('-')}-{digest}"


def short(kind: str, name: str) -> str:
    """What a component is called among others of any kind: `redis.main` is `redis`, `redis.locks` is `redis-locks`."""
    return kind if name == "main" else f"{kind}-{name}"
