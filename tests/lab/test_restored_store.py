"""A database restored from a copy: who was reached, or refused by 9, is not rung again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from callback_dialer import continuity
from ivr.storage.engine.store import Store
from tests.lab.callback_steps import NINE, NUMBER, REACHED, agents, ended, miss, run
from tests.lab.dialing import ready_to_dial, running_dialer, running_recorder, until
from tests.lab.exchange import Lifts
from tests.restoring import copied

REFUSES, MISSED_SINCE = "0502222222", "0503333333"


def test_after_a_restore_nobody_who_was_reached_or_refused_is_rung_again_and_dialling_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(continuity, "SETTLES", timedelta(seconds=1))
    last_attempt = tmp_path / "hotline-main.last-attempt"

    async def scenario() -> None:
        refuses = Lifts(after=0.2, keys=NINE, talk=1.0)
        plans = {NUMBER: [REACHED] * 2, REFUSES: [refuses] * 2, MISSED_SINCE: [REACHED]}
        async with ready_to_dial(tmp_path, plans) as lab, agents(lab.house, "1101"):
            for number in (NUMBER, REFUSES):
                miss(lab, f"+994{number[1:]}")
            bring_back = copied(f"sqlite:///{tmp_path / 'hotline.db'}")
            async with running_dialer(lab.house, lab.store, lab.configuration, last_attempt):
                await ended(lab, 2)
            lab.store.close()
            bring_back()
            lab.store = Store(f"sqlite:///{tmp_path / 'hotline.db'}")
            assert not lab.attempts()
            miss(lab, f"+994{MISSED_SINCE[1:]}")
            async with (
                running_recorder(lab.house, lab.store, lab.configuration, lab.house.queue_log),
                running_dialer(lab.house, lab.store, lab.configuration, last_attempt),
            ):
                await until(lambda: lab.exchange.calls_to(MISSED_SINCE), "the call of who was missed since")
                await ended(lab, 3)
            rung = [len(lab.exchange.calls_to(number)) for number in (NUMBER, REFUSES, MISSED_SINCE)]
            assert rung == [1, 1, 1]

    run(scenario)
