"""The options that commands share."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from logparse.cli.inputs import Inputs
from logparse.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

_SIZE_RE: Final = re.compile(r"(\d{1,15})\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
#: Formats by the endings of file names. A command that cannot write a format refuses its names.
_FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".ebnf": "ebnf",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".png": "png",
    ".svg": "svg",
    ".pdf": "pdf",
    ".gz": "gzip",
    ".bz2": "bzip2",
    ".xz": "xz",
    ".zst": "zstd",
    ".zip": "zip",
}


def size(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """Return the bytes of ``500M``; K, M, G and T are powers of 1024."""
    found = _SIZE_RE.fullmatch(value.strip())
    if found is None or int(found[1]) == 0:
        raise click.BadParameter(f"{value!r} is not a size; write it as 500M or 2G")
    power: int = " kmgt".index(found[2].lower() or " ")
    return int(found[1]) << (10 * power)


def duration(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """Return the seconds of ``15m``, ``1h30m`` or ``1d``."""
    from logparse.analysis.fields import read_seconds

    found = read_seconds(value)
    if found is None or found <= 0:
        raise click.BadParameter(f"{value!r} is not a time; write it as 15m, 1h or 1d")
    return found


def day(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    """Return a day that was written as YYYY-MM-DD."""
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a day; write it as YYYY-MM-DD") from error


def zone(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return the name of a time zone, checked."""
    if value is None or value == "UTC":
        return value
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise click.BadParameter(f"{value!r} is not a time zone; write it as Europe/Berlin") from error
    return value


#: Adds ``--tz``. The command gets the name of the zone as `zone`.
zone_option: Final = click.option(
    "--tz",
    "zone",
    default="UTC",
    callback=zone,
    metavar="ZONE",
    help="Time zone of days, weeks and hours: Europe/Berlin. [default: UTC]",
)


def _spans(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[datetime, datetime], ...]:
    """Return spans of time that were written as FROM..TO."""
    if not values:
        return ()
    from logparse.analysis.fields import read_time

    found = []
    for value in values:
        first, dots, last = value.partition("..")
        start, end = read_time(first.strip()), read_time(last.strip())
        if not dots or start is None or end is None:
            raise click.BadParameter(
                f"{value!r} is not a span; write it as 2020-11-17..2020-11-18 or -7d..-6d"
            )
        if start >= end:
            raise click.BadParameter(f"{value!r} ends before it begins")
        found.append((start, end))
    return tuple(found)


