"""Migrations that are not delivered yet hold off no writer of a large table while they read its rows.

An index is created concurrently, a constraint is first added without looking at the rows, and a new
column needs neither an index nor a value that is computed for each row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

APP = "provisioning"
DELIVERED = "0020_change_sets_to_clean_up"
LARGE = (
    "auditevent",
    "environment",
    "operation",
    "plan",
    "request",
    "stack",
    "stackresource",
    "transition",
)
_INDEX = re.compile(r"CREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)", re.IGNORECASE)
_REWRITES = re.compile(r"ALTER\s+COLUMN\s+\S+\s+(SET\s+DATA\s+)?TYPE|SET\s+NOT\s+NULL", re.IGNORECASE)


def faults(name: str, migration: migrations.Migration, state: ProjectState) -> Iterator[str]:
    """What the migration does to large tables that takes as long as they have rows, as sentences.
    `state` is the one before it, and the one after it in the end.
    """
    for operation in migration.operations:
        large = str(getattr(operation, "model_name", "")).lower() in LARGE
        concurrent = isinstance(operation, AddIndexConcurrently)
        where = f"{name}: {operation.describe()}"
        if (concurrent or isinstance(operation, ValidateConstraint)) and migration.atomic:
            yield f"{where}. Set atomic = False."
        if large and not concurrent and (complaint := fault(operation, state)):
            yield f"{where}. {complaint}"
        if isinstance(operation, migrations.RunSQL) and (complaint := fault_of_sql(str(operation.sql))):
            yield f"{where}. {complaint}"
        operation.state_forwards(APP, state)


def fault(operation: Any, state: ProjectState) -> str:
    complaint = ""
    match operation:
        case migrations.AddIndex():
            complaint = "Use AddIndexAgainConcurrently."
        case migrations.AddConstraint() if not isinstance(operation, AddConstraintNotValid):
            complaint = "Use AddConstraintNotValid and ValidateConstraint, or a unique index, created concurrently."
        case migrations.AddField(field=field) if field.unique or field.db_index:
            complaint = "Add the column with db_index=False, and its index concurrently."
        case migrations.AddField(field=field) if not field.null and not field.has_db_default():
            complaint = "Give the column a db_default."
        case migrations.AddField(field=field) if is_computed(field.db_default):
            complaint = "Let the db_default be a constant."
        case migrations.AlterField():
            complaint = fault_of_column(operation, state)
    return complaint


def is_computed(db_default: object) -> bool:
    return isinstance(db_default, models.Expression) and not isinstance(db_default, models.Value)


def fault_of_column(operation: migrations.AlterField, state: ProjectState) -> str:
    model = state.apps.get_model(APP, operation.model_name)
    old, new = model._meta.get_field(operation.name), operation.field.clone()
    new.set_attributes_from_name(operation.name)
    new.model = model
    if old.db_type(connection) != new.db_type(connection) or (old.null and not new.null):
        return "PostgreSQL reads or writes every row for this. Add a new column instead."
    return "Add the index concurrently." if (new.db_index, new.unique) > (old.db_index, old.unique) else ""


def fault_of_sql(sql: str) -> str:
    if not any(f"{APP}_{model}" in sql for model in LARGE):
        return ""
    if _INDEX.search(sql):
        return "Create the index concurrently."
    return "PostgreSQL reads or writes every row for this." if _REWRITES.search(sql) else ""


@pytest.fixture(scope="module")
def loader() -> MigrationLoader:
    return MigrationLoader(None)


def test_no_new_migration_holds_off_writers_of_a_large_table(loader: MigrationLoader) -> None:
    names = sorted(name for app, name in loader.disk_migrations if app == APP and name > DELIVERED)
    assert names[0].startswith("0021")
    state = loader.project_state((APP, DELIVERED))
    found = [each for name in names for each in faults(name, loader.disk_migrations[APP, name], state)]
    assert found == []


def test_delivered_migrations_show_what_the_check_finds(loader: MigrationLoader) -> None:
    """0019 was delivered when tables were small. It creates four indexes of these tables at once."""
    state = loader.project_state((APP, "0018_physical_ids_of_any_length"))
    found = list(faults("0019", loader.disk_migrations[APP, "0019_indexes_of_lists"], state))
    assert len(found) == 4
    assert all("AddIndexAgainConcurrently" in each for each in found)


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddIndex("request", models.Index(fields=["note"], name="x")),
        migrations.AddConstraint("environment", models.UniqueConstraint(fields=["name"], name="x")),
        migrations.AddConstraint("operation", models.CheckConstraint(condition=models.Q(kind="x"), name="x")),
        migrations.AddField("request", "x", models.TextField(default="")),
        migrations.AddField("request", "x", models.TextField(db_default="", db_index=True)),
        migrations.AddField("request", "x", models.ForeignKey(f"{APP}.user", models.PROTECT, null=True)),
        migrations.AddField("request", "x", models.DateTimeField(db_default=models.functions.Now())),
        migrations.AlterField("environment", "name", models.CharField(max_length=10)),
        migrations.AlterField("request", "expires_at", models.DateTimeField()),
        migrations.RunSQL(f"CREATE INDEX x ON {APP}_auditevent (at)"),
        migrations.RunSQL(f"ALTER TABLE {APP}_request ALTER COLUMN note SET NOT NULL"),
        AddIndexConcurrently("request", models.Index(fields=["note"], name="x")),  # in a transaction
    ],
    ids=lambda operation: operation.describe(),
)
def test_each_kind_of_fault_is_found(loader: MigrationLoader, operation: Any) -> None:
    migration = migrations.Migration("x", APP)
    migration.operations = [operation]
    assert len(list(faults("x", migration, loader.project_state((APP, DELIVERED))))) == 1


def test_what_takes_no_time_is_no_fault(loader: MigrationLoader) -> None:
    migration = migrations.Migration("x", APP)
    migration.atomic = False
    migration.operations = [
        migrations.AddField("request", "x", models.TextField(db_default="")),
        migrations.AddField("request", "y", models.DateTimeField(null=True)),
        migrations.AddIndex("membership", models.Index(fields=["role"], name="x")),
        AddIndexConcurrently("request", models.Index(fields=["note"], name="y")),
    ]
    assert list(faults("x", migration, loader.project_state((APP, DELIVERED)))) == []
