"""The picture: every component, every use, words for those who cannot see it, and nothing that a strict CSP forbids."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from provisioning.components.registry import component
from provisioning.design import draw
from provisioning.design.figure import Group
from provisioning.design.layout import arrange
from tests.design.designs import carbon_connect, design, node

NS = {"s": "http://www.w3.org/2000/svg"}


def _svg(size: str = "prod", states: dict[str, str] | None = None) -> ET.Element:
    return ET.fromstring(draw(carbon_connect(size), states=states))  # noqa: S314 - our own text


def test_every_component_has_a_box(size: str) -> None:
    boxes = _svg(size).findall(".//s:g[@data-address]", NS)
    assert {box.get("data-address") for box in boxes} == set(carbon_connect(size).nodes)
    assert {box.get("class") for box in boxes} == {"pic-box is-planned"}


def test_states_show_by_class_mark_and_word() -> None:
    svg = _svg(states={"postgres.main": "busy", "service.api": "bad", "valkey.main": "gone", "network.main": "ok"})
    for address, state, mark, word in (
        ("postgres.main", "busy", "…", "in progress"),
        ("service.api", "bad", "✕", "failed"),
        ("valkey.main", "gone", "–", "removed"),
        ("network.main", "ok", "✓", "ready"),
    ):
        box = svg.find(f".//s:g[@data-address='{address}']", NS)
        assert box is not None
        assert box.get("class") == f"pic-box is-{state}"
        assert box.findtext("s:text[@class='pic-mark']", namespaces=NS) == mark
        assert word in (box.findtext("s:title", namespaces=NS) or "")


def test_an_unknown_state_is_refused() -> None:
    with pytest.raises(ValueError, match=r'service\.api is in state "sad"'):
        draw(carbon_connect("dev"), states={"service.api": "sad"})


def test_every_use_has_an_arrow_and_words(size: str) -> None:
    svg = _svg(size)
    told = "; ".join(svg.findtext(f"s:{tag}", namespaces=NS) or "" for tag in ("title", "desc"))
    arrows = "; ".join(title.text or "" for title in svg.findall(".//s:g[@class='pic-arrow']/s:title", NS))
    uses = [(n.address, r.address) for n in carbon_connect(size).nodes.values() for r in component(n.kind).targets(n)]
    assert len(uses) == 21
    for user, used in uses:
        assert f"{user} uses {used}" in arrows
        assert f"{user} uses {used}" in told
    assert "service.api uses postgres.main (5432 TLS)" in arrows
    labels = {text.text for text in svg.findall(".//s:text[@class='pic-label']", NS)}
    assert {"8000", "7700", "5432 TLS", "6379 TLS", "80, 443", "OIDC"} <= labels


def test_there_is_no_style_script_or_id() -> None:
    text = draw(carbon_connect("prod"))
    assert not re.search(r'\s(style|id|on\w+|href)="', text)
    assert "<script" not in text
    assert "<style" not in text


def test_text_is_escaped() -> None:
    bad = carbon_connect("dev", repository="example/a.b")
    text = draw(bad, states=None)
    assert ET.fromstring(text) is not None  # noqa: S314 - our own text
    evil = design(node("bucket", 'x"><script>'), name="a")
    assert "<script" not in draw(evil)


def test_arrows_stay_clear_of_boxes_and_of_each_other(size: str) -> None:
    layout = arrange(carbon_connect(size))
    assert all(arrow.points for arrow in layout.arrows)
    segments = [
        (arrow, first, second)
        for arrow in layout.arrows
        for first, second in zip(arrow.points, arrow.points[1:], strict=False)
    ]
    for arrow, (x1, y1), (x2, y2) in segments:
        left, right, top, bottom = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
        for box in layout.boxes():
            inside = (
                left < box.x + box.width and right > box.x and top < box.y + box.height - 0.1 and bottom > box.y + 0.1
            )
            assert not inside or box.address == arrow.source.address, (arrow.why, box.address)
    for number, (one, a, b) in enumerate(segments):
        for other, c, d in segments[number + 1 :]:
            if one is not other:
                assert not _overlap(a, b, c, d), (one.why, other.why)


def _overlap(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]) -> bool:
    """Whether two segments of one direction lie on each other."""
    for axis in (0, 1):
        same = a[axis] == b[axis] == c[axis] == d[axis]
        if same and max(min(a[1 - axis], b[1 - axis]), min(c[1 - axis], d[1 - axis])) < min(
            max(a[1 - axis], b[1 - axis]), max(c[1 - axis], d[1 - axis])
        ):
            return True
    return False


def test_groups_are_beside_the_network() -> None:
    layout = arrange(carbon_connect("prod"))
    assert [group.title for group in layout.groups] == ["Secrets", "Buckets", "ECS cluster", "Deploy roles"]
    assert all(isinstance(group, Group) and group.x > layout.network_right for group in layout.groups)
    assert len(layout.groups[0].rows) == 5


def test_a_design_with_one_bucket_is_drawn() -> None:
    assert "BucketMedia" not in draw(design(node("bucket", "media")))
    assert 'data-address="bucket.media"' in draw(design(node("bucket", "media")))
