"""The scope of a rule: where it applies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from provisioning.models import Account, Rule, Team

SIZE_TITLES: Final = {"dev": "Development", "staging": "Staging", "prod": "Production"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a rule applies: everywhere, or where size, account and team are these."""

    size: str = ""
    account: Account | None = None
    team: Team | None = None

    @property
    def key(self) -> str:
        """The scope as text, unique among rules."""
        parts = (
            ("size", self.size),
            ("account", str(self.account.pk) if self.account is not None else ""),
            ("team", str(self.team.pk) if self.team is not None else ""),
        )
        return " ".join(f"{name}={value}" for name, value in parts if value) or "portal"

    @property
    def title(self) -> str:
        """As people read it: "Production in sandbox-prod", "Development of Payments"."""
        title = SIZE_TITLES.get(self.size, self.size) if self.size else ""
        if self.account is not None:
            title = f"{title} in {self.account.name}" if title else self.account.name
        if self.team is not None:
            title = f"{title} of {self.team.name}" if title else self.team.name
        return title or "Whole portal"

    def covers(self, *, size: str, account_id: UUID, team_id: UUID) -> bool:
        """Whether an environment of this size, account and team is within the scope."""
        return (
            self.size in ("", size)
            and (self.account is None or self.account.pk == account_id)
            and (self.team is None or self.team.pk == team_id)
        )


def scope_of(rule: Rule) -> Scope:
    return Scope(size=rule.size, account=rule.account, team=rule.team)
