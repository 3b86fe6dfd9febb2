"""The calls to each AWS service, in one module per service.

`provisioning/aws/types/<service>.py` says, as data, which function of the module with the same name
answers for a resource type. `service_call` resolves such a reference. Four kinds of function are
referred to; each takes the clients and the physical id as CloudFormation reports it:

`has_…`    existence check. True: it exists. False, or NotFound raised: it is gone. None: it cannot
           be checked, for example because this form of the id names no parent.
`lift_…`   switches deletion protection off.
`stop_…`   stops a resource that starts work by itself. For a type with `runs_in` it also takes the
           physical id of the parent.
`empty_…`  deletes at most `limit` entries and returns `EmptyingProgress`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any


@cache
def service_call(reference: str) -> Callable[..., Any]:
    """Returns the function that a record names as `<service>.<function>`. A wrong reference raises
    ImportError or AttributeError; a test resolves every reference of every record.
    """
    service, _, name = reference.partition(".")
    function: Callable[..., Any] = getattr(import_module(f"{__name__}.{service}"), name)
    return function
