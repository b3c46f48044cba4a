"""Comparing the record of an engine-written log or page with what the engine and the services knew."""

from __future__ import annotations

import functools
import html
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import logparse as lp
from logparse.engine.checks import CODES
from logparse.tables.rows import invocation_row

#: The truth's words for how a build ended, in version 2's.
OUTCOMES = {"TIMEOUT": "INFRA_FAILURE", "INVALID_DEF": "INFRA_FAILURE", "EXPIRED": "INFRA_FAILURE"}
#: An invocation id holds milliseconds, the truth microseconds.
ID_PRECISION = timedelta(milliseconds=1)


def truth_of(path: Path) -> dict[str, Any]:
    name = re.sub(r"(\.dom)?\.(log|html)$", ".truth.json", path.name)
    value: dict[str, Any] = json.loads(path.with_name(name).read_text(encoding="utf-8"))
    return value


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def near(ours: datetime | None, true: datetime | None) -> bool:
    """Whether ours is the truth without its microseconds."""
    if ours is None or true is None:
        return ours is true
    return timedelta(0) <= true - ours < ID_PRECISION


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


@functools.cache
def parsed(path: Path) -> lp.Invocation:
    return lp.parse(path)


@dataclass(frozen=True)
class Comparison:
    """A record, the truth of its file, and what is wrong with the record so far."""

    path: Path
    found: lp.Invocation
    truth: dict[str, Any]
    wrong: list[str] = field(default_factory=list)

    @property
    def era(self) -> str:
        return self.path.parent.name

    @property
    def is_page(self) -> bool:
        return self.path.suffix == ".html"

    @property
    def log(self) -> Path:
        """The log itself, or the log of which this is a page."""
        return self.path.with_name(re.sub(r"(\.dom)?\.html$", ".log", self.path.name))

    @property
    def names_its_invocation(self) -> bool:
        """Whether the text has the invocation's id anywhere."""
        return self.is_page or self.truth["invocation_id"] in text_of(self.path)

    def same(self, name: str, ours: object, true: object) -> None:
        if ours != true:
            self.wrong.append(f"{name} is {ours!r}, not {true!r}")

    def holds(self, what: str, holds: bool) -> None:
        """Note, unless it holds, that it does not hold."""
        if not holds:
            self.wrong.append(f"does not hold: {what}")

    def fields(self, **true: object) -> None:
        """Compare fields of the record by their names."""
        for name, value in true.items():
            self.same(name, getattr(self.found, name), value)

    def near(self, name: str, true: str | None) -> None:
        """Compare a time with the truth's text, whose microseconds the record lacks."""
        ours: datetime | None = getattr(self.found, name)
        if not near(ours, moment(true)):
            self.wrong.append(f"{name} is {ours}, not {true}")


def compare_who(c: Comparison) -> None:
    if c.names_its_invocation:
        # A bare noop log names its invocation in the triggers that it emits, but not its job.
        job_id = None if c.found.id_from == "trigger" else c.truth["job_id"]
        project, _, job = (job_id or "").partition("/")
        c.fields(
            invocation_id=c.truth["invocation_id"], job_id=job_id, project=project or None, job=job or None
        )
    else:
        c.fields(invocation_id=None, job_id=None, id_from=None)
    c.fields(triggered_by=c.truth.get("triggered_by"))


def compare_kind(c: Comparison) -> None:
    """The definition shows the kind, else the entries, which a bare log need not have."""
    silent: tuple[str, ...] = ("custom_mode1", "unfinished_queued")
    # This one fails before any part but the engine writes.
    silent += ("triage_block_bad_repo",) if c.era == "v2-2021-06" else ()
    unknown = c.truth["task_kind"] == "?" or (not c.is_page and c.path.name.removesuffix(".log") in silent)
    c.fields(task_kind=None if unknown else c.truth["task_kind"])


def compare_status(c: Comparison) -> None:
    known = c.truth["true_finish_line_in_log"] or c.is_page or "finished" not in c.truth
    c.fields(status=c.truth["status"] if known else None)


