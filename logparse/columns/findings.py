"""The tables of findings and of inputs that could not be read."""

from __future__ import annotations

from typing import Final

from logparse.columns.column import plain as _c

FINDINGS: Final = (
    _c("source", "text", "where it was read"),
    _c("line", "int", "line there"),
    _c("code", "text", "what kind of finding it is; the README lists all codes"),
    _c("message", "text", "what was found, in one line"),
    _c("invocation_id", "text", "of the invocation"),
)

FAILURES: Final = (
    _c("source", "text", "what could not be read"),
    _c("reason", "text", "why, in one line"),
    _c("remedy", "text", "what to do about it"),
    _c("skipped", "bool", "whether it was left out of a folder, or a part of a file; false for a failure"),
    _c("line", "int", "line there"),
)
