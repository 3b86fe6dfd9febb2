"""The field for the tags of an environment: one `key = value` on each line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from typing_extensions import override

from provisioning.blueprint.phrasing import listed
from provisioning.lifecycle.rules.required_tags import TagNeed

HELP: Final = (
    "One key = value per line, for every resource that AWS can tag. Enter no passwords or keys: everyone who sees the "
    "AWS account can read tags."
)


class TagsField(forms.CharField):
    """The value is a dictionary. Which tags are right is decided by `provisioning`."""

    widget = forms.Textarea

    def __init__(self, *, note: str = "", **options: Any) -> None:
        """`note` follows the help."""
        super().__init__(**{"required": False, "label": "Tags", "help_text": f"{HELP} {note}".rstrip(), **options})
        self.widget.attrs |= {"rows": 3, "spellcheck": "false", "autocomplete": "off"}

    def show_needs(self, needs: Sequence[TagNeed]) -> None:
        """Say which tags the rules require."""
        if needs:
            self.help_text = f"{self.help_text} Required here: {', '.join(map(_shown, needs))}."
            self.widget.attrs["placeholder"] = "\n".join(f"{need.key} = {(need.values or ('…',))[0]}" for need in needs)

    @override
    def to_python(self, value: Any) -> Any:
        tags: dict[str, str] = {}
        problems = []
        for number, line in enumerate(str(value or "").splitlines(), start=1):
            key, equals, text = (part.strip() for part in line.partition("="))
            if not line.strip():
                continue
            if not equals:
                # The line is not repeated: somebody may have pasted a secret.
                problems.append(f"Line {number} has no =. Write key = value.")
            elif key in tags:
                problems.append(f"Line {number} has a key that is already there. Remove one of the two lines.")
            tags[key] = text
        if problems:
            raise ValidationError(problems)
        return tags

    @override
    def prepare_value(self, value: Any) -> Any:
        return tags_text(value) if isinstance(value, Mapping) else value

    @override
    def validate(self, value: Any) -> None:
        return

    @override
    def run_validators(self, value: Any) -> None:
        return


def tags_text(tags: Mapping[str, str]) -> str:
    """Tags as the field shows them, by key: the database keeps no order."""
    return "\n".join(f"{key} = {value}" for key, value in sorted(tags.items()))


def _shown(need: TagNeed) -> str:
    return f"{need.key} ({listed(need.values)})" if need.values else need.key
