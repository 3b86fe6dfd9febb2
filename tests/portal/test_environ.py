"""What an installation is given as variables becomes the addresses that the settings use."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import dj_database_url
import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import environ

_ROOT = Path(__file__).resolve().parent.parent.parent
_ADDRESSES = ("DATABASE_URL", "REDIS_URL", "CACHE_URL", "REDIS_HOST", "DATABASE_HOST")
PARTS = {
    "DATABASE_HOST": "db.internal",
    "DATABASE_PORT": "5433",
    "DATABASE_NAME": "portal",
    "DATABASE_USERNAME": "app_admin",
    "DATABASE_PASSWORD": "p@ss/word:#1",
}


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _ADDRESSES:
        monkeypatch.delenv(name, raising=False)


def _give(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_a_database_in_parts_is_reached_with_tls_and_any_password(monkeypatch: pytest.MonkeyPatch) -> None:
    _give(monkeypatch, PARTS)
    parsed = dj_database_url.parse(environ.database_url())
    assert (parsed["HOST"], parsed["PORT"], parsed["NAME"]) == ("db.internal", 5433, "portal")
    assert (parsed["USER"], parsed["PASSWORD"]) == ("app_admin", "p@ss/word:#1")
    assert parsed["OPTIONS"] == {"sslmode": "require"}


def test_a_whole_address_wins_over_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    _give(
        monkeypatch, {**PARTS, "DATABASE_URL": "postgresql://elsewhere/x", "REDIS_URL": "redis://a", "REDIS_HOST": "b"}
    )
    assert environ.database_url() == "postgresql://elsewhere/x"
    assert environ.redis_url() == "redis://a"


@pytest.mark.parametrize("missing", ["DATABASE_NAME", "DATABASE_USERNAME", "DATABASE_PASSWORD"])
def test_half_a_database_is_refused_by_name(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _give(monkeypatch, {**PARTS, missing: ""})
    with pytest.raises(ImproperlyConfigured, match=f"DATABASE_HOST is set and {missing} is not"):
        environ.database_url()


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, ""),
        ({"CACHE_URL": "rediss://cache:6379"}, "rediss://cache:6379"),
        ({"REDIS_HOST": "cache"}, "rediss://cache:6379/0"),
        ({"REDIS_HOST": "cache", "REDIS_PORT": "6380", "REDIS_PASSWORD": "a/b"}, "rediss://:a%2Fb@cache:6380/0"),
    ],
)
def test_the_queue_is_found_however_it_is_given(
    given: dict[str, str], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _give(monkeypatch, given)
    assert environ.redis_url() == address
    assert environ.database_url() == ""


def test_the_portal_is_configured_by_what_its_own_blueprint_hands_over() -> None:
    """The settings as a fresh process reads them, from the names in the portal's task definition."""
    given = PARTS | {
        "CACHE_URL": "rediss://cache:6379",
        "ALLOWED_HOSTS": "portal.example.com",
        "SECRET_KEY": "Qf7tRz2LmX9vBw4KQf7tRz2LmX9vBw4KQf7tRz2LmX9vBw4KQf7tRz2LmX9vBw4K",
        "ADMIN_USERNAME": "admin",
        "ADMIN_PASSWORD": "an-initial-password",
    }
    code = (
        "from django.conf import settings as s; import django; django.setup();"
        "from django.core.checks import run_checks;"
        "d = s.DATABASES['default'];"
        "print(d['HOST'], d['OPTIONS']['sslmode'], s.RQ_QUEUES['engine']['URL'], s.ALLOWED_HOSTS, s.BEHIND_TLS,"
        " [m.id for m in run_checks(include_deployment_checks=True)])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "portal.settings", **given},
        capture_output=True,
        text=True,
        cwd=_ROOT,
        check=True,
    )
    assert ran.stdout.strip() == "db.internal require rediss://cache:6379 ['portal.example.com'] True []"


# What developers set, and what the demo sets for its own processes.
UNDOCUMENTED = {"DEBUG", "SANDBOX_SPEED", "SANDBOX_URL", "STATE_DIR", "STATIC_FROM_SOURCE"}


def test_the_readme_names_every_variable_that_the_settings_read() -> None:
    settings = (_ROOT / "portal" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'environ\.\w+\("([A-Z0-9_]+)"', settings))
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    assert "WEB_THREADS" in read
    assert {name for name in read - UNDOCUMENTED if f"`{name}`" not in readme} == set()
