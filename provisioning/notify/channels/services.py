"""The services of apprise that channels may use, as data. Everything else is refused: apprise also
writes files, talks to the local desktop, and runs plugins.

For a service with servers of its own, its plugin names the hosts. For the others, people enter the
host, which the portal checks when it is entered. Each connection of both kinds is checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Service:
    """`schemes` are those of apprise, and `plugin` is its class in a module of `apprise.plugins`.
    `example` shows the form of its address. `has_own_host`: people enter the host. `arguments` are the
    parameters that may follow a question mark. `settings` are arguments of the plugin that the portal
    sets.
    """

    title: str
    schemes: tuple[str, ...]
    plugin: str
    example: str
    has_own_host: bool = False
    arguments: frozenset[str] = frozenset()
    settings: Mapping[str, str] = field(default_factory=dict)


SERVICES: Final = (
    Service("Slack", ("slack",), "slack:NotifySlack", "https://hooks.slack.com/services/T…/B…/…"),
    Service(
        "Microsoft Teams (Workflows)",
        ("workflow", "workflows"),
        "workflows:NotifyWorkflows",
        "https://prod-12.westeurope.logic.azure.com/workflows/…?sig=…",
        has_own_host=True,
        arguments=frozenset({"api-version", "sp", "sv", "sig"}),
    ),
    Service("Discord", ("discord",), "discord:NotifyDiscord", "https://discord.com/api/webhooks/…/…"),
    Service("Google Chat", ("gchat",), "google_chat:NotifyGoogleChat", "gchat://workspace/key/token"),
    Service("Webex", ("wxteams", "webex"), "webexteams:NotifyWebexTeams", "wxteams://token"),
    Service("Telegram", ("tgram",), "telegram:NotifyTelegram", "tgram://bot-token/chat-id"),
    Service("Pushover", ("pover",), "pushover:NotifyPushover", "pover://user-key@token"),
    Service(
        "PagerDuty",
        ("pagerduty",),
        "pagerduty:NotifyPagerDuty",
        "pagerduty://integration-key@api-key",
        arguments=frozenset({"region"}),
    ),
    Service(
        "Opsgenie",
        ("opsgenie",),
        "opsgenie:NotifyOpsgenie",
        "opsgenie://api-key",
        arguments=frozenset({"region"}),
        settings={"action": "new"},  # for information, apprise would close alerts instead of opening one
    ),
    Service(
        "Mattermost", ("mmosts",), "mattermost:NotifyMattermost", "mmosts://chat.example.com/token", has_own_host=True
    ),
    Service(
        "Rocket.Chat",
        ("rockets",),
        "rocketchat:NotifyRocketChat",
        "rockets://user:password@chat.example.com/#channel",
        has_own_host=True,
    ),
    Service("Gotify", ("gotifys",), "gotify:NotifyGotify", "gotifys://push.example.com/token", has_own_host=True),
    Service("JSON", ("jsons",), "custom_json:NotifyJSON", "jsons://hooks.example.com/path", has_own_host=True),
)
BY_SCHEME: Final = {scheme: service for service in SERVICES for scheme in service.schemes}
