"""Seals the audit events that exist, in the order of their ids, and forbids every change of the log.

Everything that takes long runs beside processes that write events: the indexes are created
concurrently, and events are sealed in batches. Only the last step holds off writers, for the few
events that were written meanwhile. It can be repeated from the start after an interruption.

If these migrations are reversed, 0028 removes all seals. Applied once more, they seal all events anew at
another time, so anchors and exports from before no longer verify.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models, transaction

BATCH = 5_000
WORDS = """
    to_tsvector('simple', subject || ' ' || actor_name || ' ' || action || ' ' || acting_as)
    || to_tsvector('simple', detail)
"""
UNSEALED = "NOT EXISTS (SELECT FROM provisioning_auditseal AS seal WHERE seal.event_id = event.id)"
TRIGGERS = """
DROP TRIGGER IF EXISTS audit_queue_seal ON provisioning_auditevent;
CREATE CONSTRAINT TRIGGER audit_queue_seal AFTER INSERT ON provisioning_auditevent
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION provisioning_queue_audit_seal();

DROP TRIGGER IF EXISTS audit_write_seal ON provisioning_auditpending;
CREATE CONSTRAINT TRIGGER audit_write_seal AFTER INSERT ON provisioning_auditpending
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION provisioning_write_audit_seal();

DROP TRIGGER IF EXISTS audit_keep ON provisioning_auditevent;
CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON provisioning_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION provisioning_keep_audit_log();

DROP TRIGGER IF EXISTS audit_keep ON provisioning_auditseal;
CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON provisioning_auditseal
    FOR EACH STATEMENT EXECUTE FUNCTION provisioning_keep_audit_log();
"""
NO_TRIGGERS = """
DROP TRIGGER audit_keep ON provisioning_auditseal;
DROP TRIGGER audit_keep ON provisioning_auditevent;
DROP TRIGGER audit_write_seal ON provisioning_auditpending;
DROP TRIGGER audit_queue_seal ON provisioning_auditevent;
DELETE FROM provisioning_auditseal;
"""


def index(name, columns, *, condition=""):
    """Create an index beside writers. An attempt that was interrupted leaves one that is not valid."""
    where = f" WHERE {condition}" if condition else ""
    return [
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
        f"CREATE INDEX CONCURRENTLY {name} ON provisioning_auditevent {columns}{where}",
    ]


def listing_index(name, field, *, column="", condition="", q=None):
    columns = f"({column or field}, at DESC, id DESC)" if field else "(at DESC, id DESC)"
    fields = [*([field] if field else []), "-at", "-id"]
    state = models.Index(fields=fields, name=name, condition=q)
    return migrations.RunSQL(
        index(name, columns, condition=condition),
        f"DROP INDEX {name}",
        state_operations=[migrations.AddIndex("auditevent", state)],
    )


def without_own_index(field, to):
    """Drop the index that Django made for a foreign key, and keep the key itself: Django's own operation
    would add it again, and hold off writers while it checks every row.
    """
    key = models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=to)

    def drop(_apps, schema_editor):
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(
                """SELECT name.relname FROM pg_index AS own
                JOIN pg_class AS name ON name.oid = own.indexrelid
                JOIN pg_attribute AS part ON part.attrelid = own.indrelid AND part.attnum = own.indkey[0]
                WHERE own.indrelid = 'provisioning_auditevent'::regclass AND own.indnatts = 1
                AND own.indpred IS NULL AND part.attname = %s""",
                [f"{field}_id"],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')

    return migrations.SeparateDatabaseAndState(
        [migrations.RunPython(drop, migrations.RunPython.noop)], [migrations.AlterField("auditevent", field, key)]
    )


def seal_in_batches(apps, schema_editor):
    last = 0
    with schema_editor.connection.cursor() as cursor:
        while last is not None:
            cursor.execute(
                f"""WITH batch AS (SELECT id FROM provisioning_auditevent AS event
                    WHERE id > %s AND {UNSEALED} ORDER BY id LIMIT %s),
                sealed AS MATERIALIZED (SELECT id, provisioning_seal_audit_event(id) FROM batch)
                SELECT max(id) FROM sealed""",
                [last, BATCH],
            )
            (last,) = cursor.fetchone()


def seal_the_rest_and_add_triggers(apps, schema_editor):
    with transaction.atomic(using=schema_editor.connection.alias), schema_editor.connection.cursor() as cursor:
        cursor.execute("LOCK TABLE provisioning_auditevent IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(
            f"""SELECT provisioning_seal_audit_event(id)
            FROM (SELECT id FROM provisioning_auditevent AS event WHERE {UNSEALED} ORDER BY id) AS missed"""
        )
        cursor.execute(TRIGGERS)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ("provisioning", "0028_audit_seals"),
    ]

    operations = [
        listing_index("audit_by_time", ""),
        listing_index("audit_by_actor", "actor", column="actor_id"),
        listing_index("audit_by_team", "team", column="team_id"),
        listing_index("audit_by_action", "action"),
        listing_index("audit_by_address", "address", condition="address <> ''", q=~models.Q(address="")),
        listing_index("audit_by_subject", "subject_id", condition="subject_id <> ''", q=~models.Q(subject_id="")),
        migrations.RunSQL(index("audit_words", f"USING gin (({WORDS}))"), "DROP INDEX audit_words"),
        without_own_index("actor", settings.AUTH_USER_MODEL),
        without_own_index("team", "provisioning.team"),
        without_own_index("environment", "provisioning.environment"),
        migrations.RunPython(seal_in_batches, migrations.RunPython.noop),
        migrations.RunPython(
            seal_the_rest_and_add_triggers, lambda _apps, schema_editor: schema_editor.execute(NO_TRIGGERS)
        ),
    ]
