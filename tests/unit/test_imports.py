"""Imports go one way: the contract in pyproject.toml covers every room, and the core stays pure."""

import ast
import tomllib
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
ROOMS = ("ivr", "dialplan", "agi_scripts", "callback_dialer")
MAY_IMPORT = {
    "ivr": {"ivr", "dialplan", "agi_scripts"},
    "dialplan": {"dialplan", "ivr"},
    "agi_scripts": {"agi_scripts", "ivr"},
    "callback_dialer": {"callback_dialer", "ivr"},
}
CORE = ("ivr/visits", "ivr/figures", "ivr/calls", "ivr/queues", "ivr/config", "ivr/checks", "ivr/menus")
"""Pure rooms: no sockets, no SQL, no clock of their own."""
SQL = ("ivr/storage", "ivr/reading", "ivr/retention")
"""Rooms that build statements."""
PRINTING = {"csv", "logging", "rich", "structlog", "sys", "typer"}
RIM = {"asyncio", "panoramisk", "socket", "sqlalchemy", "subprocess", "threading", "twisted"}


def imported(path: Path) -> set[str]:
    """Dotted names that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module)
    return names


def modules(room: str) -> list[Path]:
    return sorted((REPO / room).rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_the_table_allows(room: str) -> None:
    for path in modules(room):
        is_command = path.is_relative_to(REPO / "ivr/command")
        allowed = set(ROOMS) if is_command else MAY_IMPORT[room]
        ours = {name.split(".")[0] for name in imported(path)} & {*ROOMS, "tests"}
        assert ours <= allowed, f"{path.relative_to(REPO)} imports {sorted(ours - allowed)}"


def test_nothing_but_the_command_imports_the_command() -> None:
    for room in ROOMS:
        for path in modules(room):
            if path.is_relative_to(REPO / "ivr/command"):
                continue
            wrong = [name for name in imported(path) if name.startswith("ivr.command")]
            assert not wrong, f"{path.relative_to(REPO)} imports {wrong}"


@pytest.mark.parametrize("room", CORE)
def test_the_pure_core_touches_no_socket_no_database_and_no_thread(room: str) -> None:
    for path in modules(room):
        wrong = {name.split(".")[0] for name in imported(path)} & RIM
        assert not wrong, f"{path.relative_to(REPO)} imports {sorted(wrong)}"


@pytest.mark.parametrize("room", ROOMS)
def test_sql_is_written_in_its_rooms_only(room: str) -> None:
    """Elsewhere a connection is handed on, and what went wrong with it is caught."""
    for path in modules(room):
        if any(path.is_relative_to(REPO / sql) for sql in SQL):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                names = {alias.name for alias in node.names}
                is_sql = node.module.startswith("sqlalchemy") and node.module != "sqlalchemy.exc"
                assert not (is_sql and names != {"Connection"}), f"{path.relative_to(REPO)}: {sorted(names)}"
                assert not node.module.startswith("ivr.storage.schema"), path.relative_to(REPO)
            elif isinstance(node, ast.Import):
                assert not [alias for alias in node.names if alias.name.startswith("sqlalchemy")], path


def test_what_reads_prints_nothing_and_writes_nothing() -> None:
    for path in modules("ivr/reading"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        printing = {name.split(".")[0] for name in imported(path)} & PRINTING
        assert not printing, f"{path.relative_to(REPO)} imports {sorted(printing)}"
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not names & {"print", "insert", "update", "delete"}, path.relative_to(REPO)


@pytest.mark.parametrize("room", ROOMS)
def test_relative_imports_are_not_used(room: str) -> None:
    for path in modules(room):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path


def in_contract(container: str = "") -> set[str]:
    """Rooms that a contract of import-linter puts in order, by full name."""
    contracts = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {
        ".".join(filter(None, (container, name.strip())))
        for contract in contracts
        if contract.get("containers", [""]) == [container]
        for layer in contract["layers"]
        for name in layer.split("|")
    }


def packages(folder: str) -> set[str]:
    return {
        f"{folder}.{path.parent.name}" for path in (REPO / folder.replace(".", "/")).glob("*/__init__.py")
    }


def test_every_room_has_its_place_in_the_contract() -> None:
    outer = packages("ivr") | set(ROOMS) - {"ivr"}
    assert outer == in_contract()
    assert packages("ivr.storage") == in_contract("ivr.storage")


def test_no_module_lies_outside_a_room() -> None:
    loose = {path.name for path in (REPO / "ivr").iterdir() if path.is_file()}
    assert loose == {"__init__.py", "py.typed"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_in_two_lines_what_lives_there_and_what_may_not(room: str) -> None:
    """Folders of migrations are Alembic's."""
    for path in (REPO / room).rglob("__init__.py"):
        if "migrations" in path.parts or path.parent.name == "schema":
            continue
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert len([line for line in said.splitlines() if line]) == 2, path
