"""The web process as it is deployed, with hundreds of requests that stop in the middle of their body."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from portal.demo.services import free_port

ROOT = Path(__file__).parents[2]
HALF_SENT = 300


@pytest.fixture(scope="module")
def port(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[int]:
    """The port of a web process with four threads."""
    port = free_port(18000)
    name = settings.DATABASES["default"]["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings", "WEB_THREADS": "4"}
    options = ["--interface", "asginl", "--no-ws", "--port", str(port), "--workers", "1", "--log-level", "error"]
    command = [sys.executable, "-m", "granian", *options, "portal.asgi:application"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            if get(port, "/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("The web process has ended.")


def get(port: int, path: str) -> tuple[int, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers
    finally:
        connection.close()


def test_they_stop_neither_the_pages_nor_the_health_check(port: int) -> None:
    """With the cookie of the sign-in page, Django would read the body before it looks at anything else."""
    status, headers = get(port, "/sign-in/")
    assert status == 200
    cookie = headers["Set-Cookie"].split(";")[0]
    lines = (
        "POST /sign-in/ HTTP/1.1",
        "Host: localhost",
        f"Cookie: {cookie}",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 1000",
    )
    head = "\r\n".join((*lines, "", "csrf"))
    with ExitStack() as stack:
        for _ in range(HALF_SENT):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            client.sendall(head.encode())
        for path in ("/healthz", "/sign-in/", "/healthz"):
            assert get(port, path)[0] == 200
