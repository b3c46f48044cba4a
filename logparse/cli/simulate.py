"""``logparse simulate``: pages, logs and builds of a simulated fleet, with the truth about them."""

from __future__ import annotations

import sys
import time
from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from logparse.cli.options import day
from logparse.cli.words import say
from logparse.output.terminal import ascii_only
from logparse.output.words import count

#: So often is the progress written anew, in seconds.
_EVERY_S: Final = 0.1
_DIALECTS: Final = ("auto", "v1", "v2")
_PLANTS: Final = ("slow-bot", "regression", "lost-notifications", "starved-pool", "flaky-builder")


@click.command(
    "simulate",
    epilog="""\b
Examples:
  logparse simulate --invocations 1000 --days 14 -o demo/
  logparse simulate -n 5000 --plant slow-bot --plant regression -o demo/
  logparse simulate -n 1000000 --days 365 --tables -o load/
  logparse simulate --print-fleet > fleet.toml
  logparse simulate -n 1000 --fleet fleet.toml -o demo/""",
)
@click.option("--invocations", "-n", type=click.IntRange(min=1), metavar="N", help="How many.")
@click.option(
    "--days",
    type=click.IntRange(min=1),
    metavar="D",
    default=7,
    show_default=True,
    help="The days in which they are created.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="S",
    default=0,
    show_default=True,
    help="Another seed gives another simulation.",
)
@click.option(
    "--start",
    callback=day,
    metavar="YYYY-MM-DD",
    default="2021-03-01",
    show_default=True,
    help="The first day, in UTC.",
)
@click.option(
    "--dialect",
    type=click.Choice(_DIALECTS),
    default="auto",
    show_default=True,
    help="Version of Buildbucket's API; auto is v1 before March 2021 and v2 after that.",
)
@click.option(
    "--plant",
    type=click.Choice([*_PLANTS, "all"]),
    multiple=True,
    metavar="NAME",
    help=f"Plant {', '.join(_PLANTS)} or all. Can be given several times.",
)
@click.option(
    "--fleet",
    type=click.Path(readable=False),
    metavar="FILE",
    help="Simulate the fleet that this TOML file describes.",
)
@click.option("--print-fleet", is_flag=True, help="Print the TOML file of the default fleet, and stop.")
@click.option("--tables", is_flag=True, help="Write the truth's tables alone.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many processes write at once. [default: one for each processor]",
)
@click.option("-o", "--output", type=click.Path(readable=False), metavar="DIR", help="Write there.")
@click.option("--force", is_flag=True, help="Replace a simulation that DIR has.")
def command(print_fleet: bool, invocations: int | None, output: str | None, **more: Any) -> int:
    """Simulate a fleet: pages, logs and builds, and the truth about them as Parquet.

    Builds of several builders wait for the bots of their pools and run on them. Commits arrive by day and
    week, launches and builds fail, notifications get lost. DIR gets a folder for each UTC day, a folder
    truth, and SYNTHETIC.json, which says that all is simulated. The same options give the same pages.
    """
    if print_fleet:
        from logparse.simulator.fleet import default_text

        sys.stdout.write(default_text())
        return 0
    if invocations is None:
        raise click.UsageError("Missing option '--invocations'.", click.get_current_context())
    if output is None:
        raise click.UsageError("Missing option '-o': name the folder to write.", click.get_current_context())
    return _simulate(invocations, Path(output), **more)


def _simulate(
    invocations: int, folder: Path, *, plant: tuple[str, ...], tables: bool, start: date, **more: Any
) -> int:
    from logparse.simulator import simulate

    with _Progress(invocations) as progress:
        made = simulate(
            invocations=invocations,
            into=folder,
            plant=_PLANTS if "all" in plant else plant,
            tables_only=tables,
            start=start,
            watch=progress.seen,
            **more,
        )
    say(f"simulated, not real: {count(made.invocations, 'invocation')}, {count(made.builds, 'build')}")
    if not tables:
        written = f"{count(made.files, 'file')} of {made.bytes / 1e6:,.1f} MB"
        say(f"{written} in {folder}, the truth in {folder / 'truth'}")
    for name, values in made.planted.items():
        said = ", ".join(f"{key} {value}" for key, value in values.items())
        say(f"planted: {name.replace('_', ' ')} ({said})")
    return 0


class _Progress:
    """A line on standard error, if that is a terminal."""

    def __init__(self, invocations: int) -> None:
        self._all = invocations
        self._spinner: Any = None
        self._start = self._shown_at = time.monotonic()

    def __enter__(self) -> _Progress:
        if sys.stderr.isatty():
            from rich.console import Console

            spinner = "line" if ascii_only(sys.stderr) else "dots"
            self._spinner = Console(stderr=True).status("simulating", spinner=spinner)
            self._spinner.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._spinner is not None:
            self._spinner.__exit__(None, None, None)

    def seen(self, invocations: int, bytes_: int) -> None:
        """Show how many invocations and bytes are made so far."""
        now = time.monotonic()
        if self._spinner is None or now - self._shown_at < _EVERY_S:
            return
        self._shown_at = now
        self._spinner.update(progress_words(invocations, self._all, bytes_, now - self._start))


def progress_words(done: int, all_: int, bytes_: int, elapsed_s: float) -> str:
    """Return the progress in words. It has a speed in bytes only where pages are written."""
    speed = f", {bytes_ / 1e6 / elapsed_s:.1f} MB/s" if bytes_ else ""
    return f"simulating: {done:,} of {all_:,} invocations{speed}"
