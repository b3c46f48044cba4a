"""The tables: every column's name, type and meaning, once.

Dashboards are built on these names, so a released one never changes; columns may be added.
Times are UTC, durations are seconds in columns that end in ``_s``, ids are text, unknown is null.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from logparse.column import Column as Column
from logparse.column import derived as _d
from logparse.column import plain as _c
from logparse.derivations import count, difference, largest, mean, ratio, rest, total, total_or_null

#: The version of the tables, which files name. It rises when a column or a table gets another type or
#: meaning, so that an older logparse would read it wrongly. A column that is added does not change it.
SCHEMA_VERSION: Final = 1


def _of_build(of: str = "") -> tuple[Column, ...]:
    """Return the columns that builds share with their invocations. `of` leads to the build's record."""
    return (
        _c("builder_id", "text", "project/bucket/builder, one name in both dialects of Buildbucket"),
        _c("origin", "text", "log, build (a file of builds) or both: where it was read"),
        _c("repeats", "int", "other copies of it in the inputs"),
        _c("error", "text", "why it failed or was aborted, in one line"),
        Column("tags", "json", "tags of the build, else of the request: a list of key:value", "", True),
        Column(
            "input_properties", "json", "properties that the build was given", f"{of}input_properties", True
        ),
        _c("requested_pool", "text", "pool of bots that the build asked for", f"{of}requested_pool"),
        _c("requested_os", "text", "operating system that the build asked for", f"{of}requested_os"),
        Column(
            "requested_dimensions",
            "json",
            "dimensions of the bot that the build asked for: lists by key",
            f"{of}requested_dimensions",
            True,
        ),
        _c(
            "infra_reason",
            "text",
            "why the infrastructure ended the build: no_bot_in_time, execution_timeout, canceled or other",
            f"{of}infra_reason",
        ),
        _c("scheduling_timeout_s", "float", "longest time to wait for a bot", f"{of}scheduling_timeout_s"),
        _c("execution_timeout_s", "float", "longest time to run", f"{of}execution_timeout_s"),
        _d("timeout_used", ratio("run_s", "execution_timeout_s")),
        _c("setup_s", "float", "time that the agent took to install what the build needs", f"{of}setup_s"),
        _c("parent_build_id", "text", "build that started this one", f"{of}parent_build_id"),
        _c("canceled_by", "text", "identity that canceled the build", f"{of}canceled_by"),
        _c("cancel_reason", "text", "why it was canceled, as written there", f"{of}cancel_reason"),
        _c(
            "critical",
            "bool",
            "whether a failure counts against the commit; null where unset",
            f"{of}critical",
        ),
    )


_STATISTICS: Final = ("mean", "p50", "p75", "p90", "p95", "p99", "max")


def _statistics(metric: str, what: str) -> Iterable[Column]:
    stem = metric.removesuffix("_s")
    for name in _STATISTICS:
        words = {"mean": "mean", "max": "largest"}.get(name, f"{name[1:]}th percentile of")
        yield _c(f"{stem}_{name}_s", "float", f"{words} {what}")


#: The status checks that measures of polling count.
_TIMED: Final[dict[str, str | bool]] = {"source": "timer", "answered": True}

