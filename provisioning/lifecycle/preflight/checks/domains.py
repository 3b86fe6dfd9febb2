"""Hosted zones: each zone that the plan names exists, is public where the public must find its
records, and is the zone that its parent delegates to.

A certificate of the plan is issued only when its validation record is found in the public DNS.
Without that, the stack waits for hours and rolls back.
https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from provisioning.aws.account_reads import HostedZone
from provisioning.lifecycle.preflight.check import (
    Check,
    Question,
    Verdict,
    World,
    blocking,
    not_checked,
    passed,
    warning,
)
from provisioning.lifecycle.preflight.checks.zones import known
from provisioning.lifecycle.preflight.subject import Subject
from provisioning.proof.model.template import Resource


@dataclass(slots=True)
class ZoneUse:
    """How the plan uses a zone: the names that it writes, and whether strangers must find them."""

    region: str
    names: list[str] = field(default_factory=list)
    validates: bool = False
    """A certificate waits for a record in it."""
    is_public: bool = False


def zone_uses(subject: Subject) -> dict[str, ZoneUse]:
    """The zones that a template names by their id. Zones that it creates are not among them."""
    uses: dict[str, ZoneUse] = {}
    for certificate in subject.of("AWS::CertificateManager::Certificate"):
        for option in certificate.objects("DomainValidationOptions"):
            if zone := known(option.get("HostedZoneId")):
                use = uses.setdefault(zone, ZoneUse(subject.region_of(certificate)))
                use.names.append(known(option.get("DomainName")))
                use.validates = use.is_public = True
    for record in subject.of("AWS::Route53::RecordSet"):
        if zone := known(record.get("HostedZoneId")):
            use = uses.setdefault(zone, ZoneUse(subject.region_of(record)))
            use.names.append(known(record.get("Name")))
            use.is_public |= _leads_outside(subject, record)
    return uses


def _leads_outside(subject: Subject, record: Resource) -> bool:
    """Whether the record is for the public: an alias of something on the internet, or mail's."""
    target = subject.model.find(record.get("AliasTarget.DNSName"))
    if target is None:
        return record.get("Type") in ("TXT", "MX", "CNAME")
    return target.type == "AWS::CloudFront::Distribution" or target.get("Scheme") == "internet-facing"


def _hosted_zones(subject: Subject) -> Iterator[Question]:
    for zone_id, use in zone_uses(subject).items():

        def ask(world: World, zone_id: str = zone_id, use: ZoneUse = use) -> Verdict:
            zone = world.aws.once(world.aws.account.hosted_zone, zone_id)
            if zone is None:
                return blocking(
                    f"The account has no hosted zone {zone_id}.",
                    "Enter the ID of a hosted zone of this account. `aws route53 list-hosted-zones` lists them.",
                )
            names = [name.rstrip(".") for name in use.names if name]
            if outside := [name for name in names if not _inside(name, zone.name)]:
                return blocking(
                    f"The hosted zone {zone_id} is that of {zone.name}; {outside[0]} is not in it.",
                    "Enter the hosted zone of the domain, or a domain in this zone.",
                )
            if zone.is_private and use.validates:
                return blocking(
                    f"The hosted zone {zone_id} ({zone.name}) is private, so the certificate can never be validated.",
                    "Enter the ID of a public hosted zone.",
                )
            if zone.is_private and use.is_public:
                return warning(
                    f"The hosted zone {zone_id} ({zone.name}) is private, so nobody outside its VPCs finds the "
                    "environment.",
                    "Enter the ID of a public hosted zone.",
                )
            return passed(f"The hosted zone {zone_id} is that of {zone.name}.")

        yield Question(use.region, f"Hosted zone {zone_id}", ask, address=zone_id)


def _inside(name: str, zone: str) -> bool:
    return name.lower() == zone.lower() or name.lower().endswith(f".{zone.lower()}")


def _delegations(subject: Subject) -> Iterator[Question]:
    for zone_id, use in zone_uses(subject).items():
        if not use.is_public:
            continue

        def ask(world: World, zone_id: str = zone_id, use: ZoneUse = use) -> Verdict:
            zone = world.aws.once(world.aws.account.hosted_zone, zone_id)
            if zone is None:
                return not_checked(f"The delegation of {zone_id}: the account has no such hosted zone.")
            if zone.is_private:
                return passed(f"The hosted zone {zone_id} is private, so nobody delegates to it.")
            return _delegation(zone, world.name_servers(zone.name), blocks=use.validates)

        yield Question(use.region, f"Delegation of the hosted zone {zone_id}", ask, address=zone_id)


def _delegation(zone: HostedZone, answering: frozenset[str], *, blocks: bool) -> Verdict:
    own = {name.rstrip(".").lower() for name in zone.name_servers}
    judge = blocking if blocks else warning
    remedy = (
        f"Let the registrar of {zone.name}, or the operator of its parent domain, set the name servers to "
        f"{', '.join(sorted(own))}."
    )
    if not answering:
        return judge(f"Nobody answers for {zone.name} in the public DNS: the zone is not delegated.", remedy)
    if not answering & own:
        return judge(
            f"{zone.name} is delegated to other name servers ({', '.join(sorted(answering))}), so records of this zone "
            "are never found.",
            remedy,
        )
    if answering - own:
        return warning(
            f"{zone.name} is delegated to name servers of this zone and to others "
            f"({', '.join(sorted(answering - own))}), so some lookups fail.",
            remedy,
        )
    return passed(f"{zone.name} is delegated to this hosted zone.")


CHECKS: Final = (
    Check("domains.zones", "Hosted zones", _hosted_zones, ("hosted_zone",)),
    Check("domains.delegation", "Delegation of domains", _delegations, ("hosted_zone",)),
)
