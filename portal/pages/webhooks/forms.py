"""The forms of a webhook and of an allowed destination. Services check addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django import forms

from portal.web.forms import PortalForm
from provisioning.models import Team, Webhook
from provisioning.notify.services.destinations import DestinationChoice
from provisioning.notify.services.webhooks import WebhookChoice
from provisioning.notify.webhooks.payload import event_types

PORTAL = "portal"
"""The choice of the whole portal instead of a team."""
URL_LIMIT = 2_000
FIRST = ("Drift", "Environment", "Operation", "Request")
"""The events that most receivers want come first in the list."""


class WebhookForm(PortalForm):
    """`teams` are those for which the person may add a webhook. With a stored webhook the address may
    remain empty, which keeps it.
    """

    team = forms.ChoiceField(
        label="Events of",
        help_text="Events of this team and of its environments.",
        error_messages={"required": "Choose a team.", "invalid_choice": "Choose one of these teams."},
    )
    name = forms.CharField(
        max_length=80,
        help_text="As you recognise it, such as the name of the program.",
        error_messages={"required": "Enter a name."},
    )
    url = forms.CharField(
        label="Address",
        max_length=URL_LIMIT,
        help_text="Starts with https://. It is stored encrypted and never shown again in full.",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "https://hooks.example.com/portal",
                "data-secret": "",
            }
        ),
        error_messages={"required": "Enter the address of the receiver."},
    )
    every_event = forms.BooleanField(required=False, label="Every event, including those that later versions add")
    events = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(
        self, data: Any = None, *, teams: Sequence[Team] = (), for_portal: bool = False, webhook: Webhook | None = None
    ) -> None:
        super().__init__(data, initial=_initial(webhook))
        self.fields["events"].choices = _grouped_events()  # type: ignore[attr-defined]
        choices = [(team.slug, team.name) for team in teams]
        if for_portal:
            choices.append((PORTAL, "The whole portal"))
        self.fields["team"].choices = choices  # type: ignore[attr-defined]
        if webhook is not None:
            del self.fields["team"]
            self.fields["url"].required = False
            self.fields["url"].label = "New address"
            self.fields["url"].help_text = f"Stored: {webhook.masked} Leave it empty to keep it."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("every_event") and not cleaned.get("events") and "events" not in self.errors:
            self.add_error("every_event", "Choose events, or every event.")
        return cleaned

    @property
    def choice(self) -> WebhookChoice:
        given = self.cleaned_data
        events = () if given["every_event"] else tuple(given["events"])
        return WebhookChoice(name=given["name"], url=given["url"], events=events)


class DestinationForm(PortalForm):
    what = forms.CharField(
        label="Name or network",
        max_length=253,
        help_text="A name (ci.corp.example.com), a domain (.corp.example.com), an address, or a network (10.1.0.0/16).",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Enter a name or a network."},
    )
    ports = forms.CharField(
        required=False,
        max_length=60,
        help_text="Besides 443 and 8443, separated by commas.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "9000, 9443"}),
    )
    allows_http = forms.BooleanField(required=False, label="Also without TLS (http)")
    note = forms.CharField(required=False, max_length=200, help_text="Why it is allowed. Other portal admins read it.")

    def clean_ports(self) -> tuple[int, ...]:
        texts = [text.strip() for text in str(self.cleaned_data["ports"]).split(",") if text.strip()]
        if any(not text.isascii() or not text.isdecimal() or not 0 < int(text) < 65_536 for text in texts):  # noqa: PLR2004
            raise forms.ValidationError("Enter ports from 1 to 65535, separated by commas.")
        return tuple(int(text) for text in texts)

    @property
    def choice(self) -> DestinationChoice:
        given = self.cleaned_data
        return DestinationChoice(
            what=given["what"], ports=given["ports"], allows_http=given["allows_http"], note=given["note"]
        )


def _grouped_events() -> list[tuple[str, list[tuple[str, str]]]]:
    """Event types by their noun, each with its meaning."""
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for kind, meaning in event_types().items():
        groups[kind.partition(".")[0].replace("_", " ").capitalize()].append((kind, f"{kind}: {meaning}"))
    return sorted(groups.items(), key=lambda group: (group[0] not in FIRST, group[0]))


def _initial(webhook: Webhook | None) -> dict[str, object]:
    if webhook is None:
        return {"every_event": False}
    return {"name": webhook.name, "events": webhook.events, "every_event": not webhook.events}
