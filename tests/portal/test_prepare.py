"""`manage.py prepare`: migrations under a lock, and the first administrator."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg.conninfo import make_conninfo
from pytest_django import Settings

from portal.management.commands.prepare import LOCK
from provisioning.models import User

PASSWORD = "Qf7tRz2LmX9vBw4K"


def prepare() -> str:
    out = StringIO()
    call_command("prepare", stdout=out, verbosity=0)
    return out.getvalue()


@pytest.fixture
def admin(settings: Settings) -> None:
    settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD = "root_of_it", PASSWORD


@pytest.mark.django_db
@pytest.mark.usefixtures("admin")
def test_an_empty_installation_gets_its_first_administrator_once() -> None:
    assert "Created the first administrator, root_of_it." in prepare()
    made = User.objects.get()
    assert made.is_superuser
    assert made.is_staff
    assert made.check_password(PASSWORD)
    made.set_password("another-long-password")
    made.save()
    assert prepare() == ""
    assert User.objects.get().check_password("another-long-password")


@pytest.mark.django_db
@pytest.mark.usefixtures("admin")
def test_where_somebody_exists_nobody_is_made() -> None:
    User.objects.create_user("alice")
    prepare()
    assert list(User.objects.values_list("username", flat=True)) == ["alice"]


@pytest.mark.django_db
def test_without_a_name_and_a_password_nobody_is_made(settings: Settings) -> None:
    settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD = "root_of_it", ""
    prepare()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_weak_first_password_is_refused(settings: Settings) -> None:
    settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD = "root_of_it", "password"
    with pytest.raises(CommandError, match=r"ADMIN_PASSWORD is refused: .*too short"):
        prepare()


@pytest.fixture
def another_holds_the_lock() -> Iterator[psycopg.Connection]:
    values = {key: str(value) for key, value in connection.get_connection_params().items() if key in _LIBPQ}
    with psycopg.connect(make_conninfo(**values), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        yield other


_LIBPQ = {"host", "port", "user", "password", "dbname"}


@pytest.mark.django_db(transaction=True)
def test_it_waits_for_another_that_prepares(another_holds_the_lock: psycopg.Connection) -> None:
    done = threading.Event()

    def run() -> None:
        prepare()
        connection.close()
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    for _ in range(200):
        row = another_holds_the_lock.execute(waits).fetchone()
        if row and row[0]:
            break
        assert not done.wait(0.05)
    else:
        pytest.fail("it never asked for the lock")
    another_holds_the_lock.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    assert done.wait(30)
    thread.join()
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    assert another_holds_the_lock.execute(held).fetchone() == (0,)
