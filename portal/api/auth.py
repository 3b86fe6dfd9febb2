"""Who is calling: the owner of the token, within the token's scopes."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from ninja.security import HttpBearer

from portal.api import rate_limit
from portal.api.errors import ApiError
from portal.identity.second_factor import has_second_factor, is_required
from portal.web.refusals import note_refusal
from provisioning.errors import NotAllowed
from provisioning.lifecycle import audit_context, clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.audit_context import Via
from provisioning.lifecycle.services.former_access import uses_single_sign_on
from provisioning.lifecycle.services.tokens import Scope, find_token, note_use
from provisioning.models import ApiToken, User

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Token(HttpBearer):
    """`scope` is what a call with this method needs; a GET needs `read`, whatever the route says."""

    def __init__(self, scope: Scope = Scope.OPERATE) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """Return the token. Raises ApiError if it lacks the scope, or if there are too many calls."""
        presented = find_token(token)
        if presented is None:
            rate_limit.check_failures(request)
            if rate_limit.note_failure(request):
                audit_event(AuditAction.TOKEN_REFUSE, actor=None, at=clock.now(), subject="a token that is not valid")
            return None
        found = presented.token
        rate_limit.check_calls(request, found)
        request.user = found.owner
        audit_context.amend(via=Via.API, credential=f"token {found.pk}", acting_as=_acting_as(found))
        _check_scope(request, found, needed_scope(request.method or "", self))
        _check_second_factor(request, found.owner)
        note_use(found, at=presented.at)
        _check_media_type(request)
        return found


def needed_scope(method: str, auth: Token) -> Scope:
    return Scope.READ if method in _SAFE_METHODS else auth.scope


def _acting_as(token: ApiToken) -> str:
    return f"service token {token.name} of {token.team.name}" if token.team is not None else ""


def _check_scope(request: HttpRequest, token: ApiToken, scope: Scope) -> None:
    if str(scope) in token.scopes:
        return
    sentence = f"The token {token.name} lacks the scope {scope}. Create one that has it."
    note_refusal(request, NotAllowed(sentence))
    raise ApiError("scope_missing", sentence)


def _check_second_factor(request: HttpRequest, owner: User) -> None:
    """Refuse the tokens of those who can do nothing on the pages before they have set up a second factor. The
    provider of single sign-on decides on its own factors.
    """
    if not is_required(owner) or has_second_factor(owner) or uses_single_sign_on(owner):
        return
    sentence = (
        "Portal admins and approvers need a second factor here. Set one up under Profile, then use the token again."
    )
    note_refusal(request, NotAllowed(sentence))
    raise ApiError("second_factor_missing", sentence)


def _check_media_type(request: HttpRequest) -> None:
    if request.method not in _SAFE_METHODS and request.body and request.content_type != "application/json":
        raise ApiError("unsupported_media_type", "Send the body as JSON, with Content-Type: application/json.")


def caller(request: HttpRequest) -> User:
    """Return the user as whom the call acts."""
    user = request.user
    if not isinstance(user, User):
        raise NotAllowed("Send a token.")
    return user