INVOCATIONS: Final = (
    _c("invocation_id", "text", "the scheduler's id of the invocation"),
    _c("job_id", "text", "project/job"),
    _c("project", "text", "first part of the job id"),
    _c("job", "text", "second part of the job id"),
    _c("task_kind", "text", "buildbucket, gitiles, noop, url_fetch or swarming"),
    _c("status", "text", "the finish entry's, else the page's, else inferred from the last entries"),
    _c("triggered_by", "text", "identity that triggered it"),
    _c("attempts", "int", "highest number of a launch attempt in the log", "attempt_count"),
    _c("created_at", "time", "from the invocation id, else the first entry"),
    _c("launched_at", "time", "first start of an attempt"),
    _c("finished_at", "time", "created_at plus the stated duration, else the finish entry's time"),
    _c("duration_s", "float", "as stated in the finish entry"),
    _c("build_id", "text", "Buildbucket's id of the build that counts", "build.id"),
    _c("build_number", "int", "number of the build within its builder", "build.number"),
    _c("bucket", "text", "Buildbucket's bucket, as the dialect of the log names it"),
    _c("builder", "text", "Buildbucket's builder"),
    _c("build_url", "text", "where the build can be seen"),
    _c("build_status", "text", "last known status of the build, in version 2's words", "build.status"),
    _c("build_created_at", "time", "Buildbucket's clock", "build.created_at"),
    _c("build_started_at", "time", "Buildbucket's clock", "build.started_at"),
    _c("build_completed_at", "time", "Buildbucket's clock", "build.completed_at"),
    _c("bot_id", "text", "Swarming bot that ran the build", "bot.id"),
    _c("swarming_task_id", "text", "Swarming task that ran the build", "task_id"),
    _c("repository", "text", "repository of the commit built", "commit.repository"),
    _c("ref", "text", "ref of the commit built", "commit.ref"),
    _c("revision", "text", "the commit built", "commit.revision"),
    _c("trigger_count", "int", "triggers folded into the invocation, as the request carried them"),
    _d("scheduler_wait_s", difference("launched_at", "created_at")),
    _d(
        "launch_s",
        difference("build_created_at", "launched_at"),
        ": all attempts, up to the build that counts",
    ),
    _d("pending_s", difference("build_started_at", "build_created_at")),
    _d("run_s", difference("build_completed_at", "build_started_at")),
    _d("finish_lag_s", difference("finished_at", "build_completed_at")),
    _d(
        "queue_latency_s",
        difference("build_started_at", "created_at"),
        " = scheduler_wait_s + launch_s + pending_s",
    ),
    _d("overhead_s", rest("duration_s", "run_s")),
    _d(
        "request_rpc_s",
        difference("request_answered_at", "request_asked_at"),
        meaning="the answered request: from request to answer",
    ),
    _d(
        "poll_count",
        count("polls", **_TIMED),
        meaning="status checks that a timer started and that were answered",
    ),
    _d(
        "poll_unchanged",
        count("polls", changed=False, **_TIMED),
        meaning="of these, the ones that told the status known already",
    ),
    _d(
        "poll_rpc_s",
        total("polls", "rpc_s", **_TIMED),
        meaning="sum of handling to answer, over those checks",
    ),
    _d(
        "poll_rpc_max_s",
        largest("polls", "rpc_s", **_TIMED),
        meaning="largest handling to answer, over those checks",
    ),
    _d("poll_overhead_ratio", ratio("poll_rpc_s", "run_s")),
    _d(
        "poll_lateness_mean_s",
        mean("polls", "lateness_s", **_TIMED),
        meaning="mean of timer handled − timer due",
    ),
    _d(
        "notification_count",
        count("polls", source="pubsub", answered=True),
        meaning="status checks that PubSub started and that were answered",
    ),
    _d(
        "start_notify_lag_s",
        difference("start_seen_at", "build_started_at"),
        meaning="first check begun that saw STARTED − build_started_at",
    ),
    _d(
        "finish_notify_lag_s",
        difference("end_seen_at", "build_completed_at"),
        meaning="check begun that saw the end − build_completed_at",
    ),
    _c("clock_offset_min_s", "float", "lower bound of Buildbucket's clock minus the scheduler's"),
    _c("clock_offset_max_s", "float", "upper bound of Buildbucket's clock minus the scheduler's"),
    _c("truncated", "bool", "the scheduler trimmed the log"),
    _c("unrecognized", "int", "entries of no known kind"),
    _c("source", "text", "where it was read"),
    _c("source_line", "int", "line there of its first entry"),
    _c("suspicious", "int", "lines that imitate entries and were kept as text"),
    _c("id_from", "text", "where the invocation id stood: request, timer, page, trigger, file name or tag"),
    _d("cut_s", total_or_null("cuts", "lost_s"), meaning="time that cuts took out of the log"),
    _d(
        "cut_polls_max",
        total_or_null("cuts", "lost_polls_max"),
        meaning="status checks that cuts took out of the log, at most",
    ),
    *_of_build("build."),
    _c("odd", "int", "impossible durations and times in this row, which statistics leave out"),
    _d("launch_wait_s", difference("build_created_at", "created_at"), " = scheduler_wait_s + launch_s"),
    _c("aborted_by", "text", "identity that aborted the invocation, as its log names it"),
)

#: The place of the invocation that a row belongs to, or of the build where there is none.
_PLACE: Final = (
    _c("source_file", "text", "the source of its invocation, or of its build"),
    _c("source_line", "int", "the source_line of its invocation, or of its build"),
)
#: So that a dashboard needs no join.
_WHOSE: Final = (
    *_PLACE,
    _c("job_id", "text", "project/job of the invocation"),
    _c("builder_id", "text", "builder of the invocation: project/bucket/builder"),
)

