"""A PostgreSQL server of the tests' own: on a free port of loopback, in a temporary folder, no service.

`initdb` and the server refuse root, so root starts them as `nobody`. The programs are the machine's newest,
else those that `make setup` unpacked into `.lab/postgresql`. Every test gets a database of its own, copied
from one that holds the schema. Tests may stop the server, freeze it and set it read-only.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

from ivr.storage.engine.store import Store
from ivr.storage.migrations import migrate
from tests.lab.house import LOOPBACK, REPOSITORY, free_ports

_ROOTS = (Path("/"), REPOSITORY / ".lab" / "postgresql")
_USER, _PASSWORD, _TEMPLATE = "hotline", "of no use elsewhere", "hotline_template"
_READY_SECONDS = 30.0
_SETTINGS = {
    "fsync": "off",  # a test machine need not survive a power cut
    "full_page_writes": "off",
    "jit": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "timezone": "GMT",
    "log_timezone": "GMT",
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
}


class PostgreSQLMissing(Exception):
    """There are no PostgreSQL binaries here; run `make setup`."""


class PostgreSQL:
    """One server; `url(database)` is where it is reached."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        (self.port,) = free_ports(1)
        self._names = itertools.count(1)
        self._server: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """A fresh server with the hotline's schema in its template, gone at the end."""
        folder = Path(tempfile.mkdtemp(prefix="hotline-pg-"))
        server = cls(folder)
        try:
            server._create()
            server.start()
            server._make_template()
            yield server
        finally:
            server.stop()
            shutil.rmtree(folder)

    def url(self, database: str) -> str:
        """As `HOTLINE_DATABASE_URL` takes it."""
        return f"postgresql://{_USER}:{_PASSWORD.replace(' ', '%20')}@{LOOPBACK}:{self.port}/{database}"

    def url_by(self, port: int) -> str:
        """URL of a new database with the schema, reached by another port that leads here."""
        return self.create_database().replace(f":{self.port}/", f":{port}/")

    def create_database(self) -> str:
        """URL of a new database with the schema and no records."""
        return create_database(self.url("postgres"), f"test_{os.getpid()}_{next(self._names)}")

    def start(self) -> None:
        """Start, after `stop` or `kill` too; return when connections are taken."""
        settings = {**_SETTINGS, "port": str(self.port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [*_as_nobody(), *self._program("postgres"), "-D", str(self._data), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment, cwd=self._folder,
            )  # fmt: skip
        deadline = time.monotonic() + _READY_SECONDS
        while not self._takes_connections():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, as `pg_ctl stop -m immediate`: connections break, committed work stays."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGQUIT)
            self.thaw()
            self._server.wait(_READY_SECONDS)

    def kill(self) -> None:
        """Every process of it dies without a word, as when the machine runs out of memory."""
        assert self._server is not None
        pids = self._signal_all(signal.SIGKILL)
        self._server.wait(_READY_SECONDS)
        # A start would be refused while one of them still holds the shared memory.
        while any(_is_alive(pid) for pid in pids):
            time.sleep(0.01)

    def copied(self) -> Callable[[], None]:
        """Copy the whole server as it is now; what is returned brings that state back. Stopped meanwhile."""
        copy = self._folder / "copy"
        self._replace(copy, self._data)
        return lambda: self._replace(self._data, copy)

    def _replace(self, folder: Path, by: Path) -> None:
        self.stop()
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["cp", "-a", str(by), str(folder)], check=True)
        self.start()

    def freeze(self) -> None:
        """Stop every one of its processes where it is: connections stay open and nothing answers."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal_all(signal.SIGCONT)

    def set_read_only(self, *, is_so: bool) -> None:
        """As on a standby, or when an operator protects a full disk; for transactions from now on."""
        value = "on" if is_so else "off"
        writes = "-c default_transaction_read_only=off"
        with psycopg.connect(self.url("postgres"), autocommit=True, options=writes) as connection:
            connection.execute(f"ALTER ROLE {_USER} SET default_transaction_read_only = {value}")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND usename = current_user"
            )

    def limit_disk(self, megabytes: int) -> None:
        """No file grows beyond that, as on a full disk (0: no limit); a WAL segment needs 1."""
        limit = str(megabytes * 2**20) if megabytes else "unlimited"
        for pid in self._processes():
            # A process of the same user may do that.
            command = [*_as_nobody(), "prlimit", f"--fsize={limit}:", "--pid", str(pid)]
            subprocess.run(command, check=True)

    def _create(self) -> None:
        if _bin() != _bin_of(_ROOTS[0]) and os.geteuid() == 0:
            # The checkout may lie where `nobody` may not look.
            shutil.copytree(_ROOTS[1], self._folder / "root", symlinks=True)
        password = self._folder / "password"
        password.write_text(_PASSWORD)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in (self._folder, password):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        command = [
            *_as_nobody(), *self._program("initdb"), "--no-sync", "--wal-segsize=1", "--no-locale",
            "--encoding=UTF8", "--auth=scram-sha-256", f"--username={_USER}", f"--pwfile={password}",
            "-D", str(self._data),
        ]  # fmt: skip
        said = subprocess.run(
            command, capture_output=True, text=True, env=self._environment, cwd=self._folder, check=False
        )
        if said.returncode:
            raise RuntimeError(f"initdb failed: {said.stderr[-2000:]}")

    def _make_template(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_TEMPLATE}")
        store = Store(self.url(_TEMPLATE))
        migrate(store)
        store.close()

    def _takes_connections(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _program(self, name: str) -> tuple[str, ...]:
        copy = _bin_of(self._folder / "root")
        return (str((copy or _bin()) / name),)

    @property
    def _environment(self) -> dict[str, str]:
        root = (_bin_of(self._folder / "root") or _bin()).parents[4]
        libraries = ":".join(map(str, root.glob("usr/lib/*-linux-gnu"))) if root != Path("/") else ""
        return {"LC_ALL": "C", "PATH": os.environ["PATH"], "LD_LIBRARY_PATH": libraries}

    def _signal_all(self, number: signal.Signals) -> tuple[int, ...]:
        """The processes there were; one that has ended meanwhile is fine."""
        pids = self._processes()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return pids

    def _processes(self) -> tuple[int, ...]:
        assert self._server is not None
        children = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text()
        return (self._server.pid, *map(int, children.split()))


def _is_alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def create_database(server: str, name: str) -> str:
    """URL of a new database of that name with the schema; `server` is the URL of a database beside it."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(_TEMPLATE)
            )
        )
    return f"{server.rpartition('/')[0]}/{name}"


def drop_database(url: str) -> None:
    """Drop it; whoever still uses it loses the connection."""
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@cache
def _bin() -> Path:
    found = next((found for root in _ROOTS if (found := _bin_of(root))), None)
    if found is None:
        raise PostgreSQLMissing("there are no PostgreSQL binaries here; run `make setup`")
    return found


def _bin_of(root: Path) -> Path | None:
    """The folder of the newest server's programs below `root`."""
    versions = [path.parent for path in root.glob("usr/lib/postgresql/*/bin/postgres")]
    return max(versions, key=lambda path: int(path.parent.name), default=None)


def _as_nobody() -> tuple[str, ...]:
    """The server must not outlive the tests, whatever ends them."""
    setpriv = ("setpriv", "--pdeathsig", "QUIT")
    if os.geteuid() != 0:
        return (*setpriv, "--")
    return (*setpriv, "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--")
