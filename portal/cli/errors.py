"""The errors of the client, each a sentence with an exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_ALLOWED = 3
    NOT_FOUND = 4
    CONFLICT = 5
    INTERRUPTED = 130


class CliError(Exception):
    """Ends the command. `lines` are printed on standard error."""

    def __init__(self, *lines: str, exit_code: Exit = Exit.FAILED) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
        self.exit_code = exit_code


class UsageError(CliError):
    def __init__(self, *lines: str) -> None:
        super().__init__(*lines, exit_code=Exit.USAGE)


class NotFoundError(CliError):
    def __init__(self, *lines: str) -> None:
        super().__init__(*lines, exit_code=Exit.NOT_FOUND)


_UNAUTHORIZED: Final = 401
_EXITS: Final[Mapping[int, Exit]] = {
    _UNAUTHORIZED: Exit.NOT_ALLOWED,
    403: Exit.NOT_ALLOWED,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
}


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> CliError:
    """The error for an answer of the portal that is none of the expected ones."""
    if "location" in headers:
        return CliError(f"The portal redirects to {headers['location']}. Run “portal login” with its real URL.")
    exit_code = _EXITS.get(status, Exit.FAILED)
    problem = _problem(body)
    if not problem:
        return CliError(f"The answer has status {status} and is not the portal’s. Check the URL.", exit_code=exit_code)
    lines = [str(problem["detail"])]
    lines += [f"{one.get('field', '')}: {one.get('message', '')}" for one in problem.get("errors", [])]
    refusals = [str(one.get("message", "")) for one in problem.get("refusals", [])]
    lines += [refusal for refusal in refusals if refusal not in lines]
    if status == _UNAUTHORIZED:
        lines[0] = "The token is missing, expired or revoked. Run “portal login URL”, or set PORTAL_TOKEN."
    error = CliError(*lines, exit_code=exit_code)
    return NotFoundError(*lines) if exit_code is Exit.NOT_FOUND else error


def _problem(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) and "detail" in document else {}
