"""Allow connections to destinations that the rules for outgoing connections refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.db import transaction

from provisioning.errors import InvalidFields
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_admin
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import AllowedDestination, User
from provisioning.outgoing import ForbiddenDestinationError
from provisioning.outgoing.destination import read_host
from provisioning.outgoing.rules import WIDEST_IPV4, WIDEST_IPV6


@dataclass(frozen=True, slots=True)
class DestinationChoice:
    """`what` is a name, a domain that starts with a dot, an address, or a network such as 10.1.0.0/16."""

    what: str
    ports: Sequence[int] = ()
    allows_http: bool = False
    note: str = ""


def allow_destination(*, actor: User, choice: DestinationChoice) -> AllowedDestination:
    """Raises NotAllowed and Refused."""
    check_admin(actor)
    host, network = _read(choice.what.strip())
    at = clock.now()
    with transaction.atomic():
        if AllowedDestination.objects.filter(host=host, network=network).exists():
            raise InvalidFields(
                {"what": [f"{host or network} is allowed already. Remove that entry first to change it."]}
            )
        row = AllowedDestination.objects.create(
            host=host,
            network=network,
            ports=sorted(set(choice.ports)),
            allows_http=choice.allows_http,
            note=choice.note.strip()[:200],
            created_by=actor,
            created_at=at,
        )
        audit_event(
            AuditAction.DESTINATION_ALLOW, actor=actor, at=at, subject=str(row), subject_id=row.pk, after=_shown(row)
        )
    return row


def forbid_destination(*, actor: User, destination: AllowedDestination) -> None:
    """Connections that are open remain; the next one is refused. Raises NotAllowed."""
    check_admin(actor)
    with transaction.atomic():
        if not AllowedDestination.objects.filter(pk=destination.pk).delete()[0]:
            return
        audit_event(
            AuditAction.DESTINATION_FORBID,
            actor=actor,
            at=clock.now(),
            subject=str(destination),
            subject_id=destination.pk,
            before=_shown(destination),
        )


def _read(what: str) -> tuple[str, str]:
    """Return host and network, one of which is empty."""
    try:
        network: IPv4Network | IPv6Network | None = ip_network(what)
    except ValueError:
        network = None
    if network is not None:
        widest = WIDEST_IPV4 if network.version == 4 else WIDEST_IPV6  # noqa: PLR2004 - the version of IP
        if network.prefixlen < widest:
            raise InvalidFields({"what": [f"{what} is too wide. Enter a network of at most /{widest}."]})
        return "", str(network)
    if "/" in what:
        raise InvalidFields(
            {"what": [f"“{what}” is not a network. Enter one such as 10.1.0.0/16, whose last bits are zero."]}
        )
    domain = what.removeprefix(".")
    try:
        host = read_host(domain)
    except ForbiddenDestinationError as error:
        raise InvalidFields({"what": [error.sentence]}) from None
    if what.startswith(".") and "." not in host:
        raise InvalidFields({"what": [f"“{what}” covers too many names. Enter a domain such as .corp.example.com."]})
    return (f".{host}" if what.startswith(".") else host), ""


def _shown(row: AllowedDestination) -> dict[str, object]:
    return {"what": str(row), "ports": list(row.ports), "http": row.allows_http, "note": row.note}
