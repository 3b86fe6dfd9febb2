"""Systems Manager parameters: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_parameter(aws: Clients, name: str) -> bool:
    filters = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
    return bool(aws.client("ssm").describe_parameters(ParameterFilters=filters)["Parameters"])
