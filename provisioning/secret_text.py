"""Encryption of short secrets that the portal must be able to read again: signing secrets of
webhooks, addresses of chat channels, seeds of second factors. Passwords and tokens are hashed, not
encrypted.

The key is derived from SECRET_KEY. Each ciphertext is bound to its purpose, so that one that is
copied to another column does not decrypt there.

To replace SECRET_KEY, put the former one into SECRET_KEY_FALLBACKS: texts that were encrypted with
it are still read. `manage.py prepare` encrypts them again with the new key; after that, the former
key can go.
"""

from __future__ import annotations

import base64
import binascii
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

VERSION: Final = "v1"
_SALT: Final = b"portal secret text v1"
_NONCE_BYTES: Final = 12
"""NIST SP 800-38D: 96 random bits, for fewer than 2³² texts of one key. Each purpose has its own key."""


class UndecryptableError(Exception):
    """The text was changed, belongs to another purpose, or was encrypted with a key that this
    portal no longer has.
    """


def encrypt(text: str, *, purpose: str) -> str:
    """Encrypt with AES-256-GCM. Returns printable ASCII, which starts with the version of the
    format.

    `purpose` names the column, such as `webhook.secret`, and must be given again to decrypt.
    """
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(_key(settings.SECRET_KEY, purpose)).encrypt(nonce, text.encode(), _bound_to(purpose))
    return f"{VERSION}:{base64.urlsafe_b64encode(nonce + sealed).decode('ascii')}"


def decrypt(token: str, *, purpose: str) -> str:
    """Return the text. Raises UndecryptableError."""
    return _open(token, purpose)[0]


def is_current(token: str, *, purpose: str) -> bool:
    """Whether the text was encrypted with SECRET_KEY itself. Raises UndecryptableError."""
    return _open(token, purpose)[1]


def _open(token: str, purpose: str) -> tuple[str, bool]:
    version, _, encoded = token.partition(":")
    if version != VERSION:
        raise UndecryptableError(f"A secret for {purpose} has an unknown format.")
    try:
        sealed = base64.b64decode(encoded, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise UndecryptableError(f"A secret for {purpose} is damaged.") from None
    for number, secret_key in enumerate((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)):
        try:
            opened = AESGCM(_key(secret_key, purpose)).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(purpose)
            )
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            continue
        return opened.decode(), number == 0
    raise UndecryptableError(
        f"A secret for {purpose} cannot be decrypted. Put the SECRET_KEY with which it was stored into "
        "SECRET_KEY_FALLBACKS, or enter the secret again."
    )


def _key(secret_key: str, purpose: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=_SALT, info=purpose.encode())
    return derivation.derive(secret_key.encode())


def _bound_to(purpose: str) -> bytes:
    return f"{VERSION} {purpose}".encode()
