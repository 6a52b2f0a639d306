"""Who is let out and who is not let in, on a real Asterisk: contacts on their days, blocked callers."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from ivr.menus.steps import last_node
from tests.lab.calllog import What
from tests.lab.exchange import Exchange, Fate, Lifts, Rejects
from tests.lab.leg import Leg
from tests.lab.phone import Caller
from tests.lab.small import OPEN, small_house

CONTACT = "0124931234"
SECOND_TRUNK = {
    "trunks.second": {
        "server": "192.0.2.20:5060",
        "endpoint": "second",
        "caller_id": "195",
        "area_code": "18",
    }
}
"""With it the callers of each trunk have a table of their own."""


def test_a_contact_is_dialled_on_its_days_only_and_the_menu_goes_on_where_nobody_answers(
    tmp_path: Path,
) -> None:
    """The contact sees the hotline's number, and the caller keeps their own."""

    async def scenario() -> None:
        fates: list[Fate] = [Lifts(after=0.2, patience=1.0), Rejects(486)]
        async with (
            small_house(tmp_path) as ear,
            Exchange.open({CONTACT: fates}, ear.house.exchange) as exchange,
        ):
            for number, moment, node in (
                ("0501000001", OPEN, "director"),
                ("0501000002", OPEN, "bye"),
                ("0501000003", OPEN.replace(year=2027), "bye"),
            ):
                async with Caller.open(number, ear.house.sip) as phone:
                    call = await phone.dial("1951", moment)
                    await call.press("3")
                    await call.heard(*ear.prompts("az", "more"))
                    await call.press("2")
                    await call.until(What.ENDED)
                    assert last_node((await ear.hangup(number))["MENU_STEPS"]) == node
            assert [(each.number, each.shown) for each in exchange.dialled] == [(CONTACT, "195")] * 2

    asyncio.run(scenario())


def test_blocked_callers_hear_one_sentence_and_nobody_else_is_turned_away(tmp_path: Path) -> None:
    """However the trunk writes the number; who hides theirs is let in, and no blocked call is announced."""

    blocked = ("0509991234", "+9940509991234", "994509991234", "4980000", "0124980000", "0079991112233")
    let_in = ("0509981234", "4980001", "0124980001", "9991234", "0009991234")

    async def scenario() -> None:
        async with small_house(tmp_path, SECOND_TRUNK) as ear, AsyncExitStack() as phones:

            async def turned_away(number: str) -> None:
                phone = await phones.enter_async_context(Caller.open(number, ear.house.sip))
                call = await phone.dial("195", OPEN)
                await call.heard(*ear.prompts("az", "closed"))
                await call.until(What.ENDED)

            async def announced(number: str) -> None:
                phone = await phones.enter_async_context(Caller.open(number, ear.house.sip))
                await phone.dial("195", OPEN)
                await ear.user_event("HotlineCall", CallerIDNum=number)

            await asyncio.gather(*map(turned_away, blocked), *map(announced, let_in))
            hidden = await phones.enter_async_context(Caller.open("", ear.house.sip))
            headers = {"P-Asserted-Identity": "<sip:0509991234@127.0.0.1>", "Privacy": "id"}
            anonymous = "<sip:anonymous@anonymous.invalid>"
            hidden.keep(await Leg.dial(hidden.wire, hidden.server, "195", anonymous, headers=headers))
            await ear.user_event("HotlineCall", CallerIDNum="0509991234")
            assert len([each for each in ear.heard if each["UserEvent"] == "HotlineCall"]) == len(let_in) + 1

    asyncio.run(scenario())
