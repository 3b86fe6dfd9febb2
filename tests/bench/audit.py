"""The audit log at a million rows: what sealing costs a writer, verifying, and each filter."""

from __future__ import annotations

import os
import tracemalloc
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache

from django.db import connection, transaction
from django.utils import timezone

from provisioning.lifecycle import clock
from provisioning.lifecycle.access import AuditScope, audit_scope
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.audit_chain import verify_log
from provisioning.lifecycle.read.audit import AuditFilter, audit_listing
from provisioning.models import AuditEvent, Team, User
from tests.bench.measure import median_seconds, once

ROWS = int(os.environ.get("BENCH_AUDIT_ROWS", "1000000"))
WRITERS = 8
EACH = 200
SEALED_AT_ONCE = 5_000
_ACTIONS = (
    "request:create",
    "request:change",
    "request:approve",
    "operation:succeeded",
    "sign_in:succeed",
    "sign_in:fail",
)
# Every row is an hour's twelfth before the next. A thousand people, and names as people give them.
_FILL = """
INSERT INTO provisioning_auditevent
    (at, actor_id, actor_name, team_id, action, detail, subject_kind, subject_id, subject, via, address, user_agent,
     credential, acting_as, http_request)
SELECT now() - make_interval(mins => %(rows)s - n),
    CASE WHEN n %% 3 > 0 THEN (%(people)s::uuid[])[n %% 1000 + 1] END, 'person-' || n %% 1000,
    (%(teams)s::uuid[])[n %% 50 + 1], (%(actions)s::text[])[1 + (n %% 600) / 100],
    jsonb_build_object('request', md5('r' || n)::uuid, 'digest', sha256(n::text::bytea)::text, 'note', 'word' || n %% 5000),
    'environment', md5('e' || n %% 20000), 'env-' || n %% 20000 || '-dev', 'page', '10.' || n %% 7 || '.' || n %% 250 || '.' || n %% 13,
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'session ' || md5(n::text), '', md5(n::text)
FROM generate_series(1, %(rows)s) AS n
"""


def lines() -> Iterator[str]:
    owner = User.objects.create(username="audit-bench", is_auditor=True)
    yield from _cost_of_a_seal(owner)
    _fill()
    yield f"audit: {ROWS:,} existing rows sealed, as by the migration: {once(_seal):.0f} s"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE provisioning_auditevent, provisioning_auditseal")
        cursor.execute(
            "SELECT pg_size_pretty(pg_total_relation_size('provisioning_auditevent')), pg_size_pretty(pg_total_relation_size('provisioning_auditseal'))"
        )
        events, seals = cursor.fetchone() or ("", "")
    yield f"audit: size with indexes: events {events}, seals {seals}"
    tracemalloc.start()
    verify_log()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    seconds = once(verify_log)
    yield f"audit: verify {ROWS:,} rows: {seconds:.1f} s, {peak / 1e6:.1f} MB of Python's memory at most"
    yield from _filters(audit_scope(owner))


def _cost_of_a_seal(actor: User) -> Iterator[str]:
    def write() -> None:
        with transaction.atomic():
            audit_event(AuditAction.DRIFT_CHECK, actor=actor, at=clock.now(), subject="bench", note="bench")

    def write_many(_number: int) -> None:
        for _ in range(EACH):
            write()
        connection.close()

    def crowd() -> float:
        with ThreadPoolExecutor(WRITERS) as pool:
            return once(lambda: list(pool.map(write_many, range(WRITERS)))) / (WRITERS * EACH)

    for _ in range(2):  # both orders, because a busy machine changes its speed
        for is_sealed in (False, True):
            _switch("ENABLE" if is_sealed else "DISABLE")
            one, eight = median_seconds(write, times=1000), crowd()
            words = "with its seal" if is_sealed else "without a seal"
            yield f"audit: one event {words}: {one * 1e6:.0f} µs; {WRITERS} writers together: {1 / eight:.0f} events/s"
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("TRUNCATE provisioning_auditevent, provisioning_auditseal, provisioning_auditpending CASCADE")
        cursor.execute("SET session_replication_role = origin")


def _switch(verb: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE provisioning_auditevent {verb} TRIGGER audit_queue_seal")


def fill_and_seal() -> None:
    """Write `ROWS` events and their seals, unless another benchmark of this run has written them."""
    _fill()
    _seal()


@cache
def _fill() -> None:
    """Rows without triggers, and then their seals, as the migration writes them."""
    teams = [Team.objects.create(slug=f"bench-{n}", name=f"Bench {n}").pk for n in range(50)]
    people = [user.pk for user in User.objects.bulk_create(User(username=f"person-{n}") for n in range(1000))]
    _switch("DISABLE")
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {"rows": ROWS, "people": people, "teams": teams, "actions": list(_ACTIONS)})
    _switch("ENABLE")


@cache
def _seal() -> None:
    first = AuditEvent.objects.filter(actor_name__startswith="person-").order_by("id").values_list("id", flat=True)[0]
    with connection.cursor() as cursor:
        for start in range(first, first + ROWS, SEALED_AT_ONCE):
            cursor.execute(
                "SELECT provisioning_seal_audit_event(id) FROM (SELECT id FROM provisioning_auditevent "
                "WHERE id >= %s AND id < %s ORDER BY id) AS batch",
                [start, start + SEALED_AT_ONCE],
            )


def _filters(everything: AuditScope) -> Iterator[str]:
    one_team = AuditScope(is_everything=False, teams=(Team.objects.get(slug="bench-7"),))
    today = timezone.now().date()
    old = today - timedelta(days=300)
    tried: list[tuple[str, AuditScope, AuditFilter]] = [
        ("nothing", everything, AuditFilter()),
        ("a person", everything, AuditFilter(who="person-7")),
        ("a team", everything, AuditFilter(team="bench-3")),
        ("an action", everything, AuditFilter(action="sign_in:fail")),
        ("an address", everything, AuditFilter(address="10.3.45.6")),
        ("a subject", everything, AuditFilter(about="0" * 32)),
        ("an environment", everything, AuditFilter(environment=str(uuid.uuid4()))),
        ("two days long ago", everything, AuditFilter(first_day=old, last_day=old + timedelta(days=1))),
        ("a rare word", everything, AuditFilter(words="word4711")),
        ("a word that does not occur", everything, AuditFilter(words="nowhere")),
        ("a frequent word", everything, AuditFilter(words="dev")),
        ("two words", everything, AuditFilter(words="env-17 word17")),
        ("a person and an action", everything, AuditFilter(who="person-7", action="request:create")),
        ("a person who did no such thing", everything, AuditFilter(who="person-7", action="drift:check")),
        ("a frequent word long ago", everything, AuditFilter(words="dev", last_day=old)),
        ("an owner's team", one_team, AuditFilter()),
        ("an owner's team, a rare word", one_team, AuditFilter(words="word4711")),
        ("an owner's team, an action", one_team, AuditFilter(action="request:approve")),
    ]  # fmt: skip
    for name, scope, wanted in tried:
        # More often than PostgreSQL plans a prepared statement for its own values.
        seconds = median_seconds(lambda scope=scope, wanted=wanted: audit_listing(scope, wanted), times=9)
        listing = audit_listing(scope, wanted)
        deep = ""
        if listing.older:
            deep = f", next page {once(lambda: audit_listing(scope, wanted, cursor=listing.older)) * 1000:.1f} ms"  # noqa: B023
        yield f"audit: filter by {name}: {seconds * 1000:.1f} ms for {len(listing.rows)} rows{deep}"
