"""Sends a message through apprise.

apprise makes its own HTTP requests. The portal therefore admits only the services of `services`,
without parameters that read files, fetch attachments or switch checks off, and lets apprise follow
no redirect. For a host that people enter, every address of the name is checked before each message.
What cannot be done: pin apprise's connection to the address that was checked, so a name that changes
within these milliseconds is not noticed; and apprise uses proxies of the environment. Webhooks have
neither limit.
"""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Self

from apprise.asset import AppriseAsset
from apprise.common import NotifyFormat, NotifyType, PersistentStoreMode
from apprise.exception import AppriseException

from provisioning.errors import Refused
from provisioning.models import AllowedDestination
from provisioning.notify.channels.outcome import Mail, Outcome, Result
from provisioning.notify.channels.services import BY_SCHEME, SERVICES, Service
from provisioning.outgoing import ForbiddenDestinationError, Guard, OutgoingError
from provisioning.outgoing.destination import read_host

LONGEST: Final = 2_000
_HTTPS: Final = 443
_TIMEOUT: Final = (4.0, 4.0)
"""apprise's own limits in seconds, to connect and for each part of an answer."""
_PRINTABLE: Final = re.compile(r"[!-~]+\Z")
_STATUS: Final = re.compile(r"\berror=(\d{3})\b")
_LATER: Final = frozenset({"408", "425", "429"})
_AFTER_SENDING: Final = ("Read timed out", "RemoteDisconnected", "Connection aborted", "IncompleteRead")

# apprise's log may repeat addresses with tokens; what it says about a failure is read here and goes nowhere else.
_LOG: Final = logging.getLogger("apprise")
_one_at_a_time: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class ChatTarget:
    """An address that was checked. `masked` is what pages show."""

    url: str
    service: Service
    scheme: str
    masked: str


def read_target(url: str, *, guard: Guard | None = None) -> ChatTarget:
    """Check an address of a chat or service. Raises Refused with a sentence for its owner."""
    url = url.strip()
    if not url or len(url) > LONGEST or not _PRINTABLE.match(url):
        raise Refused("Enter the address without spaces and line breaks, as the service shows it.")
    service, plugin = _load(url)
    host = _checked_host(plugin, guard or Guard(AllowedDestination.rules())) if service.has_own_host else ""
    shown = f"{service.title} at {host}" if host else service.title
    return ChatTarget(url=url, service=service, scheme=service.schemes[0], masked=f"{shown}, …{_tail(url)}")


def send_chat(url: str, message: Mail) -> Outcome:
    """Send through apprise once. It is checked again: rules and names may have changed."""
    try:
        read_target(url)
        _, plugin = _load(url)
    except Refused as refused:
        return Outcome(Result.REFUSED, refused.sentence)
    with _one_at_a_time, _Listener() as heard:
        is_sent = plugin.notify(
            title=message.subject,
            body=message.body,
            notify_type=NotifyType.INFO,
            body_format=NotifyFormat.TEXT,
        )
    return Outcome(Result.SENT) if is_sent else _failure(heard.text)


def _failure(text: str) -> Outcome:
    if (status := _STATUS.search(text)) is not None:
        code = status[1]
        later = code in _LATER or not code.startswith("4")
        reason = "is busy or out of order" if later else "refused the message. Check the address"
        return Outcome(Result.RETRY if later else Result.REFUSED, f"The service {reason} (HTTP {code}).")
    if any(sign in text for sign in _AFTER_SENDING):
        return Outcome(Result.UNCLEAR, "The service did not confirm the message. It may have arrived.")
    return Outcome(Result.RETRY, "The service could not be reached.")


def _checked_host(plugin: Any, guard: Guard) -> str:
    """Return the host to which the plugin will connect, after a check of all its addresses."""
    try:
        host = read_host(str(plugin.host or ""))
        guard.addresses("https", host, int(plugin.port or _HTTPS))
    except ForbiddenDestinationError as error:
        raise Refused(error.sentence) from None
    except OutgoingError as error:
        raise Refused(f"{error.sentence} Check the address.") from None
    return host


def _check_arguments(url: str, service: Service) -> None:
    """Parameters of apprise read files (`template`), fetch documents and switch off checks.

    apprise reads everything after the first question mark as parameters, also behind #, and splits
    them at & and at semicolons. Names are compared as they are written, so an encoded name is refused.
    """
    query = url.partition("?")[2]
    if (query and "#" in url) or ";" in query:
        raise Refused("Remove # or ; from the address. It cannot have them together with what follows ?.")
    for pair in filter(None, query.split("&")):
        name = pair.partition("=")[0]
        if name.lower() not in service.arguments:
            raise Refused(f"Remove the parameter {name[:40]} from the address. The portal does not use it.")


def _check_plugin(plugin: Any) -> None:
    """A second line of defense, in case apprise reads an address in a way that is not known here."""
    is_plain = plugin.verify_certificate and not plugin.redirects and not getattr(plugin, "template", None)
    if not is_plain or plugin.request_timeout != _TIMEOUT:
        raise Refused("Remove what follows ? from the address.")


def _load(url: str) -> tuple[Service, Any]:
    """Return the service and its plugin with the address in it. Only plugins of `SERVICES` are ever
    imported. Raises Refused.
    """
    scheme = url.partition("://")[0].lower()
    named = BY_SCHEME.get(scheme)
    for service in [named] if named is not None else SERVICES if scheme == "https" else ():
        module, _, name = service.plugin.partition(":")
        plugin = getattr(import_module(f"apprise.plugins.{module}"), name)
        with _one_at_a_time, _Listener():
            read = plugin.parse_url if named is not None else plugin.parse_native_url
            tokens = read(url.replace("/#", "/%23"))
            if not tokens:
                continue
            _check_arguments(url, service)
            try:
                loaded = plugin(**tokens, asset=_asset())
            except (AppriseException, TypeError, ValueError):
                raise Refused(
                    f"This address of {service.title} is not complete. It looks like {service.example}"
                ) from None
            _check_plugin(loaded)
            return service, loaded
    names = ", ".join(service.title for service in SERVICES)
    raise Refused(f"This is not an address of a service that the portal uses. It uses {names}.")


def _asset() -> Any:
    return AppriseAsset(
        app_id="Portal",
        app_desc="Portal",
        app_url="",
        async_mode=False,
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
        storage_mode=PersistentStoreMode.MEMORY,
        allow_templates=False,
        image_url_mask="",
        image_url_logo="",
        interpret_emojis=False,
    )


def _tail(url: str) -> str:
    """The last characters, by which the owner recognises the address."""
    return url.rstrip("/")[-4:]


class _Listener(logging.Handler):
    """Hears what apprise logs, while it has the log for itself."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += record.getMessage()[:500] + "\n"

    def __enter__(self) -> Self:
        _LOG.addHandler(self)
        _LOG.setLevel(logging.DEBUG)
        _LOG.propagate = False
        return self

    def __exit__(self, *_: object) -> None:
        _LOG.removeHandler(self)
        _LOG.setLevel(logging.CRITICAL)
