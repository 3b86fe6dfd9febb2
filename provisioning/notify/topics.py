"""What people and teams can choose to hear about."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Topic(StrEnum):
    """The values are stored in channels and never change.

    `for_person` and `for_team` are the labels on the pages; a topic without one is not offered
    there. `is_urgent`: never gathered or put into a digest.
    """

    for_person: str
    for_team: str
    is_urgent: bool

    def __new__(cls, value: str, for_person: str = "", for_team: str = "", is_urgent: bool = False) -> Self:  # noqa: FBT001, FBT002
        member = str.__new__(cls, value)
        member._value_ = value
        member.for_person = for_person
        member.for_team = for_team
        member.is_urgent = is_urgent
        return member

    AWAITING = "awaiting", "Requests that await my approval", "Requests of the team that await approval"
    DECISIONS = "decisions", "Decisions and questions on my requests", "Decisions and questions on the team’s requests"
    RESULTS = "results", "My requests that are completed or cancelled", "Requests that are completed or cancelled"
    FAILURES = "failures", "My requests that failed", "Requests that failed"
    ENVIRONMENTS = (
        "environments",
        "My environments: drift, hand-over, requests that expire soon",
        "Environments: drift, hand-over, requests that expire soon",
    )
    MEMBERS = "members", "My teams and roles", "Members and roles of the team"
    INTEGRATIONS = "integrations", "Webhooks, channels and tokens of the teams I own", "Webhooks, channels and tokens"
    SECURITY = "security", "Sign-in and security of my account", "", True


FOR_PEOPLE = tuple(topic for topic in Topic if not topic.is_urgent)
"""What a person may switch off. Security events always go to the person's mail."""
FOR_TEAMS = tuple(topic for topic in Topic if topic.for_team)
