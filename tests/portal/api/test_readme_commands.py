"""The commands of the README's section about the API, run as they are written."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from provisioning.models import Environment
from tests.portal.api.conftest import program
from tests.portal.api.test_requests import body
from tests.portal.conftest import People

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_the_commands_of_the_readme_work(people: People, live_server: LiveServer, tmp_path: Path) -> None:
    readme = (Path(settings.BASE_DIR) / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```\n(export PORTAL_URL.*?)```", readme, flags=re.DOTALL)
    commands = block.split("\n", 1)[1].replace("curl ", "curl --silent --show-error --fail-with-body ")
    (tmp_path / "request.json").write_text(json.dumps(body("handbook-dev")))
    token = program(people.bob).text
    environment = {**os.environ, "PORTAL_URL": live_server.url, "PORTAL_TOKEN": token, "NO_PROXY": "*"}
    answer = subprocess.run(
        ["bash", "-e", "-c", commands], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert '"username": "bob"' in answer.stdout
    assert Environment.objects.get().name == "handbook-dev"
