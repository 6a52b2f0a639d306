"""Lines of product code by folder, without blanks, comments and docstrings; run by `make size`."""

import ast
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
ROOMS = ("ivr", "dialplan", "agi_scripts", "callback_dialer")
CORE = ("ivr/calls", "ivr/figures", "ivr/queues", "ivr/visits")
CORE_MODULES = ("attempt", "decide", "pacing", "policy")
"""Of callback_dialer: the decisions about citizens. Configuration and dialplan are translation, not core."""


def code_lines(path):
    """Numbers of the lines that hold code."""
    source = path.read_text(encoding="utf-8")
    docs = set()
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            docs.update(range(node.lineno, node.end_lineno + 1))
    lines = enumerate(source.splitlines(), 1)
    return sum(
        1
        for number, line in lines
        if number not in docs and line.strip() and not line.lstrip().startswith("#")
    )


def main():
    """One row per package, then the core and all of it."""
    rows, core = [], []
    for room in ROOMS:
        for folder in sorted({path.parent for path in (REPO / room).rglob("*.py")}):
            files = sorted(folder.glob("*.py"))
            rows.append((str(folder.relative_to(REPO)), files))
            core += files if str(folder.relative_to(REPO)) in CORE else []
    core += [REPO / "callback_dialer" / f"{name}.py" for name in CORE_MODULES]
    for name, files in rows:
        show(name, files)
    print()
    show("pure core", core, "the aim: under 3,000")
    show("all", [path for _, files in rows for path in files], "the aim: under 10,000")


def show(name, files, aim=""):
    """One row: lines of code, lines of text, files."""
    code = sum(map(code_lines, files))
    text = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    print(f"  {name:<32} {code:>6} code {text:>7} lines {len(files):>4} files   {aim}".rstrip())


if __name__ == "__main__":
    main()
