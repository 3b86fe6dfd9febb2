"""AWS Certificate Manager: existence checks; the state of certificates."""

from __future__ import annotations

from provisioning.aws.account_reads import Certificate
from provisioning.aws.errors import NotFound
from provisioning.aws.sessions import Clients


def has_certificate(aws: Clients, arn: str) -> bool:
    return bool(aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"])


def certificate(aws: Clients, arn: str) -> Certificate | None:
    """Raises ValidationFailed for a certificate of another region, which ACM does not look up."""
    try:
        answer = aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except NotFound:
        return None
    names = (answer["DomainName"], *answer.get("SubjectAlternativeNames", []))
    return Certificate(status=answer["Status"], names=tuple(dict.fromkeys(names)))
