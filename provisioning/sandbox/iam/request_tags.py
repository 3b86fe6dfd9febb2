"""The condition keys of tags that a request sets or removes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from provisioning.sandbox.iam.requests import Call


def tag_context(tags: Mapping[str, str], removed: Iterable[str] = ()) -> dict[str, str | list[str]]:
    """aws:RequestTag/… and aws:TagKeys; nothing if the request has no tags."""
    keys = [*tags, *removed]
    return {**{f"aws:RequestTag/{key}": text for key, text in tags.items()}, **({"aws:TagKeys": keys} if keys else {})}


def tags_in(call: Call, name: str = "Tags") -> dict[str, str]:
    """The tags of a request, whatever form its service gives them."""
    given = call.parameters.get(name) or call.parameters.get(name.lower()) or []
    if isinstance(given, Mapping):
        return {str(key): str(text) for key, text in given.items()}
    shapes = (("Key", "Value"), ("key", "value"), ("TagKey", "TagValue"))
    return {
        str(tag[key]): str(tag.get(text, ""))
        for tag in given
        if isinstance(tag, Mapping)
        for key, text in shapes
        if key in tag
    }