EVENTS: Final = (
    _c("invocation_id", "text", "of the invocation"),
    _c("seq", "int", "position in the log, from 1"),
    _c("line", "int", "line in the source"),
    _c("at", "time", "when it was written; null where the day is not known"),
    _c("attempt", "int", "launch attempt under way"),
    _c("kind", "text", "kind of message; null where no message of the scheduler fits"),
    _c("fields", "json", "the message's arguments, payloads left out"),
    _c("text", "text", "first line"),
    _c("clock", "text", "time of day as written, or milliseconds of a triage log"),
    _c("offset_s", "float", "time since the first entry"),
    _c("suspicious", "int", "lines of it that imitate entries"),
    _c("source", "text", "where it was read"),
    *_PLACE,
)

POLLS: Final = (
    _c("invocation_id", "text", "of the invocation"),
    _c("seq", "int", "position among the checks, from 1"),
    _c("source", "text", "what started the check: timer or pubsub"),
    _c("timer_id", "text", "of the timer that started it"),
    _c("due_at", "time", "when the timer was due"),
    _c("handled_at", "time", "when the check began"),
    _c("answered_at", "time", "when the answer came"),
    _d("lateness_s", difference("handled_at", "due_at"), "; negative where the timer came early"),
    _d("rpc_s", difference("answered_at", "handled_at")),
    _c("status", "text", "what it saw, in version 2's words"),
    _c("changed", "bool", "whether that differs from the status known before"),
    _c("answered", "bool", "whether an answer came"),
    *_WHOSE,
)

ATTEMPTS: Final = (
    _c("invocation_id", "text", "of the invocation"),
    _c("attempt", "int", "number of the attempt, from 1 to 51; null for an impossible one"),
    _c("started_at", "time", "when it began"),
    _c("ended_at", "time", "when it ended: launched, or failed"),
    _c("outcome", "text", "launched, retried, succeeded, failed or aborted; null while it goes on"),
    _c("error", "text", "why it failed"),
    _d("duration_s", difference("ended_at", "started_at")),
    *_WHOSE,
)

BUILDS: Final = (
    _c("build_id", "text", "Buildbucket's id", "id"),
    _c("invocation_id", "text", "of the invocation that asked for it; null for a build of its own"),
    _c("build_number", "int", "number within its builder", "number"),
    _c("project", "text", "LUCI project"),
    _c("bucket", "text", "Buildbucket's bucket"),
    _c("builder", "text", "Buildbucket's builder"),
    _c("status", "text", "in version 2's words"),
    _c("created_at", "time", "Buildbucket's clock"),
    _c("started_at", "time", "Buildbucket's clock"),
    _c("completed_at", "time", "Buildbucket's clock"),
    _c("updated_at", "time", "Buildbucket's clock"),
    _d("pending_s", difference("started_at", "created_at")),
    _d("run_s", difference("completed_at", "started_at")),
    _c("bot_id", "text", "Swarming bot that ran it", "bot.id"),
    _c("swarming_task_id", "text", "Swarming task that ran it"),
    _c("pool", "text", "bot dimension", "bot.pool"),
    _c("os", "text", "bot dimension, the most exact value", "bot.os"),
    _c("cpu", "text", "bot dimension, the most exact value", "bot.cpu"),
    _c("cores", "int", "bot dimension", "bot.cores"),
    _c("machine_type", "text", "bot dimension", "bot.machine_type"),
    _c("zone", "text", "bot dimension, the most exact value", "bot.zone"),
    _c("dimensions", "json", "all dimensions of the bot: lists by key", "bot.dimensions"),
    _c("repository", "text", "repository of the commit built", "commit.repository"),
    _c("ref", "text", "ref of the commit built", "commit.ref"),
    _c("revision", "text", "the commit built", "commit.revision"),
    _c("priority", "int", "Swarming priority"),
    _c("experiments", "json", "list of experiments"),
    _c("exe", "text", "CIPD package that the build ran"),
    _c("created_by", "text", "identity that asked for it"),
    _c("url", "text", "where it can be seen"),
    _c("summary_markdown", "text", "the build's own summary"),
    _c("properties", "json", "output properties"),
    _c("source", "text", "log, or the builds file it was read from"),
    *_of_build(),
    _c("odd", "int", "impossible durations and times of it and its steps, which statistics leave out"),
    *_PLACE,
)

STEPS: Final = (
    _c("build_id", "text", "of the build"),
    _c("index", "int", "position in the build, from 0"),
    _c("name", "text", "full name: a nested step's begins with its parent's"),
    _c("parent", "text", "name of the step around it"),
    _c("status", "text", "in version 2's words"),
    _c("started_at", "time", "Buildbucket's clock"),
    _c("ended_at", "time", "Buildbucket's clock"),
    _d("duration_s", difference("ended_at", "started_at")),
    _c("summary_markdown", "text", "the step's own summary"),
    *_PLACE,
)

