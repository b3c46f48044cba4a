"""One invocation on a card: its names, its status, its phases, and facts about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from logparse.output.words import DASH, bar, clean, count, duration, in_one_style, moment
from logparse.records import Bot, Gitiles, Invocation, UrlFetch
from logparse.records.odd import odd_values

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

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
#: Bars of phases have a width between these, or are left out.
_MIN_BAR: Final = 8
_MAX_BAR: Final = 60
#: A longer error is cut on the card; `logparse show` has all of it.
_ERROR_LENGTH: Final = 200


def card(invocation: Invocation, *, width: int, unicode: bool = True) -> RenderableType:
    """Return one invocation on a card: its names, its status, its phases, and facts about it."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    status = clean(invocation.status or "unknown status")
    title = Text()
    title.append(clean(invocation.job_id or "unknown job"), style="bold")
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
        facts.add_row(name, clean(value))
    parts += [Text(), facts]
    return Group(*parts)


def _when(invocation: Invocation) -> str:
    """Return the id, the kind of job, and the times."""
    pieces = [
        f"invocation {clean(invocation.invocation_id)}"
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
    """Return the phases, a line each, with their shares of the duration and bars at their places in it.

    An invocation that has not ended has neither shares nor bars.
    """
    from rich.table import Table
    from rich.text import Text

    whole = invocation.duration_s
    lines: list[tuple[tuple[str, str, str], tuple[float, float] | None, str]] = []
    at: float | None = 0.0
    for name, value in invocation.phases.items():
        label = name.removesuffix("_s").replace("_", " ")
        if value is None:
            # The beginning of the next phase is not known either.
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
    """Yield the known facts, each with its name."""
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
    if inv.builder_id:
        yield "builder", inv.builder_id
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


def _trouble(inv: Invocation) -> Iterator[tuple[str, str]]:
    """Yield the identity that aborted it, failed attempts to launch, and the error at its end."""
    if inv.aborted_by:
        yield "aborted by", inv.aborted_by
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
    if not (errors or failures) and inv.status == "FAILED" and inv.error:
        errors = [inv.error]
    for error in dict.fromkeys(_brief(error) for error in errors[-2:]):
        yield "error", error


def _brief(error: str) -> str:
    line = error.partition("\n")[0].rstrip()
    return line if len(line) <= _ERROR_LENGTH else line[: _ERROR_LENGTH - 1] + "…"


def _bot(bot: Bot) -> str:
    cores = f"{bot.cores} cores" if bot.cores else None
    known = ", ".join(part for part in (bot.os, cores, bot.machine_type, bot.zone) if part)
    return f"{bot.id} ({known})" if known else str(bot.id)


def _polling(inv: Invocation) -> str:
    text = f"{count(inv.poll_count or 0, 'check')}, {inv.poll_unchanged} showed nothing new"
    lateness = [
        p.lateness_s for p in inv.polls if p.source == "timer" and p.answered and p.lateness_s is not None
    ]
    seconds = (
        inv.poll_rpc_s,
        inv.poll_rpc_max_s,
        inv.poll_lateness_mean_s,
        min(lateness, default=None),
        max(lateness, default=None),
    )
    cost, slowest, late, least, most = in_one_style(map(duration, seconds))
    if inv.poll_rpc_s is not None:
        share = f" ({inv.poll_overhead_ratio:.2%} of the run)" if inv.poll_overhead_ratio is not None else ""
        text += f"; cost {cost}{share}, slowest {slowest}"
    if inv.poll_lateness_mean_s is not None:
        text += f"; late by {late}"
        if len(lateness) > 1:
            text += f" on average ({least} to {most})"
    return text


def _notifications(inv: Invocation) -> str:
    start, end = in_one_style(map(duration, (inv.start_notify_lag_s, inv.finish_notify_lag_s)))
    seen = []
    if inv.start_notify_lag_s is not None:
        seen.append(f"the start was seen after {start}")
    if inv.finish_notify_lag_s is not None:
        seen.append(f"the end after {end}")
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
    for cut, lost in zip(inv.cuts, in_one_style(duration(cut.lost_s) for cut in inv.cuts), strict=True):
        time = lost if cut.lost_s is not None else "an unknown time"
        polls = f" and at most {count(cut.lost_polls_max, 'check')}" if cut.lost_polls_max is not None else ""
        pieces.append(f"{time}{polls} lost at line {cut.line}")
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
