"""The packages that are uploaded, unpacked as Lambda does it, in an interpreter that has nothing
else.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from provisioning.template.compile import compile_design
from tests.blueprints.webhook_pipeline.conftest import ENVIRONMENT, an_event
from tests.support.shipped import shipped

# No site-packages, no environment variables of Python, not this folder; and nothing is written next to the code.
BARE = (sys.executable, "-I", "-S", "-B", "-c")
RUN = """
import importlib, json, os, sys
module, function, event = sys.argv[2].rsplit(".", 1)[0], sys.argv[2].rsplit(".", 1)[1], json.loads(sys.argv[3])
sys.path.insert(0, sys.argv[1])
os.environ.update(json.loads(sys.argv[4]))
handler = getattr(importlib.import_module(module), function)
print(json.dumps(handler(event, None)))
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The unpacked package of each function, by the name of its handler."""
    template = compile_design(
        shipped("dev", slug="webhook-pipeline", loki_url="https://loki.example.com", loki_login_secret="loki/login")
    ).main
    bodies = {artefact.key: artefact.body for artefact in template.artefacts}
    found = {}
    for resource in json.loads(template.body)["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            folder = tmp_path_factory.mktemp("package")
            packed = zipfile.ZipFile(io.BytesIO(bodies[resource["Properties"]["Code"]["S3Key"]]))
            packed.extractall(folder)
            found[resource["Properties"]["Handler"]] = folder
    return found


def _call(folder: Path, handler: str, event: Any, **environment: str) -> subprocess.CompletedProcess[str]:
    given = (str(folder), handler, json.dumps(event), json.dumps(environment))
    return subprocess.run([*BARE, RUN, *given], capture_output=True, text=True, timeout=60, check=False)


def test_the_receiver_runs_from_its_package_alone(packages: dict[str, Path]) -> None:
    done = _call(packages["handler.receive"], "handler.receive", an_event(x_webhook_secret=None), **ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["statusCode"], json.loads(answer["body"])) == (403, {"error": "forbidden"})


def test_the_client_in_the_package_is_the_one_that_publishes(packages: dict[str, Path]) -> None:
    folder = packages["handler.receive"]
    script = "import sys; sys.path.insert(0, sys.argv[1]); import broker; print(broker.pika.__file__, broker.pika.__version__)"
    done = subprocess.run([*BARE, script, folder], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [str(folder / "pika" / "__init__.py"), "1.4.4"]


def test_the_log_shipper_runs_from_its_package_alone(packages: dict[str, Path]) -> None:
    done = _call(packages["handler.ship"], "handler.ship", {"awslogs": {"data": "?"}}, ENVIRONMENT="hooks")
    assert done.returncode == 1
    assert "ValueError: no batch of CloudWatch Logs" in done.stderr


def test_the_packages_hold_nothing_but_the_code(packages: dict[str, Path]) -> None:
    tops = {name: {path.name for path in folder.iterdir()} for name, folder in packages.items()}
    code = {"handler.py", "gate.py", "broker.py", "vault.py"}
    assert {name for name in tops["handler.receive"] if not name.startswith("pika")} == code
    assert tops["handler.ship"] == {"handler.py"}
