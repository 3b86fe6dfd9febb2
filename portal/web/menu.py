"""The entries of the menu with the user's initials, in the order in which it shows them.

Each entry has its own line here. An entry is shown to the users for whom its page is of use; the
page itself checks the permission.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provisioning.lifecycle.access import (
    is_admin,
    is_approver,
    is_auditor,
    is_delegate,
    may_see_accounts,
    may_see_orphans,
    may_see_people,
    may_see_rules,
)
from provisioning.models import User


@dataclass(frozen=True, slots=True)
class Entry:
    """`page` is the name of a URL without arguments."""

    title: str
    page: str
    is_shown_to: Callable[[User], bool]


ENTRIES: Final = (
    Entry("Your profile", "profile", lambda _user: True),
    Entry("Notifications", "notifications", lambda _user: True),
    Entry("Webhooks", "webhooks", is_admin),
    Entry("Your tokens", "tokens", lambda _user: True),
    Entry("API reference", "api_reference", lambda _user: True),
    Entry("Delegate my approvals", "delegation", lambda user: is_approver(user) or is_delegate(user)),
    Entry("Audit log", "audit", is_auditor),
    Entry("Set up", "setup", is_admin),
    Entry("Accounts", "accounts", may_see_accounts),
    Entry("Rules", "rules", may_see_rules),
    Entry("People", "people", may_see_people),
    Entry("Orphans", "orphans", may_see_orphans),
)


def entries_for(user: User) -> list[Entry]:
    return [entry for entry in ENTRIES if entry.is_shown_to(user)]
