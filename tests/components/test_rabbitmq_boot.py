"""The user data of the RabbitMQ hosts: checked by shellcheck, and run for real, with the host's
commands played.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provisioning.components.kinds.rabbitmq.boot import LIMIT_BYTES, user_data
from provisioning.components.kit.build import Build
from provisioning.components.registry import component
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node
from tests.components.test_rabbitmq import rendered
from tests.support.designs import design, node
from tests.support.reading import Template

SHELLCHECK = Path(sys.executable).with_name("shellcheck")
CLUSTER_SECRET = "s33d" * 16
PLACEHOLDER = "the first host puts the certificate here"
# What the script writes to or reads from outside of its own folders, moved into a folder of the test.
PLACES = (
    "/etc/fstab",
    "/etc/systemd/system",
    "/etc/portal-rabbitmq",
    "/var/lib/rabbitmq",
    "/opt/aws/bin",
    "/dev/disk/by-id",
)

_AWS = """
case "$1 $2" in
"secretsmanager get-secret-value")
  case "$4" in
  *Cluster*) echo {seed} ;;
  *Admin*) echo '{{"username": "admin", "password": "admin-word"}}' ;;
  *) echo '{{"username": "app", "password": "app-word"}}' ;;
  esac ;;
"ssm get-parameter") cat {state}/authority ;;
"ssm put-parameter") for last; do :; done; cp "${{last#file://}}" {state}/authority; echo "host $HOST" >>{state}/published ;;
esac
"""
_DOCKER = """
echo "docker $*" >>{state}/docker
case "$*" in
*import_definitions*) cat >{state}/definitions ;;
*list_queues*) printf 'webhooks\\nwebhooks.failed\\n' ;;
*"--entrypoint erl"*) printf /erlang/ssl ;;
*{broken}*) exit 1 ;;
esac
"""


def _cluster(**more: Any) -> Node:
    return node("rabbitmq", "main", nodes=3, instance_type="t4g.small", queue="webhooks", **more)


def _alone(**more: Any) -> Node:
    return node("rabbitmq", "main", nodes=1, instance_type="t4g.small", queue="webhooks", **more)


def _user_data(template: Template, number: int) -> str:
    """As EC2 gets it: CloudFormation's variables are filled in, and its mark before the shell's own
    is gone.
    """
    body = template.resources[f"RabbitmqHost{number}"]["Properties"]["UserData"]["Fn::Base64"]["Fn::Sub"]
    known = {"AWS::Region": "eu-central-1", "AWS::StackId": "the-stack", f"RabbitmqVolume{number}": f"vol-0{number}"}
    filled = re.sub(r"\$\{(?!!)([^}]+)\}", lambda match: known.get(match[1], f"the-{match[1]}"), body)
    return filled.replace("${!", "${")


@pytest.mark.parametrize(
    "made",
    [
        _cluster(),
        _alone(),
        _cluster(prometheus_from=["10.9.0.0/16"], zabbix_server="10.9.0.5"),
    ],
    ids=["cluster", "alone", "watched"],
)
def test_shellcheck_says_nothing_and_it_fits(made: Node, tmp_path: Path) -> None:
    template = rendered(made)
    for number in range(1, len(template.of_type("AWS::EC2::Instance")) + 1):
        script = tmp_path / f"host{number}.sh"
        script.write_text(_user_data(template, number))
        assert len(script.read_bytes()) <= LIMIT_BYTES
        found = subprocess.run([SHELLCHECK, "--severity=style", script], capture_output=True, text=True, check=False)
        assert (found.returncode, found.stdout) == (0, "")


def test_shellcheck_is_really_asked(tmp_path: Path) -> None:
    script = tmp_path / "bad.sh"
    script.write_text("#!/bin/bash\nrm -rf $1/*\n")
    assert subprocess.run([SHELLCHECK, script], capture_output=True, check=False).returncode == 1


class Hosts:
    """Folders in place of hosts. `run` plays one host's user data and returns its exit code."""

    def __init__(self, folder: Path, template: Template) -> None:
        self.folder = folder
        self.template = template
        self.state = folder / "state"
        self.state.mkdir()
        (self.state / "authority").write_text(PLACEHOLDER)

    def run(self, number: int, *, broken: str = "nothing-is-broken") -> subprocess.CompletedProcess[str]:
        home = self.folder / f"host{number}"
        for place in PLACES[1:]:
            (home / place[1:]).mkdir(parents=True)
        (home / "etc/fstab").touch()
        (home / f"dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0{number}").touch()
        script = _user_data(self.template, number)
        for place in PLACES:
            script = re.sub(rf"(?<![\w/:=]){place}\b", f"{home}{place}", script)
            script = script.replace(f"files={place}", f"files={home}{place}")
            script = script.replace(f"data={place}", f"data={home}{place}")
            script = script.replace(f"device={place}", f"device={home}{place}")
        commands = home / "bin"
        commands.mkdir()
        stubs = {
            "aws": _AWS.format(seed=CLUSTER_SECRET, state=self.state),
            "docker": _DOCKER.format(state=self.state, broken=broken),
            **dict.fromkeys(("dnf", "blkid", "mkfs.xfs", "mount", "mountpoint", "chown", "systemctl", "sleep"), ""),
        }
        for name, text in stubs.items():
            self._command(commands / name, text)
        self._command(home / "opt/aws/bin/cfn-signal", f'printf "%s\\n" "$*" >>{self.state}/signals')
        (home / "user-data.sh").write_text(script)
        path = f"{commands}:{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        return subprocess.run(
            ["bash", home / "user-data.sh"],
            env={"PATH": path, "HOST": str(number)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def file(self, number: int, name: str) -> Path:
        return self.folder / f"host{number}" / "etc/portal-rabbitmq" / name

    def said(self, name: str) -> list[str]:
        found = self.state / name
        return found.read_text().splitlines() if found.exists() else []

    @staticmethod
    def _command(path: Path, text: str) -> None:
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)


