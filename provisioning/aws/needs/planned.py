"""Calls that coming work makes, each with the number of its issue. Onboarding grants them already,
so that administrators update it once.
"""

from __future__ import annotations

from typing import Final

from provisioning.aws.needs.record import CHANGES_AND_DRIFT, COSTS, Call, Caller, Need, When

# Cost Explorer answers for all accounts of a payer in the payer's account; activating tags is possible there only.
_COSTS: Final = (
    *(
        Call(f"ce:{operation}", When.COSTS, (Need(f"ce:{operation}"),), planned=COSTS)
        for operation in ("GetCostAndUsage", "GetTags", "ListCostAllocationTags", "UpdateCostAllocationTagsStatus")
    ),
    *(
        Call(
            f"pricing:{operation}",
            When.COSTS,
            (Need(f"pricing:{operation}"),),
            planned=COSTS,
            caller=Caller.ADMINISTRATOR,
        )
        for operation in ("DescribeServices", "GetAttributeValues", "GetProducts")
    ),
)

_LIMITS: Final = (
    Call(
        "cloudformation:DescribeAccountLimits",
        When.PREFLIGHT,
        (Need("cloudformation:DescribeAccountLimits"),),
        planned=CHANGES_AND_DRIFT,
    ),
)

PLANNED: Final = (*_COSTS, *_LIMITS)
