"""No secret can be found anywhere: not in the logs, the database, Redis, or pages that other people see.

Every entry point of `canaries.py` plants a secret of its own. Then everything is searched for all of
them, as they are and as they may be encoded.
"""

from __future__ import annotations

import base64
import inspect
import logging
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django import forms
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from redis import Redis

from portal.pages.invitation import forms as invitation_forms
from portal.pages.profile import forms as profile_forms
from provisioning import secret_text
from provisioning.models import Environment, User
from provisioning.models.secret_text_field import SecretTextField
from tests.portal.canaries import ENTRIES, Field, licensed
from tests.portal.conftest import People
from tests.portal.test_access import addresses

TEMPLATES = Path(django_settings.BASE_DIR) / "templates"
FORMS = (profile_forms, invitation_forms)


def spellings(secret: str) -> Iterator[bytes]:
    raw = secret.encode()
    yield raw
    yield raw.hex().encode()
    yield quote(secret, safe="").encode()
    for shift in range(3):  # inside a longer text that is encoded
        yield base64.b64encode(b"\0" * shift + raw)[4:-4]


def found_in(content: bytes, planted: dict[str, list[str]]) -> list[str]:
    return [
        name for name, secrets in planted.items() for secret in secrets for text in spellings(secret) if text in content
    ]


def tables() -> Iterator[tuple[str, bytes]]:
    """Each table with all of its rows as text; bytes are hexadecimal there."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT t::text FROM {connection.ops.quote_name(table)} AS t")  # noqa: S608 - names of tables
            yield table, "\n".join(row for (row,) in cursor.fetchall()).encode()


def redis_content() -> bytes:
    with Redis.from_url(django_settings.REDIS_URL) as redis:
        parts = []
        for key in redis.scan_iter():
            kind = redis.type(key)
            values: list[bytes] = {
                b"string": lambda key=key: [redis.get(key)],
                b"hash": lambda key=key: [part for pair in redis.hgetall(key).items() for part in pair],
                b"list": lambda key=key: redis.lrange(key, 0, -1),
                b"set": lambda key=key: list(redis.smembers(key)),
                b"zset": lambda key=key: redis.zrange(key, 0, -1),
            }[kind]()
            parts += [key, *values, *(inflated(part) for part in values)]
    return b"\n".join(parts)


def inflated(part: bytes) -> bytes:
    """RQ compresses the data of a job."""
    try:
        return zlib.decompress(part)
    except zlib.error:
        return b""


def body(answer: HttpResponse) -> bytes:
    return b"".join(answer) if answer.streaming else answer.content  # type: ignore[call-overload]


def test_no_planted_secret_is_found_anywhere(  # noqa: PLR0917 - fixtures
    running: Environment,
    people: People,
    settings: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    field = Field(people, settings, [])
    licensed(field, tmp_path)
    with caplog.at_level(logging.DEBUG):
        for name in ("django.db.backends", "asyncio"):  # the statements of the tests, which no installation logs
            caplog.set_level(logging.WARNING, logger=name)
        planted = {entry.name: entry.plant(field) for entry in ENTRIES}
        others = [Client(raise_request_exception=False) for _ in range(2)]
        for client, user in zip(others, ("alice", "otto"), strict=True):
            client.force_login(User.objects.get_or_create(username=user, defaults={"is_auditor": True})[0])
        pages = [(user.get(url), url) for user in others for _, url in addresses(running) if "sign-out" not in url]
        pages += [(client.get("/nowhere/"), "/nowhere/") for client in (*others, Client())]
    planted["the keys of the installation"] = [settings.SECRET_KEY, re.sub(r".*:(.*)@.*", r"\1", settings.REDIS_URL)]
    assert sum(map(len, planted.values())) > 20
    assert found_in(b"-".join(base64.b64encode(b"x" + s.encode()) for s in planted["tokens, and a wrong one"]), planted)

    for answer in field.echoed:
        assert found_in(body(answer), planted) == [], answer
    for answer, url in pages:
        assert found_in(body(answer), planted) == [], url
    output = "".join(capfd.readouterr())
    assert found_in((caplog.text + output).encode(), planted) == []
    for table, rows in tables():
        assert found_in(rows, planted) == [], table
    assert found_in(redis_content(), planted) == []
    for model, column in secret_columns():
        for text in model.objects.exclude(**{column.name: ""}).values_list(column.name, flat=True):
            assert secret_text.decrypt(text, purpose=column.purpose)


def secret_columns() -> Iterator[tuple[type, SecretTextField]]:
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            if isinstance(column, SecretTextField):
                yield model, column


def password_fields() -> set[str]:
    """Every field that hides what is typed: those of forms, and those that are written in templates."""
    names = {"BlueprintForm.sensitive"}  # made for each sensitive variable: portal/pages/request_form/fields.py
    for module in FORMS:
        for name, form in inspect.getmembers(module, inspect.isclass):
            if issubclass(form, forms.Form):
                hidden = [key for key, item in form.base_fields.items() if isinstance(item.widget, forms.PasswordInput)]
                names |= {f"{name}.{key}" for key in hidden}
    for template in TEMPLATES.rglob("*.html"):
        for tag in re.findall(r"<input[^>]*type=\"password\"[^>]*>", template.read_text()):
            (name,) = re.findall(r'name="([^"]+)"', tag)
            names.add(f"{template.parent.name}/{name}")
    return names


def test_every_password_field_has_a_canary() -> None:
    assert password_fields() == set().union(*(entry.covers for entry in ENTRIES))


def test_every_module_with_a_password_field_is_searched() -> None:
    portal = Path(django_settings.BASE_DIR) / "portal"
    with_one = {path for path in portal.rglob("*.py") if "PasswordInput" in path.read_text()}
    searched = {Path(inspect.getfile(module)) for module in FORMS} | {portal / "pages" / "request_form" / "fields.py"}
    assert with_one == searched
