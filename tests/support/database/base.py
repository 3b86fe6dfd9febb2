from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management import call_command
from django.db.backends.postgresql import base, creation, operations

_MIGRATED = "test_portal_migrated"
_LOCK = 20_261_128
"""PostgreSQL's number of an advisory lock: any that nothing else in these tests uses."""


_EMPTY = """
DO $$
DECLARE
    name text;
    has_rows boolean;
BEGIN
    FOREACH name IN ARRAY ARRAY[{names}]::text[] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO has_rows;
        IF has_rows THEN
            EXECUTE format('DELETE FROM %I', name);
        END IF;
    END LOOP;
END $$"""


class DatabaseCreation(creation.DatabaseCreation):
    """Copies a database that one process of the run has migrated: that takes each of them ten seconds."""

    def create_test_db(self, *args: Any, **options: Any) -> str:
        self._migrate_once()
        self.connection.settings_dict["TEST"]["TEMPLATE"] = _MIGRATED
        return super().create_test_db(*args, **options)

    def _migrate_once(self) -> None:
        unfinished = f"{_MIGRATED}_unfinished"
        with self._nodb_cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])  # until this connection ends
            if self._database_exists(cursor, _MIGRATED):
                return
            cursor.execute(f"DROP DATABASE IF EXISTS {unfinished}")
            cursor.execute(f"CREATE DATABASE {unfinished}")
            self._migrate(unfinished)
            cursor.execute(f"ALTER DATABASE {unfinished} RENAME TO {_MIGRATED}")

    def _migrate(self, name: str) -> None:
        before = self.connection.settings_dict["NAME"]
        self.connection.close()
        self.connection.settings_dict["NAME"] = name
        try:
            call_command("migrate", verbosity=0, interactive=False, database=self.connection.alias, run_syncdb=True)
        finally:
            self.connection.close()
            self.connection.settings_dict["NAME"] = before


class DatabaseOperations(operations.DatabaseOperations):
    def sql_flush(self, _style: object, tables: Sequence[str], **options: Any) -> list[str]:
        """Empty the tables that have rows, without their triggers, after waiting for those who still write.
        Truncating all of them takes half a second. Django runs the statements in one transaction.
        """
        assert not any(options.values()), "No test needs sequences that begin at 1 again."
        quoted = [f"'{table}'" for table in tables]
        if not quoted:
            return []
        return [
            "SET LOCAL session_replication_role = replica",
            f"LOCK TABLE {', '.join(map(self.quote_name, tables))} IN SHARE ROW EXCLUSIVE MODE",
            _EMPTY.format(names=", ".join(quoted)),
        ]


class DatabaseWrapper(base.DatabaseWrapper):
    creation_class = DatabaseCreation
    ops_class = DatabaseOperations
