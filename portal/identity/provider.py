"""Single sign-on with an OpenID Connect provider. Authlib speaks the protocol: discovery, PKCE, state,
nonce, and the signature of the ID token.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import OAuth
from authlib.integrations.django_client.apps import DjangoOAuth2App
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from joserfc.errors import JoseError

TIMEOUT_SECONDS: Final = 5
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that only the provider can make. `none` and those with the client's secret are not accepted."""
_CLOCK_DIFFERENCE_SECONDS: Final = 60
_METADATA_SECONDS: Final = 3_600


class ProviderError(Exception):
    """The provider does not answer, or not as it must. The message is for users."""


@dataclass(frozen=True, slots=True)
class ProviderUser:
    """Who the provider says that somebody is. `email` is empty unless the provider has verified it.

    `authenticated_at` is when the person last proved who they are, in seconds since the epoch; None
    if the provider does not say.
    """

    issuer: str
    subject: str
    username: str
    first_name: str
    last_name: str
    email: str
    groups: frozenset[str]
    authenticated_at: int | None


def redirect_to_provider(request: HttpRequest, *, again: bool) -> HttpResponse:
    """Send the browser to the provider. `again` asks that the person proves again who they are.

    `max_age` makes the provider say when that was. Raises ProviderError.
    """
    callback = request.build_absolute_uri(reverse("sign_in_sso_callback"))
    demand = {"prompt": "login", "max_age": "60"} if again else {}
    try:
        return cast("HttpResponse", _client().authorize_redirect(request, callback, **demand))
    except (requests.RequestException, AuthlibBaseError, ValueError) as error:
        raise _unreachable(error) from error


def user_from_callback(request: HttpRequest) -> ProviderUser:
    """Return the user with whom the provider sent the browser back. Raises ProviderError."""
    try:
        if request.GET.get("iss", settings.SSO_ISSUER) != settings.SSO_ISSUER:  # RFC 9207
            raise ProviderError("The answer comes from another provider.")
        client = _client()
        token = client.authorize_access_token(request)
        claims = token.get("userinfo")
        if not claims or not _is_for_us(claims):
            raise ProviderError("The provider sent no ID token for this portal.")
        if settings.SSO_GROUPS_CLAIM not in claims and client.load_server_metadata().get("userinfo_endpoint"):
            more = client.userinfo(token=token)
            # OpenID Connect Core 1.0, 5.3.2: the subject must match, or the answer must not be used.
            claims = {**more, **claims} if more.get("sub") == claims["sub"] else claims
    except requests.RequestException as error:
        raise _unreachable(error) from error
    except (AuthlibBaseError, JoseError, ValueError, KeyError) as error:
        name = getattr(error, "error", "") or type(error).__name__
        raise ProviderError(f"The provider’s answer is not valid ({name}). Start again.") from error
    return _user(claims)


def is_fresh(user: ProviderUser, *, since: int) -> bool:
    """Whether the person has proved who they are since then (seconds since the epoch).

    OpenID Connect Core 1.0, 2: `auth_time` is required where `max_age` was asked for.
    """
    return user.authenticated_at is not None and user.authenticated_at >= since - _CLOCK_DIFFERENCE_SECONDS


def _client() -> DjangoOAuth2App:
    return _client_of(
        settings.SSO_ISSUER,
        settings.SSO_CLIENT_ID,
        settings.SSO_CLIENT_SECRET,
        settings.SSO_SCOPES,
        int(time.monotonic() / _METADATA_SECONDS),
    )


@lru_cache(maxsize=2)
def _client_of(issuer: str, client_id: str, client_secret: str, scopes: str, _hour: int) -> DjangoOAuth2App:
    """Return the client, which reads the provider's metadata once. They are read again every hour.

    Raises ProviderError and requests' errors.
    """
    client = OAuth().register(
        "portal",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": scopes, "code_challenge_method": "S256", "default_timeout": TIMEOUT_SECONDS},
    )
    metadata = client.load_server_metadata()
    if metadata.get("issuer") != issuer:
        raise ProviderError("The provider’s metadata name another issuer than SSO_ISSUER. Tell a portal admin.")
    metadata["id_token_signing_alg_values_supported"] = list(ALGORITHMS)
    return cast("DjangoOAuth2App", client)


def _is_for_us(claims: Mapping[str, Any]) -> bool:
    """Check issuer and audience once more, whatever the metadata say."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    return claims.get("iss") == settings.SSO_ISSUER and settings.SSO_CLIENT_ID in audiences


def _user(claims: Mapping[str, Any]) -> ProviderUser:
    groups = claims.get(settings.SSO_GROUPS_CLAIM) or []
    at = claims.get("auth_time")
    return ProviderUser(
        issuer=settings.SSO_ISSUER,
        subject=_text(claims, "sub"),
        username=_text(claims, "preferred_username") or _text(claims, "email").partition("@")[0],
        first_name=_text(claims, "given_name") or _text(claims, "name"),
        last_name=_text(claims, "family_name"),
        email=_text(claims, "email") if claims.get("email_verified") is True else "",
        groups=frozenset([groups] if isinstance(groups, str) else [str(group) for group in groups]),
        authenticated_at=int(at) if isinstance(at, (int, float)) else None,
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _unreachable(error: Exception) -> ProviderError:
    return ProviderError(f"The provider does not answer ({type(error).__name__}). Try again in a minute.")
