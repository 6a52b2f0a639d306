"""Charts: well-formed, readable without colour, and safe whatever text they are given."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from ivr.reports import svg

HOSTILE = '<script>alert("1")</script> & \u202e\u200f\x07' + "x" * 300
CHARTS = {
    "bars": svg.bars(HOSTILE, [svg.Bar(HOSTILE, 3, HOSTILE, True), svg.Bar("b", 0, "0")]),
    "stacked": svg.stacked(HOSTILE, [(HOSTILE, [svg.Segment(HOSTILE, 2, HOSTILE, svg.GREY)]), ("empty", [])]),
    "columns": svg.columns(
        HOSTILE, [svg.Column(HOSTILE, 5, HOSTILE, 1, 40.0), svg.Column("b", 0, "0", 0, 60.0)]
    ),
    "histogram": svg.histogram(HOSTILE, [svg.Column(HOSTILE, 1, "1")], [svg.Marker(0.5, HOSTILE)]),
    "heat_map": svg.heat_map(HOSTILE, [HOSTILE], [svg.HeatRow(HOSTILE, [None], [HOSTILE], HOSTILE)]),
    "spark": svg.spark(HOSTILE, [(1, True), (2, False)], 80),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_an_image_with_a_title_and_no_style(name: str) -> None:
    drawing = ElementTree.fromstring(CHARTS[name])
    assert drawing.get("role") == "img"
    assert drawing[0].tag.endswith("title")
    for element in drawing.iter():
        assert {"style", "class"}.isdisjoint(element.keys())
        assert element.tag.split("}")[1] in {"svg", "title", "text", "rect", "line", "polyline", "circle"}


@pytest.mark.parametrize("name", CHARTS)
def test_text_from_outside_stays_text(name: str) -> None:
    assert "<script" not in CHARTS[name]
    assert "\x07" not in CHARTS[name]
    assert "&lt;script&gt;" in CHARTS[name]


def test_a_bar_is_as_long_as_its_share_of_the_longest() -> None:
    drawing = ElementTree.fromstring(svg.bars("", [svg.Bar("a", 200, "200"), svg.Bar("b", 50, "50")]))
    long, short = (float(one.get("width", "")) for one in drawing.iter("{http://www.w3.org/2000/svg}rect"))
    assert short == pytest.approx(long / 4, abs=0.1)


def test_a_small_line_lies_below_its_target_by_what_it_lacks() -> None:
    drawing = ElementTree.fromstring(svg.spark("", [(0, True), (50, True)], 100))
    first, second = (float(one.get("cy", "")) for one in drawing.iter("{http://www.w3.org/2000/svg}circle"))
    (target,) = (float(one.get("y1", "")) for one in drawing.iter("{http://www.w3.org/2000/svg}line"))
    assert second - target == pytest.approx((first - target) / 2, abs=0.1)


def test_charts_of_nothing_are_drawn() -> None:
    for drawn in (svg.bars("", []), svg.stacked("", []), svg.columns("", []), svg.histogram("", []),
                  svg.heat_map("", [], []), svg.spark("", [], 80)):  # fmt: skip
        ElementTree.fromstring(drawn)
