"""Lines of product code by folder, without blanks, comments and docstrings; run by `make size`."""

import ast
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
ROOMS = ("ivr", "dialplan", "agi_scripts", "callback_dialer")
PURE_CORE = (
    "ivr/calls", "ivr/config", "ivr/visits", "ivr/queues", "dialplan", "callback_dialer",
)  # fmt: skip


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
    """Print one row per package and the total beside the whole files."""
    total_code = total_all = 0
    for room in ROOMS:
        folders = sorted({path.parent for path in (REPO / room).rglob("*.py")})
        for folder in folders:
            files = sorted(folder.glob("*.py"))
            code = sum(map(code_lines, files))
            whole = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
            total_code, total_all = total_code + code, total_all + whole
            print(
                f"  {folder.relative_to(REPO)!s:<32} {code:>6} code  {whole:>6} lines  {len(files):>3} files"
            )
    print(f"  {'all':<32} {total_code:>6} code  {total_all:>6} lines   (the aim: under 10,000)")


if __name__ == "__main__":
    main()
