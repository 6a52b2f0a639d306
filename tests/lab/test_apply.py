"""`hotline config apply` on a real Asterisk with calls in it: what goes live, what stays, what is kept."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from ivr.command.store import operator
from ivr.revisions.takeover import plans_named
from ivr.storage.people import audit
from tests.lab.applying import Admin
from tests.lab.phone import AgentPhone, Caller
from tests.lab.small import OPEN, small_house
from tests.stores import empty_store

KEYS = "menu__nodes__front__keys__"
WITHOUT_TAX = {
    "hotline__delivered__19511": "office",
    "menu__nodes__ministry__keys__1": None,
    "menu__nodes__more__keys__1": "office",
    "menu__nodes__more__keys__6": None,
    "menu__nodes__order_tax": None,
    "menu__nodes__tax": None,
    "queues__tax": None,
    "queues__office__helped_by": None,
    "agents__1101__queues": ["office"],
    "agents__1201__queues": ["office"],
}
NEWS_AT_TWO = {f"{KEYS}2": "news", f"{KEYS}5": None}
NEWS_AT_FIVE = {f"{KEYS}2": None, f"{KEYS}5": "news"}


def test_calls_in_progress_live_through_an_apply_and_end_in_the_menu_they_began_in(tmp_path: Path) -> None:
    """One caller is in the menu, one in talk, one comes afterwards; only the last finds the new key."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path) as ear,
            AgentPhone.open("1101", ear.house.secret("1101"), ear.house.sip, answer_after=0.1),
            Caller.open("0501000001", ear.house.sip) as talking,
            Caller.open("0501000002", ear.house.sip) as walking,
            Caller.open("0501000003", ear.house.sip) as late,
        ):
            admin = Admin(ear.house)
            talk = await talking.dial("19511", OPEN)
            await ear.event("AgentConnect", CallerIDNum="0501000001")
            walk = await walking.dial("1951", OPEN)
            await walk.press("3")
            await walk.heard(*ear.prompts("az", "more"))
            old = plans_named(await admin.plan())

            admin.edit(**NEWS_AT_FIVE)
            admin.edit(menu__nodes__more__keys__1="office")
            applied = await admin.report("apply", "-m", "news moves")
            assert applied["changes"] == []  # nothing with YAML was live before

            await walk.press("1")
            joined = await ear.event("QueueCallerJoin", CallerIDNum="0501000002")
            assert joined["Queue"] == "tax"
            fresh = await late.dial("195", OPEN)
            since = await fresh.press("5")
            await fresh.heard(*ear.prompts("az", "news"), since=since)
            assert not talk.log.is_over
            assert plans_named(await admin.plan()) > old

            for call in (talk, walk, fresh):
                await call.hang_up()
            await ear.event("Hangup", CallerIDNum="0501000001")
            await ear.hangup("0501000002")
            await ear.hangup("0501000003")
            admin.edit(**NEWS_AT_TWO)
            await admin.report("apply")
            admin.edit(**NEWS_AT_FIVE)
            await admin.report("apply")
            assert not old & plans_named(await admin.plan())

    asyncio.run(scenario())


def test_a_queue_that_is_gone_still_takes_who_is_on_the_way_to_it(tmp_path: Path) -> None:
    """Its agents answer them; at the next apply, when nobody is on the way, it goes."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path) as ear,
            AgentPhone.open("1101", ear.house.secret("1101"), ear.house.sip, answer_after=0.1),
            Caller.open("0501000001", ear.house.sip) as phone,
        ):
            admin = Admin(ear.house)
            call = await phone.dial("1951", OPEN)
            await call.press("3")
            await call.heard(*ear.prompts("az", "more"))
            admin.edit(**WITHOUT_TAX)
            await admin.report("apply")
            await call.press("1")
            connected = await ear.event("AgentConnect", CallerIDNum="0501000001")
            assert connected["Queue"] == "tax"
            await call.hang_up()
            await ear.hangup("0501000001")
            await admin.report("apply")
            assert "tax" not in await ear.house.asterisk.console("queue show")

    asyncio.run(scenario())


def test_what_went_live_is_kept_told_compared_and_taken_back(tmp_path: Path) -> None:
    """The admin's whole day: diff, apply, history, rollback and once more further back."""

    async def scenario() -> None:
        async with small_house(tmp_path) as ear:
            admin = Admin(ear.house)
            assert "nothing that is live" in (await admin.hotline("diff")).err
            first = await admin.hotline("apply", "-m", "the first")
            assert first.status == 0
            assert first.err.startswith("done, but the audit has no line of it: there is no database")
            assert "revision 1 is live" in first.out
            again = await admin.hotline("apply")
            assert (again.status, "revision 1 is live as before" in again.out) == (0, True), again
            assert (await admin.report("apply"))["revision"] == 1
            store = empty_store(tmp_path)
            admin.edit(queues__tax__max_wait="60s", **NEWS_AT_FIVE)
            moved = ["in front, key 2 is gone; it led to news", "in front, key 5 is new and leads to news"]
            sentence = "queue tax keeps callers waiting for at most 1 min instead of 3 s"
            said = await admin.report("diff")
            assert (said["against"], said["changes"]) == ("revision 1", [*moved, sentence])
            assert "-        '2': news\n" in said["files"]
            assert (await admin.report("apply", "-m", "more patience"))["changes"] == [*moved, sentence]
            admin.edit(queues__tax__max_wait="90s")
            await admin.report("apply")

            history = await admin.report("history")
            assert [each["number"] for each in history] == [3, 2, 1, 0]
            assert (history[1]["author"], history[1]["message"]) == (operator(), "more patience")
            shown = (await admin.hotline("history")).out.splitlines()
            assert shown[0].split()[:2] == ["3", "live"]
            assert shown[1].endswith("more patience")

            admin.edit(queues__tax__max_wait="95s")  # never applied
            back = await admin.report("rollback")
            assert (back["revision"], back["restores"]) == (4, 2)
            assert "max_wait: 60s" in (ear.house.config / "hotline.yaml").read_text()
            assert "max_wait: 95s" in (Path(back["replaced"]) / "hotline.yaml").read_text()
            assert (await admin.report("rollback"))["restores"] == 1
            noted = store.read(lambda c: audit.lines(c, datetime(2026, 1, 1, tzinfo=UTC)))
            store.close()
            assert [(one["who"], one["action"], one["subject"], one["note"]) for one in noted[::-1]] == [
                (operator(), "apply", "revision 2", "more patience"),
                (operator(), "apply", "revision 3", ""),
                (operator(), "rollback to 2", "revision 4", ""),
                (operator(), "rollback to 1", "revision 5", ""),
            ]
            assert "Queue(tax,ci,,,3)" in await admin.plan()
            assert (await admin.hotline("rollback")).err.startswith("there is no earlier revision")
            assert (await admin.hotline("rollback", "0")).err.startswith(
                "there is no revision 0 to go back to"
            )
            assert (await admin.report("rollback", "3", "-m", "after all"))["revision"] == 6

            secrets = [ear.house.secret(file.stem) for file in (ear.house.etc / "secrets.d").iterdir()]
            kept = [path.read_text() for path in admin.revisions.rglob("*") if path.is_file()]
            assert len(kept) > 10
            assert not [text for text in kept for secret in secrets if secret in text]

    asyncio.run(scenario())
