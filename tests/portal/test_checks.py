from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from portal import checks

GOOD = {
    "DATABASE_URL": "postgresql://portal@db/portal",
    "REDIS_URL": "redis://queue/0",
    "SECRET_KEY": "k" * 50,
    "DEBUG": False,
    "BEHIND_TLS": True,
    "ALLOWED_HOSTS": ["portal.example"],
}


def found(settings: Settings, **changes: object) -> set[str | None]:
    for name, value in {**GOOD, **changes}.items():
        setattr(settings, name, value)
    return {
        message.id
        for check in (checks.check_addresses, checks.check_secret_key, checks.check_contradictions)
        for message in check()
    }


def test_good_settings_pass(settings: Settings) -> None:
    assert found(settings) == set()


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({"DATABASE_URL": ""}, {"portal.E001"}),
        ({"DATABASE_URL": "sqlite:///x"}, {"portal.E002"}),
        ({"REDIS_URL": ""}, {"portal.E003"}),
        ({"SECRET_KEY": "short"}, {"portal.E004"}),
        ({"SECRET_KEY": ""}, {"portal.E004"}),
        ({"DEBUG": True}, {"portal.E005"}),
        ({"ALLOWED_HOSTS": []}, {"portal.E006"}),
        ({"BEHIND_TLS": False}, {"portal.W001"}),
        ({"BEHIND_TLS": False, "ALLOWED_HOSTS": ["127.0.0.1", "localhost"]}, set()),
        ({"BLUEPRINTS_DIR": "/nowhere/at/all"}, {"portal.W002"}),
    ],
)
def test_each_mistake_has_its_id(changes: dict[str, object], ids: set[str], settings: Settings) -> None:
    assert found(settings, **changes) == ids


def test_a_command_without_any_settings_says_what_to_set() -> None:
    """Every URL is imported before the checks run, so nothing may need a setting when it is imported."""
    bare = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    ended = subprocess.run(
        [sys.executable, "manage.py", "verify_audit"],
        cwd=django_settings.BASE_DIR,
        env=bare,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    for id_ in ("portal.E001", "portal.E003", "portal.E004"):
        assert id_ in ended.stderr
