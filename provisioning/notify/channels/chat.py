"""Sends a message through apprise, which knows how each service wants to be addressed.

The portal admits only the services of `services`, without parameters that read files, fetch
attachments or switch checks off. Their plugins make no connections of their own: `conversation`
does, to addresses that were checked, within a total time and size.

Functions import apprise, because that takes a third of a second, and web processes seldom need it.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from provisioning.errors import Refused
from provisioning.models import AllowedDestination
from provisioning.notify.channels.conversation import GUARDED_REQUESTS, Conversation, holding
from provisioning.notify.channels.outcome import Mail, Outcome, Result
from provisioning.notify.channels.services import BY_SCHEME, SERVICES, Service
from provisioning.outgoing import ForbiddenDestinationError, Guard, OutgoingError
from provisioning.outgoing.destination import read_host

LONGEST: Final = 2_000
_HTTPS: Final = 443
_TIMEOUT: Final = (4.0, 4.0)
"""apprise's own limits in seconds, as it has them without parameters. The portal's apply instead."""
_PRINTABLE: Final = re.compile(r"[!-~]+\Z")
_LATER: Final = frozenset({408, 425, 429})


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


def send_chat(url: str, message: Mail, guard: Guard) -> Outcome:
    """Send through apprise once. Rules and names may have changed since the address was entered, so
    each connection is checked. Uses no database.
    """
    try:
        _, plugin = _load(url)
    except Refused as refused:
        return Outcome(Result.REFUSED, refused.sentence)
    conversation = Conversation(guard)
    with holding(conversation):
        is_sent = _notify(plugin, message)
    return Outcome(Result.SENT) if is_sent and conversation.results else _outcome(conversation.failure)


def _notify(plugin: Any, message: Mail) -> bool:
    from apprise.common import NotifyFormat, NotifyType  # noqa: PLC0415 - see above

    return bool(
        plugin.notify(
            title=message.subject,
            body=message.body,
            notify_type=NotifyType.INFO,
            body_format=NotifyFormat.TEXT,
        )
    )


def _outcome(failure: int | OutgoingError | None) -> Outcome:
    """What a failure means. Only what surely did not arrive is sent again."""
    if isinstance(failure, ForbiddenDestinationError):
        return Outcome(Result.REFUSED, failure.sentence)
    if isinstance(failure, OutgoingError):
        if failure.may_have_arrived:
            return Outcome(Result.UNCLEAR, f"{failure.sentence} The message may have arrived.")
        return Outcome(Result.RETRY, failure.sentence)
    if failure is None:
        return Outcome(Result.RETRY, "The service could not be reached.")
    later = failure in _LATER or not 400 <= failure < 500  # noqa: PLR2004 - RFC 9110, 15.5
    reason = "is busy or out of order" if later else "refused the message. Check the address"
    return Outcome(Result.RETRY if later else Result.REFUSED, f"The service {reason} (HTTP {failure}).")


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
    from apprise.exception import AppriseException  # noqa: PLC0415 - see above

    scheme = url.partition("://")[0].lower()
    named = BY_SCHEME.get(scheme)
    for service in [named] if named is not None else SERVICES if scheme == "https" else ():
        module, _, name = service.plugin.partition(":")
        plugins: Any = import_module(f"apprise.plugins.{module}")
        plugins.requests = GUARDED_REQUESTS
        logging.getLogger("apprise").disabled = True  # it may repeat addresses with tokens
        plugin = getattr(plugins, name)
        read = plugin.parse_url if named is not None else plugin.parse_native_url
        tokens = read(url.replace("/#", "/%23"))
        if not tokens:
            continue
        _check_arguments(url, service)
        try:
            loaded = plugin(**{**tokens, **service.settings}, asset=_asset())
        except (AppriseException, TypeError, ValueError):
            raise Refused(f"This address of {service.title} is not complete. It looks like {service.example}") from None
        _check_plugin(loaded)
        return service, loaded
    names = ", ".join(service.title for service in SERVICES)
    raise Refused(f"This is not an address of a service that the portal uses. It uses {names}.")


def _asset() -> Any:
    from apprise.asset import AppriseAsset  # noqa: PLC0415 - see above
    from apprise.common import PersistentStoreMode  # noqa: PLC0415 - see above

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
