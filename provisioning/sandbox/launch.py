"""Starts the sandbox from other packages: its command line and environment. Standard library only."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 4566
DEFAULT_SPEED = 60.0
DEFAULT_STATE = ROOT / ".state" / "sandbox"
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "XDG_CACHE_HOME")


class SandboxMissingError(RuntimeError):
    """The Python interpreter with the sandbox's packages is missing."""


def sandbox_python() -> Path:
    """The interpreter of the sandbox's environment; PORTAL_SANDBOX_PYTHON selects another one."""
    named = os.environ.get("PORTAL_SANDBOX_PYTHON")
    python = Path(named) if named else ROOT / ".venv-sandbox" / "bin" / "python"
    if not python.is_file():
        hint = "PORTAL_SANDBOX_PYTHON names no file" if named else "run `make setup`, or set PORTAL_SANDBOX_PYTHON"
        raise SandboxMissingError(f"The sandbox's interpreter {python} does not exist: {hint}.")
    return python


def sandbox_command(
    port: int = DEFAULT_PORT, speed: float = DEFAULT_SPEED, state: str | Path = DEFAULT_STATE
) -> list[str]:
    """The command that runs the sandbox in the foreground; its working directory must be `ROOT`.

    Port 0 lets the system choose; the line `sandbox ready on http://127.0.0.1:PORT` contains the
    address.
    """
    arguments = ["--port", str(port), "--speed", f"{speed:g}", "--state", str(Path(state).resolve())]
    return [str(sandbox_python()), "-m", "provisioning.sandbox", *arguments]


def sandbox_environment() -> dict[str, str]:
    """The environment variables for the process: no AWS settings, no credentials, no secrets of the
    portal.
    """
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed, "PYTHONUNBUFFERED": "1"}
