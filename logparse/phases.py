"""The tables of the engine's state machine: in which phases a message can be, and which can follow which."""

from __future__ import annotations

from typing import Final

#: Kinds of entries that are not messages of the scheduler.
LOG_CUT: Final = "log_cut"
LOG_FRAGMENT: Final = "log_fragment"

#: Kinds that can follow a quoted failure of the launch, of a check or of the whole invocation.
ENDINGS: Final = frozenset(
    {
        "attempt_retried",
        "attempts_exhausted",
        "invocation_aborted",
        "invocation_finished",
        "invocation_superseded",
        "launch_failed",
        "launch_skipped",
    }
)
FATAL: Final = frozenset({"abort_fatal", "notification_fatal", "timer_fatal"})
FINISH: Final = frozenset({"invocation_finished"})
#: A failed check can also be fatal, or be tried again.
AFTER_CHECK: Final = ENDINGS | {
    "abort_fatal",
    "notification_fatal",
    "notification_received",
    "timer_fatal",
    "timer_handled",
    "timer_scheduled",
    "timer_tick",
}
#: Kinds that quote a failure, each with the kinds that can follow it.
AFTER: Final = {
    **dict.fromkeys(
        (
            "build_request_failed",
            "controller_failed",
            "fetch_failed",
            "heads_fetch_failed",
            "launch_failed",
            "log_fetch_failed",
            "no_progress",
            "refs_fetch_failed",
            "state_fetch_failed",
            "task_request_failed",
            "topic_failed",
        ),
        ENDINGS,
    ),
    "build_fetch_failed": AFTER_CHECK,
    "task_fetch_failed": AFTER_CHECK,
    "build_request_rejected": ENDINGS | {"build_answered"},
    **dict.fromkeys((*FATAL, "fetch_response"), FINISH),
}

#: Writers of entries that only one kind of task has: an invocation has one task.
TASKS: Final = frozenset({"buildbucket", "gitiles", "noop", "swarming", "urlfetch"})
#: Buildbucket's messages that a task of Swarming wrote too.
SHARED: Final = frozenset({"task_url", "topic_failed", "topic_ready", "topic_requested"})
#: The writer of those in a `State`.
ANY_TASK: Final = "task"
#: Only the finish can follow these, or an error while the invocation ends.
LAST_WORDS: Final = frozenset(
    {
        "attempts_exhausted",
        "invocation_aborted",
        "invocation_superseded",
        "launch_skipped",
        "overruns_counted",
    }
)
AFTER_LAST_WORDS: Final = frozenset({"abort_fatal", "invocation_finished", "launch_skipped"})
#: After these an invocation can be over without a finish entry.
LAST_OF_ALL: Final = frozenset({"attempts_exhausted", "invocation_superseded", "overruns_counted"})
#: Kinds with which an invocation begins, whatever comes before them.
FIRST_OF_ALL: Final = frozenset({"invocation_queued", "overrun"})
#: Until this day each attempt could be an invocation of its own, whose log begins with the attempt.
OWN_INVOCATIONS: Final = "2017-10-02"
#: The process that launches writes these too, and ends with them.
LAUNCH_ENDS: Final = frozenset({"attempt_retried", "attempts_exhausted", "launch_failed"})
#: A launch saves the log in its middle after these. All other entries of an attempt are saved when it ends.
SAVED: Final = frozenset(
    {
        "attempt_started",
        "build_requested",
        "fetch_started",
        "refs_processed",
        "task_requested",
        "trigger_target",
    }
)
LAUNCHING: Final = frozenset({"launching"})
RUNNING: Final = frozenset({"running"})
AT_WORK: Final = LAUNCHING | RUNNING
#: The phases of an invocation that an entry can be in, where not all. Entries of a task: while it works.
PHASES: Final = {
    # The engine of 2015 to 2017 finished each attempt, and wrote this after the finish.
    "attempt_retried": LAUNCHING | {"finished"},
    # The execution after the last attempt gives up at once, so that no attempt need be under way.
    "attempts_exhausted": frozenset({"launching", "queued", "retrying"}),
    **dict.fromkeys(
        (
            "build_request_failed",
            "build_requested",
            "fetch_finished",
            "fetch_response",
            "fetch_started",
            "noop_started",
            "repo_watched",
            "task_requested",
            "topic_ready",
            "topic_requested",
        ),
        LAUNCHING,
    ),
    **dict.fromkeys(
        ("build_fetch_failed", "build_fetched", "build_status", "timer_handled", "timer_tick"), RUNNING
    ),
    "attempt_started": frozenset({"launching", "queued", "retrying"}),
    # A build that a lost request of an earlier attempt made can report before the next attempt has launched.
    "notification_received": AT_WORK | {"retrying"},
    "trigger_emitted": AT_WORK,
    "trigger_target": AT_WORK,
    "triggers_dispatched": AT_WORK,
}
#: The phase that an entry leads to.
PHASE_AFTER: Final = {
    "attempt_retried": "retrying",
    "attempt_started": "launching",
    "build_answer_invalid": "launching",
    "build_answered": "running",
    "build_fetched": "running",
    "build_status": "running",
    "invocation_finished": "finished",
    "invocation_queued": "queued",
    "task_answered": "running",
    "task_url": "running",
    "timer_scheduled": "running",
}
#: What an entry is not compared with: the log before it is missing, or was cut.
UNKNOWN_PHASES: Final = frozenset({"", "lost", "triage"})
