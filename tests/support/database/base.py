from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.db.backends.postgresql import base, creation, operations

_MIGRATED = "test_portal_migrated"
_LOCK = 20_261_128
"""PostgreSQL's number of an advisory lock: any that nothing else in these tests uses."""


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
    def sql_flush(self, *args: Any, **options: Any) -> list[str]:
        """Empty the tables without their triggers. Django runs the statements in one transaction."""
        statements = super().sql_flush(*args, **options)
        return ["SET LOCAL session_replication_role = replica", *statements] if statements else []


class DatabaseWrapper(base.DatabaseWrapper):
    creation_class = DatabaseCreation
    ops_class = DatabaseOperations
