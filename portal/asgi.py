"""The web process: Django in threads, behind a front that reads bodies before a thread works on them."""

from typing import Final, cast

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp
from django.conf import settings
from django.urls import get_resolver

from portal.web.front import App, Front
from portal.wsgi import application as django_application

# As many parts of an answer as a file of some megabytes has, so that its slow reader holds no thread at all.
_PARTS_SENT_AHEAD: Final = 1024


def _in_threads(workers: int) -> App:
    pages = cast("WSGIApp", django_application)
    return cast("App", WSGIMiddleware(pages, workers=workers, send_queue_size=_PARTS_SENT_AHEAD))


# All pages are imported before the first request, which would otherwise wait for them for seconds.
get_resolver().url_patterns  # noqa: B018 - reading it imports them

application = Front(pages=_in_threads(settings.WEB_THREADS), health=_in_threads(1), proxies=settings.TRUSTED_PROXIES)
