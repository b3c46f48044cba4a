"""Tables of phases by group: their shares, and the percentiles of the wait for a bot and of the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from logparse.output.grid import Heading, cells, fitted, least_name
from logparse.output.words import count, shortened

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Short titles of phases.
_TITLES: Final = {
    "scheduler_wait": "wait",
    "launch": "launch",
    "launch_wait": "wait+launch",
    "pending": "pending",
    "run": "run",
    "finish_lag": "lag",
}
_PERCENTILES: Final = ("p50", "p75", "p90", "p95", "p99")
#: The phases of which percentiles are shown.
_RANKED: Final = ("pending", "run")
_WITHOUT_START: Final = (
    ("never_started", "failed before a start"),
    ("canceled_before", "canceled before it"),
    ("still_waiting", "still waiting"),
)


def phase_tables(
    rows: Sequence[Mapping[str, Any]],
    keys: Mapping[str, str],
    number: int,
    *,
    top: int | None,
    width: int,
    unicode: bool = True,
) -> Iterator[RenderableType]:
    """Yield tables of what `logparse.analysis.phases` gives, and notes about what they leave out.

    Parameters
    ----------
    rows:
        Its rows.
    keys:
        The column of each key that they are grouped by.
    number:
        How many invocations and builds there are, those in no group included.
    top:
        How many groups are shown; None for all.
    """
    from rich.text import Text

    groups = list(_groups(rows, keys))
    shown = groups[:top]
    mark = "…" if unicode else "..."
    for headings in _tables(rows, keys):
        lines = cells([row for row in shown if row.get(headings[-1].key) is not None], headings)
        if not lines:
            continue
        for line in lines:
            # The first name gets the rest of the width, the others the least width of a name.
            line[1 : len(keys)] = (shortened(name, least_name(width), mark) for name in line[1 : len(keys)])
        table, notes = fitted(lines, headings, width=width, mark=mark)
        yield Text()
        yield table
        yield from map(Text, notes)
    totals = [(sum(group[name] for group in groups), said) for name, said in _WITHOUT_START]
    if any(number for number, _ in totals):
        said = ", ".join(f"{number} {words}" for number, words in totals if number)
        yield Text(f"not in the percentiles: {said}")
    grouped = sum(group["invocations"] for group in groups)
    if grouped < number:
        yield Text(f"{number - grouped} of {count(number, 'run')} without a known {' and '.join(keys)}")
    if len(shown) < len(groups):
        yield Text(f"{len(shown)} of {count(len(groups), 'group')} (--top {top})")


def _groups(rows: Sequence[Mapping[str, Any]], keys: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield a row for each group, with the values of each of its phases."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        group = found.setdefault(tuple(row[column] for column in keys.values()), {**row})
        share = row["share"]
        group[f"{row['phase']} share"] = None if share is None else f"{share:.1%}"
        for name in _PERCENTILES:
            group[f"{row['phase']} {name}"] = row[f"{name}_s"]
    for group in found.values():
        yield {**group, "no start": sum(group[name] for name, _ in _WITHOUT_START)}


def _tables(rows: Sequence[Mapping[str, Any]], keys: Mapping[str, str]) -> Iterator[list[Heading]]:
    """Yield the headings of each table."""
    present = {row["phase"] for row in rows if row["known"]}
    names = [Heading(key, column, "name") for key, column in keys.items()]
    shares = [
        Heading(title, f"{phase} share", "number") for phase, title in _TITLES.items() if phase in present
    ]
    yield [*names, *shares, Heading("runs", "invocations", "count")]
    for phase in _RANKED:
        ranked = [Heading(f"{phase} {_PERCENTILES[0]}", f"{phase} {_PERCENTILES[0]}", "seconds")]
        ranked += [Heading(name, f"{phase} {name}", "seconds") for name in _PERCENTILES[1:]]
        first = [Heading("no start", "no start", "count")] if phase == "pending" else []
        yield [*names, *first, *ranked]
