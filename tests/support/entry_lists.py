"""The entries of logs written by hand."""

from __future__ import annotations

from logparse.engine.entries import Entry, split_invocations
from logparse.language import scanner


def entries(text: str) -> list[list[Entry]]:
    return list(split_invocations(scanner.split_log(text), scanner.match))


def log(*lines: str) -> str:
    return "".join(f"[{line[:12]}] {line[13:]}\n" for line in lines)
