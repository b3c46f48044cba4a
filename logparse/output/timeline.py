"""An invocation's timeline: its entries as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from logparse.output.words import clean, count
from logparse.records import Event

if TYPE_CHECKING:
    from rich.text import Text


def timeline(events: Sequence[Event], *, full: bool = False) -> Iterator[Text]:
    """Yield a line for each entry: clock, seconds since the entry before, kind, first line.

    Parameters
    ----------
    full:
        Show the whole text of entries, payloads included.
    """
    from rich.text import Text

    kinds = max((len(e.kind or "?") for e in events), default=0)
    last: float | None = None
    day = None
    for event in events:
        gap = ""
        if event.offset_s is not None:
            gap = f"{event.offset_s - last:+.3f}" if last is not None else ""
            last = event.offset_s
        if event.at is not None and event.at.date() != day:
            day = event.at.date()
            yield Text(day.isoformat(), style="bold")
        first, *more = event.text.split("\n")
        line = Text()
        line.append(f"{clean(event.clock or ''):12} ", style="dim")
        line.append(f"{gap:>10} ", style="yellow" if gap and abs(float(gap)) >= 10 else "")
        line.append(f"{event.kind or '?':{kinds}}  ", style="cyan" if event.kind else "red")
        line.append(clean(first), style="" if event.kind else "red")
        if more and not full:
            line.append(f"  (+{count(len(more), 'line')})", style="dim")
        yield line
        if full:
            for text in more:
                yield Text(clean(text))
