"""What the compiled plan is and is not, without an Asterisk: golden files, traces, revisions, reach."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dialplan.compiler import compile
from ivr.asterisk import words
from ivr.calls.numbers import national
from ivr.config.loading import Loaded, configuration_of
from tests.golden import CONFIG, TODAY, compiled, expected
from tests.loading import load_or_fail
from tests.plan_graph import Point, dials, reachable, read

SHIPPED = Path(__file__).parents[2] / "config"
TRUNK = re.compile(r"@provider$|^PJSIP/provider\b")


def _changed(**sections: object) -> Loaded:
    """The small configuration with other sections; places stay those of the file."""
    loaded = load_or_fail(CONFIG)
    return replace(loaded, configuration=configuration_of(loaded).model_copy(update=sections))


def _plan(files: dict[str, str]) -> str:
    return "\n".join(text for name, text in files.items() if name.startswith("hotline/revisions/"))


def _everything(files: dict[str, str]) -> str:
    return files["hotline/extensions.conf"] + _plan(files)


def _exits(files: dict[str, str]) -> list[str]:
    """Where app_queue sends who presses a key while waiting."""
    return re.findall(r"^context = (.+)$", files["hotline/queues.conf"], re.MULTILINE)


def test_the_small_configuration_compiles_to_the_files_kept() -> None:
    """After a wanted change: `python -m tests.golden`, then read the difference."""
    assert compiled() == expected()


@pytest.mark.parametrize("config", [CONFIG, SHIPPED])
def test_the_same_configuration_gives_the_same_bytes(config: Path) -> None:
    first, second = (compile(load_or_fail(config), today=TODAY) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("config", [CONFIG, SHIPPED])
def test_every_step_names_the_line_of_yaml_it_comes_from(config: Path) -> None:
    lines = {file.name: file.read_text(encoding="utf-8").splitlines() for file in config.glob("*.yaml")}
    for step in _everything(compile(load_or_fail(config), today=TODAY)).splitlines():
        if step.startswith(("exten", " same")):
            file, _, line = step.rpartition(" ; ")[2].partition(":")
            assert lines[file][int(line) - 1].strip(), step


@pytest.mark.parametrize("config", [CONFIG, SHIPPED])
def test_a_call_goes_on_after_every_script_whatever_agi_says_and_however_late(config: Path) -> None:
    """Nothing looks at AGISTATUS; the step after AGI() is where extension `T` comes back to, too."""
    plan = _plan(compile(load_or_fail(config), today=TODAY))
    assert "AGISTATUS" not in plan
    asked = re.findall(r",AGI\(agi://[^/]+/(\w+),.*\n same => n\((\w+)\),Set\(TIMEOUT\(absolute\)=0\)", plan)
    assert len(asked) == plan.count(",AGI(")
    scripts = {name for constant, name in vars(words).items() if constant.startswith("AGI_")}
    assert {name for name, _ in asked} == scripts
    for context in plan.split("\n["):
        if ",AGI(" in context:
            assert re.search(r"^exten => T,1,Goto\([^)]+,resume\)", context, re.MULTILINE), context


@pytest.mark.parametrize("config", [CONFIG, SHIPPED])
@pytest.mark.parametrize("start", [words.CONTEXT_INBOUND, words.CONTEXT_AGENTS])
def test_no_call_from_outside_and_no_agent_reaches_a_trunk_but_for_the_contacts(
    config: Path, start: str
) -> None:
    """Anonymous calls and transfers begin in these two contexts as well; only Originate enters the third."""
    loaded = load_or_fail(config)
    files = compile(loaded, today=TODAY)
    graph = read(_everything(files))
    points = reachable(graph, [start, *_exits(files)])
    contacts = {
        f"PJSIP/{national(each.number)}@provider" for each in configuration_of(loaded).contacts.values()
    }
    assert {target for _, target in dials(graph, points) if TRUNK.search(target)} <= contacts
    assert not [point for point in points if point.context.endswith("-callback")]


def test_the_callback_context_is_the_only_way_to_a_trunk() -> None:
    """The search finds trunks where there are any, and every Dial of a trunk lies behind that context."""
    graph = read(_everything(compiled()))
    to_trunk = {
        point
        for point, target in dials(graph, graph)
        if TRUNK.search(target) and not point.context.endswith("-contacts")
    }
    assert to_trunk
    assert to_trunk <= reachable(graph, [words.CONTEXT_CALLBACK])


@pytest.mark.parametrize("config", [CONFIG, SHIPPED])
def test_every_jump_of_the_plan_arrives_somewhere(config: Path) -> None:
    """Every context is reached from one of the fixed ones."""
    files = compile(load_or_fail(config), today=TODAY)
    graph = read(_everything(files))
    ours = (words.CONTEXT_INBOUND, words.CONTEXT_AGENTS, words.CONTEXT_CALLBACK, words.CONTEXT_LENT)
    fixed = (*ours, *_exits(files))
    reached = {point.context for point in reachable(graph, fixed)}
    assert {point.context for point in graph} == reached


def test_no_step_reads_a_variable_by_a_name_of_python() -> None:
    """A dot in a name: an expression of the compiler's that was meant to be replaced by its value."""
    plan = _everything(compile(load_or_fail(CONFIG), today=TODAY))
    assert re.findall(r"\$\{\w+\.\w+\}", plan) == []


