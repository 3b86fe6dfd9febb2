"""A request as files for others: what is in them, who may have them, and that reading them gives
the same request.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from provisioning.exchange import fill, read
from provisioning.lifecycle.catalogue import catalogue
from provisioning.models import Environment, Request
from tests.portal.conftest import SLUG, People
from tests.support.plans import created_by

KINDS = {
    "tfvars": ("orders-dev.tfvars", "text/plain; charset=utf-8"),
    "tfvars.json": ("orders-dev.tfvars.json", "application/json"),
    "json": ("orders-dev.request.json", "application/json"),
    "cloudformation": ("orders-dev.cloudformation.zip", "application/zip"),
}


@pytest.fixture
def asked(people: People) -> Request:
    return people.ask()


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_a_download_with_its_name(asked: Request, people: People, kind: str) -> None:
    bob = people.client("bob")
    for url in (f"/requests/{asked.pk}/export/", f"/environments/{asked.environment_id}/export/"):
        answer = bob.get(url, {"as": kind})
        name, content_type = KINDS[kind]
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == content_type
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("kind", ["tfvars", "tfvars.json", "json"])
def test_read_again_it_is_the_same_request(asked: Request, people: People, kind: str) -> None:
    data = people.client("bob").get(f"/requests/{asked.pk}/export/", {"as": kind}).content
    (source,) = read(data).sources
    found = fill(catalogue().get(SLUG), source)
    environment = asked.environment
    assert (found.size, found.name, found.region, found.account, found.team) == (
        environment.size,
        environment.name,
        environment.region,
        environment.account.name,
        environment.team.slug,
    )
    assert found.inputs == {name: value for name, value in environment.inputs.items() if value is not None}
    assert found.left == []


def test_an_exported_file_fills_in_the_form(asked: Request, people: People) -> None:
    bob = people.client("bob")
    text = bob.get(f"/requests/{asked.pk}/export/", {"as": "tfvars"}).content.decode()
    page = bob.post(f"/catalogue/{SLUG}/import/", {"text": text}).content.decode()
    assert 'value="orders-dev"' in page
    assert "not taken:" not in page


def test_the_api_json_has_what_a_request_needs(asked: Request, people: People) -> None:
    data = json.loads(people.client("bob").get(f"/requests/{asked.pk}/export/", {"as": "json"}).content)
    assert {key: data[key] for key in data if key != "inputs"} == {
        "blueprint": SLUG,
        "version": catalogue().get(SLUG).version,
        "size": "dev",
        "team": "payments",
        "account": "acme-dev",
        "region": "eu-north-1",
        "name": "orders-dev",
    }
    assert data["inputs"]["github_repository"] == "example/carbon-connect"


def test_cloudformation_is_the_plans_own_text(asked: Request, people: People) -> None:
    data = people.client("bob").get(f"/requests/{asked.pk}/export/", {"as": "cloudformation"}).content
    package = zipfile.ZipFile(io.BytesIO(data))
    for stack in created_by(asked.plan).stacks:
        key = stack.key
        assert package.read(f"orders-dev/{key}.template.json") == stack.body.encode()
        tags = json.loads(package.read(f"orders-dev/{key}.tags.json"))
        assert {tag["Key"]: tag["Value"] for tag in tags} == stack.tags
    assert data == people.client("bob").get(f"/requests/{asked.pk}/export/", {"as": "cloudformation"}).content


def test_its_script_passes_shellcheck(asked: Request, people: People, tmp_path: Path) -> None:
    data = people.client("bob").get(f"/requests/{asked.pk}/export/", {"as": "cloudformation"}).content
    script = tmp_path / "deploy.sh"
    script.write_bytes(zipfile.ZipFile(io.BytesIO(data)).read("orders-dev/deploy.sh"))
    checked = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), script], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, "")


def test_an_outsider_finds_nothing_and_an_approver_may_look(asked: Request, people: People) -> None:
    for url in (f"/requests/{asked.pk}/export/", f"/environments/{asked.environment_id}/export/"):
        assert people.client("charlie").get(url, {"as": "json"}).status_code == 404
        assert people.client("olivia").get(url, {"as": "json"}).status_code == 200
        assert people.client("bob").post(url, {"as": "json"}).status_code == 405


def test_there_is_no_other_export(gone: Environment, people: People) -> None:
    bob = people.client("bob")
    teardown = gone.requests.get(kind="teardown")
    assert bob.get(f"/requests/{teardown.pk}/export/", {"as": "json"}).status_code == 404
    assert bob.get(f"/environments/{gone.pk}/export/", {"as": "docx"}).status_code == 404
    assert bob.get(f"/environments/{gone.pk}/export/").status_code == 404


def test_of_an_environment_it_is_the_creation_that_is_exported(gone: Environment, people: People) -> None:
    data = json.loads(people.client("bob").get(f"/environments/{gone.pk}/export/", {"as": "json"}).content)
    assert data["name"] == gone.name


def test_the_pages_lead_to_them(asked: Request, people: People) -> None:
    bob = people.client("bob")
    for url in (f"/requests/{asked.pk}/", f"/environments/{asked.environment_id}/"):
        page = bob.get(url).content.decode()
        assert all(f'href="{url}export/?as={kind}"' in page for kind in KINDS)
