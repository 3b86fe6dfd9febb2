"""The diagram: every component, every use, words for those who cannot see it, and nothing that a
strict CSP forbids.
"""

from __future__ import annotations

import json
import re
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

import pytest

from provisioning.components.kit.values import Box
from provisioning.components.registry import component
from provisioning.design.graph import Design
from provisioning.diagram.content import DiagramContent, Use, content_of
from provisioning.diagram.geometry import TRACK, Cell, Group, Layout
from provisioning.diagram.layout import arrange
from provisioning.diagram.svg import draw, draw_content
from tests.diagram.examples import large, scattered
from tests.diagram.geometry import faults
from tests.support.designs import SIZES, carbon_connect, design, node
from tests.support.shipped import shipped, slugs

NS = {"s": "http://www.w3.org/2000/svg"}
HOSTILE = 'x"><script>alert(1)</script>&\x00\x1b\u202e'


def _parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own text


def _svg(size: str = "prod", states: dict[str, str] | None = None) -> ET.Element:
    return _parsed(draw(carbon_connect(size), states=states))


def _layout(drawn: Design) -> Layout:
    return arrange(content_of(drawn))


def _titles(svg: ET.Element, kind: str) -> list[str]:
    return [group.findtext("s:title", namespaces=NS) or "" for group in svg.iterfind(f".//s:g[@class='{kind}']", NS)]


def _small(*uses: Use, **boxes: list[Box]) -> DiagramContent:
    found = {name: tuple(own) for name, own in boxes.items()}
    return DiagramContent("small", "eu-north-1", found, dict.fromkeys(found, "Thing"), uses)


def _box(tier: str, name: str = "thing", **more: object) -> Box:
    return Box(tier, name, "Thing", "", **more)  # type: ignore[arg-type]


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
    arrows = "; ".join(_titles(svg, "pic-arrow"))
    uses = [(n.address, r.address) for n in carbon_connect(size).nodes.values() for r in component(n.kind).targets(n)]
    assert len(uses) == 21
    for user, used in uses:
        assert f"{user} uses {used}" in arrows
    assert "service.api uses postgres.main (5432 TLS)" in arrows
    assert "private goes out through the NAT gateway" in arrows
    labels = {text.text for text in svg.findall(".//s:text[@class='pic-label']", NS)}
    assert {"8000", "7700", "5432 TLS", "6379 TLS", "80, 443", "OIDC"} <= labels


def test_a_reader_hears_two_lists() -> None:
    """Each item's name is its first child, a title: what SVG's accessibility mapping reads."""
    svg = _svg("prod", {"service.api": "busy"})
    lists = svg.findall("s:g[@role='list']", NS)
    assert [group.findtext("s:title", namespaces=NS) for group in lists] == ["What it is made of", "Who uses what"]
    for group in lists:
        items = group.findall("s:g", NS)
        assert len(items) > 15
        assert all(item.get("role") == "listitem" and item[0].tag.endswith("title") and item[0].text for item in items)
    assert "service.api · Service · 2 × 1 vCPU, 2 GB · in progress" in _titles(svg, "pic-box is-busy")
    assert svg.findtext("s:title", namespaces=NS) == "carbon-connect, size prod, in eu-north-1"


def test_there_is_no_style_script_or_id() -> None:
    text = draw(carbon_connect("prod"))
    assert not re.search(r'\s(style|id|on\w+|href)="', text)
    assert "<script" not in text
    assert "<style" not in text


def test_hostile_names_are_only_text() -> None:
    drawn = DiagramContent(
        HOSTILE,
        "eu-north-1",
        {HOSTILE: (Box("private", HOSTILE, HOSTILE, HOSTILE), Box("internet", HOSTILE, "", HOSTILE, label=HOSTILE))},
        {HOSTILE: HOSTILE},
        (Use(HOSTILE, HOSTILE, HOSTILE),),
        network=HOSTILE,
    )
    text = draw_content(drawn, states={})
    assert _parsed(text).find(".//s:script", NS) is None
    assert "<script" not in text
    assert 'data-address="bucket.x&quot;' in draw(design(node("bucket", 'x"><script>'), name="a"))


@pytest.mark.parametrize("slug", slugs())
def test_stored_content_draws_the_same_diagram(slug: str, size: str) -> None:
    states = {"network.main": "ok", "service.api": "busy"}
    content = content_of(shipped(size, slug=slug))
    stored = json.loads(json.dumps(content.as_json()))
    assert DiagramContent.from_json(stored) == content
    assert draw_content(DiagramContent.from_json(stored)) == draw_content(content)
    assert draw_content(DiagramContent.from_json(stored), states=states) == draw_content(content, states=states)


def test_content_of_another_version_is_refused() -> None:
    stored = content_of(carbon_connect("dev")).as_json()
    with pytest.raises(ValueError, match="version 2"):
        DiagramContent.from_json({**stored, "version": 2})


def test_the_same_design_gives_the_same_picture() -> None:
    assert draw(carbon_connect("prod")) == draw(carbon_connect("prod"))
    assert draw_content(large()) == draw_content(large())


@pytest.mark.parametrize("slug", slugs())
def test_nothing_lies_over_anything_in_a_blueprint_that_ships(slug: str) -> None:
    for size in SIZES:
        layout = _layout(shipped(size, slug=slug))
        assert faults(layout) == [], size
        assert all(arrow.points for arrow in layout.arrows)