@pytest.mark.parametrize(
    ("text", "reaches"),
    [
        ("exten => 1,1,Goto(b,s,1) ; x", True),
        ('exten => 1,1,GotoIf($["${A}" = "("]?b,s,1:c,s,1) ; x', True),
        ("exten => 1,1,ExecIf($[${A} > 1]?Goto(b,s,1)) ; x", True),
        ("exten => 1,1,Goto(${ANYWHERE},s,1) ; x", True),
        ("exten => 1,1,Dial(Local/s@b/n,30) ; x", True),
        ("exten => 1,1,GotoIfTime(09:00-17:59,mon-fri,*,*,Asia/Baku?b,s,1) ; x", True),
        ("exten => 1,1,Goto(c,s,1) ; x", False),
        ("exten => 1,1,Playback(b) ; x", False),
    ],
)
def test_the_graph_follows_every_kind_of_jump(text: str, reaches: bool) -> None:
    plan = f"[a]\n{text}\n[b]\nexten => s,1,Dial(PJSIP/1@provider) ; x\n[c]\nexten => s,1,Hangup() ; x\n"
    assert (Point("b", "s") in reachable(read(plan), ["a"])) is reaches


def test_no_call_sets_its_own_moment() -> None:
    """A lab puts a context in front that does."""
    plan = _everything(compile(load_or_fail(SHIPPED), today=TODAY))
    assert "TESTTIME" in plan
    assert not re.search(r"TESTTIME=|X-Hotline", plan)


def test_the_revision_changes_with_the_content_and_not_with_its_lines() -> None:
    """A comment added to the YAML moves lines; the calls' menu is the same, and so is its name."""
    loaded = load_or_fail(CONFIG)
    moved = {path: replace(place, line=place.line + 1) for path, place in loaded.places.keys.items()}
    shifted = compile(replace(loaded, places=replace(loaded.places, keys=moved)), today=TODAY)
    menu = configuration_of(loaded).menu
    patient = menu.model_copy(update={"silence": menu.silence.model_copy(update={"times": 5})})
    assert set(shifted) == set(compiled())
    assert shifted != compiled()
    assert set(compile(_changed(menu=patient), today=TODAY)) != set(compiled())


def test_a_choice_that_says_nothing_waits_for_its_key_all_the_same() -> None:
    """Background without a prompt hangs up; found by walking made menus."""
    menu = configuration_of(load_or_fail(CONFIG)).menu
    nodes = {**menu.nodes, "front": menu.nodes["front"].model_copy(update={"say": []})}
    plan = _plan(compile(_changed(menu=menu.model_copy(update={"nodes": nodes})), today=TODAY))
    assert "(ask),WaitExten(1)" in plan
    assert "Background()" not in plan


def test_the_notice_of_recording_is_compiled_in_exactly_where_a_queue_records() -> None:
    contexts = _plan(compiled()).split("\n[")
    with_notice = {text.partition("]")[0].rpartition("-")[2] for text in contexts if "calls_recorded" in text}
    assert with_notice == {"tax"}


