"""``logparse failures``: why invocations and builds failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.cli.answers import Answer, answering, readable, table_of, trend, write_answer
from logparse.cli.config import owners, with_owners
from logparse.cli.grouping import KEYS, Keys
from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.output.grid import Heading
from logparse.output.words import count, short_duration

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

_TOP: Final = 20
_CAUSES: Final = (
    Heading("detail", "detail", "name"),
    Heading("cause", "cause", "name"),
    Heading("failed", "failed", "count"),
    Heading("share", "percent", "name"),
    Heading("bot hours", "bot_hours", "mean"),
    Heading("builders", "builders", "count"),
    Heading("last seen", "last_seen", "name"),
)
_GROUPS: Final = (
    Heading("runs", "runs", "count"),
    Heading("failed", "failed", "count"),
    Heading("share", "percent", "number"),
    Heading("bot hours", "bot_hours", "mean"),
    Heading("mostly", "cause", "name"),
    Heading("retried", "retried", "count"),
    Heading("reruns", "reruns", "count"),
    Heading("rerun hours", "rerun_hours", "mean"),
    Heading("last failed", "last_failed", "name"),
)
#: Columns that are added up over groups.
_SUMS: Final = ("runs", "failed", "bot_hours", "retried", "retry_wait_s", "reruns", "rerun_hours")
_KEYS: Final = tuple(key for key in KEYS if key != "status")
_TIMES: Final = frozenset({"day", "week", "weekday", "hour"})
_NEAR: Final = (
    Heading("near their timeout", "builder_id", "name"),
    Heading("builds", "builds", "count"),
    Heading("near", "near", "count"),
    Heading("most", "percent", "name"),
    Heading("timeout", "execution_timeout_s", "seconds"),
)


@click.command(
    "failures",
    epilog="""\b
Examples:
  logparse failures logs/
  logparse failures builds.json --where 'created_at>=-7d'
  logparse failures logs/ --by bot
  logparse failures logs/ --by hour --tz Europe/Berlin
  logparse failures logs/ --format csv -o failures.csv""",
)
@click.option(
    "--by",
    type=Keys(("cause", *_KEYS)),
    default="cause",
    metavar="KEY[,KEY]",
    help=f"Group by {', '.join(_KEYS)}, or by several: builder,hour. [default: cause]",
)
@answering(_TOP)
def command(inputs: Inputs, asked: Answer, by: tuple[str, ...]) -> int:
    """Print why invocations and builds failed, most frequent causes first, and what they cost.

    Causes: no bot in time, execution timeout, infrastructure, canceled and by whom, aborted and by whom, a
    launch that failed, an overrun, the build itself. Errors that differ in numbers only are counted together.

    The second table has builders whose builds came near their execution timeout.

    With --by: who fails. Share is that of the runs which ended. Retried are invocations that took several
    attempts to launch. Reruns are runs of a commit after one of the same builder had failed on it, with the
    hours of bots that they took.
    """
    if "cause" in by:
        if len(by) > 1:
            raise click.UsageError("--by cause has its details already, and no second key.")
        return _by_cause(inputs, asked)
    return _by_group(inputs, asked, by)


def _by_group(inputs: Inputs, asked: Answer, by: tuple[str, ...]) -> int:
    data = read(inputs, ("invocations", "builds"))
    if holds_something(data):
        from logparse.analysis.failuregroups import OF_RUNS, columns_of, failure_groups
        from logparse.analysis.units import unit_columns

        invocations, builds = (data.frame(name, names) for name, names in unit_columns(OF_RUNS).items())
        answer = failure_groups(invocations, builds, by, tz=asked.zone, owners=owners())

        def show(rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[RenderableType]:
            yield from _groups(readable(rows, columns_of(by), asked.zone), by, asked, width)
            # All runs have a status.
            every = int(failure_groups(invocations, builds, "status")["runs"].sum())
            yield from _left_out(every - sum(row["runs"] for row in rows), by)

        write_answer(answer, columns_of(by), asked, show)
    return exit_code(data, inputs)


def _left_out(number: int, by: Sequence[str]) -> Iterator[RenderableType]:
    from rich.text import Text

    if number:
        yield Text(f"{count(number, 'run')} without a known {' and '.join(by)}")


def _groups(
    rows: Sequence[Mapping[str, Any]], by: Sequence[str], asked: Answer, width: int
) -> Iterator[RenderableType]:
    """Yield a headline with the cost of retries, failures over time where a time is the key, and a table."""
    from rich.text import Text

    from logparse.tables.keys import KEYS as COLUMNS

    total = {name: sum(row[name] for row in rows) for name in _SUMS}
    yield Text(
        f"{total['failed']} of {count(total['runs'], 'run')} failed, {total['bot_hours']:.1f} bot hours"
    )
    if total["retried"]:
        wait = short_duration(total["retry_wait_s"])
        yield Text(f"{count(total['retried'], 'invocation')} launched again, which took {wait}")
    if total["reruns"]:
        hours = f"{total['rerun_hours']:.1f} bot hours"
        yield Text(f"{count(total['reruns'], 'rerun')} of a commit that had failed, {hours}")
    if len(by) == 1 and by[0] in _TIMES:
        title = f"failed by {by[0]}, {rows[0][by[0]]} to {rows[-1][by[0]]}" if rows else ""
        yield from trend(title, [row["share"] for row in rows], width, asked.path)
    headings = [Heading(key, COLUMNS[key][0], "name") for key in by]
    shown = [{**row, "percent": f"{row['share']:.0%}"} for row in rows]
    yield from table_of(shown, [*headings, *_GROUPS], asked.top, width)


def _by_cause(inputs: Inputs, asked: Answer) -> int:
    data = read(inputs, ("invocations", "builds"))
    if holds_something(data):
        from logparse.analysis.failures import FAILURES, NEEDED, OF_BUILDS, failures, near_timeout
        from logparse.analysis.units import unit_columns

        needed = unit_columns(NEEDED)
        builds = data.frame("builds", {*needed["builds"], *OF_BUILDS})
        answer = failures(data.frame("invocations", needed["invocations"]), builds)
        near = with_owners(near_timeout(builds))
        number = data.sizes.invocations + data.sizes.builds

        def show(rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[RenderableType]:
            return _shown(readable(rows, FAILURES, asked.zone), near, number, asked.top, width)

        write_answer(answer, FAILURES, asked, show)
    return exit_code(data, inputs)


def _shown(
    rows: Sequence[Mapping[str, Any]], near: pd.DataFrame, number: int, top: int, width: int
) -> Iterator[RenderableType]:
    """Yield a headline and both tables."""
    from rich.text import Text

    from logparse.tables.plainframes import plain_rows

    failed = sum(row["failed"] for row in rows)
    hours = sum(row["bot_hours"] for row in rows)
    yield Text(f"{failed} of {count(number, 'run')} failed, {hours:.1f} bot hours")
    yield from table_of([{**row, "percent": f"{row['share']:.0%}"} for row in rows], _CAUSES, top, width)
    close = [{**row, "percent": f"{row['timeout_used_max']:.0%}"} for row in plain_rows(near)]
    yield from table_of(close, _NEAR, top, width)
