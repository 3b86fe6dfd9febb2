"""Which page a person returns to, after signing in or after an error.

A form posts to a URL that may have no page of its own, such as `/requests/…/approve/`. The page with
the form is in the Referer, which browsers send for our own origin (`Referrer-Policy: same-origin`);
htmx sends it in a header of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.http import url_has_allowed_host_and_scheme

_NOT_RETURNED_TO = ("/sign-in/", "/sign-out/")


def is_ours(request: HttpRequest, url: str) -> bool:
    """Whether the URL is one of the portal's, so that a redirect to it is safe."""
    return url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())


def page_of(request: HttpRequest) -> str:
    """Return path and query of the page to show again. A GET of a page returns to itself, others to
    the page with the form, or else to the nearest page above the URL.
    """
    htmx_page = request.headers.get("HX-Current-URL", "")
    if request.method in {"GET", "HEAD"} and not htmx_page and _has_page(request.path):
        return request.get_full_path()
    for url in (htmx_page, request.headers.get("Referer", "")):
        if url and is_ours(request, url):
            parts = urlsplit(url)
            if _has_page(parts.path):
                return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return request.path if _has_page(request.path) else parent_page(request.path)


def parent_page(path: str) -> str:
    """Return the nearest path above this one that shows a page."""
    parts = path.strip("/").split("/")
    while parts := parts[:-1]:
        above = f"/{'/'.join(parts)}/"
        if _has_page(above):
            return above
    return "/"


def takes_get(view: Callable[..., Any] | None) -> bool:
    """Whether the view answers a GET, as far as Django's `require_http_methods` and its relatives say.

    Django keeps the methods only in the closure of the decorator. A test compares this with what every
    URL answers.
    """
    while view is not None:
        names = getattr(getattr(view, "__code__", None), "co_freevars", ())
        for name, cell in zip(names, getattr(view, "__closure__", None) or (), strict=True):
            if name == "request_method_list":
                return "GET" in cell.cell_contents
        view = getattr(view, "__wrapped__", None)
    return True


def _has_page(path: str) -> bool:
    if path.startswith(_NOT_RETURNED_TO):
        return False
    try:
        match: ResolverMatch = resolve(path)
    except Resolver404:
        return False
    return takes_get(match.func)
