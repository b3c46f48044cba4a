"""The tables of invocations and their parts: entries, status checks, attempts, triggers."""

from __future__ import annotations

from typing import Final

from logparse.columns.column import derived as _d
from logparse.columns.column import plain as _c
from logparse.columns.derivations import count, difference, largest, mean, ratio, rest, total, total_or_null
from logparse.columns.shared import PLACE, WHOSE, of_build

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
        meaning="of these, those that showed the status known already",
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
    _c(
        "id_from", "text", "where the invocation id was read: request, timer, page, trigger, file name or tag"
    ),
    _d("cut_s", total_or_null("cuts", "lost_s"), meaning="time that cuts took out of the log"),
    _d(
        "cut_polls_max",
        total_or_null("cuts", "lost_polls_max"),
        meaning="status checks that cuts took out of the log, at most",
    ),
    *of_build("build."),
    _c("odd", "int", "impossible durations and times in this row, which statistics leave out"),
    _d("launch_wait_s", difference("build_created_at", "created_at"), " = scheduler_wait_s + launch_s"),
    _c("aborted_by", "text", "identity that aborted the invocation, as its log names it"),
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
    *PLACE,
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
    *WHOSE,
)

ATTEMPTS: Final = (
    _c("invocation_id", "text", "of the invocation"),
    _c("attempt", "int", "number of the attempt, from 1 to 51; null for an impossible one"),
    _c("started_at", "time", "when it began"),
    _c("ended_at", "time", "when it ended: launched, or failed"),
    _c("outcome", "text", "launched, retried, succeeded, failed or aborted; null while it goes on"),
    _c("error", "text", "why it failed"),
    _d("duration_s", difference("ended_at", "started_at")),
    *WHOSE,
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
    *WHOSE,
)

UNRECOGNIZED: Final = (
    _c("source", "text", "where it was read"),
    _c("line", "int", "line there"),
    _c("text", "text", "the whole entry"),
    _c("invocation_id", "text", "of the invocation"),
    *PLACE,
)
