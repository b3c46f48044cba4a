"""What commands share: options, and reading inputs with words on standard error."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from logparse.errors import LogparseError

if TYPE_CHECKING:
    from logparse.reading import Dataset

F = TypeVar("F", bound=Callable[..., Any])

_SIZE_RE = re.compile(r"(\d{1,15})\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_NAMED_SKIPPED = 3


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
            click.argument("paths", nargs=-1, required=True, metavar="FILE…"),
            click.option(
                "--builds",
                multiple=True,
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


def output(function: F) -> F:
    """Add the options of writing to a file."""
    function = click.option("--force", is_flag=True, help="Overwrite files that exist.")(function)
    return click.option(
        "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write there, not to stdout."
    )(function)


def read(
    paths: tuple[str, ...],
    builds: tuple[str, ...],
    day: date | None,
    max_size: int,
    *,
    verbose: bool,
) -> Dataset:
    """Return what the inputs hold, and say on standard error what failed and what was skipped."""
    from logparse.reading import load

    with _progress() as seen:
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
        warn(f"skipped {len(skipped)} file{'s'[: len(skipped) > 1]} without a log: {names}{rest}")
    _warn_of_repeats(data)
    return data


def _warn_of_repeats(data: Dataset) -> None:
    """Say where an invocation was read twice, as from its page and its log: both count."""
    counts = Counter(i.invocation_id for i in data.records.invocations if i.invocation_id)
    repeated = [identifier for identifier, count in counts.items() if count > 1]
    if repeated:
        more = " and others" if len(repeated) > 1 else ""
        warn(f"read more than once, and counted each time: invocation {repeated[0]}{more}")


class _Progress:
    """A spinner on standard error that counts inputs, where that is a terminal."""

    def __init__(self) -> None:
        self._status: Any = None
        self._count = 0

    def __enter__(self) -> Callable[[str], None] | None:
        if not sys.stderr.isatty():
            return None
        from rich.console import Console

        self._status = Console(stderr=True).status("reading")
        self._status.__enter__()
        return self._seen

    def _seen(self, name: str) -> None:
        self._count += 1
        if self._count % 20 == 0:
            self._status.update(f"reading: {self._count} files")

    def __exit__(self, *exception: object) -> None:
        if self._status is not None:
            self._status.__exit__(None, None, None)


def _progress() -> _Progress:
    return _Progress()


def warn(text: str) -> None:
    """Say something on standard error."""
    click.echo(f"logparse: {text}", err=True)


def exit_code(data: Dataset, *, strict: bool) -> int:
    """Return the exit code of a command that read `data`: failures first, then what was not understood."""
    from logparse.checks import CODES

    if data.failures:
        return 1
    misread = sum(CODES[f.code].strict for log in data.records.logs for f in log.findings)
    if strict and misread:
        warn(f"{misread} place{'s'[: misread > 1]} not understood; `logparse check` names them")
        return 3
    return 0


def need_something(data: Dataset) -> None:
    """Fail where nothing at all was read and nothing has been said about it.

    Raises
    ------
    LogparseError
        Where no input holds anything.
    """
    records = data.records
    if not (records.invocations or records.builds or records.triages or records.failures):
        raise LogparseError(
            "no input holds a scheduler log", remedy="name a saved page, a log, or a directory of them"
        )


def write_text(text: str, path: Path | None, *, force: bool) -> None:
    """Write text to standard output, or to a file, whole or not at all."""
    from logparse.export import whole_file

    if path is None:
        sys.stdout.write(text)
        return
    with whole_file(path, force=force) as out:
        out.write(text)


def styled(path: Path | None) -> bool:
    """Whether text may carry colours: on a terminal only. ``NO_COLOR`` is heeded by rich."""
    stream: TextIO = sys.stdout
    return path is None and stream.isatty()
