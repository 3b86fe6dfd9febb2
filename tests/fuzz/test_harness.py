"""The harness itself: each broken word of a loader is seen. Without this, a green run would say
nothing.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.harness import BrokenWord, Fuzzed


def loader(data: bytes, folder: Path) -> list[str]:  # noqa: C901, PLR0912 - one case a sin
    match data.decode():
        case "sentence":
            return ["It is refused."]
        case "crash":
            raise KeyError(1)
        case "recursion":
            return loader(b"recursion", folder)
        case "hang":
            time.sleep(60)
        case "large":
            bytearray(250_000_000)
        case "too large":
            bytearray(3_000_000_000)
        case "die":
            os._exit(3)
        case "read":
            Path("/etc/passwd").read_bytes()
        case "link":
            (folder / "link").unlink(missing_ok=True)
            (folder / "link").symlink_to("/etc/passwd")
            (folder / "link").read_bytes()
        case "list":
            list(Path("/etc").iterdir())
        case "run":
            subprocess.run(["/bin/true"], check=False)
        case "fragment":
            return ["no sentence at all"]
        case "two lines":
            return ["One.\nTwo."]
        case "own file":
            (folder / "a").write_text("x")
            (folder / "a").read_text()
    return []


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Fuzzed]:
    with Fuzzed("tests.fuzz.test_harness:loader") as made:
        yield made


@pytest.mark.parametrize(
    ("sin", "said"),
    [
        ("crash", "KeyError: 1"),
        ("recursion", "RecursionError"),
        ("large", "MB; 200 are allowed"),
        ("too large", "MemoryError"),
        ("die", "it died"),
        ("read", "open /etc/passwd"),
        ("link", "it reached outside"),
        ("list", "os.listdir /etc"),
        ("run", "subprocess.Popen"),
        ("fragment", "this is no sentence"),
        ("two lines", "this is no sentence"),
    ],
)
def test_a_broken_word_is_seen(fuzzed: Fuzzed, sin: str, said: str) -> None:
    with pytest.raises(BrokenWord, match=said):
        fuzzed.feed(sin.encode())


def test_a_hang_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.harness.WALL_SECONDS", 2.0)
    with Fuzzed("tests.fuzz.test_harness:loader") as fuzzed, pytest.raises(BrokenWord, match="it hung"):
        fuzzed.feed(b"hang")


def test_a_good_loader_passes(fuzzed: Fuzzed) -> None:
    assert fuzzed.feed(b"sentence").sentences == ["It is refused."]
    assert fuzzed.feed(b"own file").sentences == []
    assert fuzzed.feed(b"").sentences == []