def compare_attempts(c: Comparison) -> None:
    """The truth counts 1 where no launch ran. A trim can take the attempts."""
    truth, attempts = c.truth, c.found.attempts
    begun = c.log.read_text(encoding="utf-8")
    if "Starting the invocation" not in begun:
        c.same("the truth's attempts", truth["attempts"], 1)
        c.fields(attempt_count=0, attempts=[])
        return
    c.fields(attempt_count=truth["attempts"])
    c.same("the truth's retries", truth["retry_count"] + 1, truth["attempts"])
    shown = {
        int(number)
        for number in re.findall(r"^\[[\d:.]{12}\] Starting the invocation \(attempt (\d+)\)$", begun, re.M)
    }
    shown = shown if truth["trimmed"] else set(range(1, truth["attempts"] + 1))
    c.same("attempts", [a.attempt for a in attempts if a.attempt], sorted(shown))
    if truth["trimmed"]:
        return
    c.holds("attempts before the last were retried", {a.outcome for a in attempts[:-1]} <= {"retried"})
    c.holds("attempts before the last have an error", all(a.error for a in attempts[:-1]))
    starts = [a.started_at for a in attempts if a.started_at]
    c.same("the attempts' starts", starts, sorted(starts))


def compare_times(c: Comparison) -> None:
    truth, found = c.truth, c.found
    finished = truth["finished"] if truth["true_finish_line_in_log"] else None
    if not c.names_its_invocation:
        c.fields(created_at=None, finished_at=None, launched_at=None)
        c.same("findings without a date", sum(f.code == "no-date" for f in found.findings), 1)
    else:
        c.near("created_at", truth["started"])
        c.near("finished_at", finished)
        if found.launched_at is not None:
            c.holds(
                "launched_at is within a minute of created_at",
                found.created_at is not None
                and timedelta(0) <= found.launched_at - found.created_at < timedelta(minutes=1),
            )
    # The log prints nanoseconds, the truth is rounded to microseconds at both ends.
    c.fields(
        duration_s=pytest.approx(truth["duration_ns"] / 1e9, rel=0, abs=1.001e-6)
        if truth["true_finish_line_in_log"]
        else None
    )


def compare_events(c: Comparison) -> None:
    """From the creation to the stored end, to the millisecond; what follows the end are ignored timers only."""
    if c.found.created_at is None:
        return
    started, finished = moment(c.truth["started"]), moment(c.truth.get("finished"))
    assert started is not None
    for event in c.found.events:
        if event.at is not None and event.kind != "timer_ignored":
            named = f"event {event.seq} ({event.kind}) at {event.at}"
            c.holds(f"{named} is after the creation", event.at - started > -ID_PRECISION)
            c.holds(f"{named} is before the end", finished is None or finished - event.at > -ID_PRECISION)


def compare_build(c: Comparison) -> None:
    truth, found, build = c.truth, c.found, c.found.build
    # The answer that named a lost request's build never came.
    if "build_id" not in truth or truth["build_id"] not in text_of(c.path):
        c.fields(build=None, build_url=None)
        return
    if build is None:
        c.wrong.append(f"build is None, not {truth['build_id']}")
        return
    c.same("build.id", build.id, truth["build_id"])
    # In March 2021 the request spoke version 2 and only the last answer version 1, which aborted logs lack.
    v2_only = c.era == "mixed-2021-03" and not build.final
    c.fields(
        build_url=truth.get("view_url"),
        builder=truth["builder"],
        bucket=truth["bucket"].rpartition(".")[2] if v2_only else truth["bucket"],
    )
    created, started, ended = (moment(truth.get(f"build_{name}")) for name in ("created", "started", "ended"))
    c.same("build.created_at", build.created_at, created)
    c.holds("build.started_at is unknown or true", build.started_at in (None, started))
    c.holds("build.completed_at is unknown or true", build.completed_at in (None, ended))
    # An abort ends the build unseen. An answer that holds an ended build already is no answer to a check.
    final = truth["build_terminal_in_log"] and not re.search("manually aborted by", text_of(c.path))
    had_ended = c.path.name == "already_completed_at_put.log"
    c.holds("build.final is true", build.final == final or had_ended)
    if final:
        c.same("build.final", build.final, True)
        status = OUTCOMES.get(truth["build_final"], truth["build_final"])
        c.same("build", (build.status, build.started_at, build.completed_at), (status, started, ended))
    elif had_ended:
        c.same("build", (build.status, build.completed_at), (truth["build_final"], ended))
    else:
        c.same("build.completed_at", build.completed_at, None)
    c.same("bot", found.bot.id if found.bot else None, truth["bot_id"] if truth["bot_id_in_log"] else None)


