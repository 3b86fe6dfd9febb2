"""The wheel: reproducible, complete, and usable with Python alone."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import shlex
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from portal.cli import VERSION
from portal.cli.commands.environments import env_lines
from portal.cli.resources import Output
from portal.cli.transport import Call, HttpTransport
from portal.web.cli_wheel import WHEEL_NAME, cli_wheel, cli_wheel_sha256
from tests.portal.conftest import People


def test_equal_sources_give_equal_bytes() -> None:
    first = cli_wheel()
    cli_wheel.cache_clear()
    assert cli_wheel() == first


def test_the_record_lists_every_file_with_its_hash() -> None:
    with zipfile.ZipFile(io.BytesIO(cli_wheel())) as wheel:
        record = wheel.read(f"portal_cli-{VERSION}.dist-info/RECORD").decode()
        rows = {path: (digest, size) for path, digest, size in csv.reader(io.StringIO(record))}
        assert sorted(rows) == sorted(wheel.namelist())
        for path, (digest, size) in rows.items():
            if not path.endswith("RECORD"):
                content = wheel.read(path)
                sha256 = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                assert (digest, int(size)) == (f"sha256={sha256}", len(content)), path
                assert b"portal.cli" not in content, path


def test_it_runs_with_python_alone(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(cli_wheel())) as wheel:
        wheel.extractall(tmp_path)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        # Without site-packages and outside the source tree: Django and the portal cannot be imported.
        command = [sys.executable, "-S", "-m", "portal_cli", *argv]
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    shown = run("--help")
    assert (shown.returncode, "exit codes:" in shown.stdout, shown.stderr) == (0, True, "")
    ended = run("destroy", "orders-dev")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "Run “portal login URL” first, or set PORTAL_URL and PORTAL_TOKEN.\n"


def test_bob_downloads_it_from_the_page_of_tokens(people: People) -> None:
    bob = people.client("bob")
    page = bob.get("/tokens/").content.decode()
    assert f"/tokens/cli/{WHEEL_NAME}" in page
    assert f"pip install ./{WHEEL_NAME}" in page
    assert cli_wheel_sha256() in page
    answer = bob.get(f"/tokens/cli/{WHEEL_NAME}")
    assert (answer.status_code, answer.content) == (200, cli_wheel())
    assert WHEEL_NAME in answer.headers["Content-Disposition"]


def test_a_shell_reads_every_output_as_it_is() -> None:
    texts = ["plain", "", "it's", "a b", "$(touch x)", "`id`", "a\nb", 'say "hi"', "\\", "é"]
    outputs = [Output(f"Number{number}", text, "main", "") for number, text in enumerate(texts)]
    script = "\n".join(env_lines(outputs, "OUTPUT_"))
    names = [line.split("=")[0] for line in env_lines([Output(one.id, "x", "main", "") for one in outputs], "OUTPUT_")]
    script += "\nprintf '%s\\0' " + " ".join(f'"${shlex.quote(name)}"' for name in names)
    ended = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert ended.stdout.decode().split("\0")[:-1] == texts


def test_the_transport_sends_headers_and_follows_no_redirect() -> None:
    """The transport that the other tests replace, against a server on this machine."""
    seen = list[tuple[str, str, bytes]]()

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, self.headers["Authorization"], content))
            self.send_response(302 if self.path == "/away" else 422)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        transport = HttpTransport(f"http://127.0.0.1:{server.server_port}")
        headers = {"Authorization": "Bearer ptl_1"}
        answers = [transport.send(Call("POST", path, headers, b"[]", 5.0)) for path in ("/away", "/wrong")]
        server.shutdown()
        thread.join()
    assert [(answer.status, answer.body) for answer in answers] == [(302, b"{}"), (422, b"{}")]
    assert answers[0].headers["location"] == "/elsewhere"
    assert seen == [("/away", "Bearer ptl_1", b"[]"), ("/wrong", "Bearer ptl_1", b"[]")]
