"""``logparse ingest``: adding inputs to a dataset."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from logparse.cli.inputs import warn_of_skipped
from logparse.cli.options import INPUT_FILE, day, duration, size
from logparse.cli.progress import Progress
from logparse.cli.words import say, warn
from logparse.errors import UsageError
from logparse.output.words import count

if TYPE_CHECKING:
    from logparse.ingest import Ingested

_NO_LIMIT: Final = "none"


def _retention(ctx: click.Context, param: click.Parameter, value: str | None) -> timedelta | None:
    """Return the time that ``400d`` is; `timedelta.max` for ``none``."""
    if value is None:
        return None
    if value.strip().lower() == _NO_LIMIT:
        return timedelta.max
    try:
        return timedelta(seconds=duration(ctx, param, value))
    except OverflowError as error:
        raise click.BadParameter(f"{value!r} is too long; write none to keep all") from error


@click.command(
    "ingest",
    epilog="""\b
Examples:
  logparse ingest pages/ --into data/
  logparse ingest pages/ --builds builds.json --into data/
  xzcat builds.json.xz | logparse ingest - --into data/
  logparse ingest pages/ --into data/ --retention 400d
  logparse summarize data/""",
)
@click.argument("paths", nargs=-1, type=INPUT_FILE, metavar="FILE...")
@click.option(
    "--into", required=True, metavar="DIR", help="The dataset, on a file system. It is made if it is new."
)
@click.option(
    "--builds",
    multiple=True,
    type=INPUT_FILE,
    metavar="FILE",
    help="Builds that `bb get -A -json` or `bb ls -A -json` printed. Can be given several times.",
)
@click.option(
    "--date",
    "day",
    callback=day,
    metavar="YYYY-MM-DD",
    help="Day of the first entry, for logs without another date.",
)
@click.option(
    "--retention",
    callback=_retention,
    metavar="TIME",
    help="Drop days that are older, as 400d, and leave out inputs that are. The limit holds until another is "
    "given; none removes it.",
)
@click.option(
    "--again",
    is_flag=True,
    help="Read also inputs anew that an older logparse took in, or that failed; without FILE all of these.",
)
@click.option(
    "--max-size",
    callback=size,
    metavar="SIZE",
    default="256M",
    show_default=True,
    help="Refuse inputs that are larger, decompressed.",
)
@click.option("--verbose", "-v", is_flag=True, help="Name everything that was skipped.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many processes read at once. [default: one for each processor]",
)
def command(
    paths: tuple[str, ...],
    into: str,
    builds: tuple[str, ...],
    day: date | None,
    retention: timedelta | None,
    again: bool,
    max_size: int,
    verbose: bool,
    jobs: int | None,
) -> int:
    """Add pages, logs and files of builds to a dataset: a folder of Parquet.

    Commands read the dataset in the place of logs, and so do DuckDB, pandas and other readers of Parquet. A
    content counts once, so that a folder can be named every night. A newer copy of an invocation or of a
    build takes the place of the older one, and a build joins its log whichever comes first.

    A run that is ended at any moment has added all or nothing. Two runs at once come one after the other.
    """
    if not paths and not builds and not again:
        raise click.UsageError("Missing argument 'FILE...'.", click.get_current_context())
    from logparse.ingest import ingest

    with Progress([*paths, *builds]) as seen:
        try:
            done = ingest(
                paths,
                into=into,
                builds=builds,
                date=day,
                retention=retention,
                again=again,
                max_bytes=max_size,
                jobs=jobs,
                watch=seen,
                waits=lambda: warn(f"{into}: another process adds to the dataset; waiting for it to end"),
            )
        except UsageError as error:
            raise click.UsageError(str(error), click.get_current_context()) from error
    for failure in done.failures:
        warn(str(failure))
    warn_of_skipped(done.skipped, verbose=verbose)
    say(_told(done, Path(into)))
    return 1 if done.failures else 0


def _told(done: Ingested, into: Path) -> str:
    """Return a line about the run."""
    parts = [f"{count(done.read, 'input')} read", f"{done.known} known already"]
    if done.older:
        parts.append(f"{done.older} left out as older than the dataset keeps")
    had = [
        f"{count(number, noun)} ({more:+,})"
        for number, more, noun in (
            (done.invocations, done.more_invocations, "invocation"),
            (done.builds, done.more_builds, "build"),
        )
    ]
    return f"{into}: {', '.join(parts)}; {' and '.join(had)}"
