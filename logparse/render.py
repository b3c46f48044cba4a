"""Finished results as text for a terminal. rich does the layout and is imported late.

Renderers take records or finished frames and return renderables; where they go, how wide that is
and whether it has colours is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from logparse.errors import one_line
from logparse.odd import odd_values
from logparse.records import Bot, Event, Gitiles, Invocation, UrlFetch

if TYPE_CHECKING:
    from rich.console import RenderableType
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
_ASCII: Final = str.maketrans(
    {
        DASH: "-",
        "─": "-",
        "·": "-",
        "…": "...",
        "−": "-",
        "×": "x",
        "\N{NARROW NO-BREAK SPACE}": " ",
    }
)
#: Bars of phases have a width between these, or are left out.
_MIN_BAR: Final = 8
_MAX_BAR: Final = 60
#: A longer error is cut on the card; `logparse show` has all of it.
_ERROR_LENGTH: Final = 200


def printed(*parts: RenderableType, styled: bool, width: int, unicode: bool = True) -> str:
    """Return renderables one below the other as the text to write.

    Parameters
    ----------
    styled:
        With the codes of a terminal for colours, as far as ``TERM`` and ``NO_COLOR`` allow them.
    unicode:
        Whether the output can show more than ASCII.
    """
    import io

    from rich.console import Console, Group

    out = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=styled,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    # In a group each text keeps its own way to wrap.
    out.print(Group(*parts))
    assert isinstance(out.file, io.StringIO)
    text = "\n".join(line.rstrip(" ") for line in out.file.getvalue().split("\n"))
    return text if unicode else to_ascii(text)


def to_ascii(text: str) -> str:
    """Return text with ASCII in the place of the symbols that logparse itself prints."""
    return text.translate(_ASCII)


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

    status = _clean(invocation.status or "unknown status")
    title = Text()
    title.append(_clean(invocation.job_id or "unknown job"), style="bold")
    title.append("  ")
    title.append(status, style=f"bold {STATUS_STYLES.get(status, '')}".strip())
    if invocation.duration_s is not None:
        title.append(f"  in {duration(invocation.duration_s)}", style="bold")
    parts: list[RenderableType] = [title, Text(_when(invocation), style="dim")]
    if any(value is not None for value in invocation.phases.values()):
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
        f"invocation {_clean(invocation.invocation_id)}"
        if invocation.invocation_id
        else "invocation without id"
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
    """Return the phases one below the other, each with its share of the whole and a bar where it lies there.

    What has not ended is no whole yet: it has neither.
    """
    from rich.table import Table
    from rich.text import Text

    whole = invocation.duration_s
    lines: list[tuple[tuple[str, str, str], tuple[float, float] | None, str]] = []
    at: float | None = 0.0
    for name, value in invocation.phases.items():
        label = name.removesuffix("_s").replace("_", " ")
        if value is None:
            # Where the next phase begins is not known either.
            at = None
            if invocation.build is not None:
                lines.append(((label, DASH, ""), None, ""))
            continue
        share, span = "", None
        if whole is not None and whole > 0:
            share = f"{value / whole:.1%}"
            if at is not None:
                span = at / whole, (at + value) / whole
                at += value
        lines.append(((label, duration(value), share), span, _PHASE_STYLES[name]))
    room = width - sum(2 + max(len(texts[i]) for texts, _, _ in lines) for i in range(3))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    if room >= _MIN_BAR:
        table.add_column(no_wrap=True)
    for texts, span, style in lines:
        cells: list[RenderableType] = [*texts]
        if room >= _MIN_BAR:
            drawn = bar(*span, min(_MAX_BAR, room), unicode=unicode) if span else ""
            cells.append(Text(drawn, style=style))
        table.add_row(*cells)
    return table


def _facts(inv: Invocation) -> Iterator[tuple[str, str]]:
    if inv.queue_latency_s is not None:
        yield "queue latency", f"{duration(inv.queue_latency_s)} from creation to the start of the build"
    if inv.overhead_s is not None:
        yield "overhead", f"{duration(inv.overhead_s)} besides the run"
    if inv.poll_count:
        yield "polling", _polling(inv)
    if inv.notification_count:
        yield "notifications", _notifications(inv)
    yield from _trouble(inv)
    if inv.build is not None:
        number = f" #{inv.build.number}" if inv.build.number is not None else ""
        yield "build", f"{inv.build.id}{number} {inv.build.status or ''}  {inv.build_url or ''}".rstrip()
    builder = group_name(part for part in (inv.project, inv.bucket, inv.builder) if part)
    if inv.builder:
        yield "builder", builder
    if inv.bot is not None and inv.bot.id:
        yield "bot", _bot(inv.bot)
    if inv.commit is not None and inv.commit.revision:
        where = " ".join(part for part in (inv.commit.ref, inv.commit.repository) if part)
        yield "commit", f"{inv.commit.revision[:12]} {where}".rstrip()
    if inv.gitiles is not None:
        yield from _gitiles(inv.gitiles)
    if inv.url_fetch is not None:
        yield "fetched", _fetched(inv.url_fetch)
    triggers = count(inv.trigger_count, "trigger") if inv.trigger_count else ""
    if inv.triggered_by or triggers:
        yield "triggered by", ", ".join(part for part in (inv.triggered_by, triggers) if part)
    if inv.truncated:
        yield "log trimmed", _cuts(inv)
    if doubts := _doubts(inv):
        yield "doubts", doubts
    yield "source", f"{inv.source}:{inv.source_line}" if inv.source_line else str(inv.source)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: ``1 check``, ``2 checks``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def group_name(parts: Iterable[Any]) -> str:
    """Return a builder's name in one; version 1's buckets hold the project already."""
    listed = [str(part) for part in parts]
    if len(listed) == 3 and listed[1].startswith(f"luci.{listed[0]}."):
        listed = listed[1:]
    return "/".join(listed)


def _trouble(inv: Invocation) -> Iterator[tuple[str, str]]:
    """Yield who aborted it, failed attempts to launch, and the error that it ended with."""
    for event in inv.events:
        if event.kind in ("invocation_aborted", "launch_skipped"):
            yield "aborted by", str(event.fields.get("aborted_by", "unknown"))
            break
    failures = [a.error for a in inv.attempts if a.error]
    attempts = inv.attempt_count or 0
    if attempts > 1:
        text = f"{attempts} to launch"
        if failures:
            failed = "all failed" if len(failures) == attempts else f"{len(failures)} failed"
            text += f", {failed}; the last with: {_brief(failures[-1])}"
        yield "attempts", text
    errors = failures if attempts <= 1 else []
    if inv.gitiles is not None:
        errors = errors + inv.gitiles.errors
    if not (errors or failures) and inv.status == "FAILED":
        errors = [str(e.fields["error"]) for e in inv.events if "error" in e.fields][-1:]
    for error in dict.fromkeys(_brief(error) for error in errors[-2:]):
        yield "error", error


def _brief(error: str) -> str:
    line = error.partition("\n")[0].rstrip()
    return line if len(line) <= _ERROR_LENGTH else line[: _ERROR_LENGTH - 1] + "…"


def _bot(bot: Bot) -> str:
    cores = f"{bot.cores} cores" if bot.cores else None
    told = ", ".join(part for part in (bot.os, cores, bot.machine_type, bot.zone) if part)
    return f"{bot.id} ({told})" if told else str(bot.id)


def _polling(inv: Invocation) -> str:
    text = f"{count(inv.poll_count or 0, 'check')}, {inv.poll_unchanged} told nothing new"
    if inv.poll_rpc_s is not None:
        share = f" ({inv.poll_overhead_ratio:.2%} of the run)" if inv.poll_overhead_ratio is not None else ""
        text += f"; cost {duration(inv.poll_rpc_s)}{share}, slowest {duration(inv.poll_rpc_max_s)}"
    lateness = [
        p.lateness_s for p in inv.polls if p.source == "timer" and p.answered and p.lateness_s is not None
    ]
    if inv.poll_lateness_mean_s is not None:
        text += f"; late by {inv.poll_lateness_mean_s * 1e3:.0f} ms"
        if len(lateness) > 1:
            text += f" on average ({min(lateness) * 1e3:.0f} to {max(lateness) * 1e3:.0f} ms)"
    return text


def _notifications(inv: Invocation) -> str:
    seen = []
    if inv.start_notify_lag_s is not None:
        seen.append(f"the start was seen after {duration(inv.start_notify_lag_s)}")
    if inv.finish_notify_lag_s is not None:
        seen.append(f"the end after {duration(inv.finish_notify_lag_s)}")
    return f"{inv.notification_count}; {', '.join(seen)}" if seen else str(inv.notification_count)


def _gitiles(watched: Gitiles) -> Iterator[tuple[str, str]]:
    if watched.repository:
        yield "watched", f"{watched.repository} {' '.join(watched.refs)}".rstrip()
    text = f"{count(len(watched.changed_refs), 'ref')} changed"
    text += f", {count(watched.emitted_triggers, 'trigger')} emitted"
    if watched.triggered_jobs:
        text += f" to {', '.join(watched.triggered_jobs)}"
    yield "gitiles", text


def _fetched(fetch: UrlFetch) -> str:
    outcome = fetch.outcome or ""
    if fetch.status_code is not None:
        outcome = f"{fetch.status_code} {fetch.reason or ''}".strip()
    pieces = [
        " ".join(part for part in (fetch.method, fetch.url) if part),
        outcome,
        f"in {duration(fetch.duration_s)}" if fetch.duration_s is not None else "",
    ]
    return ", ".join(part for part in pieces if part)


def _cuts(inv: Invocation) -> str:
    pieces = []
    for cut in inv.cuts:
        lost = duration(cut.lost_s) if cut.lost_s is not None else "an unknown time"
        polls = f" and at most {count(cut.lost_polls_max, 'check')}" if cut.lost_polls_max is not None else ""
        pieces.append(f"{lost}{polls} lost at line {cut.line}")
    return "; ".join(pieces) + "; so counts of checks are unknown"


def _doubts(inv: Invocation) -> str:
    pieces = []
    if inv.unrecognized:
        pieces.append(f"{count(inv.unrecognized, 'entry', 'entries')} of no known kind")
    if inv.suspicious:
        verb = "imitates" if inv.suspicious == 1 else "imitate"
        pieces.append(f"{count(inv.suspicious, 'line')} that {verb} entries")
    if odd := len(odd_values(inv)):
        pieces.append(count(odd, "impossible value"))
    return ", ".join(pieces) + "; see logparse check" if pieces else ""


def _clean(text: str) -> str:
    """Return text from a log as one line that cannot repaint the terminal."""
    return one_line(text)


# --- the overview -----------------------------------------------------------------------------

#: Columns of the overview, the most wanted first: as many are shown as the width has room for.
_OVERVIEW: Final = (
    ("runs", "invocations", "count"),
    ("ok", "succeeded", "count"),
    ("failed", "failed", "count"),
    ("queue p50", "queue_latency_p50_s", "seconds"),
    ("queue p90", "queue_latency_p90_s", "seconds"),
    ("run p50", "run_p50_s", "seconds"),
    ("run p90", "run_p90_s", "seconds"),
    ("run max", "run_max_s", "seconds"),
    ("polls", "poll_count", "count"),
    ("poll cost", "poll_rpc_s", "seconds"),
)
_BUILDS_COLUMN: Final = ("builds", "builds", "count")
_MIN_NAME: Final = 16


def overview(
    total: Mapping[str, Any] | None,
    groups: Sequence[Mapping[str, Any]],
    by: str,
    *,
    width: int,
    builds: int = 0,
    triages: int = 0,
) -> RenderableType:
    """Return totals over many invocations and a table of their groups.

    Parameters
    ----------
    total, groups:
        Rows of the metrics' `totals` and `group_by`, each group with its name as ``group``.
    by:
        What they are grouped by: the table's first heading.
    builds:
        How many builds count although no log refers to them.
    triages:
        How many triage logs stood alone.
    """
    from rich.console import Group
    from rich.text import Text

    lines = list(_totals(total))
    if builds:
        lines.append(f"{count(builds, 'build')} from Buildbucket without a log")
    if triages:
        lines.append(f"{count(triages, 'triage log')} besides")
    parts: list[RenderableType] = [Text(line) for line in lines]
    if groups:
        parts += [Text(), grid(groups, _chosen(groups, by, width, with_builds=builds > 0))]
    left = (total or {}).get("invocations", 0) - sum(row["invocations"] for row in groups)
    if left > 0:
        note = f"{count(left, 'invocation')} without a known {by}{' not in the table' if groups else ''}"
        parts += [Text(), Text(note, style="dim")]
    return Group(*parts)


def _totals(total: Mapping[str, Any] | None) -> Iterator[str]:
    if total is None:
        yield "no invocations"
        return
    states = [f"{total[key]} {key}" for key in ("succeeded", "failed", "aborted", "unfinished") if total[key]]
    yield f"{count(total['invocations'], 'invocation')}: {', '.join(states)}"
    if total["first_seen"] is not None:
        yield f"from {moment(total['first_seen'])} to {moment(total['last_seen'])} UTC"
    if total["queue_latency_p50_s"] is not None:
        yield f"queue latency: {_percentiles(total, 'queue_latency')}"
    if total["run_p50_s"] is not None:
        yield f"run: {_percentiles(total, 'run')}; {duration(total['busy_s'])} in all"
    if total["odd"]:
        yield f"{count(total['odd'], 'impossible value')} left out; see logparse check"
    if total["poll_count"]:
        yield f"polling: {count(total['poll_count'], 'check')} cost {duration(total['poll_rpc_s'])}"


def _percentiles(total: Mapping[str, Any], stem: str) -> str:
    named = (("median", "p50"), ("p90", "p90"), ("p99", "p99"), ("largest", "max"))
    return ", ".join(f"{name} {duration(total[f'{stem}_{part}_s'])}" for name, part in named)


def _chosen(
    groups: Sequence[Mapping[str, Any]], by: str, width: int, *, with_builds: bool
) -> list[tuple[str, str, str]]:
    """Return the columns up to the first that there is no room for beside the groups' names."""
    from rich.cells import cell_len

    names = max([len(by), *(cell_len(_clean(row["group"])) for row in groups)])
    room = width - min(names, max(_MIN_NAME, width // 2))
    chosen = [(by, "group", "text")]
    for column in (_OVERVIEW[0], _BUILDS_COLUMN, *_OVERVIEW[1:]) if with_builds else _OVERVIEW:
        heading, key, kind = column
        if all(row[key] is None for row in groups):
            continue
        room -= 2 + max([len(heading), *(len(_formatted(row[key], kind)) for row in groups)])
        if room < 0:
            break
        chosen.append(column)
    return chosen


# --- tables -----------------------------------------------------------------------------------


def grid(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[tuple[str, str, str]],
) -> Table:
    """Return rows as a table.

    Parameters
    ----------
    columns:
        Heading, key and format of each column: ``text``, ``count`` or ``seconds``.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for heading, _, kind in columns:
        table.add_column(
            heading,
            justify="left" if kind == "text" else "right",
            no_wrap=kind != "text",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(_formatted(row.get(key), kind)) for _, key, kind in columns))
    return table


def _formatted(value: Any, kind: str) -> str:
    if value is None or value != value:
        return DASH
    if kind == "seconds":
        return short_duration(value)
    if kind == "count":
        return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}") if value >= 10_000 else str(value)
    return _clean(str(value))


def timeline(events: Sequence[Event], *, full: bool = False) -> Iterator[Text]:
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
        line.append(f"{_clean(event.clock or ''):12} ", style="dim")
        line.append(f"{gap:>10} ", style="yellow" if gap and abs(float(gap)) >= 10 else "")
        line.append(f"{event.kind or '?':{kinds}}  ", style="cyan" if event.kind else "red")
        line.append(_clean(first), style="" if event.kind else "red")
        if more and not full:
            line.append(f"  (+{count(len(more), 'line')})", style="dim")
        yield line
        if full:
            for text in more:
                yield Text(_clean(text))