def compare_checks(c: Comparison) -> None:
    """Where the log is whole, each check that changed the invocation is in it.

    The truth counts the check that ended in a fatal error; it was not answered.
    """
    truth, found = c.truth, c.found
    c.fields(truncated=truth["trimmed"])
    timed = [p for p in found.polls if p.source == "timer"]
    if truth["trimmed"]:
        c.fields(poll_count=None, notification_count=None, poll_rpc_s=None)
        c.holds("a cut took checks", len(timed) < max(truth["timer_polls_applied"], 1))
        return
    unanswered = sum(not p.answered for p in timed)
    c.same("checks by timers", len(timed), truth["timer_polls_applied"])
    c.same("checks without an answer", unanswered, int("poll_fatal_timer" in c.path.name))
    ignored = c.path.name.startswith("retry_lost")
    c.fields(
        poll_count=truth["timer_polls_applied"] - unanswered,
        notification_count=truth["pubsub_applied"] - ignored,
        poll_unchanged=sum(p.changed is False for p in timed if p.answered),
    )
    lateness, rpcs = [p.lateness_s for p in timed], [p.rpc_s for p in found.polls if p.answered]
    c.holds(f"lateness is plausible: {lateness}", all(v is not None and -0.05 < v < 60 for v in lateness))
    c.holds(f"rpc_s is not negative: {rpcs}", all(v is not None and v >= 0 for v in rpcs))
    if c.path.name == "already_completed_at_put.log":
        # The build had ended before it was asked for.
        c.fields(polls=[], poll_count=0, notification_count=0, poll_rpc_s=0)
        c.fields(poll_lateness_mean_s=None, finish_notify_lag_s=None)


def compare_cuts(c: Comparison) -> None:
    """A forged marker is not a cut; a true one may be one of several markers, and more may be quoted."""
    truth, cuts = c.truth, c.found.cuts
    c.holds(f"{len(cuts)} cuts have a marker each", len(cuts) <= truth["cut_marker_lines"])
    c.same("whether there are cuts", bool(cuts), truth["trimmed"])
    if truth["trimmed"] and all(cut.lost_polls_max is not None for cut in cuts):
        seen = len(c.found.polls)
        lost = sum(cut.lost_polls_max or 0 for cut in cuts)
        applied = truth["timer_polls_applied"] + truth["pubsub_applied"]
        c.holds(f"{seen} checks seen and at most {lost} lost are {applied}", seen <= applied <= seen + lost)


def compare_phases(c: Comparison) -> None:
    found, build = c.found, c.found.build
    phases = list(found.phases.values())
    if None not in phases and found.duration_s is not None:
        whole = sum(v for v in phases if v is not None)
        c.same("the sum of phases", whole, pytest.approx(found.duration_s, rel=0, abs=1e-6))
    if build and build.created_at and build.started_at and build.completed_at:
        c.fields(pending_s=(build.started_at - build.created_at).total_seconds())
        c.fields(run_s=(build.completed_at - build.started_at).total_seconds())
        if found.created_at:
            c.fields(queue_latency_s=(build.started_at - found.created_at).total_seconds())
        if found.finished_at:
            c.fields(finish_lag_s=(found.finished_at - build.completed_at).total_seconds())


def compare_triggers(c: Comparison) -> None:
    truth, found = c.truth, c.found
    outgoing, incoming = (
        sum(t.direction == direction for t in found.triggers) for direction in ("outgoing", "incoming")
    )
    c.same("outgoing triggers", outgoing, truth["outgoing_triggers"])
    if found.trigger_count is not None:
        c.fields(trigger_count=incoming)
        c.holds("no trigger is too many", found.trigger_count <= truth["incoming_triggers"])
        if "capped" not in c.path.name:
            c.fields(trigger_count=truth["incoming_triggers"])
    for tag in truth.get("request_tags", []) if truth["task_kind"] == "buildbucket" else []:
        c.holds(f"tag {tag!r} is found", not found.tags or tag in found.tags or c.era != "v1-2020-11")


