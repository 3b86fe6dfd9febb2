"""The names in AWS of the environments that tests render, written out: all are of the team
`payments`, and all have the id that examples have.
"""

from __future__ import annotations

import re
from typing import Any

GENERATION = "nd524"


def prefix(environment: str) -> str:
    return f"payments-{environment}-{GENERATION}"


def scope(environment: str) -> str:
    return f"payments/{environment}-{GENERATION}"


def bucket_name(properties: dict[str, Any]) -> str:
    """The name of a bucket without its ending, which must be that of the account's own namespace."""
    assert properties["BucketNamespace"] == "account-regional"
    name = re.fullmatch(r"(.+)-\$\{AWS::AccountId\}-.+-an", properties["BucketName"]["Fn::Sub"])
    assert name
    return name[1]
