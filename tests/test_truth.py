"""Every engine-written log and page against what the engine and the simulated services knew."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import logparse as lp
from logparse import grammar
from logparse.checks import CODES
from logparse.tables import invocation_row

LOGS = Path(__file__).parent / "data" / "logs"
TRUTHS = sorted(LOGS.glob("*/*.truth.json"))
#: Every log and every page with its truth.
FILES = [
    path
    for truth in TRUTHS
    for suffix in (".log", ".html", ".dom.html")
    if (path := truth.with_name(truth.name.replace(".truth.json", suffix))).exists()
]
PAGES = [path for path in FILES if path.suffix == ".html"]

#: The truth's words for how a build ended, in version 2's.
OUTCOMES = {"TIMEOUT": "INFRA_FAILURE", "INVALID_DEF": "INFRA_FAILURE", "EXPIRED": "INFRA_FAILURE"}
#: An invocation id holds milliseconds, the truth microseconds.
ID_PRECISION = timedelta(milliseconds=1)


def label(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


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


_parsed: dict[Path, lp.Invocation] = {}


def parsed(path: Path) -> lp.Invocation:
    if path not in _parsed:
        _parsed[path] = lp.parse(path)
    return _parsed[path]


files = pytest.mark.parametrize("path", FILES, ids=label)
pages = pytest.mark.parametrize("path", PAGES, ids=label)


def names_its_invocation(path: Path, truth: Mapping[str, Any]) -> bool:
    """Whether the text holds the invocation's id anywhere."""
    return path.suffix == ".html" or truth["invocation_id"] in text_of(path)


def test_all_truths_are_tested() -> None:
    assert len(TRUTHS) == 124
    assert len(FILES) == len(TRUTHS) + len(PAGES)
    assert {p.parent.name for p in PAGES} == {"v1-2020-11", "mixed-2021-03", "v2-2021-06", "v2-2026-08"}


@files
def test_who(path: Path) -> None:
    truth, found = truth_of(path), parsed(path)
    if names_its_invocation(path, truth):
        assert found.invocation_id == truth["invocation_id"]
        # A bare noop log names its invocation in the triggers that it emits, but not its job.
        job_id = None if found.id_from == "trigger" else truth["job_id"]
        assert found.job_id == job_id
        project, _, job = (job_id or "").partition("/")
        assert (found.project, found.job) == (project or None, job or None)
    else:
        assert (found.invocation_id, found.job_id, found.id_from) == (None, None, None)
    triggered_by = truth.get("triggered_by")
    assert found.triggered_by == triggered_by


@files
def test_kind(path: Path) -> None:
    """The definition tells the kind, else the entries, which a bare log need not have."""
    truth, found = truth_of(path), parsed(path)
    if truth["task_kind"] == "?":
        assert found.task_kind is None
    elif path.suffix == ".html":
        assert found.task_kind == truth["task_kind"]
    else:
        silent: tuple[str, ...] = ("custom_mode1", "unfinished_queued")
        # This one fails before any part but the engine writes.
        silent += ("triage_block_bad_repo",) if path.parent.name == "v2-2021-06" else ()
        expected = None if path.name.removesuffix(".log") in silent else truth["task_kind"]
        assert found.task_kind == expected


@files
def test_status(path: Path) -> None:
    truth, found = truth_of(path), parsed(path)
    if truth["true_finish_line_in_log"] or path.suffix == ".html" or "finished" not in truth:
        assert found.status == truth["status"]
    else:
        assert found.status is None