def compare_findings(c: Comparison) -> None:
    """No finding claims a fault that the engine's own log does not have."""
    codes = {f.code for f in c.found.findings}
    c.same("unknown findings", codes - set(CODES), set())
    expected = {"suspicious", "log-cut", "no-date"}
    expected |= {"unrecognized"} if "custom_mode1" in c.path.name else set()
    # Its error could quote the retry and the notification that follow in the same millisecond.
    expected |= {"reading-ambiguous"} if c.path.stem == "retry_lost" else set()
    c.same("false findings", codes - expected, set())
    # All that is suspicious is in the scenarios of forged lines. From 2026 lines of errors are joined to one.
    forged = "forged" in c.path.name and c.era != "v2-2026-08"
    c.holds("suspicious lines are counted", c.found.suspicious is not None)
    c.same("whether lines are suspicious", bool(c.found.suspicious), forged)
    c.holds("only forged logs are suspicious", "suspicious" not in codes or "forged" in c.path.name)
    c.fields(unrecognized=int("custom_mode1" in c.path.name))


def compare_lines(c: Comparison) -> None:
    """The text keeps every line."""
    if not c.is_page:
        text = c.path.read_text(encoding="utf-8")
        events = [e for e in c.found.events if e.clock and not e.clock.endswith("ms")]
        kept = sum(len(e.text.split("\n")) for e in events)
        written = text.rpartition("itself:\n")[2].count("\n") - len(c.found.cuts) * 100
        c.holds(f"{kept} lines of {written} are kept", kept >= written)


def compare_page_with_log(c: Comparison) -> None:
    """A page has all that its log has, the same way, and what the bare log lacks."""
    if not c.is_page:
        return
    page, bare = invocation_row(c.found), invocation_row(parsed(c.log))
    place = {"source", "source_line", "id_from"}
    for name, value in bare.items():
        if name not in place and value is not None:
            c.same(f"{name} of the page", page[name], value)
    supplied = {name for name in bare if bare[name] is None and page[name] is not None} - place
    of_page = {"triggered_by", "task_kind", "trigger_count", "tags", "bucket", "builder", "status"}
    of_page |= {"repository", "ref", "revision", "build_url", "builder_id"}
    if c.truth["invocation_id"] not in text_of(c.log):
        of_page |= {"invocation_id", "project", "job_id", "job", "created_at", "launched_at"}
        of_page |= {"finished_at", "scheduler_wait_s"}
        c.same("invocation_id of the page", page["invocation_id"], c.truth["invocation_id"])
        c.holds("created_at of the page is true", near(page["created_at"], moment(c.truth["started"])))
    c.same("what only the page has", supplied - of_page, set())


def compare_parts_with_log(c: Comparison) -> None:
    """A page and its log have the same events, polls, attempts, build and cuts."""
    if not c.is_page:
        return
    page, bare = c.found, parsed(c.log)
    c.same("the number of events", len(page.events), len(bare.events))
    shift = (page.source_line or 0) - (bare.source_line or 0)
    source = c.path.read_text(encoding="utf-8").split("\n")
    for ours, other in zip(page.events, bare.events, strict=False):
        for name in ("seq", "kind", "fields", "clock", "text"):
            c.same(f"{name} of event {ours.seq}", getattr(ours, name), getattr(other, name))
        c.same(f"the line of event {ours.seq}", ours.line - shift, other.line)
        shown = html.unescape(re.sub(r"^.*<pre>|</pre>.*$", "", source[ours.line - 1]))
        text = ours.text.partition("\n")[0].rstrip("\r")
        c.holds(f"event {ours.seq} is in its line", shown.removesuffix("\r").endswith(text))
    if page.created_at == bare.created_at:
        c.fields(polls=bare.polls, attempts=bare.attempts)
    c.same("attempts", [attempt_of(a) for a in page.attempts], [attempt_of(a) for a in bare.attempts])
    c.fields(build=bare.build)
    if page.cuts:
        c.same("checks lost", [x.lost_polls_max for x in page.cuts], [x.lost_polls_max for x in bare.cuts])


def attempt_of(a: lp.Attempt) -> tuple[object, ...]:
    return (a.attempt, a.outcome, a.error, a.duration_s)


PARTS = [
    compare_who,
    compare_kind,
    compare_status,
    compare_attempts,
    compare_times,
    compare_events,
    compare_build,
    compare_checks,
    compare_cuts,
    compare_phases,
    compare_triggers,
    compare_findings,
    compare_lines,
    compare_page_with_log,
    compare_parts_with_log,
]


def wrong_fields(path: Path, found: lp.Invocation) -> list[str]:
    """Return what is wrong in a record of a file, one line a field."""
    comparison = Comparison(path, found, truth_of(path))
    for compare in PARTS:
        compare(comparison)
    return comparison.wrong
