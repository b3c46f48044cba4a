"""Totals over many invocations, and tables of their groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from logparse.output.grid import Heading, cells, fitted, least_name
from logparse.output.words import count, in_one_style, moment, short_duration, shortened

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Columns of the overview, the most important first. As many are shown as fit in the width.
_OVERVIEW: Final = (
    Heading("runs", "invocations", "count"),
    Heading("ok", "succeeded", "count"),
    Heading("failed", "failed", "count"),
    Heading("aborted", "aborted", "count"),
    Heading("unfinished", "unfinished", "count"),
    Heading("run p50", "run_p50_s", "seconds"),
    Heading("run p90", "run_p90_s", "seconds"),
    Heading("queue p50", "queue_latency_p50_s", "seconds"),
    Heading("queue p90", "queue_latency_p90_s", "seconds"),
    Heading("run max", "run_max_s", "seconds"),
    Heading("polls", "poll_count", "count"),
    Heading("poll cost", "poll_rpc_s", "seconds"),
)
_BUILDS: Final = Heading("builds", "builds", "count")
#: Columns that are shown only if some group has a number above 0, to save width.
_SELDOM: Final = frozenset({"aborted", "unfinished"})


def overview(
    total: Mapping[str, Any] | None,
    groups: Sequence[Mapping[str, Any]],
    by: Sequence[str],
    *,
    width: int,
    also: Sequence[str] = (),
    builds: int = 0,
    from_builds: int = 0,
    triages: int = 0,
    left_out: tuple[int, int] = (0, 0),
    notes: Sequence[str] = (),
    unicode: bool = True,
) -> RenderableType:
    """Return totals over many invocations and a table of their groups.

    Parameters
    ----------
    total, groups:
        Rows of the metrics' `totals` and `group_by`, each group with its name by each key: ``group bot``.
    by:
        The keys that they are grouped by: the table's first headings.
    also:
        Further headings after those of the keys: ``owner`` shows the values of ``group owner``.
    builds:
        How many builds count although no log refers to them.
    from_builds:
        How many of the invocations are known from their builds alone.
    triages:
        How many triage logs were read that belong to no page.
    left_out:
        How many invocations, and how many builds without one, are in no group.
    notes:
        Lines to print after the table.
    unicode:
        Whether the output can show more than ASCII.
    """
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [Text(line) for line in _headlines(total, builds, from_builds, triages)]
    below = list(notes)
    if groups:
        mark = "…" if unicode else "..."
        table, note = _table(groups, [*by, *also], width=width, with_builds=builds > 0, mark=mark)
        below[:0] = note
        parts += [Text(), table]
    for number, noun in zip(left_out, ("invocation", "build"), strict=True):
        if number:
            missing = f"{count(number, noun)} without a known {' and '.join(by)}"
            below.append(f"{missing}{' not in the table' if groups else ''}")
    if below:
        parts += [Text(), *(Text(line, style="dim") for line in below)]
    return Group(*parts)


def _headlines(total: Mapping[str, Any] | None, builds: int, from_builds: int, triages: int) -> Iterator[str]:
    """Yield the lines above the table: the totals, and the numbers of other records."""
    yield from _totals(total, builds)
    if builds and total is not None and total["invocations"]:
        yield f"{count(builds, 'build')} from Buildbucket without a log"
    if from_builds:
        yield f"{count(from_builds, 'invocation')} known from builds alone, without a log"
    if triages:
        yield f"{count(triages, 'triage log')} besides"


def _table(
    groups: Sequence[Mapping[str, Any]], by: Sequence[str], *, width: int, with_builds: bool, mark: str
) -> tuple[RenderableType, list[str]]:
    """Return the table of groups, and a note that names the columns that do not fit, if there are any."""
    columns = [
        *(Heading(key, f"group {key}", "name") for key in by),
        *_wanted(groups, with_builds=with_builds),
    ]
    shown = cells(groups, columns)
    for line in shown:
        # The first name gets the rest of the width, the others the least width of a name.
        line[1 : len(by)] = (shortened(name, least_name(width), mark) for name in line[1 : len(by)])
    return fitted(shown, columns, width=width, mark=mark)


def _totals(total: Mapping[str, Any] | None, builds: int) -> Iterator[str]:
    """Yield the totals, a line each."""
    if total is None:
        yield "no invocations"
        return
    states = [f"{total[key]} {key}" for key in ("succeeded", "failed", "aborted", "unfinished") if total[key]]
    counted = [count(total["invocations"], "invocation")] if total["invocations"] else []
    if builds:
        counted.append(count(builds, "build"))
    yield f"{' and '.join(counted)}: {', '.join(states)}"
    if total["first_seen"] is not None:
        yield f"from {moment(total['first_seen'])} to {moment(total['last_seen'])} UTC"
    if total["queue_latency_p50_s"] is not None:
        *percentiles, _ = _durations(total, "queue_latency")
        yield f"queue latency: {', '.join(percentiles)}"
    if total["run_p50_s"] is not None:
        *percentiles, busy = _durations(total, "run")
        yield f"run: {', '.join(percentiles)}; {busy} in all"
    if total["odd"]:
        yield f"{count(total['odd'], 'impossible value')} left out; see logparse check"
    if total["poll_count"]:
        yield f"polling: {count(total['poll_count'], 'check')} cost {short_duration(total['poll_rpc_s'])}"


def _durations(total: Mapping[str, Any], stem: str) -> list[str]:
    """Return the percentiles of a metric with their names, and busy_s, in one style."""
    named = (("median", "p50"), ("p90", "p90"), ("p99", "p99"), ("largest", "max"))
    values = [total[f"{stem}_{part}_s"] for _, part in named]
    *shown, busy = in_one_style(map(short_duration, [*values, total["busy_s"]]))
    return [*(f"{name} {text}" for (name, _), text in zip(named, shown, strict=True)), busy]


def _wanted(groups: Sequence[Mapping[str, Any]], *, with_builds: bool) -> Iterator[Heading]:
    """Yield the columns that have values."""
    for column in (_OVERVIEW[0], _BUILDS, *_OVERVIEW[1:]) if with_builds else _OVERVIEW:
        values = [row[column.key] for row in groups]
        if any(values) if column.key in _SELDOM else any(value is not None for value in values):
            yield column
