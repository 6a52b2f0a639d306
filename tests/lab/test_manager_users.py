"""Each of our AMI users on a real Asterisk: what it may do, and what it is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ivr.asterisk.connection import AmiConnection
from ivr.asterisk.messages import ActionRefused, Header
from ivr.asterisk.secrets import PSEUDONYMS
from ivr.asterisk.words import FASTAGI_SECRET, LOG_KEY
from tests.lab.house import House
from tests.lab.small import CONFIG, TODAY, until

Action = dict[str, Header]

QUEUES: Action = {"Action": "QueueStatus"}
CHANNELS: Action = {"Action": "CoreShowChannels"}
STATUS: Action = {"Action": "Status"}
PLAN: Action = {"Action": "ShowDialPlan", "Context": "hotline-in"}
RELOAD: Action = {"Action": "Reload", "Module": "pbx_config"}
COMMAND: Action = {"Action": "Command", "Command": "core show uptime"}
GET_CONFIG: Action = {"Action": "GetConfig", "Filename": "manager.conf"}
WRITE_CONFIG: Action = {"Action": "UpdateConfig", "SrcFilename": "a.conf", "DstFilename": "a.conf"}
PHONE: Action = {"Action": "Getvar", "Variable": "DEVICE_STATE(PJSIP/1101)"}
PHONES: Action = {"Action": "PJSIPShowEndpoints"}
MODULE: Action = {"Action": "ModuleCheck", "Module": "app_queue"}
CLOSE: Action = {"Action": "DBPut", "Family": "hotline-closed", "Key": "office", "Val": "0"}
SHUT_OUT: Action = {"Action": "QueuePause", "Interface": "PJSIP/1101", "Paused": "true"}
CALL: Action = {
    "Action": "Originate",
    "Channel": "Local/994501234567@hotline-callback/n",
    "Context": "hotline-callback",
    "Exten": "talk",
    "Priority": "1",
    "Async": "true",
}
SHELL: Action = {
    "Action": "Originate",
    "Channel": "Local/195@hotline-in",
    "Application": "System",
    "Data": "true",
}

MAY: dict[str, tuple[Action, ...]] = {
    "hotline-recorder": (QUEUES, STATUS, CHANNELS, PHONE),
    "hotline-dialer": (QUEUES, STATUS, CHANNELS, PHONE, CALL, SHUT_OUT),
    "hotline-apply": (RELOAD, PLAN, PHONES, MODULE, CLOSE),
}
MAY_NOT: dict[str, tuple[Action, ...]] = {
    "hotline-recorder": (
        CALL,
        SHELL,
        RELOAD,
        COMMAND,
        GET_CONFIG,
        WRITE_CONFIG,
        SHUT_OUT,
        PHONES,
        MODULE,
        CLOSE,
    ),
    "hotline-dialer": (PHONES, MODULE, CLOSE, SHELL, RELOAD, COMMAND, GET_CONFIG, WRITE_CONFIG),
    # Asterisk gives GetConfig to `system`, without which there is no Reload.
    "hotline-apply": (CALL, SHELL, COMMAND, WRITE_CONFIG, SHUT_OUT),
}


@asynccontextmanager
async def _login(house: House, user: str) -> AsyncIterator[AmiConnection]:
    ami = AmiConnection(*house.ami, user, house.secret(user))
    running = asyncio.create_task(ami.run())
    try:
        await until(lambda: ami.is_connected or None, f"login of {user}", 10.0)
        yield ami
    finally:
        await ami.close()
        await running


def test_every_user_may_do_its_work_and_nothing_else(tmp_path: Path) -> None:
    """None may run commands, write configuration, or start programs; the dialer alone pauses agents."""

    async def scenario() -> None:
        async with House.open(tmp_path, CONFIG, today=TODAY) as house:
            for user, allowed in MAY.items():
                async with _login(house, user) as ami:
                    for action in allowed:
                        await ami.send(action)
                    for action in MAY_NOT[user]:
                        with pytest.raises(ActionRefused):
                            await ami.send(action)

    asyncio.run(scenario())


def test_every_secret_is_its_own_and_readable_by_asterisk_s_group_only(tmp_path: Path) -> None:
    """Rendering again keeps them, and no other file contains one."""

    async def scenario() -> None:
        async with House.open(tmp_path, CONFIG, today=TODAY) as house:
            files = sorted((house.etc / "secrets.d").iterdir())
            secrets = [house.secret(file.stem) for file in files]
            assert {file.stem for file in files} == {
                *MAY,
                LOG_KEY,
                FASTAGI_SECRET,
                PSEUDONYMS,
                "1101",
                "1201",
            }
            assert {file.stat().st_mode & 0o777 for file in files} == {0o640}
            assert len(set(secrets)) == len(secrets)
            house.render()
            assert [house.secret(file.stem) for file in files] == secrets
            others = [file for file in house.etc.rglob("*.conf") if file.parent.name != "secrets.d"]
            assert not [file for file in others if any(secret in file.read_text() for secret in secrets)]

    asyncio.run(scenario())
