"""What people have approved, recorded by the database at that moment.

A trigger copies the plan when the transaction that approves a request commits. It knows nothing
of the engine.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

_SETUP = """
CREATE TABLE IF NOT EXISTS simulation_approval (
    request_id uuid, environment_id uuid, kind text, digest text, content jsonb, account_id text, role_arn text
);
CREATE OR REPLACE FUNCTION simulation_record_approval() RETURNS trigger AS $$
BEGIN
    IF NEW.state = 'approved' AND (TG_OP = 'INSERT' OR OLD.state <> 'approved') THEN
        INSERT INTO simulation_approval
        SELECT NEW.id, NEW.environment_id, NEW.kind, p.digest, to_jsonb(p.content), a.account_id, e.stack_role_arn
        FROM provisioning_plan p, provisioning_environment e, provisioning_account a
        WHERE p.id = NEW.plan_id AND e.id = NEW.environment_id AND a.id = e.account_id;
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS simulation_approval ON provisioning_request;
CREATE CONSTRAINT TRIGGER simulation_approval AFTER INSERT OR UPDATE ON provisioning_request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION simulation_record_approval();
"""


@dataclass(frozen=True)
class Approved:
    request_id: str
    kind: str
    digest: str
    document: dict[str, Any]
    account_id: str
    role_arn: str


def record_approvals() -> None:
    """Install the trigger. Once for each database."""
    with connection.cursor() as cursor:
        cursor.execute(_SETUP)


def forget_approvals() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE simulation_approval")


def approvals_of(environment_id: str) -> list[Approved]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request_id, kind, digest, content::text, account_id, role_arn FROM simulation_approval"
            " WHERE environment_id = %s",
            [environment_id],
        )
        rows = cursor.fetchall()
    return [
        Approved(str(request_id), kind, digest, json.loads(content), account_id, role_arn)
        for request_id, kind, digest, content, account_id, role_arn in rows
    ]
