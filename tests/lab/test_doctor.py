"""`hotline doctor` on a real Asterisk: no error in a healthy house, each fault found and named."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

from typer.testing import CliRunner

from ivr.asterisk.secrets import FOLDER
from ivr.asterisk.words import EVENT_FILTER
from ivr.command.root import app
from ivr.doctor import asterisk as doctor
from tests.lab.house import House
from tests.lab.service import HotlineService
from tests.lab.small import CONFIG, TODAY

NO_RESERVE = {"callback.reserve": 0}
"""The small house has one agent."""

Finding = dict[str, str]


async def examined(service: HotlineService, *words: str) -> tuple[int, list[Finding]]:
    """Exit status of the doctor, and all that is not well; no secret is ever shown."""
    arguments = ["--config", str(service.house.config), "doctor", "--json", *words]
    said = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=service.environment)
    for path in (service.house.etc / FOLDER).iterdir():
        assert service.house.secret(path.stem) not in said.output
    found: list[Finding] = json.loads(said.stdout)
    ill = [finding for finding in found if finding["level"] != "ok"]
    assert all(finding["do"] for finding in ill)
    return said.exit_code, ill


async def found(service: HotlineService, check: str, what: str, *words: str) -> None:
    """The doctor ends with 1 and the one error it finds is this."""
    status, ill = await examined(service, *words)
    errors = [finding for finding in ill if finding["level"] == "error"]
    assert [(it["check"], what in it["what"]) for it in errors] == [(check, True)], errors
    assert status == 1


@asynccontextmanager
async def healthy(folder: Path) -> AsyncIterator[tuple[House, HotlineService]]:
    """A house with its service, whose dialer knows the queues."""
    async with (
        House.open(folder, CONFIG, NO_RESERVE, today=TODAY) as house,
        HotlineService.running(house) as service,
    ):
        async with asyncio.timeout(20.0):
            while any(it["check"] == "FastAGI" for it in (await examined(service))[1]):
                await asyncio.sleep(0.1)
        yield house, service


def test_a_healthy_house_has_no_error_and_each_fault_of_the_daemon_is_found(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with healthy(tmp_path) as (_, service):
            status, ill = await examined(service)
            assert [(it["check"], it["level"]) for it in ill] == [("trunk", "warning")]
            assert status == 0
            assert (await service.hotline("status")).status == 0

            with patch.object(doctor, "OLDEST", 99):
                await found(service, "Asterisk", "callbacks join a queue at its end")
            os.kill(service.pid, signal.SIGSTOP)
            try:
                await found(service, "FastAGI", "says nothing within")
            finally:
                os.kill(service.pid, signal.SIGCONT)
            others = tmp_path / "others"
            shutil.copytree(service.house.etc / FOLDER, others)
            secret = others / "hotline-agi.conf"
            secret.write_text("secret = another\n")
            status, ill = await examined(service, "--secrets", str(others))
            assert "has another FastAGI secret" in next(it["what"] for it in ill if it["check"] == "FastAGI")
            secret.unlink()
            await found(service, "FastAGI", "calls go on without Python", "--secrets", str(others))
            await service.kill()
            await found(service, "FastAGI", "nobody listens")

    asyncio.run(scenario())


def _general_without_time(manager: str) -> str:
    """Somebody's own `[general]` in front of ours: Asterisk obeys the first."""
    return manager.replace("timestampevents = yes\n", "").partition("\n\n")[0] + "\n\n"


def test_each_fault_of_asterisk_is_found(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with healthy(tmp_path) as (house, service):
            others = tmp_path / "others"
            shutil.copytree(house.etc / FOLDER, others)
            (others / "hotline-dialer.conf").write_text("secret = not-the-one\n")
            await found(service, "AMI login", "refuses hotline-dialer", "--secrets", str(others))
            (others / "hotline-dialer.conf").unlink()
            await found(service, "AMI login", "hotline-dialer.conf does not exist", "--secrets", str(others))

            ours = house.etc / FOLDER / "hotline-dialer.conf"
            ours.chmod(0o644)
            await found(service, "secrets", f"every user of this machine may read {ours}")
            ours.chmod(0o640)

            manager = house.etc / "hotline" / "manager.conf"
            good = manager.read_text()
            for wrong, check, what in (
                (good.replace("timestampevents = yes", ""), "timestampevents", "no time"),
                (_general_without_time(good) + good, "timestampevents", "no time"),
                (good.replace("agent,call,user", "agent,call"), "AMI rights", "hear events of user"),
                (good.replace("MENU_PATH,", ""), "channelvars", "MENU_PATH"),
                (good.replace(f"eventfilter = {EVENT_FILTER}\n", "", 1), "AMI filter", "a caller's number"),
                (good.replace("originate,", ""), "AMI rights", "hotline-dialer may not `originate`"),
                (
                    good.replace("write = reporting", "write = reporting,command"),
                    "AMI rights",
                    "never needs",
                ),
            ):
                manager.write_text(wrong)
                await house.asterisk.console("manager reload")
                await found(service, check, what)
            manager.write_text(good)
            await house.asterisk.console("manager reload")

            await house.asterisk.console("module unload app_mixmonitor.so")
            await found(service, "modules", "app_mixmonitor is not loaded")
            await house.asterisk.console("module load app_mixmonitor.so")

            phones = house.etc / "pjsip.conf"
            good = phones.read_text()
            phones.write_text(good.replace("[1101]", "[another]"))
            await house.asterisk.console("module reload res_pjsip.so")
            await found(service, "agents", "no phone 1101")
            phones.write_text(good.replace("rewrite_contact = yes", "rewrite_contact = no", 1))
            await house.asterisk.console("module reload res_pjsip.so")
            await found(service, "agents", "may register any address")
            for unguarded in (
                good.replace("transport = trunks", "transport = phones"),
                good.replace("transport = phones", "", 1),
            ):
                phones.write_text(unguarded)
                await house.asterisk.console("module reload res_pjsip.so")
                _, ill = await examined(service)
                assert ["look to the provider" in it["what"] for it in ill if it["check"] == "trunk"] == [
                    False,
                    True,
                ]
            phones.write_text(good)
            await house.asterisk.console("module reload res_pjsip.so")

            shared = house.sounds.resolve()
            house.sounds.unlink()
            lost = next((shared / "en" / "hotline").glob("*.wav")).name
            shutil.copytree(shared, house.sounds, ignore=lambda at, _: {lost} if "/en/" in at else set())
            await found(service, "prompts", f"1 not in {house.sounds}: en/hotline/{lost}")

            await house.kill()
            await found(service, "Asterisk", "nobody answers at 127.0.0.1")

    asyncio.run(scenario())
