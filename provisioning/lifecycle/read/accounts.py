"""The accounts as the pages of portal admins and the API list them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from provisioning.errors import NotFound
from provisioning.lifecycle.access import check_may_see_accounts
from provisioning.lifecycle.connection.report import ConnectionReport
from provisioning.lifecycle.states import NO_LONGER_THERE
from provisioning.models import Account, AccountState, AccountTest, Connection, Environment, User

NO_SUCH_ACCOUNT = "This account does not exist. It may have been removed."


@dataclass(frozen=True, slots=True)
class AccountRow:
    """`teams` counts the teams that may use it, `environments` those that live in it."""

    id: UUID
    name: str
    account_id: str
    sizes: tuple[str, ...]
    regions: tuple[str, ...]
    state: AccountState
    connection: Connection
    tested_at: datetime | None
    is_sandbox: bool
    teams: int
    environments: int


@dataclass(frozen=True, slots=True)
class StoredTest:
    """The last connection test of an account. `tested_by` is None for a command."""

    tested_at: datetime
    tested_by: User | None
    report: ConnectionReport


def account_rows(user: User) -> list[AccountRow]:
    """Return every account by name. Raises NotAllowed. Two queries: an installation has a few dozen."""
    check_may_see_accounts(user)
    living = dict(
        Environment.objects.exclude(state__in=NO_LONGER_THERE)
        .values_list("account_id")
        .annotate(number=Count("pk"))
        .order_by()
    )
    rows = Account.objects.annotate(teams=Count("account_teams")).order_by("name")
    columns = (
        "pk",
        "name",
        "account_id",
        "sizes",
        "regions",
        "state",
        "connection",
        "last_test__tested_at",
        "is_sandbox",
    )
    return [
        AccountRow(
            id=pk,
            name=name,
            account_id=account_id,
            sizes=tuple(sizes),
            regions=tuple(regions),
            state=AccountState(state),
            connection=Connection(connection),
            tested_at=tested_at,
            is_sandbox=is_sandbox,
            teams=teams,
            environments=living.get(pk, 0),
        )
        for pk, name, account_id, sizes, regions, state, connection, tested_at, is_sandbox, teams in rows.values_list(
            *columns, "teams"
        )
    ]


def get_account_for(user: User, pk: UUID) -> Account:
    """Return an account for somebody who may see all of them. Raises NotAllowed and NotFound."""
    check_may_see_accounts(user)
    account = Account.objects.filter(pk=pk).first()
    if account is None:
        raise NotFound(NO_SUCH_ACCOUNT)
    return account


def last_test_of(account: Account) -> StoredTest | None:
    row = AccountTest.objects.filter(account=account).select_related("tested_by").first()
    return None if row is None else StoredTest(row.tested_at, row.tested_by, ConnectionReport.from_json(row.report))
