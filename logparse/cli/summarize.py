"""``logparse summarize``: the cost of invocations."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.batches.batch import batches_of, rows_of
from logparse.cli.answers import trend
from logparse.cli.config import owners, with_owners
from logparse.cli.grouping import Asked, grouping
from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.options import chosen_format, format_option, inputs, output
from logparse.cli.words import output_text, output_width, write_data, write_shown
from logparse.columns import TABLES, Column
from logparse.output.cells import json_line, plain
from logparse.output.files import ready
from logparse.output.terminal import ascii_only
from logparse.output.words import DASH
from logparse.output.writers import WRITERS

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from logparse.loading.dataset import Dataset
    from logparse.records import Invocation

#: The tables that groups are made of.
_GROUPED: Final = ("invocations", "builds")
_TIMES: Final = frozenset({"day", "week", "weekday", "hour"})
_FORMATS: Final = ("table", "json", "csv", "markdown")


@click.command(
    "summarize",
    epilog="""\b
Examples:
  logparse summarize page.html
  logparse summarize logs/ --by bot --sort run_p90_s --top 10
  logparse summarize logs/ --by builder,day --tz Europe/Berlin
  logparse summarize logs/ --by day --format csv
  logparse summarize logs/ --slowest 10
  logparse summarize logs/ --phases --by pool
  logparse summarize v2-logs/ --builds builds.json --by bot
  xzcat log.xz | logparse summarize -""",
)
@inputs
@grouping
@format_option(_FORMATS, "table")
@output
def command(
    inputs: Inputs, asked: Asked, given: bool, format_: str | None, output: Path | None, force: bool
) -> int:
    """Print a card of one invocation, or totals and a table of several.

    The five phases of an invocation: scheduler wait (created to launched), launch (to the build's
    creation), pending (to its start), run (to its end), finish lag (to the invocation's end). Queue
    latency is the first three together. The p columns are percentiles.

    With --phases: the share of each phase in the time of its group, and the percentiles of pending and run.
    They are over what started. What never did is counted beside them.

    Files: json has everything; csv and markdown have the one invocation's row, the groups, or with
    --slowest those invocations, with --phases a row for each group and phase.
    """
    chosen = chosen_format(format_, output, _FORMATS, "table")
    if output is not None:
        ready(output, force=force)
    # Phases are of all columns.
    data = read(inputs, _GROUPED, None if asked.phases else _needed(asked))
    single = None if given else data.single
    if chosen == "json":
        write_data(_json(data, asked, output, single=single is not None), output, force=force)
    elif holds_something(data):
        if chosen != "table":
            write_data(_rows(data, asked, chosen, single=single is not None), output, force=force)
        elif single is not None:
            write_shown(_card(single, output), output, force=force)
        else:
            write_shown(_overview(data, asked, output), output, force=force)
    return exit_code(data, inputs)


def _unicode(path: Path | None) -> bool:
    return path is not None or not ascii_only(sys.stdout)


def _card(invocation: Invocation, path: Path | None) -> str:
    from logparse.output.card import card

    shown = card(invocation, width=output_width(path), unicode=_unicode(path))
    return output_text(shown, path=path)


def _overview(data: Dataset, asked: Asked, path: Path | None) -> str:
    from logparse import metrics
    from logparse.output.overview import overview
    from logparse.output.slowest import slowest_tables

    sizes, units = data.sizes, _units(data, asked)
    total, groups = _statistics(units, asked)
    if asked.phases:
        groups = groups[:0]
    shown = list(metrics.plain_rows(groups[: asked.top]))
    notes = []
    if len(shown) < len(groups):
        notes.append(f"{len(shown)} of {len(groups)} groups (--top {asked.top})")
    if asked.zone != "UTC" and _TIMES & set(asked.by):
        notes.append(f"days and hours are those of {asked.zone}")
    also = ["owner"] if "owner" in groups and "owner" not in asked.by else []
    parts: list[RenderableType] = [
        overview(
            next(metrics.plain_rows(total), None),
            [{**row, **_names(row, [*asked.by, *also])} for row in shown],
            asked.by,
            also=also,
            width=output_width(path),
            builds=sizes.builds,
            from_builds=sizes.from_builds,
            triages=sizes.triages,
            left_out=(0, 0) if asked.phases else metrics.left_out(units, asked.by, owners()),
            notes=notes,
            unicode=_unicode(path),
        )
    ]
    if len(asked.by) == 1 and asked.by[0] in _TIMES and not asked.phases and asked.sort is None:
        parts += _trends(groups, asked.by[0], path)
    if asked.phases:
        parts += _phase_tables(data, len(units), asked, path)
    if asked.slowest is not None:
        ranked = _slowest(data, units, asked.slowest)
        parts += slowest_tables(ranked, width=output_width(path), unicode=_unicode(path))
    return output_text(*parts, path=path)


def _trends(groups: pd.DataFrame, key: str, path: Path | None) -> Iterator[RenderableType]:
    """Yield lines of bars of groups that are in the order of time."""
    counted = "invocations" if groups["invocations"].any() else "builds"
    shown = {counted: counted, "queue p90": "queue_latency_p90_s", "run p90": "run_p90_s"}
    for title, column in shown.items():
        values = [None if value != value else float(value) for value in groups[column].tolist()]
        yield from trend(f"{title} by {key}", values, output_width(path), path)


def _phases(data: Dataset, asked: Asked) -> pd.DataFrame:
    from logparse.analysis.phases import NEEDED, phases
    from logparse.analysis.units import unit_columns

    invocations, builds = (data.frame(name, names) for name, names in unit_columns(NEEDED).items())
    return phases(invocations, builds, asked.by, tz=asked.zone, owners=owners())


def _phase_tables(data: Dataset, number: int, asked: Asked, path: Path | None) -> Iterator[RenderableType]:
    from logparse.output.phases import phase_tables
    from logparse.tables.keys import KEYS
    from logparse.tables.plainframes import plain_rows

    keys = {key: KEYS[key][0] for key in asked.by}
    rows = list(plain_rows(_phases(data, asked)))
    return phase_tables(rows, keys, number, top=asked.top, width=output_width(path), unicode=_unicode(path))


def _names(row: Mapping[str, Any], by: Sequence[str]) -> dict[str, str]:
    """Return the name of a group by each key, in the keys of the overview."""
    from logparse.tables.keys import KEYS

    values = {key: row[KEYS[key][0]] for key in by}
    return {f"group {key}": DASH if value is None else str(value) for key, value in values.items()}


def _needed(asked: Asked) -> dict[str, set[str]]:
    """Return the columns of each table that the statistics, or the slowest invocations, need."""
    from logparse.metrics import needed_columns
    from logparse.output.slowest import SHOWN

    of_invocations, of_builds = needed_columns(asked.by, SHOWN if asked.slowest is not None else ())
    return {"invocations": of_invocations, "builds": of_builds | {"url"}}


def _units(data: Dataset, asked: Asked) -> pd.DataFrame:
    """Return invocations, and builds without one, with the columns that the answer needs."""
    from logparse import metrics

    invocations, builds = (data.frame(name, names) for name, names in _needed(asked).items())
    units = metrics.with_builds(invocations, builds)
    return metrics.with_bots(units, builds) if metrics.are_of_bots(asked.by) else units


def _statistics(units: pd.DataFrame, asked: Asked) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the totals of everything read, and its groups in the order that the options name."""
    from logparse import metrics

    groups = metrics.group_by(units, asked.by, tz=asked.zone, owners=owners())
    if asked.sort is not None:
        groups = groups.sort_values(asked.sort, ascending=False, na_position="last", kind="stable")
    return metrics.totals(units), with_owners(groups)


def _slowest(data: Dataset, units: pd.DataFrame, number: int) -> list[dict[str, Any]]:
    from logparse.output.slowest import slowest
    from logparse.tables.plainframes import plain_rows

    builds = data.frame("builds", ("build_id", "url"))
    urls = builds.drop_duplicates("build_id").set_index("build_id")["url"]
    units = units.assign(build_url=units["build_url"].fillna(units["build_id"].map(urls)))
    return slowest(plain_rows(units), number)


def _columns(frame: pd.DataFrame) -> list[Column]:
    """Return the declared columns of statistics. Columns of keys are text."""
    declared = {column.name: column for column in TABLES["builders"]}
    return [declared.get(str(name), Column(str(name), "text", "")) for name in frame.columns]


def _json(data: Dataset, asked: Asked, path: Path | None, *, single: bool) -> str:
    result: dict[str, Any] = {}
    if single:
        rows = rows_of(data.batches("invocations"))
        (result["invocation"],) = _for_json(rows, TABLES["invocations"])
    else:
        from logparse.tables.plainframes import plain_rows

        units = _units(data, asked)
        total, groups = _statistics(units, asked)
        result["totals"] = next(_for_json(plain_rows(total), _columns(total)), None)
        result["by"] = asked.heading
        result["groups"] = list(_for_json(plain_rows(groups[: asked.top]), _columns(groups)))
        if asked.phases:
            from logparse.analysis.phases import columns_of

            found = _phases(data, asked)
            result["phases"] = list(_for_json(plain_rows(found), columns_of(asked.by)))
        if asked.slowest is not None:
            from logparse.output.slowest import COLUMNS

            result["slowest"] = list(_for_json(_slowest(data, units, asked.slowest), COLUMNS))
    result["failures"] = [{"source": f.source, "cause": f.cause, "remedy": f.remedy} for f in data.failures]
    return json_line(result, ascii_only=path is None and ascii_only(sys.stdout), indent=2) + "\n"


def _for_json(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> Iterator[dict[str, Any]]:
    """Yield rows as objects of JSON."""
    return ({c.name: plain(row[c.name], c) for c in columns} for row in rows)


def _rows(data: Dataset, asked: Asked, format_: str, *, single: bool) -> str:
    out = io.StringIO()
    if single:
        WRITERS[format_](data.batches("invocations"), TABLES["invocations"], out)
    elif asked.slowest is not None:
        from logparse.output.slowest import COLUMNS

        ranked = _slowest(data, _units(data, asked), asked.slowest)
        WRITERS[format_](batches_of(ranked, COLUMNS), COLUMNS, out)
    elif asked.phases:
        from logparse.analysis.phases import columns_of
        from logparse.tables.plainframes import plain_columns

        found, columns = _phases(data, asked), list(columns_of(asked.by))
        WRITERS[format_]([plain_columns(found, columns)], columns, out)
    else:
        from logparse.tables.plainframes import plain_columns

        _, groups = _statistics(_units(data, asked), asked)
        columns = _columns(groups)
        WRITERS[format_]([plain_columns(groups[: asked.top], columns)], columns, out)
    return out.getvalue()
