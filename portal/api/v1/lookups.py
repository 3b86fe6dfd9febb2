"""Finds what a call names: teams by slug, accounts and blueprints by name, with a sentence at the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.http import HttpRequest

from portal.api.auth import caller
from portal.api.errors import ApiError, FieldError
from portal.web.lookups import Need, get_environment_for
from provisioning.blueprint import Blueprint, UnknownBlueprint
from provisioning.lifecycle.access import account_teams_of, teams_user_may_act_for
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.rules import rules_of
from provisioning.lifecycle.rules.previews import why_no_preview
from provisioning.models import Account, Environment, Team, User

T = TypeVar("T")


def invalid(field: str, message: str) -> ApiError:
    return ApiError("invalid", message, [FieldError(field=field, message=message)])


def team_of(actor: User, slug: str) -> Team:
    """A team for which the caller may request environments."""
    teams = teams_user_may_act_for(actor)
    return _named(teams, slug, "team", "a team for which you may request environments", lambda team: team.slug)


def environment_to_operate(request: HttpRequest, environment_id: UUID) -> Environment:
    return get_environment_for(caller(request), environment_id, Need.OPERATE)


def check_previews(actor: User, team: Team) -> None:
    """Count a preview: each one plans and proves a whole design. Raises ApiError if it is one too many."""
    if sentence := why_no_preview(actor, rules_of(team)):
        raise ApiError("too_many_calls", sentence, retry_after=60)


def account_of(team: Team, name: str) -> Account:
    """An account that the team may use."""
    accounts = [entry.account for entry in account_teams_of([team])]
    return _named(accounts, name, "account", f"an account that {team.name} may use", lambda account: account.name)


def _named(rows: list[T], name: str, field: str, noun: str, name_of: Callable[[T], str]) -> T:
    for row in rows:
        if name_of(row) == name:
            return row
    known = ", ".join(map(name_of, rows)) or "none"
    raise invalid(field, f"“{name}” is not {noun}. There is: {known}.")


def blueprint_of(slug: str, version: str = "") -> Blueprint:
    """The blueprint of the catalogue, which must have this version if one is given."""
    try:
        blueprint = catalogue().get(slug)
    except UnknownBlueprint:
        raise invalid("blueprint", f"There is no blueprint {slug}.") from None
    if version and version != blueprint.version:
        raise invalid(
            "version", f"The catalogue has {slug} in version {blueprint.version}. Send that version, or none."
        )
    return blueprint
