"""The form of a channel. Services check the address."""

from __future__ import annotations

from datetime import time
from typing import Any
from zoneinfo import available_timezones

from django import forms

from portal.web.forms import PortalForm
from provisioning.models import ChannelKind, ChannelTiming, NotificationChannel
from provisioning.notify.services.channels import ChannelChoice
from provisioning.notify.topics import FOR_PEOPLE, FOR_TEAMS

ADDRESS_LIMIT = 2_000


class ChannelForm(PortalForm):
    """`for_team`: the labels of topics are those of a team. With a stored channel the address may
    remain empty, which keeps it. A person's own mail has no name and no address of its own.
    """

    kind = forms.ChoiceField(label="Kind", choices=ChannelKind.choices, required=False)
    name = forms.CharField(
        max_length=80,
        help_text="As you recognise it, such as #payments on Slack.",
        error_messages={"required": "Enter a name."},
    )
    address = forms.CharField(
        max_length=ADDRESS_LIMIT,
        help_text="The address for incoming messages of the service, which may contain a secret.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "data-secret": ""}),
        error_messages={"required": "Enter the address that the service shows for incoming messages."},
    )
    topics = forms.MultipleChoiceField(required=False, label="Messages about", widget=forms.CheckboxSelectMultiple)
    timing = forms.ChoiceField(
        label="When", choices=ChannelTiming.choices, help_text="Hourly and daily messages are collected into one."
    )
    daily_at = forms.TimeField(
        label="Time of day",
        help_text="Used if you choose once a day.",
        widget=forms.TimeInput(format="%H:%M", attrs={"placeholder": "09:00"}),
        error_messages={"invalid": "Enter a time such as 09:00."},
    )
    time_zone = forms.CharField(max_length=60, help_text="Of the time of day, such as Europe/Dublin.")

    def __init__(
        self, data: Any = None, *, for_team: bool, channel: NotificationChannel | None = None, **options: Any
    ) -> None:
        topics = FOR_TEAMS if for_team else FOR_PEOPLE
        super().__init__(data, initial=_initial(channel, [str(topic) for topic in topics]), **options)
        labels = [(str(topic), topic.for_team if for_team else topic.for_person) for topic in topics]
        self.fields["topics"].choices = labels  # type: ignore[attr-defined]
        self.fields["time_zone"].listed = sorted(available_timezones())  # type: ignore[attr-defined]
        self.fields["time_zone"].widget.attrs |= {"list": "list-", "autocomplete": "off"}
        self.is_own_mail = channel is not None and channel.kind == ChannelKind.MAIL and channel.user_id is not None
        if channel is not None or not for_team:
            del self.fields["kind"]
        if self.is_own_mail:
            del self.fields["name"], self.fields["address"]
        elif channel is not None:
            self.fields["address"].required = False
            self.fields["address"].label = "New address"
            self.fields["address"].help_text = f"Stored: {channel.masked}. Leave it empty to keep it."

    @property
    def choice(self) -> ChannelChoice:
        given = self.cleaned_data
        return ChannelChoice(
            name=given.get("name", "E-mail"),
            address=given.get("address", ""),
            topics=given["topics"],
            timing=given["timing"],
            daily_at=given["daily_at"],
            time_zone=given["time_zone"],
        )


def _initial(channel: NotificationChannel | None, topics: list[str]) -> dict[str, object]:
    if channel is None:
        return {
            "kind": ChannelKind.CHAT,
            "topics": topics,
            "timing": ChannelTiming.IMMEDIATELY,
            "daily_at": time(9),
            "time_zone": "UTC",
        }
    return {
        "name": channel.name,
        "topics": channel.topics,
        "timing": channel.timing,
        "daily_at": channel.daily_at,
        "time_zone": channel.time_zone,
    }
