"""The drawn menu: complete, readable, and the same as text and as a picture."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from typer.testing import CliRunner

from ivr.command.root import app
from ivr.config.loading import configuration_of
from ivr.config.menu_graph import BUILT_IN, overflows
from ivr.config.model import Configuration, Language
from ivr.menus.drawing import svg
from ivr.menus.outline import mermaid, outline, words
from tests.golden import CONFIG as SMALL
from tests.lab.made_menus import menus
from tests.loading import load_or_fail
from tests.unit.starter import load_changed

SHIPPED = Path(__file__).parents[2] / "config"
SVG = "{http://www.w3.org/2000/svg}"
BOTH = pytest.mark.parametrize("folder", [SMALL, SHIPPED], ids=["small", "shipped"])


def _of(folder: Path) -> Configuration:
    return configuration_of(load_or_fail(folder))


def _texts(picture: str) -> list[str]:
    return [text.text or "" for text in Xml.fromstring(picture).iter(f"{SVG}text")]


def _boxes(picture: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right, bottom of every box but the page."""
    _, *rectangles = Xml.fromstring(picture).iter(f"{SVG}rect")
    sides = [[float(box.get(name, "")) for name in ("x", "y", "width", "height")] for box in rectangles]
    return [(x, y, x + width, y + height) for x, y, width, height in sides]


@BOTH
def test_every_node_stands_in_the_picture_once_in_full(folder: Path) -> None:
    configuration = _of(folder)
    said = [text.split(" · ")[0] for text in _texts(svg(outline(configuration, "az")))]
    for name in configuration.menu.nodes:
        assert said.count(name) == 1, name


@pytest.mark.slow
def test_no_box_lies_on_another_and_all_lie_on_the_page() -> None:
    """Of the menus kept, and of some that nobody would write."""
    made = [configuration_of(loaded) for loaded in menus(seed=1, count=12)]
    for configuration in (_of(SMALL), _of(SHIPPED), *made):
        picture = svg(outline(configuration, "az"))
        _, _, width, height = map(float, Xml.fromstring(picture).get("viewBox", "").split())
        boxes = _boxes(picture)
        for one, other in combinations(boxes, 2):
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)
        for left, top, right, bottom in boxes:
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height


@pytest.mark.parametrize("language", ["az", "ru", "en"])
def test_no_words_leave_their_box_or_run_into_the_next(language: Language) -> None:
    """Cyrillic letters are the widest: in DejaVu Sans 0.61 of the font's size each."""
    picture = svg(outline(_of(SHIPPED), language))
    boxes = _boxes(picture)
    for text in Xml.fromstring(picture).iter(f"{SVG}text"):
        left, base, size = (float(text.get(name, "")) for name in ("x", "y", "font-size"))
        row = [box for box in boxes if box[1] <= base <= box[3]]
        ends = [box[2] for box in row if box[0] <= left < box[2]] or [box[0] for box in row if box[0] > left]
        assert left + 0.61 * size * len(text.text or "") <= min(ends, default=float("inf")), text.text


@BOTH
def test_every_way_of_the_menu_is_in_the_text_with_its_keys(folder: Path) -> None:
    configuration = _of(folder)
    lines = mermaid(outline(configuration, "en")).splitlines()
    for name, node in configuration.menu.nodes.items():
        for key, target in (node.keys or {}).items():
            if target not in BUILT_IN:
                written = f"#{ord(key)};" if key in "#" else key
                assert any(
                    re.match(rf'  n_{name} -- "[^"]*{re.escape(written)}[^"]*" --> n_{target}$', line)
                    for line in lines
                )
        if node.then:
            assert f"  n_{name} --> n_{node.then}" in lines


def test_spans_of_a_day_stand_in_lines_of_their_own() -> None:
    loaded = load_changed("hours.yaml", "fri: 09:00-18:00", "fri: 09:00-13:00, 14:00-18:00")
    assert outline(configuration_of(loaded), "en").points["dvx"].notes[1:] == (
        "office: Mon–Thu 09:00–18:00",
        "office: Fri 09:00–13:00 + 14:00–18:00",
    )


def test_a_queue_shows_its_structure_its_direct_number_its_hours_and_what_comes_after() -> None:
    point = outline(_of(SHIPPED), "en").points["dvx"]
    assert point.title == "State Tax Service"
    assert point.notes == ("dvx · ☎ 19511", "office: Mon–Fri 09:00–18:00")
    assert [(way.when, way.target) for way in point.ways] == [
        ("outside office", "dvx_closed"),
        ("unanswered 10 min", "overflow"),
    ]


@pytest.mark.parametrize(
    ("language", "hours", "ways", "elsewhere"),
    [
        (
            "az",
            "office: B.e.–C. 09:00–18:00",
            ["office vaxtından kənar", "10 dəq cavab verilmədi"],
            {"sükut ×3, səhv düymə ×3", "istənilən seçimdə", "zəngin sonu", "* təkrar"},
        ),
        (
            "ru",
            "office: Пн–Пт 09:00–18:00",
            ["вне часов office", "нет ответа 10 мин"],
            {"тишина ×3, не та кнопка ×3", "при любом выборе", "конец звонка", "* повтор"},
        ),
    ],
)
def test_all_that_is_drawn_is_in_the_language_of_the_picture(
    language: Language, hours: str, ways: list[str], elsewhere: set[str]
) -> None:
    drawn = outline(_of(SHIPPED), language)
    assert drawn.points["dvx"].notes == ("dvx · ☎ 19511", hours)
    assert [way.when for way in drawn.points["dvx"].ways] == ways
    said = _texts(svg(drawn))
    assert elsewhere <= {part for text in said for part in (text, *text.split(" · "))}
    english = "|".join(word.strip(" {}") for word in words("en"))
    assert not [text for text in (*said, mermaid(drawn)) if re.search(rf"\b({english})\b", text)]


def test_a_citizen_s_words_stay_words_in_picture_and_text() -> None:
    configuration = _of(SMALL)
    said = '</text><script>"]; click#'
    prompts = {
        **configuration.prompts,
        "front": configuration.prompts["front"].model_copy(update={"en": said}),
    }
    drawn = outline(configuration.model_copy(update={"prompts": prompts}), "en")
    assert said in _texts(svg(drawn))
    assert '{{"#60;/text#62;#60;script#62;#34;]; click#35;<br>front' in mermaid(drawn)


def test_the_command_draws_either_kind_in_the_language_asked_for() -> None:
    picture, text, unknown = (
        CliRunner().invoke(app, ["--config", str(SHIPPED), "menu", "graph", *more])
        for more in (("--language", "en"), ("--format", "mermaid"), ("--language", "de"))
    )
    assert "Hello. You have reached hotline one…" in _texts(picture.stdout)
    assert text.stdout.startswith("flowchart LR\n")
    assert "istənilən seçimdə" in text.stdout
    assert (unknown.exit_code, unknown.stderr.splitlines()[0]) == (2, "the hotline does not speak de")


def test_a_queue_overflows_into_those_its_callers_come_to_without_a_choice() -> None:
    shipped = _of(SHIPPED)
    assert {name: set(queues) for name, queues in overflows(shipped).items() if queues} == {"dvx": {"aparat"}}
    nodes = dict(shipped.menu.nodes)
    for then, queues in (("overflow", {"aparat"}), ("ministry", set()), ("aibndx_closed", set())):
        nodes["sorry"] = nodes["sorry"].model_copy(update={"hangup": None, "then": then})
        changed = shipped.model_copy(update={"menu": shipped.menu.model_copy(update={"nodes": nodes})})
        assert overflows(changed)["emdx"] == queues