@files
def test_attempts(path: Path) -> None:
    """The truth counts 1 where no launch ran. A trim can take the attempts."""
    truth, found = truth_of(path), parsed(path)
    begun = path.with_name(re.sub(r"(\.dom)?\.html$", ".log", path.name)).read_text(encoding="utf-8")
    if "Starting the invocation" not in begun:
        assert (truth["attempts"], found.attempt_count, found.attempts) == (1, 0, [])
        return
    assert found.attempt_count == truth["attempts"] == truth["retry_count"] + 1
    shown = {
        int(number)
        for number in re.findall(r"^\[[\d:.]{12}\] Starting the invocation \(attempt (\d+)\)$", begun, re.M)
    }
    shown = shown if truth["trimmed"] else set(range(1, truth["attempts"] + 1))
    assert [a.attempt for a in found.attempts if a.attempt] == sorted(shown)
    if truth["trimmed"]:
        return
    assert {a.outcome for a in found.attempts[:-1]} <= {"retried"}
    assert all(a.error for a in found.attempts[:-1])
    starts = [a.started_at for a in found.attempts if a.started_at]
    assert starts == sorted(starts)


@files
def test_times(path: Path) -> None:
    truth, found = truth_of(path), parsed(path)
    if not names_its_invocation(path, truth):
        assert (found.created_at, found.finished_at, found.launched_at) == (None, None, None)
        assert [f.code for f in found.findings if f.code == "no-date"] == ["no-date"]
    else:
        assert near(found.created_at, moment(truth["started"]))
        if truth["true_finish_line_in_log"]:
            assert near(found.finished_at, moment(truth["finished"]))
        else:
            assert found.finished_at is None
        if found.launched_at is not None:
            assert found.created_at is not None
            assert timedelta(0) <= found.launched_at - found.created_at < timedelta(minutes=1)
    if truth["true_finish_line_in_log"]:
        # The log prints nanoseconds, the truth is rounded to microseconds at both ends.
        assert found.duration_s == pytest.approx(truth["duration_ns"] / 1e9, rel=0, abs=1.001e-6)
    else:
        assert found.duration_s is None


@files
def test_events_stay_within_the_invocation(path: Path) -> None:
    """From the creation to the stored end, to the millisecond; what follows the end are ignored timers only."""
    truth, found = truth_of(path), parsed(path)
    if found.created_at is None:
        return
    started, finished = moment(truth["started"]), moment(truth.get("finished"))
    assert started is not None
    for event in found.events:
        if event.at is not None and event.kind != "timer_ignored":
            assert event.at - started > -ID_PRECISION
            assert finished is None or finished - event.at > -ID_PRECISION


@files
def test_build(path: Path) -> None:
    truth, found = truth_of(path), parsed(path)
    # The answer that named a lost request's build never came.
    if "build_id" not in truth or truth["build_id"] not in text_of(path):
        assert found.build is None
        assert found.build_url is None
        return
    build = found.build
    assert build is not None
    assert build.id == truth["build_id"]
    assert found.build_url == truth.get("view_url")
    assert found.builder == truth["builder"]
    # In March 2021 the request spoke version 2 and only the last answer version 1, which aborted logs lack.
    v2_only = path.parent.name == "mixed-2021-03" and not build.final
    assert found.bucket == (truth["bucket"].rpartition(".")[2] if v2_only else truth["bucket"])
    assert build.created_at == moment(truth["build_created"])
    assert build.started_at in (None, moment(truth.get("build_started")))
    assert build.completed_at in (None, moment(truth.get("build_ended")))
    # An abort ends the build unseen. An answer that holds an ended build already is no answer to a check.
    if truth["build_terminal_in_log"] and not re.search("manually aborted by", text_of(path)):
        assert build.final
        assert build.status == OUTCOMES.get(truth["build_final"], truth["build_final"])
        assert build.completed_at == moment(truth["build_ended"])
        assert build.started_at == moment(truth.get("build_started"))
    elif path.name == "already_completed_at_put.log":
        assert (build.status, build.completed_at) == (truth["build_final"], moment(truth["build_ended"]))
    else:
        assert not build.final
        assert build.completed_at is None
    assert (found.bot.id if found.bot else None) == (truth["bot_id"] if truth["bot_id_in_log"] else None)


