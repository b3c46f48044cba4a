"""What commands share: options, and reading inputs with words on standard error."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from logparse.errors import LogparseError, one_line
from logparse.export import ascii_only, whole_file

if TYPE_CHECKING:
    from rich.console import RenderableType

    from logparse.reading import Dataset

F = TypeVar("F", bound=Callable[..., Any])

_SIZE_RE = re.compile(r"(\d{1,15})\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_NAMED_SKIPPED = 3
_DEFAULT_WIDTH, _MIN_WIDTH, _MAX_WIDTH = 100, 40, 1000


def _size(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """Return the bytes of ``500M``; K, M, G and T are powers of 1024."""
    found = _SIZE_RE.fullmatch(value.strip())
    if found is None or int(found[1]) == 0:
        raise click.BadParameter(f"{value!r} is no size; write it as 500M or 2G")
    power: int = " kmgt".index(found[2].lower() or " ")
    return int(found[1]) << (10 * power)


def _day(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no day; write it as YYYY-MM-DD") from error


def inputs(function: F) -> F:
    """Add the arguments and options of reading."""
    for option in reversed(
        (
            click.argument(
                "paths", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="FILE..."
            ),
            click.option(
                "--builds",
                multiple=True,
                type=click.Path(allow_dash=True),
                metavar="FILE",
                help="Builds that `bb get -A -json` or `bb ls -A -json` printed, joined on the build id. "
                "Can be given several times.",
            ),
            click.option(
                "--date",
                "day",
                callback=_day,
                metavar="YYYY-MM-DD",
                help="Day of the first entry, for logs that nothing else dates.",
            ),
            click.option(
                "--max-size",
                callback=_size,
                metavar="SIZE",
                default="256M",
                show_default=True,
                help="Refuse inputs that are larger, decompressed.",
            ),
            click.option("--strict", is_flag=True, help="Exit with 3 where some input was not understood."),
            click.option("--verbose", "-v", is_flag=True, help="Name everything that was skipped."),
        )
    ):
        function = option(function)
    return function


def _path(ctx: click.Context, param: click.Parameter, value: str | None) -> Path | None:
    return None if value is None or value == "-" else Path(value)


def output(function: F) -> F:
    """Add the options of writing to a file."""
    function = click.option("--force", is_flag=True, help="Overwrite files that exist.")(function)
    return click.option(
        "-o",
        "--output",
        type=click.Path(allow_dash=True),
        callback=_path,
        metavar="FILE",
        help="Write there, not to stdout.",
    )(function)


def read(
    paths: tuple[str, ...],
    builds: tuple[str, ...],
    day: date | None,
    max_size: int,
    *,
    verbose: bool,
) -> Dataset:
    """Return what the inputs hold, and say on standard error what failed and what was skipped.

    Raises
    ------
    LogparseError
        Where no input holds anything and nothing has been said about it.
    """
    from logparse.reading import load
    from logparse.render import count

    with _Progress([*paths, *builds]) as seen:
        data = load(*paths, builds=builds, date=day, max_bytes=max_size, watch=seen)
    for failure in data.failures:
        warn(str(failure))
    skipped = data.records.skipped
    if verbose:
        for skip in skipped:
            warn(f"skipped: {skip}")
    elif skipped:
        names = ", ".join(str(skip.source) for skip in skipped[:_NAMED_SKIPPED])
        more = len(skipped) - _NAMED_SKIPPED
        rest = f" and {more} more (-v names all)" if more > 0 else ""
        warn(f"skipped {count(len(skipped), 'file')} without a log: {names}{rest}")
    _warn_of_repeats(data)
    if not (data.failures or holds_something(data)):
        raise LogparseError(
            "no input holds a scheduler log", remedy="name a saved page, a log, or a directory of them"
        )
    return data


def holds_something(data: Dataset) -> bool:
    """Whether there is anything to tell; where not, nothing is written, not even an empty file."""
    records = data.records
    return bool(records.invocations or records.builds or records.triages)


def _warn_of_repeats(data: Dataset) -> None:
    """Say where an invocation was read twice, as from its page and its log: both count."""
    counts = Counter(i.invocation_id for i in data.records.invocations if i.invocation_id)
    repeated = [identifier for identifier, count in counts.items() if count > 1]
    if repeated:
        more = " and others" if len(repeated) > 1 else ""
        warn(f"read more than once, and counted each time: invocation {repeated[0]}{more}")


class _Progress:
    """A spinner on standard error that counts inputs, where that is a terminal that nobody types at."""

    def __init__(self, paths: Sequence[str]) -> None:
        typed = "-" in paths and sys.stdin is not None and sys.stdin.isatty()
        self._shown = sys.stderr.isatty() and not typed
        self._status: Any = None
        self._count = 0

    def __enter__(self) -> Callable[[str], None] | None:
        if not self._shown:
            return None
        from rich.console import Console

        spinner = "line" if ascii_only(sys.stderr) else "dots"
        self._status = Console(stderr=True).status("reading", spinner=spinner)
        self._status.__enter__()
        return self._seen

    def _seen(self, name: str) -> None:
        self._count += 1
        if self._count % 20 == 0:
            self._status.update(f"reading: {self._count} files")

    def __exit__(self, *exception: object) -> None:
        if self._status is not None:
            self._status.__exit__(None, None, None)


def warn(text: str) -> None:
    """Say something on standard error, in one line."""
    say(one_line(f"logparse: {text}"), sys.stderr)


def say(text: str, out: TextIO | None = None) -> None:
    """Print a line for people, to standard output if to nothing else."""
    stream = out or sys.stdout
    if ascii_only(stream):
        from logparse.render import to_ascii

        text = to_ascii(text)
    stream.write(text + "\n")


def exit_code(data: Dataset, *, strict: bool) -> int:
    """Return the exit code of a command that read `data`: failures first, then what was not understood."""
    from logparse.checks import CODES
    from logparse.render import count

    if data.failures:
        return 1
    misread = sum(CODES[f.code].strict for log in data.records.logs for f in log.findings)
    if strict and misread:
        warn(f"{count(misread, 'place')} not understood; `logparse check` names them")
        return 3
    return 0


def write_text(text: str, path: Path | None, *, force: bool) -> None:
    """Write text to standard output, or to a file, whole or not at all."""
    if path is None:
        sys.stdout.write(text)
        return
    with whole_file(path, force=force) as out:
        out.write(text)


def on_terminal(path: Path | None = None) -> bool:
    """Whether output that goes to `path`, else to standard output, is seen on a terminal."""
    return path is None and sys.stdout.isatty()


def output_width(path: Path | None = None) -> int:
    """Return how wide text may be: as ``COLUMNS`` says, else as the terminal is, else 100."""
    if on_terminal(path):
        width = shutil.get_terminal_size().columns
    else:
        columns = os.environ.get("COLUMNS", "")
        width = int(columns) if columns.isascii() and columns.isdigit() and int(columns) else _DEFAULT_WIDTH
    return min(max(width, _MIN_WIDTH), _MAX_WIDTH)


def output_text(*parts: RenderableType, path: Path | None = None) -> str:
    """Return renderables as text for `path` or standard output: as wide and as colourful as fits there."""
    from logparse.render import printed

    return printed(
        *parts,
        styled=on_terminal(path),
        width=output_width(path),
        unicode=path is not None or not ascii_only(sys.stdout),
    )
