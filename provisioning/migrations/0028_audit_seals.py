"""The seals of audit events, and the functions that write them. The migration after this one seals the events that
exist, and adds the triggers.
"""

from django.db import migrations, models

# The arbitrary key of the lock that serializes the seals.
FUNCTIONS = """
CREATE FUNCTION provisioning_seal_audit_event(sealed_event bigint) RETURNS void
LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    next_position bigint;
    last_hash bytea;
    canonical text;
    moment timestamptz;
BEGIN
    -- Held to the end of the transaction, so that the seal before this one is committed when it is read.
    PERFORM pg_advisory_xact_lock(7310446229041712);
    SELECT position + 1, hash INTO next_position, last_hash
        FROM provisioning_auditseal ORDER BY position DESC LIMIT 1;
    IF NOT FOUND THEN
        next_position := 1;
        last_hash := decode(repeat('00', 32), 'hex');
    END IF;
    SELECT jsonb_object_agg(key, value)::text INTO canonical
        FROM provisioning_auditevent AS event, jsonb_each(to_jsonb(event))
        WHERE event.id = sealed_event AND value <> 'null';
    moment := clock_timestamp();
    INSERT INTO provisioning_auditseal (position, event_id, previous_hash, hash, sealed_at)
    VALUES (next_position, sealed_event, last_hash, sha256(convert_to(concat_ws(E'\\n',
        next_position, to_char(moment, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), encode(last_hash, 'hex'), canonical
    ), 'UTF8')), moment);
END $$;

CREATE UNLOGGED TABLE provisioning_auditpending (event_id bigint PRIMARY KEY);

-- The first of two triggers that run when a transaction commits. It only queues the second one
-- behind all checks of foreign keys, which may wait for a lock of another transaction.
CREATE FUNCTION provisioning_queue_audit_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO provisioning_auditpending VALUES (NEW.id);
    RETURN NULL;
END $$;

CREATE FUNCTION provisioning_write_audit_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM provisioning_seal_audit_event(NEW.event_id);
    DELETE FROM provisioning_auditpending WHERE event_id = NEW.event_id;
    RETURN NULL;
END $$;

CREATE FUNCTION provisioning_keep_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit log is append-only: % of % is forbidden.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""
REVERSE = """
DROP FUNCTION provisioning_keep_audit_log, provisioning_write_audit_seal, provisioning_queue_audit_seal;
DROP TABLE provisioning_auditpending;
DROP FUNCTION provisioning_seal_audit_event;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0027_accounts_being_connected'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditSeal',
            fields=[
                ('position', models.BigIntegerField(primary_key=True, serialize=False)),
                ('event', models.OneToOneField(db_constraint=False, on_delete=models.deletion.PROTECT, related_name='seal', to='provisioning.auditevent')),
                ('previous_hash', models.BinaryField(max_length=32)),
                ('hash', models.BinaryField(max_length=32)),
                ('sealed_at', models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(FUNCTIONS, REVERSE),
    ]