@files
def test_checks(path: Path) -> None:
    """Where the log is whole, each check that changed the invocation is in it.

    The truth counts the check that ended in a fatal error; it was not answered.
    """
    truth, found = truth_of(path), parsed(path)
    assert found.truncated == truth["trimmed"]
    timed = [p for p in found.polls if p.source == "timer"]
    if truth["trimmed"]:
        assert (found.poll_count, found.notification_count, found.poll_rpc_s) == (None, None, None)
        assert len(timed) < max(truth["timer_polls_applied"], 1)
        return
    assert len(timed) == truth["timer_polls_applied"]
    unanswered = sum(not p.answered for p in timed)
    assert unanswered == ("poll_fatal_timer" in path.name)
    assert found.poll_count == truth["timer_polls_applied"] - unanswered
    ignored = path.name.startswith("retry_lost")
    assert found.notification_count == truth["pubsub_applied"] - ignored
    assert found.poll_unchanged == sum(p.changed is False for p in timed if p.answered)
    assert all(p.lateness_s is not None and -0.05 < p.lateness_s < 60 for p in timed)
    assert all(p.rpc_s is not None and p.rpc_s >= 0 for p in found.polls if p.answered)


@files
def test_a_build_that_had_ended_before_it_was_asked_for_was_never_checked(path: Path) -> None:
    if path.name == "already_completed_at_put.log":
        found = parsed(path)
        assert (found.polls, found.poll_count, found.notification_count) == ([], 0, 0)
        assert (found.poll_rpc_s, found.poll_lateness_mean_s, found.finish_notify_lag_s) == (0, None, None)


@files
def test_cuts(path: Path) -> None:
    """A forged marker is no cut; a true one may be one of several markers, and more may be quoted."""
    truth, found = truth_of(path), parsed(path)
    assert len(found.cuts) <= truth["cut_marker_lines"]
    assert bool(found.cuts) == truth["trimmed"]
    if truth["trimmed"] and all(c.lost_polls_max is not None for c in found.cuts):
        seen = len(found.polls)
        lost = sum(c.lost_polls_max or 0 for c in found.cuts)
        assert seen <= truth["timer_polls_applied"] + truth["pubsub_applied"] <= seen + lost


@files
def test_phases(path: Path) -> None:
    found = parsed(path)
    phases = list(found.phases.values())
    if None not in phases and found.duration_s is not None:
        assert sum(v for v in phases if v is not None) == pytest.approx(found.duration_s, rel=0, abs=1e-6)
    build = found.build
    if build and build.created_at and build.started_at and build.completed_at:
        assert found.pending_s == (build.started_at - build.created_at).total_seconds()
        assert found.run_s == (build.completed_at - build.started_at).total_seconds()
        if found.created_at:
            assert found.queue_latency_s == (build.started_at - found.created_at).total_seconds()
        if found.finished_at:
            assert found.finish_lag_s == (found.finished_at - build.completed_at).total_seconds()


@files
def test_triggers(path: Path) -> None:
    truth, found = truth_of(path), parsed(path)
    outgoing = [t for t in found.triggers if t.direction == "outgoing"]
    assert len(outgoing) == truth["outgoing_triggers"]
    incoming = [t for t in found.triggers if t.direction == "incoming"]
    if found.trigger_count is not None:
        assert len(incoming) == found.trigger_count <= truth["incoming_triggers"]
    if "capped" not in path.name and found.trigger_count is not None:
        assert found.trigger_count == truth["incoming_triggers"]
    for tag in truth.get("request_tags", []) if truth["task_kind"] == "buildbucket" else []:
        assert not found.tags or tag in found.tags or path.parent.name != "v1-2020-11"


