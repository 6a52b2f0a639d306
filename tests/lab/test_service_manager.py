"""`hotline run` under a service manager: it starts whole or ends, says when it is ready, and stops."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from dialplan.compiler import write
from ivr.command.config import starter_folder
from tests.lab.house import LOOPBACK, change, free_ports
from tests.lab.small import CONFIG, TODAY
from tests.loading import load_or_fail

HOTLINE = Path(sys.executable).with_name("hotline")
SECONDS = 20.0
"""In which it starts or ends, on a busy machine too."""


class Installation:
    """A configured hotline whose Asterisk is away: the service runs, and waits for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ami_port, self.agi_port = free_ports(2)
        shutil.copytree(CONFIG, folder / "config")
        ports = {"servers.main.ami_port": self.ami_port, "servers.main.agi_port": self.agi_port}
        change(folder / "config", ports)
        write(load_or_fail(folder / "config"), folder / "etc", "main", TODAY)

    @property
    def environment(self) -> dict[str, str]:
        """The settings of its service and commands."""
        return {
            **os.environ,
            "HOTLINE_SECRETS": str(self.folder / "etc" / "secrets.d"),
            "HOTLINE_DATABASE_URL": f"sqlite:///{self.folder / 'hotline.db'}",
            "HOTLINE_SPOOL": str(self.folder / "main.spool"),
        }

    @contextmanager
    def running(self, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """`hotline run`, from its first moment; killed at the end if it still runs."""
        command = (HOTLINE, "--config", self.folder / "config", "run", "--asterisk", self.folder / "etc")
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[str]]:
        """`hotline run`, once its port is taken."""
        with self.running() as process:
            ends = time.monotonic() + SECONDS
            while not _is_taken(self.agi_port):
                assert time.monotonic() < ends
                assert process.poll() is None, process.communicate()[0]
                time.sleep(0.05)
            yield process


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def test_a_taken_port_ends_the_whole_service_with_status_1_and_one_sentence(
    installation: Installation,
) -> None:
    with socket.create_server((LOOPBACK, installation.agi_port)), installation.running() as process:
        said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert f"port {installation.agi_port} of {LOOPBACK} is taken" in said
    assert "Traceback" not in said


def test_an_address_of_another_machine_ends_the_whole_service_with_status_1_and_one_sentence(
    installation: Installation,
) -> None:
    change(installation.folder / "config", {"servers.main.agi_host": "192.0.2.1"})
    with installation.running() as process:
        said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert f"cannot listen at 192.0.2.1 port {installation.agi_port}" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("spool", ["same", "another"])
def test_a_second_hotline_run_by_mistake_says_that_one_runs_and_leaves_it_alone(
    installation: Installation, spool: str
) -> None:
    own: Mapping[str, str] = {"HOTLINE_SPOOL": "another.spool"} if spool == "another" else {}
    with installation.started() as first:
        with installation.running(**own) as second:
            said, _ = second.communicate(timeout=SECONDS)
        assert second.returncode == 1
        assert "another `hotline run`" in said
        assert first.poll() is None


def test_sigterm_ends_a_service_that_waits_for_asterisk(installation: Installation) -> None:
    with installation.started() as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0


_DEAF = """
import asyncio
from ivr.base import daemon
daemon.STOP_SECONDS = 0.5
async def deaf(stop):
    print("deaf", flush=True)
    await asyncio.sleep(3600)
daemon.serve(lambda reactor: [daemon.TaskService("deaf", deaf)])
"""


def test_sigterm_ends_a_service_with_a_part_that_does_not_stop() -> None:
    with subprocess.Popen(
        (sys.executable, "-c", _DEAF), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        while "deaf" not in process.stdout.readline():
            pass
        process.terminate()
        try:
            said, _ = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    assert process.returncode == 1
    assert "did not stop" in said


def test_systemd_is_told_that_the_service_is_ready_and_while_its_loop_turns(
    installation: Installation,
) -> None:
    """A frozen service says nothing more, and systemd starts it again."""
    path = installation.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        systemd.settimeout(SECONDS)
        with installation.running(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="300000") as process:
            assert systemd.recv(100) == b"READY=1"
            assert _is_taken(installation.agi_port)
            assert [systemd.recv(100) for _ in range(5)] == [b"WATCHDOG=1"] * 5
            process.send_signal(signal.SIGSTOP)
            systemd.settimeout(0.5)
            with suppress(TimeoutError):
                for _ in range(3):  # no more than were on their way
                    systemd.recv(100)
                raise AssertionError("a frozen service goes on")
            process.send_signal(signal.SIGCONT)
            systemd.settimeout(SECONDS)
            assert systemd.recv(100) == b"WATCHDOG=1"


def test_systemd_finds_no_fault_in_the_unit_and_little_that_it_is_exposed_to(tmp_path: Path) -> None:
    """`security` counts from 0, nothing, to 10, everything; a network and a database are needed."""
    unit = tmp_path / "hotline.service"
    text = (starter_folder() / "hotline.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("/usr/local/bin/hotline", str(HOTLINE)))
    for check in (("verify",), ("security", "--offline=yes", "--threshold=20", "--no-pager")):
        ended = subprocess.run(
            ("systemd-analyze", *check, unit), capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert not ended.stderr


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
