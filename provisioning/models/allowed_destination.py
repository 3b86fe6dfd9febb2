"""What admins allow the portal to connect to, besides https to public addresses."""

import uuid
from ipaddress import ip_network

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from provisioning.outgoing import Allowed, Rules

from .team import User


class AllowedDestination(models.Model):
    """What the portal may connect to although its rules for outgoing connections would refuse it.

    `network` is an address range, or `host` an exact name or a domain that starts with a dot.
    `ports` are admitted besides the usual ones, and `allows_http` admits http.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(max_length=253, blank=True)
    network = models.CharField(max_length=50, blank=True)
    ports = ArrayField(models.IntegerField(), default=list, blank=True)
    allows_http = models.BooleanField(default=False)
    note = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(host="") & ~Q(network="")) | (~Q(host="") & Q(network="")), name="destination_is_one"
            )
        ]

    def __str__(self) -> str:
        return self.host or self.network

    @classmethod
    def rules(cls) -> Rules:
        """What admins have allowed now. One query."""
        rows = cls.objects.order_by("created_at").values_list("host", "network", "ports", "allows_http")
        return Rules(
            allowed=tuple(
                Allowed(
                    host=host,
                    network=ip_network(network) if network else None,
                    ports=tuple(ports),
                    allows_http=allows_http,
                )
                for host, network, ports, allows_http in rows
            )
        )