TRIGGERS: Final = (
    _c("invocation_id", "text", "of the invocation"),
    _c("direction", "text", "incoming or outgoing"),
    _c("id", "text", "the trigger's id"),
    _c("title", "text", "as the page shows it"),
    _c("url", "text", "where it links to"),
    _c("repository", "text", "repository of a gitiles trigger"),
    _c("ref", "text", "ref of a gitiles trigger"),
    _c("revision", "text", "commit of a gitiles trigger"),
    _c("emitted_by", "text", "identity that sent it"),
    *_WHOSE,
)

UNRECOGNIZED: Final = (
    _c("source", "text", "where it was read"),
    _c("line", "int", "line there"),
    _c("text", "text", "the whole entry"),
    _c("invocation_id", "text", "of the invocation"),
    *_PLACE,
)

FINDINGS: Final = (
    _c("source", "text", "where it was read"),
    _c("line", "int", "line there"),
    _c("code", "text", "what kind of finding it is; the README lists all codes"),
    _c("message", "text", "what was found, in one line"),
    _c("invocation_id", "text", "of the invocation"),
)

FAILURES: Final = (
    _c("source", "text", "what could not be read"),
    _c("reason", "text", "why, in one line"),
    _c("remedy", "text", "what to do about it"),
    _c("skipped", "bool", "whether it was left out of a folder, or a part of a file; false for a failure"),
    _c("line", "int", "line there"),
)


def _group(*keys: Column, after: Iterable[Column] = ()) -> tuple[Column, ...]:
    return (
        *keys,
        _c("invocations", "int", "how many invocations"),
        _c("succeeded", "int", "that ended SUCCEEDED"),
        _c("failed", "int", "that ended FAILED or OVERRUN"),
        _d("success_rate", ratio("succeeded", "succeeded", "failed")),
        _c("busy_s", "float", "sum of run_s"),
        _c(
            "utilization",
            "float",
            "busy_s over the span from first_seen to last_seen; null under 10 runs or 24 hours",
        ),
        *_statistics("run_s", "run_s"),
        *_statistics("queue_latency_s", "queue_latency_s"),
        _c("poll_count", "int", "sum of poll_count"),
        _c("poll_rpc_s", "float", "sum of poll_rpc_s"),
        _c("first_seen", "time", "earliest creation"),
        _c("last_seen", "time", "latest finish, or creation of what has not finished"),
        *after,
        _c("aborted", "int", "that ended ABORTED; neither a success nor a failure"),
        _c("unfinished", "int", "that have not ended"),
        _c("builds", "int", "builds, those without an invocation included"),
        _c("odd", "int", "sum of odd: impossible values that these statistics leave out"),
    )


BOTS: Final = _group(
    _c("bot_id", "text", "Swarming bot"),
    after=[c for c in BUILDS if c.name in ("pool", "os", "cpu", "cores", "machine_type", "zone")],
)
BUILDERS: Final = _group(
    _c("builder_id", "text", "project/bucket/builder, one name in both dialects of Buildbucket"),
    _c("project", "text", "LUCI project, as the newest record writes it"),
    _c("bucket", "text", "Buildbucket's bucket, as the newest record writes it"),
    _c("builder", "text", "Buildbucket's builder, as the newest record writes it"),
)
JOBS: Final = _group(_c("job_id", "text", "project/job"))

#: All tables by name, in the order in which ``--table all`` writes them.
TABLES: Final = {
    "invocations": INVOCATIONS,
    "events": EVENTS,
    "polls": POLLS,
    "attempts": ATTEMPTS,
    "builds": BUILDS,
    "steps": STEPS,
    "triggers": TRIGGERS,
    "unrecognized": UNRECOGNIZED,
    "findings": FINDINGS,
    "failures": FAILURES,
    "bots": BOTS,
    "builders": BUILDERS,
    "jobs": JOBS,
}

#: The rows of each table, in a sentence.
TABLE_MEANINGS: Final = {
    "invocations": "One row for each invocation.",
    "events": "One row for each entry of a log.",
    "polls": "One row for each status check of a build.",
    "attempts": "One row for each attempt to launch a build.",
    "builds": "One row for each build of Buildbucket.",
    "steps": "One row for each step of a build.",
    "triggers": "One row for each trigger, incoming or outgoing.",
    "unrecognized": "One row for each entry of no known kind.",
    "findings": "One row for each thing that was not understood or contradicts itself.",
    "failures": "One row for each input, or part of one, that could not be read or was skipped.",
    "bots": "Statistics of invocations and builds, one row for each bot.",
    "builders": "Statistics of invocations and builds, one row for each builder.",
    "jobs": "Statistics of invocations, one row for each job.",
}
