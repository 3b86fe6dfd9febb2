"""AWS Certificate Manager: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_certificate(aws: Clients, arn: str) -> bool:
    return bool(aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"])
