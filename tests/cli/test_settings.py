"""Where the token is stored, and to whom it is sent."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from portal.cli.errors import UsageError, error_of
from portal.cli.settings import Connection, check_url, connection, store
from portal.cli.transport import Answer
from tests.cli.conftest import URL, Shell


def test_bob_logs_in_once(bobs: Shell, tmp_path: Path) -> None:
    for sent in ({"PORTAL_TOKEN": "", "tty": True}, {"PORTAL_TOKEN": "", "stdin": f"{bobs.token}\n"}, {}):
        signed_in = bobs("login", f"{URL}/", **sent)  # type: ignore[arg-type]
        assert (signed_in.code, f"Signed in to {URL} as bob. Teams: payments (operator)." in signed_in.out) == (0, True)
        path = tmp_path / ".config" / "portal" / "config.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert bobs("list", PORTAL_URL="", PORTAL_TOKEN="").code == 0
        path.unlink()


def test_a_token_that_is_not_valid_is_not_stored(bobs: Shell, tmp_path: Path) -> None:
    refused = bobs("login", URL, PORTAL_TOKEN="ptl_wrong")
    assert (refused.code, "expired or revoked" in refused.err, "ptl_wrong" in refused.err) == (3, True, False)
    assert not (tmp_path / ".config").exists()


def test_the_stored_token_goes_to_no_other_portal(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    store(home, Connection(URL, "ptl_1"))
    assert connection(home).token == "ptl_1"
    with pytest.raises(UsageError):
        connection(home | {"PORTAL_URL": "https://elsewhere.example"})
    assert "ptl_1" not in repr(connection(home))


def test_a_file_that_others_can_read_is_not_used(bobs: Shell, tmp_path: Path) -> None:
    path = store({"HOME": str(tmp_path)}, Connection(URL, bobs.token))
    path.chmod(0o644)
    ended = bobs("list", PORTAL_URL="", PORTAL_TOKEN="")
    assert (ended.code, "chmod 600" in ended.err) == (1, True)
    path.chmod(0o600)
    path.write_text(json.dumps({"url": URL}))
    assert "cannot be read" in bobs("list", PORTAL_URL="", PORTAL_TOKEN="").err
    path.unlink()
    assert bobs("list", PORTAL_URL="", PORTAL_TOKEN="").code == 2


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://Portal.example/", "https://portal.example"),
        ("https://portal.example:8443/base/", "https://portal.example:8443/base"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_urls(text: str, url: str) -> None:
    assert check_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "http://portal.example",
        "http://10.0.0.1",
        "portal.example",
        "ftp://x",
        "https://a:b@x",
        "https://x/?y",
        "https://x:y",
    ],
)
def test_urls_that_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        check_url(text)


def test_a_redirect_is_not_followed(bobs: Shell) -> None:
    bobs.transport.failures = [Answer(302, {"location": "https://elsewhere.example/"}, b"")]
    ended = bobs("list")
    assert (ended.code, "redirects to https://elsewhere.example/" in ended.err) == (1, True)
    assert len(bobs.transport.calls) == 1


def test_pages_of_a_proxy_are_sentences_too() -> None:
    assert "status 502" in error_of(502, {}, b"<html>").lines[0]


def test_control_characters_do_not_reach_the_terminal(bobs: Shell) -> None:
    problem = json.dumps({"detail": "no\x1b[2J"}).encode()
    bobs.transport.failures = [Answer(404, {}, problem)]
    assert bobs("list").err == "no [2J\n"
