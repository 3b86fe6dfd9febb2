"""Certificates that the plan does not create itself: region, state, and the names that they cover."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from provisioning.lifecycle.preflight.check import Check, Question, Verdict, World, blocking, passed
from provisioning.lifecycle.preflight.checks.zones import known
from provisioning.lifecycle.preflight.subject import GLOBAL_REGION, Subject
from provisioning.proof.model.template import Resource

_ARN_PARTS: Final = 6


def _uses(subject: Subject) -> Iterator[tuple[Resource, str, str, Sequence[str]]]:
    """Each use: the resource, the certificate's ARN, the region it must be in, and the domains that
    the resource serves.
    """
    for distribution in subject.of("AWS::CloudFront::Distribution"):
        arn = known(distribution.get("DistributionConfig.ViewerCertificate.AcmCertificateArn"))
        aliases = [name for alias in distribution.items("DistributionConfig.Aliases") if (name := known(alias))]
        if arn:
            yield distribution, arn, GLOBAL_REGION, aliases
    for listener in subject.of("AWS::ElasticLoadBalancingV2::Listener"):
        domains = _domains_of(subject, listener)
        for entry in listener.objects("Certificates"):
            if arn := known(entry.get("CertificateArn")):
                yield listener, arn, subject.region_of(listener), domains


def _domains_of(subject: Subject, listener: Resource) -> list[str]:
    """The names of the alias records that point to the listener's load balancer."""
    balancer = subject.model.find(listener.get("LoadBalancerArn"), "AWS::ElasticLoadBalancingV2::LoadBalancer")
    return [
        name.rstrip(".")
        for record in subject.of("AWS::Route53::RecordSet")
        if balancer is not None
        and subject.model.find(record.get("AliasTarget.DNSName")) is balancer
        and (name := known(record.get("Name")))
    ]


def _certificates(subject: Subject) -> Iterator[Question]:
    for resource, arn, region, domains in _uses(subject):
        title = subject.title_of(resource)

        def ask(
            world: World, arn: str = arn, region: str = region, domains: Sequence[str] = domains, title: str = title
        ) -> Verdict:
            parts = arn.split(":")
            actual = parts[3] if len(parts) >= _ARN_PARTS else ""
            if actual != region:
                return blocking(
                    f"The certificate of {title} is in {actual or 'no region'}; it must be in {region}.",
                    f"Request the certificate in {region} and enter its ARN.",
                )
            certificate = world.aws.once(world.aws.account.certificate, arn)
            if certificate is None:
                return blocking(
                    f"The certificate of {title} does not exist in {region}.",
                    "Enter the ARN of a certificate of this account.",
                )
            if certificate.status != "ISSUED":
                return blocking(
                    f"The certificate of {title} is {certificate.status.lower().replace('_', ' ')}, not issued.",
                    "Complete its validation in ACM, or enter the ARN of an issued certificate.",
                )
            if missing := [domain for domain in domains if not covers(certificate.names, domain)]:
                return blocking(
                    f"The certificate of {title} covers {', '.join(certificate.names)}, not {missing[0]}.",
                    f"Enter a certificate that covers {missing[0]}.",
                )
            return passed(f"The certificate of {title} is issued and covers {', '.join(domains) or 'its names'}.")

        yield Question(region, f"Certificate of {title}", ask, address=resource.logical_id)


def covers(names: Sequence[str], domain: str) -> bool:
    """Whether a certificate with these names is valid for a domain. A wildcard stands for one
    label.
    """
    wanted = domain.lower()
    wildcard = f"*.{wanted.partition('.')[2]}"
    return any(name.lower() in (wanted, wildcard) for name in names)


CHECKS: Final = (Check("certificates", "Certificates", _certificates, ("certificate",)),)
