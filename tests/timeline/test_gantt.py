"""The timeline as a drawing: what decides first, nothing over anything, words for those who cannot
see it.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from provisioning.diagram.geometry import text_width
from provisioning.template.compile import compile_design
from provisioning.timeline.forecast import forecast
from provisioning.timeline.gantt import LABELS, ROW, WIDTH, draw_timeline, draw_work
from provisioning.timeline.handover_tasks import work_plan
from provisioning.timeline.timeline import Group, StackSpan, Step, Timeline, duration_text
from tests.support.shipped import shipped, slugs

NS = {"s": "http://www.w3.org/2000/svg"}
HOSTILE = 'x"><script>alert(1)</script>&\x00\u202e'
SIZES = {
    "time-name": 12.5,
    "time-kind": 11.0,
    "time-label": 11.5,
    "time-in": 11.0,
    "time-tick": 11.0,
    "time-area": 11.0,
}


def _timeline(slug: str, size: str = "prod") -> Timeline:
    drawn = shipped(size, slug=slug)
    return forecast(drawn, compile_design(drawn))


def _parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own text


def _texts(svg: ET.Element, kind: str) -> list[str]:
    return [text.text or "" for text in svg.findall(f"s:text[@class='{kind}']", NS)]


def _spans(svg: ET.Element) -> list[tuple[float, float, float, str]]:
    """Height, left, right and words of every text."""
    found = []
    for text in svg.findall("s:text", NS):
        kind, words = text.get("class", ""), text.text or ""
        # What a browser's letters take on the average, which is what texts may not run into each other by.
        width = 0.8 * text_width(words, SIZES[kind], bold=kind in {"time-name", "time-in", "time-area"})
        x = float(text.get("x", 0))
        left = {"end": x - width, "middle": x - width / 2}.get(text.get("text-anchor", ""), x)
        found.append((float(text.get("y", 0)), left, left + width, words))
    return found


@pytest.mark.parametrize("size", ["dev", "prod"])
@pytest.mark.parametrize("slug", slugs())
def test_no_text_lies_over_another_nor_leaves_the_drawing(slug: str, size: str) -> None:
    found = sorted(_spans(_parsed(draw_timeline(_timeline(slug, size)))))
    for one, other in pairwise(found):
        assert one[0] != other[0] or one[2] <= other[1], (one, other)
    assert all(left >= 0 and right <= WIDTH for _, left, right, _ in found)


def test_what_decides_comes_first_and_everything_else_is_a_row_a_component() -> None:
    made = _timeline("carbon-connect")
    svg = _parsed(draw_timeline(made))
    assert _texts(svg, "time-area") == ["Critical path", "In parallel"]
    names = _texts(svg, "time-name")
    assert names[:5] == ["CloudFormation", "PostgreSQL", "worker", "github", "Post-deployment"]
    assert len(names) == 2 + len(made.groups)  # CloudFormation itself, and a step afterwards
    assert "Database 16 min 40 s" in _texts(svg, "time-in")
    assert len(svg.findall("s:rect[@class='time-bar is-critical']", NS)) == len(made.path)
    assert float(svg.get("height", 0)) < 30 * ROW


def test_each_stack_has_its_own_part() -> None:
    made = _timeline("amply")
    areas = _texts(_parsed(draw_timeline(made)), "time-area")
    assert areas == [
        "Critical path · stack edge in us-east-1",
        "Critical path · stack replica in eu-west-1",
        "Critical path · stack main in eu-central-1",
        "In parallel · stack main in eu-central-1",
    ]


def test_a_bar_is_as_long_as_its_time() -> None:
    made = _timeline("carbon-connect")
    svg = _parsed(draw_timeline(made))
    bars = {bar.findtext("s:title", namespaces=NS): bar for bar in svg.findall("s:rect", NS)}
    key, database = bars["Encryption key 2 min"], bars["Database 16 min 40 s"]
    assert float(database.get("width", 0)) == pytest.approx(float(key.get("width", 0)) * 1000 / 120, abs=1)
    assert float(key.get("x", 0)) + float(key.get("width", 0)) == pytest.approx(float(database.get("x", 0)), abs=0.2)
    assert float(key.get("x", 0)) > LABELS


def test_a_label_stands_at_the_bar_that_it_names() -> None:
    made = _timeline("static-site")
    bucket = next(step for step in made.path if step.title == "Bucket")
    svg = _parsed(draw_timeline(made))
    (label,) = [text for text in svg.findall("s:text", NS) if text.text == "Bucket 22 s"]
    critical = svg.findall("s:rect[@class='time-bar is-critical']", NS)
    (bar,) = [bar for bar in critical if bar.findtext("s:title", namespaces=NS) == "Bucket 22 s"]
    assert bucket.critical
    assert 0 < float(label.get("x", 0)) - float(bar.get("x", 0)) - float(bar.get("width", 0)) < 10


def test_a_reader_hears_the_whole_and_what_decides() -> None:
    svg = _parsed(draw_timeline(_timeline("carbon-connect")))
    assert svg.get("role") == "img"
    assert svg.findtext("s:title", namespaces=NS) == "carbon-connect, size prod, in eu-north-1"
    words = svg.findtext("s:desc", namespaces=NS) or ""
    assert words.startswith("about 22 minutes (12 to 53) in total. Critical path: CloudFormation's own time 13 s, ")
    assert "Database 16 min 40 s" in words


def test_what_is_stored_draws_the_same() -> None:
    made = _timeline("webhook-pipeline")
    assert draw_timeline(json.loads(json.dumps(made.as_json()))) == draw_timeline(made)


def test_hostile_words_are_only_text_and_there_is_no_style_or_id() -> None:
    step = Step(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, 0, 60, "A", critical=True)
    group = Group(HOSTILE, HOSTILE, HOSTILE, HOSTILE, (step,))
    span = StackSpan(HOSTILE, HOSTILE, 0, 60, express=False, levels=((HOSTILE,),))
    made = Timeline(HOSTILE, (span,), (group,), (step,), (), 60, 30, 90, express=False, unknown=())
    for text in (draw_timeline(made), draw_timeline(_timeline("amply"))):
        assert _parsed(text).find(".//s:script", NS) is None
        assert not re.search(r'\s(style|id|on\w+|href)="', text)


def test_a_stack_without_resources_is_drawn_too() -> None:
    assert "<svg" in draw_timeline(Timeline("nothing", (), (), (), (), 0, 0, 0, express=False, unknown=()))


def test_a_plan_of_work_has_what_follows_the_launch_apart() -> None:
    rows = "component,hours,waits_for,complexity,blocking\nGround,2,,Low,Yes\nWalls,1,Ground,Low,Yes\nPaint,0.5,Walls,Low,No"
    svg = _parsed(draw_work(work_plan(rows)))
    assert _texts(svg, "time-area") == ["Before launch", "Can follow the launch"]
    assert _texts(svg, "time-name") == ["Ground", "Walls", "Paint"]
    assert _texts(svg, "time-label") == ["2 hours", "1 hour", "0.5 hours"]
    assert "Walls, 1 hour; waits for Ground" in [title.text for title in svg.iterfind(".//s:rect/s:title", NS)]
    assert "3 hours of work before launch and 0.5 hours that can follow it" in (
        svg.findtext("s:desc", namespaces=NS) or ""
    )


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (45, "45 s"), (120, "2 min"), (1000, "16 min 40 s")])
def test_seconds_are_said_as_people_do(seconds: float, said: str) -> None:
    assert duration_text(seconds) == said


def test_a_link_leads_from_one_deciding_bar_to_the_next() -> None:
    svg = _parsed(draw_timeline(_timeline("carbon-connect")))
    bars = sorted(
        (float(bar.get("x", 0)), float(bar.get("y", 0)), float(bar.get("width", 0)), float(bar.get("height", 0)))
        for bar in svg.findall("s:rect[@class='time-bar is-critical']", NS)
    )
    wanted = [(x + width, y, after) for (x, y, width, _), (_, after, _, _) in pairwise(bars) if y != after]
    links = svg.findall("s:line[@class='time-link']", NS)
    assert len(links) == len(wanted) == 4
    half = bars[0][3] / 2
    for link, (x, first, second) in zip(links, wanted, strict=True):
        assert float(link.get("x1", 0)) == pytest.approx(x, abs=0.2)
        assert {float(link.get("y1", 0)), float(link.get("y2", 0))} == {first + half, second + half}
