"""What the portal knows about each AWS resource type: one record per type, in one module per
service.

Teardown, receipt, timeline and the scan for leftovers read these records and name no type
themselves. The records are data: nothing here imports boto3 or makes a call. The sandbox never
reads them. It has tables of its own, because a check that shares a table with what it checks finds
nothing.

How to read a record: `record.py` explains every field. A field that is not set does not apply to
the type, so `aws_type` answers for an unknown type with an empty record: the existence of such a
resource cannot be checked, it has no protection, and its duration is that of any other type.

Trade-off: a record refers to a call by name, `<service>.<function>`, and not by the function
itself. So the data is free of boto3 and loads in milliseconds; mypy cannot check a name, but a test
can.

Add a service
-------------
1. `aws/types/<service>.py`: `TYPES`, with one `AwsType` for each type that a template may contain.
   Say how its existence is checked (`exists`), or why it cannot be (`why_unchecked`). Read the
   ARN's form from AWS's service authorization reference, and look for a deletion protection, for
   work that starts by itself, and for contents that prevent a deletion.
2. `aws/services/<service>.py`: the functions that the records refer to, with boto3.
`tests/aws/test_every_type.py` fails until every type of every component has a record, and names the
file to add. `tests/aws/test_types.py` checks that every reference resolves, that every function is
referred to, and that a record agrees with the schema that CloudFormation publishes.
`tests/aws/test_calls.py` fails until each new call has a line in `aws/needs`, and
`tests/aws/test_handlers.py` until `aws/handlers.json` has the type. `manage.py rights` then says what
the onboarding templates lack for them. Test the calls against moto in
`tests/aws/services/test_<service>.py`, and add the service to the list in
`tests/aws/test_error_codes.py`, so that its error codes are compared with botocore's model.

The sandbox supports a new type with a resource of its own (`sandbox/resources`), written from AWS's
documentation, not from the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Final

from provisioning.aws.types.record import AwsType


def _all_types() -> Mapping[str, AwsType]:
    types: dict[str, AwsType] = {}
    for module in sorted(module.name for module in iter_modules(__path__) if module.name != "record"):
        for record in import_module(f"{__name__}.{module}").TYPES:
            if record.name in types:
                raise ValueError(f"{record.name} has two records; one is in aws/types/{module}.py")
            types[record.name] = record
    return MappingProxyType(types)


TYPES: Final = _all_types()
"""Every record by the name of its type."""


def aws_type(name: str) -> AwsType:
    """Returns an empty record for a type that the portal does not know."""
    return TYPES.get(name) or AwsType(name)


__all__ = ["TYPES", "AwsType", "aws_type"]
