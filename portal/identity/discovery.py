"""Reads the metadata of the OpenID Connect provider, and remembers when it does not answer.

Anybody can open the first page of single sign-on. If each of these requests waited for a provider that
does not answer, they would hold all threads of a process. So one thread at a time reads the
metadata, and after a failure all others get the error at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import OAuth
from authlib.integrations.django_client.apps import DjangoOAuth2App

TIMEOUT_SECONDS: Final = 5
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that only the provider can make. `none` and those with the client's secret are not accepted."""
METADATA_SECONDS: Final = 3_600
FAILURE_SECONDS: Final = 10
WAIT_SECONDS: Final = 1
"""How long a thread waits for the one that reads the metadata, unless the last attempt failed."""


class ProviderError(Exception):
    """The provider does not answer, or not as it must. The message is for users."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What the provider knows of the portal."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str


@dataclass(frozen=True, slots=True)
class _Failure:
    at: float
    sentence: str


def unreachable(error: Exception) -> ProviderError:
    return ProviderError(f"The provider does not answer ({type(error).__name__}). Try again in a minute.")


def read_client(registration: Registration) -> DjangoOAuth2App:
    """Return a client with the provider's metadata. Raises ProviderError and the errors of libraries."""
    issuer = registration.issuer
    client = OAuth().register(
        "portal",
        client_id=registration.client_id,
        client_secret=registration.client_secret,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": registration.scopes,
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_SECONDS,
        },
    )
    metadata = client.load_server_metadata()
    if metadata.get("issuer") != issuer:
        raise ProviderError("The provider’s metadata name another issuer than SSO_ISSUER. Tell a portal admin.")
    metadata["id_token_signing_alg_values_supported"] = list(ALGORITHMS)
    return cast("DjangoOAuth2App", client)


@dataclass(slots=True)
class Discovery:
    """Keeps a client for an hour, and a failure for ten seconds. `seconds` is a clock."""

    read: Callable[[Registration], DjangoOAuth2App] = read_client
    seconds: Callable[[], float] = time.monotonic
    _clients: dict[Registration, tuple[float, DjangoOAuth2App]] = field(default_factory=dict)
    _failures: dict[Registration, _Failure] = field(default_factory=dict)
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def client(self, registration: Registration) -> DjangoOAuth2App:
        """Raises ProviderError."""
        if (client := self._remembered(registration)) is not None:
            return client
        failure = self._failures.get(registration)
        if not self._reading.acquire(timeout=0 if failure else WAIT_SECONDS):
            sentence = "The provider has not answered yet. Try again in a few seconds."
            raise ProviderError(failure.sentence if failure else sentence)
        try:
            return self._remembered(registration) or self._read(registration)
        finally:
            self._reading.release()

    def note_failure(self, registration: Registration, error: ProviderError) -> None:
        """The provider did not answer. The metadata are read again before it is asked for more."""
        self._failures[registration] = _Failure(self.seconds(), str(error))

    def _remembered(self, registration: Registration) -> DjangoOAuth2App | None:
        """Return a client that can be used without a question to the provider."""
        now = self.seconds()
        if (failure := self._failures.get(registration)) is not None:
            if now - failure.at < FAILURE_SECONDS:
                raise ProviderError(failure.sentence)
            return None
        read_at, client = self._clients.get(registration, (0.0, None))
        return client if now - read_at < METADATA_SECONDS else None

    def _read(self, registration: Registration) -> DjangoOAuth2App:
        try:
            client = self.read(registration)
        except ProviderError as error:
            self.note_failure(registration, error)
            raise
        except (requests.RequestException, AuthlibBaseError, ValueError) as error:
            failure = unreachable(error)
            self.note_failure(registration, failure)
            raise failure from error
        self._clients[registration] = (self.seconds(), client)
        self._failures.pop(registration, None)
        return client


discovery: Final = Discovery()
