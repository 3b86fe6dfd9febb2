"""Times, durations and states as the pages write them. Every colour goes with a word."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.web.components import name_and_kind
from portal.web.formatting import duration, format_value, maturity_tone, relative, resource_word, short_type, title_of
from provisioning.aws.regions import region_name, region_title
from provisioning.blueprint import Variable
from provisioning.lifecycle.states import EnvironmentState, Labelled, OperationState, RequestState
from provisioning.models import User

register = template.Library()

LIVES: dict[str, type[Labelled]] = {
    "environment": EnvironmentState,
    "request": RequestState,
    "operation": OperationState,
}

register.filter("short_type", short_type)
register.filter("region_name", region_name)
register.filter("region_title", region_title)
register.filter("resource_word", resource_word)
register.filter("titled", title_of)
register.filter("maturity_tone", maturity_tone)


@register.filter
def default_in(variable: Variable, size: str) -> str:
    """What an empty field comes to. A secret's default is not shown."""
    return "set" if variable.sensitive else format_value(variable.default_in(size))


@register.filter
def component_name(address: str) -> str:
    return name_and_kind(address)[0]


@register.simple_tag
def badge(subject: str, state: str) -> SafeString:
    """`{% badge "environment" environment.state %}`: the state's label in its tone."""
    labelled = LIVES[subject](state)
    return format_html('<span class="badge {}">{}</span>', labelled.tone, labelled.label)


@register.filter
def ago(value: datetime | str | None) -> SafeString | str:
    """A `<time>` with the distance from now as its text and the full time as its title; the script
    keeps it true.
    """
    at = parse_datetime(value) if isinstance(value, str) else value
    if at is None:
        return "–"
    return format_html(
        '<time datetime="{}" title="{} UTC" data-ago>{}</time>',
        at.isoformat(timespec="seconds"),
        f"{at:%Y-%m-%d %H:%M:%S}",
        relative((timezone.now() - at).total_seconds()),
    )


@register.filter
def commands(text: str) -> SafeString:
    """A sentence in which text between backticks is a command, to be copied."""
    parts = text.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if number % 2 else part,) for number, part in enumerate(parts))
    )


@register.filter
def clock(value: datetime | None) -> SafeString | str:
    if value is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        value.isoformat(timespec="seconds"),
        f"{value:%Y-%m-%d %H:%M:%S}",
        f"{value:%H:%M:%S}",
    )


@register.filter
def moment(value: datetime | str | None) -> SafeString | str:
    """A full time, for what is kept or printed."""
    at = parse_datetime(value) if isinstance(value, str) else value
    if at is None:
        return "–"
    return format_html('<time datetime="{}">{} UTC</time>', at.isoformat(timespec="seconds"), f"{at:%Y-%m-%d %H:%M:%S}")


@register.filter
def seconds(value: float | timedelta | None) -> str:
    if value is None:
        return ""
    return duration(value.total_seconds() if isinstance(value, timedelta) else value)


@register.filter
def person(user: User | AnonymousUser | None) -> str:
    """Everyone whom a template may meet has a name here, because a page about an error needs one too."""
    if user is None:
        return "the portal"
    if isinstance(user, AnonymousUser):
        return "nobody"
    return user.get_full_name() or user.get_username()


@register.filter
def initials(user: User | AnonymousUser | None) -> str:
    words = person(user).split()
    return "".join(word[0] for word in words[:2]).upper()
