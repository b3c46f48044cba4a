"""``logparse failures``: why invocations and builds failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.cli.answers import FORMATS, readable, table_of, write_answer
from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.options import chosen_format, format_option, inputs, output
from logparse.output.files import ready
from logparse.output.grid import Heading
from logparse.output.words import count

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
  logparse failures logs/ --format csv -o failures.csv""",
)
@inputs
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=_TOP,
    show_default=True,
    metavar="N",
    help="Tables show the first N rows. Files have all.",
)
@format_option(FORMATS, "table")
@output
def command(inputs: Inputs, top: int, format_: str | None, output: Path | None, force: bool) -> int:
    """Print why invocations and builds failed, most frequent causes first, and what they cost.

    Causes: no bot in time, execution timeout, infrastructure, canceled and by whom, aborted and by whom, a
    launch that failed, an overrun, the build itself. Errors that differ in numbers only are counted together.

    The second table has builders whose builds came near their execution timeout.
    """
    chosen = chosen_format(format_, output, FORMATS, "table")
    if output is not None:
        ready(output, force=force)
    data = read(inputs, ("invocations", "builds"))
    if holds_something(data):
        from logparse.analysis.failures import FAILURES, OF_BUILDS, OF_INVOCATIONS, failures, near_timeout

        builds = data.frame("builds", OF_BUILDS)
        answer = failures(data.frame("invocations", OF_INVOCATIONS), builds)
        near = near_timeout(builds)
        number = data.sizes.invocations + data.sizes.builds

        def show(rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[RenderableType]:
            return _shown(readable(rows, FAILURES), near, number, top, width)

        write_answer(answer, FAILURES, chosen, show, output, force=force)
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
