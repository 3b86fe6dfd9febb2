"""Import and export: Terraform variables and modules, CloudFormation, the API's JSON.

Pure: no Django, no AWS, and no expression is evaluated. Pasted text may contain secrets, so no
message repeats a value.
"""

from provisioning.exchange.cloudformation import cloudformation_package
from provisioning.exchange.filling import Filled, Taken, fill
from provisioning.exchange.pasted import MAX_BYTES, Given, Left, Pasted, Source, Unreadable
from provisioning.exchange.reading import read
from provisioning.exchange.writing import RequestDocument, write_api_json, write_tfvars, write_tfvars_json

__all__ = [
    "MAX_BYTES",
    "Filled",
    "Given",
    "Left",
    "Pasted",
    "RequestDocument",
    "Source",
    "Taken",
    "Unreadable",
    "cloudformation_package",
    "fill",
    "read",
    "write_api_json",
    "write_tfvars",
    "write_tfvars_json",
]
