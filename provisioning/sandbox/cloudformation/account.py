"""The account's limits. The sandbox reports them and does not enforce them."""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.cloudformation.requests import Params, answer
from provisioning.sandbox.services.account_conditions import condition

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
LIMITS = {"StackLimit": 2000, "StackOutputsLimit": 200, "ConcurrentResourcesLimit": 2500}


def describe_account_limits(_params: Params) -> Any:
    quotas = condition("quotas")
    limits = [
        {"Name": name, "Value": int(quotas.get(f"cloudformation/{name}", value))} for name, value in LIMITS.items()
    ]
    return answer("DescribeAccountLimits", {"AccountLimits": limits})
