"""Filters for the reference of components."""

from __future__ import annotations

from itertools import cycle

from django import template
from django.utils.html import conditional_escape, urlize
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def coded(text: str) -> SafeString:
    """Words between backticks as code, addresses as links, everything else escaped."""
    parts = [
        f"<code>{conditional_escape(words)}</code>" if is_code else urlize(words, nofollow=True, autoescape=True)
        for is_code, words in zip(cycle((False, True)), text.split("`"), strict=False)
    ]
    return mark_safe("".join(parts))  # noqa: S308 - every part is escaped
