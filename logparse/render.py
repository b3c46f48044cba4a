"""Finished results as text for a terminal. rich does the layout and is imported late.

Renderers take records or finished frames and return renderables; where they go, how wide that is
and whether it has colours is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from logparse.errors import one_line
from logparse.records import Event, Invocation

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

STATUS_STYLES: Final = {
    "SUCCEEDED": "green",
    "FAILED": "red",
    "OVERRUN": "red",
    "ABORTED": "yellow",
    "RUNNING": "cyan",
    "STARTING": "cyan",
    "RETRYING": "yellow",
}
_PHASE_STYLES: Final = {
    "scheduler_wait_s": "yellow",
    "launch_s": "magenta",
    "pending_s": "bright_blue",
    "run_s": "green",
    "finish_lag_s": "red",
}
#: What is not known.
DASH: Final = "\N{EN DASH}"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def console(*, styled: bool, width: int | None = None) -> Console:
    """Return a console that records nothing and prints to standard output.

    Parameters
    ----------
    styled:
        Whether standard output is a terminal; else there are no colours, and the width is what
        ``COLUMNS`` says or 100.
    width:
        Overrides both.
    """
    import os
    import sys

    from rich.console import Console

    if width is None and not styled:
        columns = os.environ.get("COLUMNS", "")
        width = int(columns) if columns.isdigit() and int(columns) >= 20 else 100
    return Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False, emoji=False, markup=False)


def duration(seconds: float | None) -> str:
    """Return seconds for people: ``5.661 s``, ``20m 55.842s``, ``7h 01m 07s``; a dash for None."""
    if seconds is None or seconds != seconds:
        return DASH
    sign, value = ("-", -seconds) if seconds < 0 else ("", seconds)
    if value < 59.9995:
        return f"{sign}{value:.3f} s"
    if value < 3599.9995:
        minutes, rest = divmod(value, 60)
        if rest >= 59.9995:
            minutes, rest = minutes + 1, 0.0
        return f"{sign}{int(minutes)}m {rest:06.3f}s"
    minutes, second = divmod(round(value), 60)
    hours, minute = divmod(minutes, 60)
    return f"{sign}{hours}h {minute:02d}m {second:02d}s"


def short_duration(seconds: float | None) -> str:
    """Return seconds in few cells, for columns: ``5.66 s``, ``48.4 s``, ``20m 56s``, ``7h 01m``."""
    if seconds is None or seconds != seconds:
        return DASH
    sign, value = ("-", -seconds) if seconds < 0 else ("", seconds)
    if value < 9.995:
        return f"{sign}{value:.2f} s"
    if value < 59.95:
        return f"{sign}{value:.1f} s"
    if value < 3599.5:
        minutes, second = divmod(round(value), 60)
        return f"{sign}{minutes}m {second:02d}s"
    hours, minute = divmod(round(value / 60), 60)
    return f"{sign}{hours}h {minute:02d}m"


def moment(at: datetime | None, *, date: bool = True) -> str:
    """Return a time in UTC to the millisecond; a dash for None."""
    if at is None:
        return DASH
    return at.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S") + f".{at.microsecond // 1000:03d}"


def bar(start: float, end: float, width: int, *, unicode: bool = True) -> str:
    """Return a bar from `start` to `end` (shares of the whole) on a line of `width` cells.

    A part that is narrower than a cell shows as its thinnest stroke, so that it is seen at all.
    """
    first = min(max(start, 0.0), 1.0) * width
    last = min(max(end, 0.0), 1.0) * width
    lead = min(int(first), width - 1)
    if not unicode:
        return " " * lead + "#" * max(1, round(last) - lead)
    cells = last - lead
    full = int(cells)
    part = _EIGHTHS[int((cells - full) * 8)]
    drawn = "█" * full + part.strip()
    return " " * lead + (drawn or "▏")


# --- the card ---------------------------------------------------------------------------------


def card(invocation: Invocation, *, width: int, unicode: bool = True) -> RenderableType:
    """Return one invocation on a card: who, how it ended, the phases, what the waiting was."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    status = invocation.status or "unknown status"
    title = Text()
    title.append(_clean(invocation.job_id or "unknown job"), style="bold")
    title.append("  ")
    title.append(status, style=f"bold {STATUS_STYLES.get(status, '')}".strip())
    if invocation.duration_s is not None:
        title.append(f"  in {duration(invocation.duration_s)}", style="bold")
    parts: list[RenderableType] = [title, Text(_when(invocation), style="dim")]
    phases = [(name, value) for name, value in invocation.phases.items() if value is not None]
    if phases:
        parts += [Text(), _phases(invocation, width, unicode=unicode)]
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in _facts(invocation):
        facts.add_row(name, _clean(value))
    parts += [Text(), facts]
    return Group(*parts)