def test_nobody_is_put_before_callers_who_hear_their_place_while_they_wait() -> None:
    """Queue()'s `position` is given for other queues; who was called back joins this one at the end."""
    files = compile(load_or_fail(SHIPPED), today=TODAY)
    joined = re.findall(r",Queue\((\w+),(.*)\) ;", _plan(files))
    assert {name for name, arguments in joined if words.VAR_POSITION in arguments} == {
        "dvx",
        "aparat",
        "emdx",
    }
    assert [arguments.count(",") for name, arguments in joined if name == "aibndx"] == [3, 3]
    queues = files["hotline/queues.conf"]
    assert re.findall(r"^announce-position-limit = (\d+)$", queues, re.MULTILINE) == ["1", "1", "1", "10"]
    assert queues.count("announce-holdtime = once") == queues.count("queue-minutes =\n") == 1


def test_a_wait_ends_at_closing_time_where_a_node_is_named_for_it() -> None:
    queues = configuration_of(load_or_fail(CONFIG)).queues
    tax = queues["tax"].model_copy(update={"at_closing": "bye"})
    plan = _plan(compile(_changed(queues={**queues, "tax": tax}), today=TODAY))
    assert "Queue(tax,ci,,,${IF($[${GOSUB_RETVAL} < 3]?${GOSUB_RETVAL}:3)})" in plan
    assert '"TIMEOUT" & ${GOSUB_RETVAL} < 3]?' in plan
    assert ",,,3)" in _plan(compiled())


def test_without_callbacks_nothing_can_be_dialled_but_contacts() -> None:
    callback = configuration_of(load_or_fail(CONFIG)).callback.model_copy(update={"enabled": False})
    graph = read(_everything(compile(_changed(callback=callback), today=TODAY)))
    dialled = [target for _, target in dials(graph, graph) if TRUNK.search(target)]
    assert dialled == ["PJSIP/0124931234@provider"]


def test_only_numbers_of_the_kinds_called_back_are_dialled_but_for_denied_ones() -> None:
    plan = _plan(compiled())
    assert "exten => _9945[015]XXXXXXX,1,GotoIf" in plan
    assert "exten => _994XXXXXXXXX" not in plan
    assert "exten => _994900!,1,Hangup(21)" in plan
    assert "exten => _994501112233!,1,Hangup(21)" in plan
    assert "exten => _X!,1,Hangup(21)" in plan


def test_a_kind_that_is_not_called_back_and_a_denied_range_are_not_rendered() -> None:
    callback = configuration_of(load_or_fail(CONFIG)).callback
    only = callback.model_copy(update={"kinds": ["mobile"], "deny": ["+99499", "+9945"]})
    plan = _plan(compile(_changed(callback=only), today=TODAY))
    found = re.findall(r"^exten => _(994.*),1,GotoIf", plan, re.MULTILINE)
    assert found == ["99436554XXXX", "994[16]0XXXXXXX", "9944[04]XXXXXXX", "9947[07]XXXXXXX"]


@pytest.mark.parametrize(
    ("dial", "sent"), [("national", "0${EXTEN:3}"), ("international", "${EXTEN}"), ("e164", "+${EXTEN}")]
)
def test_numbers_are_sent_as_the_trunk_wants_them(dial: str, sent: str) -> None:
    trunk = configuration_of(load_or_fail(CONFIG)).trunks["provider"]
    trunks = {"provider": trunk.model_copy(update={"dial": dial})}
    assert f"Dial(PJSIP/{sent}@provider,3,i)" in _plan(compile(_changed(trunks=trunks), today=TODAY))


def test_holidays_are_known_for_this_year_and_the_next() -> None:
    plan = _plan(compile(load_or_fail(CONFIG), today=date(2027, 6, 1)))
    assert "exten => 20270101,1" in plan
    assert "exten => 20280103,1" in plan or "exten => 20280101,1" in plan
    assert "exten => 20260101,1" not in plan


def test_an_unknown_server_is_refused() -> None:
    with pytest.raises(KeyError):
        compile(load_or_fail(CONFIG), "elsewhere", today=TODAY)
