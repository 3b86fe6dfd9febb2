"""Connections from the portal to addresses that people have entered: webhooks, chat servers with a
host of their own, and the endpoints of accounts.

A person who enters such an address must not use the portal to reach what only the portal can reach
(server-side request forgery). So:

- `destination` reads an address strictly. What has two readings is refused.
- `addresses` says of each IP address whether it is public.
- `rules` is what admins have allowed in addition: names, networks, ports and plain http.
- `guard` resolves a name once, checks every address of the answer, and connects to one of these
  addresses, never to the name. TLS still verifies the certificate of the name.
- `http` sends one request through such a connection, without proxies and redirects, within a total
  time, and reads no body, or a bounded part of it.

The package knows no Django and no database; callers pass the rules.
"""

from provisioning.outgoing.destination import Destination, read_destination
from provisioning.outgoing.errors import ForbiddenDestinationError, OutgoingError
from provisioning.outgoing.guard import Guard, system_resolver
from provisioning.outgoing.http import Answer, Reply, exchange, get, post
from provisioning.outgoing.rules import NOTHING_ALLOWED, OWN_MACHINE, Allowed, Rules

__all__ = [
    "NOTHING_ALLOWED",
    "OWN_MACHINE",
    "Allowed",
    "Answer",
    "Destination",
    "ForbiddenDestinationError",
    "Guard",
    "OutgoingError",
    "Reply",
    "Rules",
    "exchange",
    "get",
    "post",
    "read_destination",
    "system_resolver",
]
