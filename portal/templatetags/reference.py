"""Filters for the reference of components."""

from __future__ import annotations

from itertools import cycle

from django import template
from django.utils.html import conditional_escape, format_html_join, urlize
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def coded(text: str) -> SafeString:
    """Words between backticks as code, addresses as links, everything else escaped."""
    parts = zip(cycle((False, True)), text.split("`"), strict=False)
    return format_html_join("", "{}", ((_code(words) if code else _linked(words),) for code, words in parts))


def _code(words: str) -> SafeString:
    return mark_safe(f"<code>{conditional_escape(words)}</code>")  # noqa: S308 - escaped


def _linked(words: str) -> SafeString:
    return mark_safe(urlize(words, nofollow=True, autoescape=True))  # noqa: S308 - urlize escapes
