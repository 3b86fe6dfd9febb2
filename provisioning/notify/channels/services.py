"""The services of apprise that channels may use, as data. Everything else is refused: apprise also
writes files, talks to the local desktop, and runs plugins.

For a service with servers of its own, apprise connects only to hosts that its plugin names. For the
others, people enter the host, and the portal checks it when it is entered and again before each
message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Service:
    """`schemes` are those of apprise. `example` shows the form of its address. `has_own_host`: people
    enter the host. `arguments` are the parameters that may follow a question mark.
    """

    title: str
    schemes: tuple[str, ...]
    example: str
    has_own_host: bool = False
    arguments: frozenset[str] = frozenset()


SERVICES: Final = (
    Service("Slack", ("slack",), "https://hooks.slack.com/services/T…/B…/…"),
    Service(
        "Microsoft Teams (Workflows)",
        ("workflow", "workflows"),
        "https://prod-12.westeurope.logic.azure.com/workflows/…?sig=…",
        has_own_host=True,
        arguments=frozenset({"api-version", "sp", "sv", "sig"}),
    ),
    Service("Discord", ("discord",), "https://discord.com/api/webhooks/…/…"),
    Service("Google Chat", ("gchat",), "gchat://workspace/key/token"),
    Service("Webex", ("wxteams", "webex"), "wxteams://token"),
    Service("Telegram", ("tgram",), "tgram://bot-token/chat-id"),
    Service("Pushover", ("pover",), "pover://user-key@token"),
    Service("Pushbullet", ("pbul",), "pbul://access-token"),
    Service("PagerDuty", ("pagerduty",), "pagerduty://integration-key@api-key", arguments=frozenset({"region"})),
    Service("Opsgenie", ("opsgenie",), "opsgenie://api-key", arguments=frozenset({"region"})),
    Service("Mattermost", ("mmosts",), "mmosts://chat.example.com/token", has_own_host=True),
    Service("Rocket.Chat", ("rockets",), "rockets://user:password@chat.example.com/#channel", has_own_host=True),
    Service("Gotify", ("gotifys",), "gotifys://push.example.com/token", has_own_host=True),
    Service("JSON", ("jsons",), "jsons://hooks.example.com/path", has_own_host=True),
)
BY_SCHEME: Final = {scheme: service for service in SERVICES for scheme in service.schemes}
