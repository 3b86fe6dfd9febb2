"""Secrets and signatures of webhooks (Standard Webhooks, symmetric scheme `v1`)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
"""The specification asks for 24 to 64 bytes."""
ROTATION_OVERLAP: Final = timedelta(hours=24)
"""While a receiver changes to a new secret, bodies are signed with both."""
REPLAY_WINDOW: Final = timedelta(minutes=5)
"""Receivers refuse a timestamp that differs by more than this from their own clock."""


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def signature(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return `v1,` and the signature of id, timestamp and body."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")


def headers(active: Sequence[str], *, message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """Return the headers of one attempt, signed with each of the active secrets."""
    signatures = [signature(secret, message_id=message_id, timestamp=timestamp, body=body) for secret in active]
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
