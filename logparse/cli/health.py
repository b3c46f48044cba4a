"""``logparse health``: which builders are unhealthy, by Chromium's rules."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.cli.answers import Answer, answering, readable, table_of, write_answer
from logparse.cli.config import with_owners
from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.options import day
from logparse.cli.words import on_terminal, warn
from logparse.output.grid import Heading
from logparse.output.terminal import ascii_only
from logparse.output.words import count, sparkline

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

_TOP: Final = 20
#: The exit code of a threshold that is crossed.
_CROSSED: Final = 4
#: Short names of metrics, for a table. Times are minutes.
_SHORT: Final = {
    "fail_rate": "fail",
    "infra_fail_rate": "infra",
    "pending_p50_mins": "wait p50",
    "pending_p95_mins": "wait p95",
    "build_p50_mins": "run p50",
    "build_p95_mins": "run p95",
}
_JUDGED: Final = (
    Heading("builder", "builder_id", "name"),
    Heading("problem", "problem", "name"),
    Heading("now", "verdict", "name"),
    Heading("bad days", "bad", "name"),
    Heading("left", "days_left", "count"),
    Heading("metric", "worst", "name"),
)
_RATES: Final = Heading("fail", "rates", "name")
_MOST_DAYS: Final = 14
_STABLE: Final = (
    Heading("builder", "builder_id", "name"),
    Heading("failed", "failed", "name"),
    Heading("in a row", "consecutive_failures", "count"),
    Heading("red since", "red_since", "name"),
    Heading("to green p50", "time_to_green_p50_s", "seconds"),
    Heading("flaky", "flaky", "name"),
)


@click.command(
    "health",
    epilog="""\b
Examples:
  logparse health builds.json
  logparse health logs/ --spec health-specs.json --fail-on unhealthy
  logparse health builds.json --format csv -o health.csv""",
)
@click.option(
    "--spec",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Chromium's health-specs.json. Without it, Chromium's defaults count.",
)
@click.option(
    "--today",
    callback=day,
    metavar="YYYY-MM-DD",
    help="Day of the judgement, which is left out. [default: the day of the last build]",
)
@click.option("--fail-on", type=click.Choice(["unhealthy"]), help="Exit with 4 where a builder is unhealthy.")
@answering(_TOP, "Tables show the N worst. Files have all.")
def command(inputs: Inputs, asked: Answer, spec: str | None, today: date | None, fail_on: str | None) -> int:
    """Judge builders as Chromium marks its own, and show which ones fail in a row or are flaky.

    A business day is bad where a metric is over its threshold: the share of builds that failed, or that
    failed by infrastructure, or the median time to wait for a bot. A builder is unhealthy where each day of
    the period that has builds is bad. Left: business days until it turns, if all of them are bad. The last
    column has the metric that is worst, with its value on the last day and its threshold.

    Files have the judgement; the second table is for the terminal.
    """
    from logparse.analysis import health, read_specs, stability
    from logparse.analysis.health import HEALTH, NEEDED
    from logparse.analysis.specs import DEFAULT_SPECS
    from logparse.analysis.stability import NEEDED as stability_columns

    specs = DEFAULT_SPECS if spec is None else read_specs(spec)
    data = read(inputs, ("builds",))
    code = exit_code(data, inputs)
    if not holds_something(data):
        return code
    builds = data.frame("builds", (*NEEDED, *stability_columns))
    judged = health(builds, specs=specs, today=today)
    if judged.empty:
        warn("no business day before the day of judgement has builds")
    unstable = with_owners(stability(builds))
    rates = _rates(builds) if on_terminal(asked.path) else {}

    def show(rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[RenderableType]:
        return _shown(
            [{**row, "rates": rates.get(row["builder_id"])} for row in rows], unstable, asked, width
        )

    write_answer(judged, HEALTH, asked, show)
    if fail_on is not None and code == 0 and bool(judged["unhealthy"].any()):
        return _CROSSED
    return code


def _rates(builds: pd.DataFrame) -> dict[str, str]:
    """Return for each builder a line of bars: the share of builds that failed on each of its last days."""
    from logparse.analysis import daily

    days = daily(builds)
    return {
        str(builder): sparkline(rates.tolist()[-_MOST_DAYS:])
        for builder, rates in days.sort_values("day").groupby("builder_id")["fail_rate"]
    }


def _shown(
    rows: Sequence[Mapping[str, Any]], unstable: pd.DataFrame, asked: Answer, width: int
) -> Iterator[RenderableType]:
    """Yield the judgement in a line, its table, and the table of builders that are not stable."""
    from rich.text import Text

    from logparse.analysis.stability import STABILITY
    from logparse.tables.plainframes import plain_rows

    bad = sum(row["unhealthy"] for row in rows)
    builders = len({row["builder_id"] for row in rows})
    yield Text(f"{count(builders, 'builder')}, {count(bad, 'problem')}")
    shown = [
        {
            **row,
            "verdict": "yes" if row["unhealthy"] else "near" if row["near"] else "no",
            "bad": f"{row['bad_days']} of {row['days']}",
            "worst": _worst(row),
        }
        for row in rows
        if row["bad_days"] or row["near"]
    ]
    bars = [_RATES] if any(row["rates"] for row in shown) and not ascii_only(sys.stdout) else []
    yield from table_of(shown, [*_JUDGED, *bars], asked.top, width)
    red = [
        {
            **row,
            "failed": f"{row['failures']} of {row['builds']}",
            "flaky": f"{row['flaky_revisions']} of {row['revisions']}",
        }
        for row in plain_rows(unstable)
        if row["consecutive_failures"] > 1 or row["flaky_revisions"]
    ]
    yield from table_of(readable(red, STABILITY, asked.zone), _STABLE, asked.top, width)


def _worst(row: Mapping[str, Any]) -> str:
    """Return the metric that explains a judgement, with its value and its threshold."""
    value = "unknown" if row["value"] is None else f"{row['value']:.3g}"
    return f"{_SHORT[row['metric']]} {value} / {row['threshold']:g}"
