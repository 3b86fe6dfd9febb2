"""Forms whose errors people find: each sentence is next to its field, and the first one has the focus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from typing_extensions import override

from provisioning.errors import InvalidFields, Refused


def name_what_is_required(fields: Mapping[str, forms.Field]) -> None:
    """Let each field that has no sentence of its own name itself when it is empty."""
    for name, field in fields.items():
        if field.error_messages.get("required") == forms.Field.default_error_messages["required"]:
            label = field.label or name.replace("_", " ").capitalize()
            field.error_messages["required"] = f"{label} is required."


class PlainForm(forms.Form):
    """Names each field that is missing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name_what_is_required(self.fields)


class PortalForm(PlainForm):
    """Connects each field with its help and its error for screen readers. Services report what is wrong
    as `InvalidFields`, which `add_sentences` takes.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            described = f"help-{name} error-{name}" if field.help_text else f"error-{name}"
            field.widget.attrs.setdefault("aria-describedby", described)

    @override
    def full_clean(self) -> None:
        super().full_clean()
        self._focus_first_error()

    @override
    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if field in self.fields:
            self.fields[field].widget.attrs["aria-invalid"] = "true"

    def add_sentences(self, sentences: Mapping[str, Iterable[str]]) -> None:
        """Add the sentences of a service. Those about a field that the form does not have are about the
        whole form.
        """
        for name, texts in sentences.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)
        self._focus_first_error()

    def add_refusal(self, error: Refused, *, at: str) -> None:
        """Add what a service refused, at the field `at` if it is about no field of the form."""
        if isinstance(error, InvalidFields):
            self.add_sentences({name if name in self.fields else at: texts for name, texts in error.fields.items()})
        else:
            self.add_sentences({at: [error.sentence]})

    def _focus_first_error(self) -> None:
        for name in self.fields:
            if name in self.errors:
                self.fields[name].widget.attrs["autofocus"] = True
                return


def add_field_errors(form: forms.Form, errors: Mapping[str, Sequence[str]]) -> list[str]:
    """Add the sentences of a service to the fields of any form. Returns those about no field of it."""
    for name in errors.keys() & form.fields.keys():
        form.add_error(name, list(errors[name]))
    return [sentence for name, sentences in errors.items() if name not in form.fields for sentence in sentences]


class LinesField(forms.CharField):
    """A list with one entry per line. Empty lines do not count. The value is a tuple."""

    widget = forms.Textarea

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"required": False})
        self.widget.attrs |= {"rows": 3, "spellcheck": "false", "autocomplete": "off"}

    @override
    def to_python(self, value: Any) -> Any:
        return tuple(line.strip() for line in str(value or "").splitlines() if line.strip())

    @override
    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else "\n".join(value or ())

    @override
    def validate(self, value: Any) -> None:
        return

    @override
    def run_validators(self, value: Any) -> None:
        return
