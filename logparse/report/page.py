"""One page of a report, as the text of an HTML file."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import msgspec

from logparse.errors import UsageError, one_line
from logparse.output.words import count
from logparse.report.definitions import definitions
from logparse.report.document import definition_lists, filled, script
from logparse.report.payload import Content, as_json, payload
from logparse.tables.plainframes import plain_value

if TYPE_CHECKING:
    import pandas as pd

#: A page has no more rows, so that a browser can show it.
MOST_ROWS: Final = 200_000
#: The tag of all that the simulator writes.
SIMULATED_TAG: Final = "synthetic:logparse"
_MOST_NAMED: Final = 3
_MOST_TITLE: Final = 200


class Summary(msgspec.Struct, frozen=True):
    """The first facts of a page. The page has them as JSON, so that an index can show them.

    Attributes
    ----------
    period:
        Name of the period, as ``2021-W09``; None for a page of everything.
    runs, succeeded, failed, aborted:
        How many rows, and how they ended.
    first, last:
        The first and the last creation in ISO 8601, or None.
    queue_p50_ms, run_p50_ms:
        Medians, or None.
    """

    period: str | None
    runs: int
    succeeded: int
    failed: int
    aborted: int
    first: str | None
    last: str | None
    queue_p50_ms: int | None
    run_p50_ms: int | None


def page_of(content: Content, title: str | None = None, period: str | None = None) -> str:
    """Return a page.

    Parameters
    ----------
    title:
        The heading; None for one that names the projects.
    period:
        Name of the period that the rows are of; None for everything.

    Raises
    ------
    UsageError
        Where it would have more than `MOST_ROWS` rows.
    """
    number = len(content.units)
    if number > MOST_ROWS:
        raise UsageError(
            f"{number:,} runs are too many for one page",
            remedy="choose some with --where, or make a page for each period with --every",
        )
    summary = summary_of(content.units, period)
    heading = title or _title(content.units)
    return filled(
        "page",
        {
            "title": escape(one_line(f"{heading[:_MOST_TITLE]}{f', {period}' if period else ''}")),
            "lead": escape(_lead(content.units, summary)),
            "summary": escape(msgspec.json.encode(summary).decode()),
            "definitions": definition_lists(definitions()),
            "data": as_json(payload(content)),
            "script": script(),
        },
    )


def summary_of(units: pd.DataFrame, period: str | None) -> Summary:
    """Return the first facts of rows that `logparse.report.units` makes."""
    status = units["status"]
    return Summary(
        period=period,
        runs=len(units),
        succeeded=int((status == "SUCCEEDED").sum()),
        failed=int(status.isin(["FAILED", "OVERRUN"]).sum()),
        aborted=int((status == "ABORTED").sum()),
        first=_iso(units["created_at"].min()),
        last=_iso(units["created_at"].max()),
        queue_p50_ms=_ms(units["queue_latency_s"].median()),
        run_p50_ms=_ms(units["run_s"].median()),
    )


def _iso(moment: Any) -> str | None:
    at = plain_value(moment)
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _ms(seconds: Any) -> int | None:
    value = plain_value(seconds)
    return None if value is None else round(float(value) * 1000)


def _title(units: pd.DataFrame) -> str:
    projects = sorted(set(units["project"].dropna().tolist()))
    named = ", ".join(projects[:_MOST_NAMED])
    more = f" and {len(projects) - _MOST_NAMED} more projects" if len(projects) > _MOST_NAMED else ""
    return f"Runs of {named}{more}" if projects else "Runs"


def _lead(units: pd.DataFrame, summary: Summary) -> str:
    """Return the first sentence of a page: how much it shows, and of when."""
    if not summary.runs:
        return "Nothing was read, so this page has nothing to show. No input holds a log or a build."
    numbers = [(name, units[f"{name}_id"].nunique()) for name in ("builder", "bot")]
    named = " on ".join(count(number, name) for name, number in numbers if number)
    when = ""
    if summary.first is not None and summary.last is not None:
        first, last = summary.first[:10], summary.last[:10]
        when = f", created on {first}" if first == last else f", created from {first} to {last}"
    return f"{_runs(summary.runs)}{f' of {named}' if named else ''}{when}.{_simulated(units)}"


def _runs(number: int) -> str:
    return f"{number:,} {'run' if number == 1 else 'runs'}"


def _simulated(units: pd.DataFrame) -> str:
    """Return a sentence that says how many of the rows are simulated; nothing where none is."""
    number = int(units["tags"].str.contains(f'"{SIMULATED_TAG}"', regex=False, na=False).sum())
    if not number:
        return ""
    return (
        " All are simulated: nothing of this happened."
        if number == len(units)
        else f" {number:,} are simulated."
    )