def _filter(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Check a filter before anything is read."""
    if value is not None:
        from logparse.analysis import parse_filter

        try:
            parse_filter(value)
        except UsageError as error:
            raise click.UsageError(str(error), ctx) from error
    return value


def _time(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """Return the time that ``2020-11-17``, ``2020-11-17T04:33`` or ``-7d`` is."""
    if value is None:
        return None
    from logparse.analysis.fields import read_time

    found = read_time(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is not a time; write it as 2020-11-17, 2020-11-17T04:33 or -7d")
    return found


#: Whether a file can be read is not checked here, because one that cannot be read is a failure among others.
INPUT_FILE: Final = click.Path(allow_dash=True, readable=False)


_READING: Final = (
    click.option(
        "--builds",
        multiple=True,
        type=INPUT_FILE,
        metavar="FILE",
        help="Builds that `bb get -A -json` or `bb ls -A -json` printed, joined on the build id. "
        "Can be given several times, and without FILE.",
    ),
    click.option(
        "--date",
        "day",
        callback=day,
        metavar="YYYY-MM-DD",
        help="Day of the first entry, for logs without another date.",
    ),
    click.option(
        "--max-size",
        callback=size,
        metavar="SIZE",
        default="256M",
        show_default=True,
        help="Refuse inputs that are larger, decompressed.",
    ),
    click.option(
        "--where",
        callback=_filter,
        metavar="FILTER",
        help="Count only what fits, as 'status=FAILED and builder~asan and run_s>1h'.",
    ),
    click.option(
        "--exclude-time",
        "excluded",
        multiple=True,
        callback=_spans,
        metavar="FROM..TO",
        help="Leave out what was created in this span, TO not included: 2020-11-17..2020-11-18. "
        "Times are UTC, or have an offset. Can be given several times.",
    ),
    click.option(
        "--since",
        callback=_time,
        metavar="TIME",
        help="Count only what was created then or later: 2020-11-17, 2020-11-17T04:33 (UTC), or -7d.",
    ),
    click.option("--until", callback=_time, metavar="TIME", help="Count only what was created before then."),
    click.option("--strict", is_flag=True, help="Exit with 3 where some input was not understood."),
    click.option("--verbose", "-v", is_flag=True, help="Name everything that was skipped."),
    click.option(
        "--keep-duplicates",
        is_flag=True,
        help="Count each copy of an invocation or a build that is in several inputs. "
        "Without it, copies count once.",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many processes read at once. [default: one for each processor]",
    ),
    click.option(
        "--engine",
        type=click.Choice(["scanner", "grammar"]),
        default="scanner",
        show_default=True,
        help="The parser that reads logs. Both give the same result; the grammar is much slower.",
    ),
)


def reading(arguments: str) -> Callable[[F], F]:
    """Return the arguments and options of reading, which a command gets as `inputs`.

    Parameters
    ----------
    arguments:
        How the help names the arguments.
    """

    def add(function: F) -> F:
        @wraps(function)
        def command(**more: Any) -> Any:
            given = Inputs(**{name: more.pop(name) for name in Inputs.__dataclass_fields__})
            return function(inputs=given, **more)

        for option in reversed(_READING):
            command = option(command)
        named = click.argument("paths", nargs=-1, type=INPUT_FILE, metavar=arguments)
        return named(command)  # type: ignore[return-value]

    return add


def inputs(function: F) -> F:
    """Add the arguments and options of reading. The command gets them as `inputs`, which are not empty."""

    @wraps(function)
    def command(inputs: Inputs, **more: Any) -> Any:
        if not inputs.paths and not inputs.builds:
            raise click.UsageError("Missing argument 'FILE...'.", click.get_current_context())
        return function(inputs=inputs, **more)

    return reading("FILE...")(command)  # type: ignore[return-value]


def _path(ctx: click.Context, param: click.Parameter, value: str | None) -> Path | None:
    return None if value is None or value == "-" else Path(value)


def output(function: F) -> F:
    """Add the options of writing to a file."""
    function = click.option("--force", is_flag=True, help="Overwrite files that exist.")(function)
    return click.option(
        "-o",
        "--output",
        type=INPUT_FILE,
        callback=_path,
        metavar="FILE",
        help="Write there, not to stdout.",
    )(function)


def format_option(formats: Collection[str], default: str) -> Callable[[F], F]:
    """Return the option ``--format``. Its value is None if it is not given."""
    return click.option(
        "--format",
        "-f",
        "format_",
        type=click.Choice([*formats]),
        help=f"[default: by the ending of the name after -o, else {default}]",
    )


def chosen_format(
    asked: str | None,
    path: Path | None,
    formats: Collection[str],
    default: str,
    names: Mapping[str, str] = _FORMATS,
) -> str:
    """Return the format to write: `asked`, else the one of the file's name, else `default`.

    Raises
    ------
    click.UsageError
        If the name is one for another format than `asked`, or for one that is not among `formats`.
    """
    named = None if path is None else names.get(path.suffix.lower())
    if path is None or named is None:
        return asked or default
    if named not in formats:
        choices = " or ".join(formats)
        raise click.UsageError(f"'{path.name}' is a name for {named}, and this command writes {choices}.")
    if asked not in (None, named):
        raise click.UsageError(f"'{path.name}' is a name for {named}, but --format is {asked}.")
    return named
