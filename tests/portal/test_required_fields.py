"""No form of the pages says "This field is required." without naming the field."""

from __future__ import annotations

from collections.abc import Iterator

from django import forms
from django.urls import get_resolver

from portal.web.forms import PlainForm


def forms_of_pages() -> Iterator[type[forms.BaseForm]]:
    assert get_resolver().url_patterns  # imports all pages
    waiting, seen = [forms.BaseForm], set()
    while waiting:
        for found in waiting.pop().__subclasses__():
            if found not in seen:
                seen.add(found)
                waiting.append(found)
    yield from (found for found in seen if found.__module__.startswith("portal.pages."))


def test_every_form_of_the_pages_names_what_is_missing() -> None:
    found = list(forms_of_pages())
    assert len(found) > 20
    assert [form for form in found if issubclass(form, forms.Form) and not issubclass(form, PlainForm)] == []


def test_a_field_without_a_sentence_of_its_own_is_named() -> None:
    class Example(PlainForm):
        stack = forms.CharField()
        team_name = forms.CharField(label="Team")
        name = forms.CharField(error_messages={"required": "Enter a name."})

    errors = Example({}).errors
    assert errors == {"stack": ["Stack is required."], "team_name": ["Team is required."], "name": ["Enter a name."]}
