"""Converts EC2's query requests, `NetworkInterface.1.SubnetId=…`, to nested data and back."""

from __future__ import annotations

from typing import Any

Form = dict[str, list[str]]
_LISTS = {
    "BlockDeviceMapping": "BlockDeviceMappings",
    "GroupId": "Groups",
    "NetworkInterface": "NetworkInterfaces",
    "SecurityGroupId": "SecurityGroupIds",
    "Tag": "Tags",
    "TagSpecification": "TagSpecifications",
}
"""The names in requests, which are singular, and those that botocore and launch templates use."""


def nested(form: Form) -> dict[str, Any]:
    """The request as data; numbered names become lists, in their order."""
    tree: dict[str, Any] = {}
    for name, values in form.items():
        place = tree
        *path, last = name.split(".")
        for part in path:
            place = place.setdefault(part, {})
        place[last] = values[0] if isinstance(values, list) else values
    answer: dict[str, Any] = _listed(tree)
    return answer


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    found = {}
    for key, item in value.items():
        shaped = _listed(item)
        found[_LISTS.get(key, key) if isinstance(shaped, list) else key] = shaped
    return found


def flattened(name: str, values: list[str]) -> Form:
    """A list of strings in a request, numbered: `name.1` and so on."""
    return {f"{name}.{number}": [value] for number, value in enumerate(values, 1)}


def true(value: object) -> bool:
    """A request's boolean, which is sent as text."""
    return str(value).lower() == "true"