def _when(invocation: Invocation) -> str:
    pieces = [
        f"invocation {invocation.invocation_id}" if invocation.invocation_id else "invocation without id"
    ]
    if invocation.task_kind and invocation.task_kind != "buildbucket":
        pieces.append(invocation.task_kind)
    if invocation.created_at is not None:
        span = moment(invocation.created_at)
        if invocation.finished_at is not None:
            same_day = invocation.finished_at.date() == invocation.created_at.date()
            span += f" to {moment(invocation.finished_at, date=not same_day)}"
        pieces.append(f"{span} UTC")
    elif invocation.events and invocation.events[0].clock:
        pieces.append(f"{invocation.events[0].clock} UTC of an unknown day")
    return " · ".join(pieces)


def _phases(invocation: Invocation, width: int, *, unicode: bool) -> Table:
    """Return the phases one below the other, each with a bar where it lies in the whole."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    known = {name: value for name, value in invocation.phases.items() if value is not None}
    whole = invocation.duration_s or sum(known.values())
    room = max(10, min(60, width - 45))
    at = 0.0
    contiguous = True
    for name, value in invocation.phases.items():
        label = name.removesuffix("_s").replace("_", " ")
        if value is None:
            contiguous = False
            if invocation.build is None:
                continue
            table.add_row(label, DASH, "", "")
            continue
        share = f"{value / whole:.1%}" if whole > 0 else ""
        drawn = ""
        if contiguous and whole > 0:
            drawn = bar(at / whole, (at + value) / whole, room, unicode=unicode)
        at += value
        table.add_row(label, duration(value), share, Text(drawn, style=_PHASE_STYLES[name]))
    return table


def _facts(invocation: Invocation) -> Iterable[tuple[str, str]]:
    inv = invocation
    if inv.queue_latency_s is not None:
        yield "queue latency", f"{duration(inv.queue_latency_s)} from creation to the start of the build"
    if inv.overhead_s is not None:
        yield "overhead", f"{duration(inv.overhead_s)} besides the run"
    if inv.poll_count:
        yield "polling", _polling(inv)
    if inv.notification_count:
        yield "notifications", _notifications(inv)
    if inv.attempt_count is not None and inv.attempt_count != 1:
        yield "attempts", _attempts(inv)
    elif inv.attempts and inv.attempts[-1].error:
        yield "error", inv.attempts[-1].error.partition("\n")[0]
    if inv.build is not None:
        number = f" #{inv.build.number}" if inv.build.number is not None else ""
        yield "build", f"{inv.build.id}{number} {inv.build.status or ''}  {inv.build_url or ''}".rstrip()
    builder = "/".join(part for part in (inv.bucket, inv.builder) if part)
    if builder:
        yield "builder", builder
    if inv.bot is not None and inv.bot.id:
        details = [
            inv.bot.os,
            f"{inv.bot.cores} cores" if inv.bot.cores else None,
            inv.bot.machine_type,
            inv.bot.zone,
        ]
        told = ", ".join(part for part in details if part)
        yield "bot", f"{inv.bot.id} ({told})" if told else inv.bot.id
    if inv.commit is not None and inv.commit.revision:
        where = " ".join(part for part in (inv.commit.ref, inv.commit.repository) if part)
        yield "commit", f"{inv.commit.revision[:12]} {where}".rstrip()
    if inv.gitiles is not None:
        yield from _gitiles(inv)
    if inv.url_fetch is not None:
        yield "fetched", _fetched(inv)
    if inv.triggered_by or inv.trigger_count:
        count = f"{inv.trigger_count} trigger{'s'[: inv.trigger_count != 1]}" if inv.trigger_count else ""
        by = f"by {inv.triggered_by}" if inv.triggered_by else ""
        yield "triggered", f"{by}{', ' if by and count else ''}{count}"
    if inv.truncated:
        yield "log trimmed", _cuts(inv)
    doubts = [
        f"{inv.unrecognized} entr{'y' if inv.unrecognized == 1 else 'ies'} of no known kind"
        if inv.unrecognized
        else "",
        f"{inv.suspicious} line{'s'[: inv.suspicious != 1]} that imitate entries" if inv.suspicious else "",
    ]
    if any(doubts):
        yield "doubts", ", ".join(d for d in doubts if d) + "; see logparse check"
    yield "source", f"{inv.source}:{inv.source_line}" if inv.source_line else str(inv.source)


def _polling(inv: Invocation) -> str:
    text = f"{inv.poll_count} check{'s'[: inv.poll_count != 1]}, {inv.poll_unchanged} told nothing new"
    if inv.poll_rpc_s is not None:
        share = f" ({inv.poll_overhead_ratio:.2%} of the run)" if inv.poll_overhead_ratio is not None else ""
        text += f"; cost {duration(inv.poll_rpc_s)}{share}, slowest {duration(inv.poll_rpc_max_s)}"
    lateness = [p.lateness_s for p in inv.polls if p.source == "timer" and p.lateness_s is not None]
    if lateness and inv.poll_lateness_mean_s is not None:
        text += (
            f"; late by {inv.poll_lateness_mean_s * 1e3:.0f} ms on average"
            f" ({min(lateness) * 1e3:.0f} to {max(lateness) * 1e3:.0f} ms)"
        )
    return text


def _notifications(inv: Invocation) -> str:
    seen = []
    if inv.start_notify_lag_s is not None:
        seen.append(f"the start was seen after {duration(inv.start_notify_lag_s)}")
    if inv.finish_notify_lag_s is not None:
        seen.append(f"the end after {duration(inv.finish_notify_lag_s)}")
    return f"{inv.notification_count}; {', '.join(seen)}" if seen else str(inv.notification_count)


def _attempts(inv: Invocation) -> str:
    text = f"{inv.attempt_count} to launch"
    errors = [a.error for a in inv.attempts if a.error]
    if errors:
        first = errors[-1].partition("\n")[0]
        text += f"; {len(errors)} failed, the last with: {first}"
    return text


def _gitiles(inv: Invocation) -> Iterable[tuple[str, str]]:
    assert inv.gitiles is not None
    watched = inv.gitiles
    if watched.repository:
        yield "watched", f"{watched.repository} {' '.join(watched.refs)}".rstrip()
    changed = len(watched.changed_refs)
    text = f"{changed} ref{'s'[: changed != 1]} changed, {watched.emitted_triggers} triggers emitted"
    if watched.triggered_jobs:
        text += f" to {', '.join(watched.triggered_jobs)}"
    yield "gitiles", text
    if watched.errors:
        yield "error", watched.errors[-1].partition("\n")[0]


def _fetched(inv: Invocation) -> str:
    fetch = inv.url_fetch
    assert fetch is not None
    pieces = [
        " ".join(part for part in (fetch.method, fetch.url) if part),
        f"{fetch.status_code} {fetch.reason or ''}".strip()
        if fetch.status_code is not None
        else fetch.outcome or "",
        f"in {duration(fetch.duration_s)}" if fetch.duration_s is not None else "",
    ]
    return ", ".join(part for part in pieces if part)


def _cuts(inv: Invocation) -> str:
    pieces = []
    for cut in inv.cuts:
        lost = duration(cut.lost_s) if cut.lost_s is not None else "an unknown time"
        polls = f" and at most {cut.lost_polls_max} checks" if cut.lost_polls_max is not None else ""
        pieces.append(f"{lost}{polls} lost at line {cut.line}")
    return "; ".join(pieces) + "; so counts of checks are unknown"


def _clean(text: str) -> str:
    """Return text from a log as one line that cannot repaint the terminal."""
    return one_line(text)


# --- tables -----------------------------------------------------------------------------------


def grid(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[tuple[str, str, str]],
    *,
    title: str | None = None,
) -> Table:
    """Return rows as a table.

    Parameters
    ----------
    columns:
        Heading, key and format of each column: ``text``, ``count``, ``seconds`` or ``share``.
    """
    from rich import box
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    for heading, _, kind in columns:
        table.add_column(
            heading,
            justify="left" if kind == "text" else "right",
            no_wrap=kind != "text",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(_formatted(row.get(key), kind) for _, key, kind in columns))
    return table


def _formatted(value: Any, kind: str) -> str:
    if value is None or value != value:
        return DASH
    if kind == "seconds":
        return short_duration(value)
    if kind == "share":
        return f"{value:.1%}"
    if kind == "count":
        return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}") if value >= 10_000 else str(value)
    return _clean(str(value))


def timeline(events: Sequence[Event], *, full: bool = False) -> Iterable[Text]:
    """Yield entries one a line: when, how long after the one before, kind, first line.

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
        line.append(f"{event.clock or '':12} ", style="dim")
        line.append(f"{gap:>10} ", style="yellow" if gap and abs(float(gap)) >= 10 else "")
        line.append(f"{event.kind or '?':{kinds}}  ", style="cyan" if event.kind else "red")
        line.append(_clean(first), style="" if event.kind else "red")
        if more and not full:
            line.append(f"  (+{len(more)} lines)", style="dim")
        yield line
        if full:
            for text in more:
                yield Text(_clean(text))
