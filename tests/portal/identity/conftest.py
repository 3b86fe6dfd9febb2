"""The OpenID Connect provider of the tests, and a browser that signs in there."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv-provider" / "bin" / "python"
SCRIPT = ROOT / "tests" / "support" / "identity_provider.py"
CALLBACK = "/sign-in/sso/callback/"
PASSWORD = "correct horse battery"


@dataclass(slots=True)
class Provider:
    issuer: str

    def set_groups(self, name: str, *groups: str) -> None:
        self._post("groups", {"name": name, "groups": list(groups)})

    def tamper(self, how: str) -> None:
        """Change the next ID token."""
        self._post("tamper", {"how": how})

    def _post(self, page: str, body: dict[str, object]) -> None:
        requests.post(f"{self.issuer}/_test/{page}", json=body, timeout=10).raise_for_status()

    def visit(self, client: Client, name: str, *, url: str = "/sign-in/sso/") -> str:
        """Start at the portal, sign in at the provider, and return the callback's URL with its answer."""
        start = client.get(url)
        assert start.status_code == 302, start.content.decode()
        with requests.Session() as browser:
            answer = browser.get(start.headers["Location"], allow_redirects=False, timeout=10)
            for _ in range(10):
                if answer.is_redirect:
                    target = urljoin(answer.url, answer.headers["Location"])
                    if urlsplit(target).path == CALLBACK:
                        return target.removeprefix("http://testserver")
                    answer = browser.get(target, allow_redirects=False, timeout=10)
                else:
                    asks_for_name = urlsplit(answer.url).path.endswith("/login")
                    typed = {"login": name} if asks_for_name else {"password": PASSWORD}
                    answer = browser.post(answer.url, data=typed, allow_redirects=False, timeout=10)
        raise AssertionError(f"The provider never came back: {answer.url} {answer.text[:2000]}")

    def sign_in(self, client: Client, name: str, *, url: str = "/sign-in/sso/") -> HttpResponse:
        answer = client.get(self.visit(client, name, url=url))
        print(answer.status_code, re.findall(r'id="denied">([^<]*)', answer.content.decode()))  # noqa: T201 - shown where a test fails
        return answer  # type: ignore[return-value]


@pytest.fixture(scope="module")
def _provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    if not PYTHON.exists():
        message = "NO PROVIDER: single sign-on was not tested. `make test` installs .venv-provider."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("provider")
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(
            [str(PYTHON), "-I", str(SCRIPT), f"http://testserver{CALLBACK}"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=folder,
        )
        try:
            assert process.stdout is not None
            issuer = process.stdout.readline().strip()
            assert issuer.startswith("http"), Path(log.name).read_text()
            yield Provider(issuer)
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


@pytest.fixture
def provider(_provider: Provider, settings: Settings) -> Provider:
    settings.SSO_ISSUER, settings.SSO_NAME = _provider.issuer, "Example ID"
    settings.SSO_CLIENT_ID, settings.SSO_CLIENT_SECRET = "portal", "only-for-tests-only-for-tests"
    settings.SSO_SCOPES = "openid profile email groups"
    return _provider
