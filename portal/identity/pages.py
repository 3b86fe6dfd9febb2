"""Which page a person returns to after signing in.

A form posts to a URL that may have no page of its own, such as `/requests/…/approve/`. The page with
the form is in the Referer, which browsers send for our own origin (`Referrer-Policy: same-origin`);
htmx sends it in a header of its own.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme


def is_ours(request: HttpRequest, url: str) -> bool:
    """Whether the URL is one of the portal's, so that a redirect to it is safe."""
    return url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())


def page_of(request: HttpRequest) -> str:
    """Return path and query of the page to show after sign-in: a GET returns to its own URL,
    others to the page with the form, or else the nearest page above the URL.
    """
    htmx_page = request.headers.get("HX-Current-URL", "")
    if request.method in {"GET", "HEAD"} and not htmx_page:
        return request.get_full_path()
    for url in (htmx_page, request.headers.get("Referer", "")):
        if url and is_ours(request, url) and (path := _local(url)) and _has_page(path):
            return path
    return parent_page(request.path)


def parent_page(path: str) -> str:
    """Return the nearest path above this one that exists."""
    parts = path.strip("/").split("/")
    while parts := parts[:-1]:
        above = f"/{'/'.join(parts)}/"
        if _has_page(above):
            return above
    return "/"


def _has_page(path: str) -> bool:
    """Whether the path exists. Pages about signing in are not returned to."""
    bare = path.split("?", 1)[0]
    try:
        match = resolve(bare)
    except Resolver404:
        return False
    return not bare.startswith((reverse("sign_in"), reverse("sign_out"))) and match.url_name is not None


def _local(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
