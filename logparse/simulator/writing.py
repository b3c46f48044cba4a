"""The log and the page of an invocation, written forwards through the table of kinds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from logparse.language.message import Message
from logparse.simulator.payloads import V1_ENDS, Payloads
from logparse.simulator.story import Check, Story
from logparse.simulator.templates import Line, Log, in_use
from logparse.simulator.world import Era, World
from logparse.values.gonotation import format_duration

_TITLE: Final = "check-buildbucket-build-status"
#: How a launch fails for a while, and for good, and how a check fails, in both versions.
_BUSY: Final = {
    1: "googleapi: Error 503: The service is currently unavailable., backendError",
    2: "rpc error: code = Unavailable desc = Service Unavailable",
}
REFUSED: Final = {
    1: "googleapi: Error 403: The project cannot add builds to this bucket, forbidden",
    2: "rpc error: code = PermissionDenied desc = the project cannot add builds to this bucket",
}
NOT_FOUND: Final = {
    1: "googleapi: Error 404: Not Found: build not found, notFound",
    2: "rpc error: code = NotFound desc = requested resource not found",
}


@lru_cache(maxsize=8)
def _formats(day: int) -> dict[tuple[str, str], Message]:
    """Return the formats in use on a day, by kind and, where it matters, the version of Buildbucket."""
    found = {}
    for kind in (
        *("invocation_queued", "invocation_triggered", "attempt_started", "attempt_retried"),
        *(
            "topic_requested",
            "topic_ready",
            "build_requested",
            "task_url",
            "timer_scheduled",
            "timer_handled",
        ),
        *("notification_received", "invocation_aborted", "invocation_finished", "triggers_capped"),
        *("buildset_popped", "commit_popped", "timer_tick"),
    ):
        message = in_use(kind, day)
        if message is not None:
            found[kind, ""] = message
    for kind, v1, v2 in (
        ("build_answered", "Buildbucket response", "Scheduled build"),
        ("build_request_failed", "Failed to add", "Failed to schedule"),
        ("build_status", "Build %d", "Build status"),
        ("build_fetched", "Buildbucket build", "Build:"),
        ("build_fetch_failed", "Failed to fetch buildbucket", "Failed to fetch build -"),
    ):
        for version, start in (("1", v1), ("2", v2)):
            message = in_use(kind, day, start=start)
            if message is not None:
                found[kind, version] = message
    return found


class Script:
    """The lines of a builder's logs at a time.

    Parameters
    ----------
    world, payloads:
        The world, and the payloads of the builder in it.
    era:
        How the scheduler wrote then.
    """

    def __init__(self, world: World, payloads: Payloads, era: Era) -> None:
        self._world = world
        self._payloads = payloads
        self._formats = _formats(era.day)
        self._asks, self._checks = str(era.asks), str(era.checks)
        server, topic = f"https://{world.fleet.project.server}", payloads.topic
        self._queued = Line(self._formats["invocation_queued", ""])
        self._triggered = Line(self._formats["invocation_triggered", ""])
        self._starts: dict[int, Line] = {}
        self._retried = Line(self._formats["attempt_retried", ""])
        self._topic = Line(self._formats["topic_requested", ""], {"publisher": server})
        self._ready = Line(self._formats["topic_ready", ""], {"topic": topic})
        self._requested = Line(self._formats["build_requested", ""])
        self._answered = Line(self._formats["build_answered", self._asks])
        asks, checks = era.asks, era.checks
        failed = self._formats["build_request_failed", self._asks]
        self._busy = Line(failed, {"error": _BUSY[asks]})
        self._refused = Line(failed, {"error": REFUSED[asks]})
        self._url = Line(self._formats["task_url", ""])
        self._scheduled = Line(self._formats["timer_scheduled", ""], {"title": _TITLE})
        self._handled = Line(self._formats["timer_handled", ""], {"title": _TITLE})
        self._notified = Line(self._formats["notification_received", ""])
        self._not_found = Line(
            self._formats["build_fetch_failed", self._checks], {"error": NOT_FOUND[checks]}
        )
        self._fetched = Line(self._formats["build_fetched", self._checks])
        self._aborted = Line(self._formats["invocation_aborted", ""])
        self._finished: dict[str, Line] = {}
        self._statuses: dict[str, Line] = {}
        self._tick = self._optional("timer_tick") if checks == 1 else None
        self._popped = self._optional("buildset_popped")
        self._commit_popped = self._optional("commit_popped") if asks == 2 else None
        self._capped = self._optional("triggers_capped")

    def _optional(self, kind: str) -> Line | None:
        """Return the line of a kind that the scheduler did not always write."""
        message = self._formats.get((kind, ""))
        return None if message is None else Line(message)

    def write(self, story: Story, revisions: Sequence[str]) -> Log:
        """Return the log of an invocation, to its end."""
        log = Log()
        plan = story.plan
        log.add(story.queued, self._queued)
        if plan.user is not None:
            log.add(story.queued, self._triggered, self._world.fleet.load.users[plan.user])
        log.save()
        for number, attempt in enumerate(plan.attempts, 1):
            log.add(attempt.started, self._start(number))
            log.save()
            self._ask(log, story, list(revisions), attempt.started, attempt.asked)
            if number < len(plan.attempts):
                log.add(attempt.answered, self._busy)
                log.add(attempt.answered, self._retried)
                log.save()
        if plan.launched:
            self._launch(log, story, list(revisions))
            for check in story.checks:
                self._check(log, story, list(revisions), check)
            if story.aborted is not None:
                log.add(story.aborted, self._aborted, self._aborter(story))
        else:
            log.add(plan.attempts[-1].answered, self._refused)
        duration = (story.finished_us - plan.created * 1000) / 1e6
        log.add(story.finished, self._end(story.status), format_duration(duration))
        log.save()
        return log

    def _aborter(self, story: Story) -> str:
        return aborter(self._world, story)

    def _start(self, number: int) -> Line:
        if number not in self._starts:
            message = self._formats["attempt_started", ""]
            self._starts[number] = Line(message, {"attempt": number}, attempt=number)
        return self._starts[number]

    def _end(self, status: str) -> Line:
        if status not in self._finished:
            message = self._formats["invocation_finished", ""]
            self._finished[status] = Line(message, {"status": status}, status=status)
        return self._finished[status]

    # --- launching ------------------------------------------------------------------------------

    def _ask(self, log: Log, story: Story, revisions: list[str], started: int, asked: int) -> None:
        """Write an attempt up to its request."""
        plan, given = story.plan, len(revisions)
        folded = plan.end_commit - plan.first_commit
        if self._capped is not None and plan.user is None and folded > given:
            log.add(started, self._capped, str(folded), str(given))
        if self._commit_popped is not None and plan.user is None:
            self._pop(log, started, revisions[-1])
        log.add(started, self._topic)
        log.add(asked, self._ready)
        payloads = self._payloads
        request = payloads.v1_request if self._asks == "1" else payloads.v2_request
        log.add(asked, self._requested, request(story, revisions))

    def _pop(self, log: Log, ms: int, revision: str) -> None:
        """Write which tags version 2 of the API replaced by a field."""
        (key, buildset), _ = self._payloads.commit_tags(revision)
        if self._popped is not None:
            # A name has no character that Go would escape.
            log.add(ms, self._popped, f'"{key}:{buildset}"')
        if self._commit_popped is not None:
            log.add(ms, self._commit_popped)

    def _launch(self, log: Log, story: Story, revisions: list[str]) -> None:
        """Write the answer to the request, and the first timer."""
        payloads, plan = self._payloads, story.plan
        now = plan.attempts[-1].answered
        if self._asks == "1":
            parameters = payloads.v1_parameters(story, revisions)
            answer = payloads.v1_build(story, revisions[-1], parameters, story.answer_us, is_end=False)
        else:
            answer = payloads.v2_build(story, revisions[-1], is_end=False)
        log.add(now, self._answered, answer)
        log.add(now, self._url, task_url(self._world, story))
        self._timer(log, story, now, story.first_timer, story.first_delay_s)
        log.save()

    def _timer(self, log: Log, story: Story, ms: int, mutation: int, delay_s: int) -> None:
        log.timer(ms, self._scheduled, mutation, self._timer_id(story, mutation), _delay(delay_s))

    def _timer_id(self, story: Story, mutation: int) -> str:
        return f"{self._payloads.job}:{story.invocation_id}:{mutation}:0"

    # --- checking -------------------------------------------------------------------------------

    def _check(self, log: Log, story: Story, revisions: list[str], check: Check) -> None:
        """Write a status check, and the next timer."""
        began, answered = check.began, check.answered
        if check.timer is None:
            log.add(began, self._notified)
        else:
            log.timer(began, self._handled, check.timer, self._timer_id(story, check.timer))
            if self._tick is not None:
                log.add(began, self._tick)
        if not check.status:
            log.add(answered, self._not_found)
            return
        is_end = check.status not in ("SCHEDULED", "STARTED")
        if self._checks == "1":
            self._v1_status(log, story, revisions, check, is_end=is_end)
        elif is_end:
            log.add(answered, self._fetched, self._payloads.v2_build(story, revisions[-1], is_end=True))
        else:
            log.add(answered, self._status(check.status))
        if check.next_timer is not None:
            self._timer(log, story, answered, check.next_timer, check.delay_s)
        if not is_end:
            log.save()

    def _status(self, status: str) -> Line:
        if status not in self._statuses:
            message = self._formats["build_status", self._checks]
            reasons = {"result": "", "failure_reason": "", "cancelation_reason": ""}
            known = {"status": status, **(reasons if self._checks == "1" else {})}
            self._statuses[status] = Line(message, known, status=status)
        return self._statuses[status]

    def _v1_status(self, log: Log, story: Story, revisions: list[str], check: Check, *, is_end: bool) -> None:
        if not is_end:
            log.add(check.answered, self._status(check.status), story.build_id)
            return
        result, failure, cancelation = V1_ENDS[story.plan.result]
        known = {"result": result, "failure_reason": failure, "cancelation_reason": cancelation}
        line = Line(self._formats["build_status", "1"], {"status": "COMPLETED", **known}, status="COMPLETED")
        log.add(check.answered, line, story.build_id)
        payloads = self._payloads
        parameters = payloads.v1_parameters(story, revisions)
        build = payloads.v1_build(story, revisions[-1], parameters, check.read_us, is_end=True)
        log.add(check.answered, self._fetched, build)


@lru_cache(maxsize=1024)
def _delay(seconds: int) -> str:
    return format_duration(seconds)


def aborter(world: World, story: Story) -> str:
    """Return who aborts an invocation."""
    users = world.fleet.load.users
    return users[story.plan.number % len(users)]


def task_url(world: World, story: Story) -> str:
    """Return the URL of the build that the log names."""
    project = world.fleet.project
    if story.era.asks == 1:
        return f"https://{project.site}/b/{story.build_id}"
    return f"https://{project.server}/build/{story.build_id}"
