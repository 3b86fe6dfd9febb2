"""Systems Manager parameters: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_parameter(aws: Clients, name: str) -> bool:
    filters = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
    pages = aws.client("ssm").get_paginator("describe_parameters").paginate(ParameterFilters=filters)
    # A page may be empty although a later one has the parameter.
    return any(page["Parameters"] for page in pages)
