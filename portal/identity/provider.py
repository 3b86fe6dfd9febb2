"""Single sign-on with an OpenID Connect provider. Authlib speaks the protocol: discovery, PKCE, state,
nonce, and the signature of the ID token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import requests
from authlib.common.errors import AuthlibBaseError
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from joserfc.errors import JoseError

from portal.identity.discovery import ProviderError, Registration, discovery, unreachable

_CLOCK_DIFFERENCE_SECONDS: Final = 60


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
    client = discovery.client(_registration())
    try:
        return cast("HttpResponse", client.authorize_redirect(request, callback, **demand))
    except (requests.RequestException, AuthlibBaseError, ValueError) as error:
        raise unreachable(error) from error


def user_from_callback(request: HttpRequest) -> ProviderUser:
    """Return the user with whom the provider sent the browser back. Raises ProviderError."""
    try:
        if request.GET.get("iss", settings.SSO_ISSUER) != settings.SSO_ISSUER:  # RFC 9207
            raise ProviderError("The answer comes from another provider.")
        client = discovery.client(_registration())
        token = client.authorize_access_token(request)
        claims = token.get("userinfo")
        if not claims or not _is_for_us(claims):
            raise ProviderError("The provider sent no ID token for this portal.")
        if settings.SSO_GROUPS_CLAIM not in claims and client.load_server_metadata().get("userinfo_endpoint"):
            more = client.userinfo(token=token)
            # OpenID Connect Core 1.0, 5.3.2: the subject must match, or the answer must not be used.
            claims = {**more, **claims} if more.get("sub") == claims["sub"] else claims
    except requests.RequestException as error:
        failure = unreachable(error)
        if isinstance(error, (requests.ConnectionError, requests.Timeout)):  # others may answer to what was sent
            discovery.note_failure(_registration(), failure)
        raise failure from error
    except (AuthlibBaseError, JoseError, ValueError, KeyError) as error:
        name = getattr(error, "error", "") or type(error).__name__
        raise ProviderError(f"The provider’s answer is not valid ({name}). Start again.") from error
    return _user(claims)


def is_fresh(user: ProviderUser, *, since: int) -> bool:
    """Whether the person has proved who they are since then (seconds since the epoch).

    OpenID Connect Core 1.0, 2: `auth_time` is required where `max_age` was asked for.
    """
    return user.authenticated_at is not None and user.authenticated_at >= since - _CLOCK_DIFFERENCE_SECONDS


def _registration() -> Registration:
    return Registration(
        settings.SSO_ISSUER, settings.SSO_CLIENT_ID, settings.SSO_CLIENT_SECRET, scopes=settings.SSO_SCOPES
    )


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
