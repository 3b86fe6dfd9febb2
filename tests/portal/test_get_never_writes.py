"""Opening a page changes nothing: every address answers a GET on a connection that refuses writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError
from pytest_django import Settings

from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.services.requests import request_environment
from provisioning.lifecycle.version_registry import register_versions
from provisioning.models import BlueprintArchive, BlueprintVersion, Environment
from tests.fixtures.world import SMALL
from tests.portal.conftest import REGION, People
from tests.portal.test_access import addresses


@contextmanager
def no_writes() -> Iterator[None]:
    """PostgreSQL refuses every write until the end of the block, and row locks too."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        yield


@pytest.fixture
def new_version(tmp_path: Path, settings: Settings, people: People) -> str:
    """A blueprint that no process has registered yet."""
    settings.BLUEPRINTS_DIR = tmp_path
    shutil.copytree(SMALL / "small", tmp_path / "small")
    return catalogue().get("small").version


def test_the_guard_refuses_writes(people: People) -> None:
    with pytest.raises(InternalError, match="read-only transaction"), no_writes():
        people.payments.save()


@pytest.mark.parametrize("name", ["bob", "olivia", "charlie"])
def test_no_page_writes(name: str, gone: Environment, people: People) -> None:
    """With the portal's own catalogue, of which only the environment's blueprint is registered."""
    client = people.client(name)
    with no_writes():
        statuses = {pattern: client.get(url).status_code for pattern, url in addresses(gone)}
    assert set(statuses.values()) <= {200, 204, 286, 302, 403, 404, 405, 409}, statuses
    assert statuses["catalogue"] == statuses["blueprint"] == statuses["versions"] == 200


def test_pages_show_a_version_that_nobody_has_registered(new_version: str, people: People) -> None:
    client = people.client("bob")
    with no_writes():
        assert "Small" in client.get("/catalogue/").content.decode()
        assert 'href="/catalogue/small/request/?size=dev"' in client.get("/catalogue/small/").content.decode()
        assert new_version in client.get("/catalogue/small/versions/").content.decode()
        compare = client.get(f"/catalogue/small/versions/{new_version}...{new_version}/")
        assert compare.status_code == 200
        assert client.get("/catalogue/small/request/").status_code == 200
    assert not BlueprintVersion.objects.exists()


def test_a_request_registers_the_version_that_it_uses(new_version: str, people: People) -> None:
    request_environment(
        actor=people.bob,
        team=people.payments,
        name="orders",
        blueprint=catalogue().get("small"),
        size="dev",
        inputs={},
        account=people.dev,
        region=REGION,
    )
    assert BlueprintVersion.objects.get().version == new_version
    assert BlueprintArchive.objects.get().version == new_version


def test_a_changed_draft_is_shown_as_it_is_before_it_is_registered(
    new_version: str, people: People, tmp_path: Path
) -> None:
    file = tmp_path / "small" / "blueprint.hcl"
    file.write_text(file.read_text().replace('"published"', '"draft"'))
    register_versions(catalogue().blueprints.values())
    file.write_text(file.read_text().replace('"draft"', '"published"'))
    client = people.client("bob")
    with no_writes():
        assert "published" in client.get("/catalogue/small/versions/").content.decode()
    assert BlueprintVersion.objects.get().maturity == "draft"