@pytest.fixture
def openssl() -> str:
    found = shutil.which("openssl")
    assert found, "the hosts make their certificates with openssl: install it"
    return found


def test_three_hosts_find_and_trust_each_other(tmp_path: Path, openssl: str) -> None:
    hosts = Hosts(tmp_path, rendered(_cluster()))
    for number in (3, 1, 2):
        done = hosts.run(number)
        assert done.returncode == 0, done.stderr
    names = [f"node{number}.rabbitmq.payments-shop-dev-nd524.internal" for number in (1, 2, 3)]
    authority = hosts.state / "authority"
    for number, name in enumerate(names, start=1):
        config = hosts.file(number, "rabbitmq.conf").read_text()
        assert "cluster_formation.peer_discovery_backend = classic_config" in config
        assert re.findall(r"nodes\.\d = rabbit@(\S+)", config) == names
        assert "listeners.tcp = none" in config
        assert "loopback_users.guest = true" in config
        # The certificate that the first host published is the authority of all three, each for its own name.
        leaf = hosts.file(number, "tls/node.pem")
        verified = [openssl, "verify", "-CAfile", authority, "-verify_hostname", name, leaf]
        assert subprocess.run(verified, capture_output=True, check=False).returncode == 0
        wrong = [openssl, "verify", "-CAfile", authority, "-verify_hostname", "elsewhere.example.com", leaf]
        assert subprocess.run(wrong, capture_output=True, check=False).returncode != 0
        assert not hosts.file(number, "authority.key").exists()
    assert hosts.said("published") == ["host 1"]
    cookies = {(tmp_path / f"host{number}/var/lib/rabbitmq/.erlang.cookie").read_text() for number in (1, 2, 3)}
    assert len(cookies) == 1
    assert sorted(re.findall(r"--exit-code (\d) .* --resource (\w+) ", "\n".join(hosts.said("signals")))) == [
        ("0", "RabbitmqHost1"),
        ("0", "RabbitmqHost2"),
        ("0", "RabbitmqHost3"),
    ]
    assert sum("await_online_nodes 3" in line for line in hosts.said("docker")) == 3


def test_a_host_that_starts_again_publishes_nothing_new(tmp_path: Path, openssl: str) -> None:
    assert openssl
    hosts = Hosts(tmp_path, rendered(_alone()))
    assert hosts.run(1).returncode == 0
    before = (hosts.state / "authority").read_text()
    shutil.rmtree(tmp_path / "host1")
    assert hosts.run(1).returncode == 0
    assert (hosts.state / "authority").read_text() == before
    assert hosts.said("published") == ["host 1"]


def test_users_and_quorum_queues_are_made_once_with_hashes_only(tmp_path: Path, openssl: str) -> None:
    assert openssl
    hosts = Hosts(tmp_path, rendered(_cluster()))
    for number in (1, 2):
        assert hosts.run(number).returncode == 0
    assert sum("import_definitions" in line for line in hosts.said("docker")) == 1
    text = (hosts.state / "definitions").read_text()
    made = json.loads(text)
    assert {user["name"]: user["tags"] for user in made["users"]} == {
        "admin": ["administrator"],
        "app": [],
        "metrics": ["monitoring"],
    }
    hashed = base64.b64decode(next(user for user in made["users"] if user["name"] == "app")["password_hash"])
    assert hashed[4:] == hashlib.sha256(hashed[:4] + b"app-word").digest()
    assert "app-word" not in text
    queues = {queue["name"]: queue["arguments"] for queue in made["queues"]}
    assert all(arguments["x-queue-type"] == "quorum" for arguments in queues.values())
    assert queues["webhooks"]["x-dead-letter-routing-key"] == "webhooks.failed"
    assert any("delete_user guest" in line for line in hosts.said("docker"))


def test_a_broker_that_does_not_come_up_fails_the_stack_with_a_reason(tmp_path: Path, openssl: str) -> None:
    assert openssl
    hosts = Hosts(tmp_path, rendered(_alone()))
    assert hosts.run(1, broken="check_port_listener").returncode != 0
    (signal,) = hosts.said("signals")
    assert "--exit-code 1" in signal
    assert "RabbitmqHost1, line" in signal
    assert "check_port_listener" in signal


def test_no_secret_is_said_where_others_can_read_it(tmp_path: Path, openssl: str) -> None:
    assert openssl
    hosts = Hosts(tmp_path, rendered(_alone()))
    done = hosts.run(1)
    spoken = "\n".join((done.stdout, done.stderr, *hosts.said("docker"), *hosts.said("signals")))
    for secret in (CLUSTER_SECRET, "app-word", "admin-word"):
        assert secret not in spoken
    units = list((tmp_path / "host1/etc/systemd/system").iterdir())
    assert {unit.name for unit in units} == {"rabbitmq.service", "rabbitmq-metrics.service", "rabbitmq-metrics.timer"}
    for path in [*units, *hosts.file(1, "").iterdir()]:
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("text", ["x'; touch hacked; '", "x\ny", "x\\"])
def test_a_value_that_ends_its_quotes_is_refused(text: str) -> None:
    """The user data runs as root on every host."""
    broker = node("rabbitmq", "main", nodes=1, instance_type="t4g.small", queue="webhooks")
    build = Build(design(broker), component)
    with pytest.raises(DesignError, match="the value of QUEUE contains a quotation mark or a line break"):
        user_data(broker, build, number=1, values={"QUEUE": text})
