"""A day's parts add up, and come back from the text they are kept as."""

from __future__ import annotations

from dataclasses import fields

import pytest

from ivr.figures.parts import Cell, CellKey, added, from_text, to_text

ONE = Cell(1, 2, 3, 4, 5, 6, {7: 1, 8: 2}, {"a": 1, "b": 2})
OTHER = Cell(10, 20, 30, 40, 50, 60, {8: 20, 9: 30}, {"b": 20, "c": 30})
KEY = CellKey("dvx", 20, "A")


def test_cells_add_every_sum_every_wait_and_every_tally() -> None:
    assert {field.name for field in fields(Cell)} == set(Cell.__slots__)
    assert added([{KEY: ONE}, {KEY: OTHER}]) == {
        KEY: Cell(11, 22, 33, 44, 55, 66, {7: 1, 8: 22, 9: 30}, {"a": 1, "b": 22, "c": 30})
    }


def test_what_is_added_up_stays_as_it_was() -> None:
    before = to_text({KEY: ONE})
    added([{KEY: ONE}, {KEY: OTHER}])
    assert to_text({KEY: ONE}) == before


def test_the_text_is_short_keeps_its_letters_and_is_equal_for_equal_parts() -> None:
    other = CellKey("ƏMDX", -1, "M")
    cell = Cell(1, waits={30: 1, 7: 2}, tallies={"x:b": 1, "x:a": 2})
    text = '[["dvx",20,"A",0,0,0,0,0,0,[],{}],["ƏMDX",-1,"M",1,0,0,0,0,0,[7,2,30,1],{"x:a":2,"x:b":1}]]'
    assert to_text({other: cell, KEY: Cell()}) == text
    assert from_text(text) == {KEY: Cell(), other: cell}


def test_a_text_that_lost_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        from_text('[["dvx",20,"A",1,0,0,0,0,0,[7,2,30],{}]]')
