"""Output: lines on standard error and standard output, and results to a file or a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from logparse.errors import one_line
from logparse.output.files import whole_file
from logparse.output.terminal import ascii_only, printed, safe, to_ascii

if TYPE_CHECKING:
    from rich.console import RenderableType

_DEFAULT_WIDTH: Final = 100
_MIN_WIDTH: Final = 40
_MAX_WIDTH: Final = 1000


def warn(text: str) -> None:
    """Write a line to standard error. Control characters in it are escaped."""
    say(one_line(f"logparse: {text}"), sys.stderr)


def say(text: str, out: TextIO | None = None) -> None:
    """Write a line to `out`, by default to standard output, in ASCII if that can show only ASCII."""
    stream = out or sys.stdout
    if ascii_only(stream):
        text = to_ascii(text)
    stream.write(text + "\n")


def write_data(text: str, path: Path | None, *, force: bool) -> None:
    """Write data of logs to standard output, or to a file, whole or not at all.

    On a terminal, control characters are escaped.
    """
    if path is None:
        safe(sys.stdout).write(text)
    else:
        write_shown(text, path, force=force)


def write_shown(text: str, path: Path | None, *, force: bool) -> None:
    """Write text that `output_text` made to standard output, or to a file, whole or not at all."""
    if path is None:
        sys.stdout.write(text)
        return
    with whole_file(path, force=force) as out:
        out.write(text)


def on_terminal(path: Path | None = None) -> bool:
    """Whether output to `path`, or to standard output if it is None, is shown on a terminal."""
    return path is None and sys.stdout.isatty()


def output_width(path: Path | None = None) -> int:
    """Return the greatest width of text: the terminal's, else that of ``COLUMNS``, else 100."""
    if on_terminal(path):
        width = shutil.get_terminal_size().columns
    else:
        columns = os.environ.get("COLUMNS", "")
        width = int(columns) if columns.isascii() and columns.isdigit() and int(columns) else _DEFAULT_WIDTH
    return min(max(width, _MIN_WIDTH), _MAX_WIDTH)


def output_text(*parts: RenderableType, path: Path | None = None) -> str:
    """Return renderables as text for `path` or standard output, with its width and its colours."""
    return printed(
        *parts,
        styled=on_terminal(path),
        width=output_width(path),
        unicode=path is not None or not ascii_only(sys.stdout),
    )