@files
def test_nothing_contradicts_the_truth(path: Path) -> None:
    """No finding claims a fault that the engine's own log does not have."""
    codes = {f.code for f in parsed(path).findings}
    assert codes <= set(CODES)
    expected = {"suspicious", "log-cut", "no-date"} | (
        {"unrecognized"} if "custom_mode1" in path.name else set()
    )
    assert codes <= expected
    if "suspicious" in codes:
        assert "forged" in path.name


@files
def test_the_scheduler_kept_to_its_rules(path: Path) -> None:
    """All that is suspicious stands in the two scenarios of forged lines, and the text keeps every line."""
    found = parsed(path)
    # From 2026 the error's lines are joined to one before it is logged.
    forged = "forged" in path.name and path.parent.name != "v2-2026-08"
    assert (found.suspicious > 0) == forged
    assert found.unrecognized == ("custom_mode1" in path.name)
    if path.suffix == ".log":
        text = path.read_text(encoding="utf-8")
        kept = sum(len(e.text.split("\n")) for e in found.events if e.clock and not e.clock.endswith("ms"))
        assert kept >= text.rpartition("itself:\n")[2].count("\n") - len(found.cuts) * 100


@pages
def test_the_page_is_its_log_and_more(path: Path) -> None:
    """A page tells all that its log tells, the same way, and what the bare log lacks."""
    log = path.with_name(re.sub(r"(\.dom)?\.html$", ".log", path.name))
    page, bare = invocation_row(parsed(path)), invocation_row(parsed(log))
    place = {"source", "source_line", "id_from"}
    for name, value in bare.items():
        if name not in place and value is not None:
            assert page[name] == value, name
    supplied = {name for name in bare if bare[name] is None and page[name] is not None} - place
    truth = truth_of(path)
    told_by_page = {"triggered_by", "task_kind", "trigger_count", "bucket", "builder", "status"}
    told_by_page |= {"repository", "ref", "revision", "build_url"}
    if not names_its_invocation(log, truth):
        told_by_page |= {"invocation_id", "project", "job_id", "job", "created_at", "launched_at"}
        told_by_page |= {"finished_at", "scheduler_wait_s"}
        assert page["invocation_id"] == truth["invocation_id"]
        assert near(page["created_at"], moment(truth["started"]))
    assert supplied <= told_by_page


@pages
def test_page_and_log_have_the_same_parts(path: Path) -> None:
    log = path.with_name(re.sub(r"(\.dom)?\.html$", ".log", path.name))
    page, bare = parsed(path), parsed(log)
    assert [(e.seq, e.kind, e.fields, e.clock, e.text) for e in page.events] == [
        (e.seq, e.kind, e.fields, e.clock, e.text) for e in bare.events
    ]
    shift = (page.source_line or 0) - (bare.source_line or 0)
    assert [e.line - shift for e in page.events] == [e.line for e in bare.events]
    source = path.read_text(encoding="utf-8").split("\n")
    for event in page.events:
        shown = html.unescape(re.sub(r"^.*<pre>|</pre>.*$", "", source[event.line - 1]))
        assert shown.removesuffix("\r").endswith(event.text.partition("\n")[0].rstrip("\r"))
    dated = page.created_at == bare.created_at
    assert page.polls == bare.polls or not dated
    assert page.attempts == bare.attempts or not dated
    assert [(a.attempt, a.outcome, a.error, a.duration_s) for a in page.attempts] == [
        (a.attempt, a.outcome, a.error, a.duration_s) for a in bare.attempts
    ]
    assert page.build == bare.build
    assert page.cuts == [] or [c.lost_polls_max for c in page.cuts] == [c.lost_polls_max for c in bare.cuts]


@pytest.mark.parametrize("path", [f for f in FILES if f.stat().st_size < 40_000], ids=label)
def test_the_grammar_gives_the_same_record(path: Path) -> None:
    ours, by_grammar = parsed(path), lp.parse(path, engine=grammar)
    for name in ours.__struct_fields__:
        assert getattr(by_grammar, name) == getattr(ours, name), name
