"""The tokens of a person, or of a team, as the page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portal.pages.tokens.forms import TokenForm
from portal.web.cli_wheel import WHEEL_NAME, cli_wheel_sha256
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import Permission, may
from provisioning.lifecycle.services.tokens import (
    SERVICE_SCOPES,
    NewToken,
    Scope,
    may_revoke_tokens_of,
    tokens_of_person,
    tokens_of_team,
)
from provisioning.models import ApiToken, Team, User

_SERVICE_SCOPES: Final = tuple(scope for scope in Scope if scope in SERVICE_SCOPES)


@dataclass(frozen=True, slots=True)
class TokenRow:
    token: ApiToken
    state: str
    badge: str

    @property
    def is_valid(self) -> bool:
        return self.state == "Valid"


@dataclass(frozen=True, slots=True)
class TokensPage:
    """`team` is None for a person's own tokens. `created` has the text of a new token, shown once."""

    team: Team | None
    valid: tuple[TokenRow, ...]
    ended: tuple[TokenRow, ...]
    form: TokenForm | None
    created: NewToken | None
    may_revoke: bool

    @property
    def install_command(self) -> str:
        """For the folder into which the browser has saved the wheel."""
        return f"pip install ./{WHEEL_NAME}"

    @property
    def wheel_sha256(self) -> str:
        return cli_wheel_sha256()


def token_form(user: User, team: Team | None, data: object = None) -> TokenForm | None:
    """The form, or None for a member who may only look at the team's tokens."""
    if team is not None and not may(user, team, Permission.MANAGE):
        return None
    return TokenForm(Scope if team is None else _SERVICE_SCOPES, data)


def tokens_page(
    user: User, team: Team | None, *, form: TokenForm | None = None, created: NewToken | None = None
) -> TokensPage:
    tokens = tokens_of_person(user) if team is None else tokens_of_team(actor=user, team=team)
    now = clock.now()
    rows = [_row(token, now) for token in tokens]
    return TokensPage(
        team=team,
        valid=tuple(row for row in rows if row.is_valid),
        ended=tuple(row for row in rows if not row.is_valid),
        form=form if form is not None else token_form(user, team),
        created=created,
        may_revoke=team is None or may_revoke_tokens_of(user, team),
    )


def _row(token: ApiToken, now: datetime) -> TokenRow:
    if token.revoked_at is not None:
        return TokenRow(token, "Revoked", "idle")
    if token.expires_at <= now:
        return TokenRow(token, "Expired", "idle")
    return TokenRow(token, "Valid", "ok")
