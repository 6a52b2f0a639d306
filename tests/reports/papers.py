"""Reads what was printed: the text of a PDF as a reader sees it, line by line."""

from __future__ import annotations

import re
import subprocess


def pdf_lines(document: bytes) -> list[str]:
    """The lines of all pages, runs of spaces as one; no-break spaces are spaces."""
    printed = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=document, capture_output=True, check=True
    )
    return [re.sub(r"\s+", " ", line).strip() for line in printed.stdout.decode().splitlines()]


def plain(text: str) -> str:
    """With every run of spaces as one."""
    return re.sub(r"\s+", " ", text).strip()
