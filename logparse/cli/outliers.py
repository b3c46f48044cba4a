"""``logparse outliers``: bots that differ from their peers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.cli.answers import Answer, answering, table_of, write_answer
from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.words import warn
from logparse.output.grid import Heading
from logparse.output.words import clean, count

if TYPE_CHECKING:
    from rich.console import RenderableType

_TOP: Final = 20
_HEADINGS: Final = (
    Heading("bot", "bot_id", "name"),
    Heading("verdict", "verdict", "name"),
    Heading("speed", "run_ratio", "mean"),
    Heading("95 %", "interval", "name"),
    Heading("runs", "compared", "count"),
    Heading("infra", "infra", "name"),
    Heading("ok", "percent", "name"),
    Heading("busy", "busy_s", "seconds"),
    Heading("machine", "machine_type", "name"),
)


@click.command(
    "outliers",
    epilog="""\b
Examples:
  logparse outliers logs/
  logparse outliers builds.json --where 'requested_pool=luci.pdfium.ci'
  logparse outliers logs/ --format csv -o bots.csv""",
)
@answering(_TOP, zoned=False)
def command(inputs: Inputs, asked: Answer) -> int:
    """Name bots that are slower or faster than their peers, or whose infrastructure fails more often.

    Peers are bots of the same machine type. Speed: its typical run over that of its peers on the same
    builder in the same week, so that 1.50 is half as long again, with a 95 % interval. Runs: those with
    peers to compare them with. Infra: infrastructure failures, and how many there would be if it failed as
    often as its peers. Busy is a lower bound, since only the builds that were read count.

    A verdict is corrected for the number of bots, and asks for a difference of 10 % in speed. Bots with
    under 10 runs or 3 days have too few runs. Builds that show a verdict are named below the table.
    """
    data = read(inputs, ("builds",))
    if holds_something(data):
        from logparse.analysis.outliers import NEEDED, OUTLIERS, outliers

        answer = outliers(data.frame("builds", NEEDED))
        if answer.empty:
            warn("no build has a bot")

        def show(rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[RenderableType]:
            return _shown(rows, asked.top, width)

        write_answer(answer, OUTLIERS, asked, show)
    return exit_code(data, inputs)


def _shown(rows: Sequence[Mapping[str, Any]], top: int, width: int) -> Iterator[RenderableType]:
    """Yield a headline, the table, and the builds that show the verdicts of its bots."""
    from rich.text import Text

    named = sum(row["evidence"] is not None for row in rows)
    few = sum(row["verdict"] == "too few runs" for row in rows)
    said = f", {few} with too few runs" if few else ""
    yield Text(f"{count(len(rows), 'bot')}: {named} named{said}")
    yield from table_of([_row(row) for row in rows], _HEADINGS, top, width)
    for row in rows[:top]:
        if row["evidence"] is not None:
            yield Text()
            yield Text(clean(f"{row['bot_id']}, {row['verdict']}:"))
            yield from (Text(clean(f"  {link}")) for link in row["evidence"].split(" "))


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    low, high, rate = row["run_ratio_low"], row["run_ratio_high"], row["success_rate"]
    return {
        **row,
        "interval": None if low is None else f"{low:.2f} to {high:.2f}",
        "infra": f"{row['infra_failures']} ({row['infra_expected']:.1f})",
        "percent": None if rate is None else f"{rate:.0%}",
    }
