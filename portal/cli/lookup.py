"""Finds an environment by its name or its id."""

from __future__ import annotations

import re
from typing import Final

from portal.cli.api import Api
from portal.cli.errors import NotFoundError, UsageError
from portal.cli.resources import Environment, read

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def living_environment(api: Api, name: str, team: str) -> Environment | None:
    """The environment of this name that is not torn down. Raises UsageError if several teams have one."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"“{name}” is neither the name nor the id of an environment.")
    found = _named(api, name, team, "living")
    if len(found) > 1:
        teams = ", ".join(sorted(environment.team for environment in found))
        raise UsageError(f"Several teams have an environment {name}: {teams}. Choose one with --team.")
    return found[0] if found else None


def find_environment(api: Api, text: str, team: str = "") -> Environment:
    """The environment with this id, or the living one of this name, or the last one that had it."""
    if is_id(text):
        return read(Environment, api.call("environments_get", environment_id=text).document)
    if (living := living_environment(api, text, team)) is not None:
        return living
    if former := _named(api, text, team, ""):
        return former[0]
    raise missing(text, team)


def missing(name: str, team: str) -> NotFoundError:
    where = f" in the team {team}" if team else ""
    return NotFoundError(f"You see no environment {name}{where}.")


def _named(api: Api, name: str, team: str, state: str) -> list[Environment]:
    query = {"name": name, "team": team, "state": state}
    return [read(Environment, item) for item in api.call("environments_list", query=query).document["items"]]
