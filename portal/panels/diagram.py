"""The picture that lives: the plan's own drawing, with each component's state written into it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping

from django.utils.safestring import SafeString, mark_safe

from provisioning.diagram.svg import STATES

SVG = "http://www.w3.org/2000/svg"
WORDS = {"planned": "planned", "busy": "in progress", "ok": "ready", "bad": "failed", "gone": "removed"}
NO_PICTURE = SafeString("")
MARK_INSET, KIND_INSET = 8, 14

ET.register_namespace("", SVG)


def safe(svg: str) -> SafeString:
    """A drawing of `provisioning.design.draw`, which escapes every text itself."""
    return mark_safe(svg)  # noqa: S308 - see above


def in_states(svg: str, states: Mapping[str, str]) -> SafeString:
    """Write states into a drawing that was made without any. A component that has none is planned.

    The stored drawing is used, and not the blueprint, because the catalogue may have moved on since.
    """
    if not svg:
        return safe("")
    root = ET.fromstring(svg)  # noqa: S314 - a drawing of our own
    for box in root.iter(f"{{{SVG}}}g"):
        if address := box.get("data-address"):
            _colour(box, states.get(address, "planned"))
    return safe(ET.tostring(root, encoding="unicode"))


def _colour(box: ET.Element, state: str) -> None:
    box.set("class", f"pic-box is-{state}")
    title = box.find(f"{{{SVG}}}title")
    if title is not None:
        title.text = f"{title.text} · {WORDS[state]}"
    shape, name = _classed(box, "pic-shape"), _classed(box, "pic-name")
    if shape is None or name is None or not STATES[state]:
        return
    right = float(shape.get("x", "0")) + float(shape.get("width", "0"))
    if (kind := _classed(box, "pic-kind")) is not None:
        kind.set("x", f"{float(kind.get('x', '0')) - KIND_INSET:g}")
    place = {"class": "pic-mark", "x": f"{right - MARK_INSET:g}", "y": name.get("y", "0"), "text-anchor": "end"}
    ET.SubElement(box, f"{{{SVG}}}text", place).text = STATES[state]


def _classed(box: ET.Element, name: str) -> ET.Element | None:
    return next((child for child in box if child.get("class") == name), None)