def test_nothing_lies_over_anything_in_a_large_one() -> None:
    layout = arrange(large())
    assert faults(layout) == []
    assert len(list(layout.boxes())) > 33
    assert {lane.title for lane in layout.lanes} >= {"Internet", "Edge", "AWS us-east-1", "AWS eu-west-1"}
    assert [area.title for area in layout.areas] == ["AWS eu-central-1", "VPC 10.0.0.0/16 · 3 zones"]


@pytest.mark.parametrize("seed", range(60))
def test_nothing_lies_over_anything_whatever_is_drawn(seed: int) -> None:
    assert faults(arrange(scattered(seed))) == []


def test_lines_below_boxes_lie_half_a_step_beside_those_above() -> None:
    """So two boxes of one column can never have lines that run over each other in the channel
    between.
    """
    above: set[float] = set()
    below: set[float] = set()
    for arrow in arrange(large()).arrows:
        if len(arrow.points) > 2:  # a straight one has one place on both
            for end, following in (arrow.points[:2], arrow.points[:-3:-1]):
                if end[0] == following[0]:
                    (above if following[1] < end[1] else below).add(end[0])
    assert len(above) > 5
    assert len(below) > 5
    assert all(abs(a - b) >= 2 for a in above for b in below)


def test_lines_beside_each_other_are_a_track_apart() -> None:
    """Closer they read as one line. What runs straight into a group finds its own height, a little
    less apart.
    """
    layout = arrange(large())
    for axis in (0, 1):
        runs = [
            (p, q, id(arrow.target))
            for arrow in layout.arrows
            for p, q in pairwise(arrow.points[1:-1])
            if p[axis] == q[axis] and isinstance(arrow.target, Cell)
        ]
        near = 0
        for (a, b, first), (c, d, second) in combinations(runs, 2):
            low = max(min(a[1 - axis], b[1 - axis]), min(c[1 - axis], d[1 - axis]))
            high = min(max(a[1 - axis], b[1 - axis]), max(c[1 - axis], d[1 - axis]))
            if first != second and low < high:
                assert abs(a[axis] - c[axis]) >= TRACK
                near += abs(a[axis] - c[axis]) == TRACK
        assert near > 2


def test_a_use_of_what_stands_just_below_is_a_straight_arrow() -> None:
    layout = arrange(_small(Use("a", "b", "443"), a=[_box("public")], b=[_box("private")]))
    assert [len(arrow.points) for arrow in layout.arrows] == [2]


def test_groups_are_beside_the_network() -> None:
    layout = _layout(carbon_connect("prod"))
    assert [group.title for group in layout.groups] == ["Secrets", "Buckets", "ECS cluster", "Deploy roles"]
    assert all(group.place is None for group in layout.groups)
    network = layout.areas[1]
    assert all(isinstance(group, Group) and group.x > network.x + network.width for group in layout.groups)
    assert len(layout.groups[0].rows) == 5


def _beside_a_service(*more: Use, **boxes: list[Box]) -> Layout:
    found = {"api": [_box("private")], "loud": [_box("supporting")]}
    found |= {f"quiet{number}": [Box("supporting", "main", f"Kind {number}", "")] for number in range(5)}
    found |= {f"box{number}": [_box("private")] for number in range(3)}
    return arrange(_small(Use("api", "loud", "read"), *more, **found, **boxes))


def test_groups_that_no_arrow_meets_fill_the_room_below_the_network() -> None:
    layout = _beside_a_service()
    (home,) = layout.areas
    below = [group for group in layout.groups if group.place is not None]
    assert [group.title for group in below] == [f"Kind {number}" for number in range(5)]
    lane = layout.lanes[-1]
    assert all(lane.y + lane.height < group.y for group in below)
    assert all(home.x < group.x for group in below)
    (loud,) = [group for group in layout.groups if group.place is None]
    assert loud.x > max(group.x for group in below)
    assert home.y + home.height > max(group.y + group.height for group in below)
    assert faults(layout) == []


def test_groups_stay_in_their_column_where_that_is_no_higher() -> None:
    tall = {f"data{number}": [_box("data")] for number in range(24)}
    layout = _beside_a_service(**tall)
    assert all(group.place is None for group in layout.groups)
    assert faults(layout) == []


def test_groups_stay_in_their_column_where_a_line_would_run_through_them() -> None:
    layout = _beside_a_service(Use("api", "there", "443"), there=[_box("edge", region="us-east-1")])
    assert all(group.place is None for group in layout.groups)
    assert faults(layout) == []


def test_without_a_network_what_is_in_the_region_stands_in_a_lane() -> None:
    assert "BucketMedia" not in draw(design(node("bucket", "media")))
    layout = _layout(design(node("bucket", "media")))
    assert [(lane.title, lane.frame) for lane in layout.lanes] == [("AWS eu-north-1", "other")]
    assert not layout.groups
    assert not layout.areas


def test_what_stands_in_another_region_has_a_frame_of_its_own() -> None:
    here = _box("supporting", region="eu-north-1")
    there = _box("edge", region="us-east-1")
    layout = arrange(_small(Use("here", "there"), here=[here], there=[there], inside=[_box("data")]))
    assert [lane.title for lane in layout.lanes] == ["Data", "AWS us-east-1"]
    (home,) = layout.areas
    assert layout.lanes[1].y > home.y + home.height
    assert faults(layout) == []


def test_a_wide_tier_breaks_into_rows() -> None:
    layout = arrange(_small(**{f"box{number}": [_box("private")] for number in range(9)}))
    assert [len(row) for row in layout.lanes[0].rows] == [3, 3, 3]
    assert faults(layout) == []
