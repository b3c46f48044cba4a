"""Replaying a log: the entries of one invocation, read as what the scheduler did.

A walk goes over the entries once, in order, and collects facts: attempts, status checks,
exchanges with Buildbucket, what gitiles and url_fetch jobs did. Times are offsets of the
`Timeline` in microseconds, because the day may not be known yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from logparse.buildbucket import (
    Json,
    Request,
    answer_clock_us,
    answer_updated_us,
    decode_payload,
    read_build,
    read_request,
    read_swarming_task,
    status_in_v2,
)
from logparse.entries import Entry
from logparse.ids import TimerId, parse_timer_id
from logparse.records import Build, Finding, Gitiles, Noop, SwarmingTask, Trigger, UrlFetch
from logparse.rules import LOG_CUT, LOG_FRAGMENT
from logparse.timeline import Timeline

_URL_BUILD_RE: Final = re.compile(r"/(?:b|build)/(\d{16,19})$")
_GITILES_PATH_RE: Final = re.compile(r"https://\S++")
_REVISION_RE: Final = re.compile(r"[0-9a-f]{7,64}")


@dataclass(slots=True)
class AttemptFacts:
    """One attempt to launch."""

    attempt: int
    started: int | None
    ended: int | None = None
    outcome: str | None = None
    error: str | None = None


@dataclass(slots=True)
class PollFacts:
    """One status check."""

    source: str | None
    handled: int | None
    timer_id: str | None = None
    due: int | None = None
    answered: int | None = None
    status: str | None = None
    changed: bool | None = None
    is_answered: bool = False
    behind_cut: bool = False


@dataclass(slots=True)
class CutFacts:
    """A cut: what stands on both sides of it."""

    line: int
    before: int | None
    after: int | None = None
    mutation_before: int | None = None
    mutation_after: int | None = None


@dataclass(slots=True)
class Facts:
    """All that a walk found."""

    attempts: list[AttemptFacts] = field(default_factory=list)
    attempts_known: bool = True
    polls: list[PollFacts] = field(default_factory=list)
    cuts: list[CutFacts] = field(default_factory=list)
    timers: dict[str, int] = field(default_factory=dict)
    fired: set[str] = field(default_factory=set)
    timer_lines: dict[str, int] = field(default_factory=dict)
    timer_ids: list[TimerId] = field(default_factory=list)
    request: Request | None = None
    request_rpc_us: int | None = None
    exchanges: list[tuple[int, int, int]] = field(default_factory=list)
    anchors: list[tuple[int, int]] = field(default_factory=list)
    build: Build | None = None
    task_url: str | None = None
    task: SwarmingTask | None = None
    gitiles: Gitiles | None = None
    fetch: UrlFetch | None = None
    noop: Noop | None = None
    triggered_by: str | None = None
    outgoing: list[Trigger] = field(default_factory=list)
    finish: int | None = None
    finish_status: str | None = None
    duration_s: float | None = None
    launched: bool = False
    retrying: bool = False
    writers: set[str] = field(default_factory=set)
    attempt_of: list[int | None] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def walk(entries: list[Entry], timeline: Timeline) -> Facts:
    """Return the facts that the entries of one invocation tell."""
    walker = _Walker(timeline)
    for index, entry in enumerate(entries):
        walker.step(index, entry)
    walker.close_poll()
    return walker.facts


class _Walker:
    """The state of a replay. A method ``on_<kind>`` handles entries of that kind; others tell nothing."""

    def __init__(self, timeline: Timeline) -> None:
        self.facts = Facts()
        self._timeline = timeline
        self._index = 0
        self._offset: int | None = None
        self._last_offset: int | None = None
        self._requested: int | None = None
        self._poll: PollFacts | None = None
        self._status: str | None = None
        self._mutation: int | None = None
        self._cut_open = False
        self._after_cut = False

    def step(self, index: int, entry: Entry) -> None:
        facts = self.facts
        self._index = index
        self._offset = self._timeline.offsets[index]
        if entry.writer is not None and entry.shape != "triage":
            facts.writers.add(entry.writer)
        if self._cut_open and self._offset is not None:
            facts.cuts[-1].after = self._offset
            self._cut_open = False
        timer = entry.fields.get("timer_id")
        if isinstance(timer, str) and (parts := parse_timer_id(timer)) is not None:
            facts.timer_ids.append(parts)
            self._mutation = parts.mutation
            if facts.cuts and facts.cuts[-1].mutation_after is None:
                facts.cuts[-1].mutation_after = parts.mutation
        if entry.shape != "triage" and entry.kind is not None:
            handler = getattr(self, f"on_{entry.kind}", None)
            if handler is not None:
                handler(entry)
        facts.attempt_of.append(facts.attempts[-1].attempt if facts.attempts else None)
        if self._offset is not None:
            self._last_offset = self._offset

    # --- the engine ---------------------------------------------------------------------------

    def on_attempt_started(self, entry: Entry) -> None:
        attempt = entry.fields.get("attempt", 1)
        number = attempt if isinstance(attempt, int) else 1
        self.end_attempt("retried")
        self.facts.attempts.append(AttemptFacts(number, self._offset))
        self.facts.attempts_known = True
        self.facts.launched = False

    def end_attempt(self, outcome: str) -> None:
        """Close the attempt that is open; one that was launched keeps its outcome."""
        if self.facts.attempts and self.facts.attempts[-1].outcome is None:
            self.facts.attempts[-1].outcome = outcome
            self.facts.attempts[-1].ended = self._offset

    def launch(self) -> None:
        """Note that the attempt has got something running."""
        self.facts.launched = True
        self.facts.retrying = False
        self.end_attempt("launched")

    def on_attempt_retried(self, entry: Entry) -> None:
        self.end_attempt("retried")
        self.facts.retrying = True

    def fail(self, entry: Entry) -> None:
        """Note why the attempt failed; whether it is retried stands in the next entry."""
        if self.facts.attempts and self.facts.attempts[-1].outcome is None:
            error = entry.fields.get("error", entry.text)
            self.facts.attempts[-1].error = str(error)
        self.close_poll()

    on_topic_failed = on_build_request_failed = on_build_request_rejected = fail
    on_build_answer_invalid = on_launch_failed = on_controller_failed = on_task_request_failed = fail
    on_notification_fatal = on_timer_fatal = on_abort_fatal = fail

    def on_attempts_exhausted(self, entry: Entry) -> None:
        self.facts.retrying = False

    def on_invocation_triggered(self, entry: Entry) -> None:
        self.facts.triggered_by = str(entry.fields["triggered_by"]) or None

    def on_timer_scheduled(self, entry: Entry) -> None:
        after = entry.fields["after_s"]
        key = str(entry.fields.get("timer_id", entry.fields["title"]))
        assert isinstance(after, float)
        if self._offset is not None:
            self.facts.timers[key] = self._offset + round(after * 1e6)
            self.facts.timer_lines[key] = entry.line
        self.launch()

    def on_timer_handled(self, entry: Entry) -> None:
        title = str(entry.fields["title"])
        timer_id = entry.fields.get("timer_id")
        key = str(timer_id) if timer_id is not None else title
        self.facts.fired.add(key)
        if title.startswith("check-"):
            self.open_poll("timer")
            assert self._poll is not None
            self._poll.timer_id = str(timer_id) if timer_id is not None else None
            self._poll.due = self.facts.timers.get(key)

    def on_timer_ignored(self, entry: Entry) -> None:
        self.facts.fired.add(str(entry.fields.get("timer_id", entry.fields["title"])))

    def on_invocation_finished(self, entry: Entry) -> None:
        self.close_poll()
        status, duration = entry.fields["status"], entry.fields["duration_s"]
        assert isinstance(duration, float)
        self.facts.finish = self._index
        self.facts.finish_status = str(status)
        self.facts.duration_s = duration
        if not self.facts.launched:
            self.end_attempt(str(status).lower())

    def on_log_cut(self, entry: Entry) -> None:
        self.close_poll()
        cut = CutFacts(entry.line, self._last_offset, mutation_before=self._mutation)
        self.facts.cuts.append(cut)
        self._cut_open = self._after_cut = True
        if not self.facts.launched:
            self.facts.attempts_known = False

    def on_log_fragment(self, entry: Entry) -> None:
        self._after_cut = True

    # --- exchanges with Buildbucket -----------------------------------------------------------

    def payload(self, entry: Entry, name: str) -> Json | None:
        """Return the JSON object of a field; None, and a finding, where it is none."""
        decoded = decode_payload(str(entry.fields.get(name, "")))
        if decoded.error is not None:
            self.facts.findings.append(
                Finding(
                    code="payload-undecodable",
                    message=f"the payload of {entry.kind} is {decoded.error}",
                    line=entry.line,
                )
            )
        if decoded.tail:
            entry.tail = decoded.tail
        return decoded.value

    def on_build_requested(self, entry: Entry) -> None:
        self._requested = self._offset
        value = self.payload(entry, "request")
        if value is not None:
            self.facts.request = read_request(value)

    def on_build_answered(self, entry: Entry) -> None:
        value = self.payload(entry, "response" if "response" in entry.fields else "build")
        # Consumed: version 1 showed the answer to a check that it refused in the same way.
        asked, self._requested = self._requested, None
        if asked is not None and self._offset is not None:
            self.facts.request_rpc_us = self._offset - asked
        build = read_build(value) if value is not None else None
        if value is None or build is None:
            return
        self.learn(build, value, asked)
        self._status = build.status
        self.launch()

    def learn(self, build: Build, value: Json, asked: int | None) -> None:
        """Take over a build, and what its answer tells of Buildbucket's clock."""
        self.facts.build = build
        clock, updated = answer_clock_us(value), answer_updated_us(value)
        if self._offset is not None:
            if clock is not None and asked is not None:
                self.facts.exchanges.append((asked, self._offset, clock))
            if updated is not None:
                self.facts.anchors.append((self._offset, updated))

    def on_task_url(self, entry: Entry) -> None:
        self.facts.task_url = str(entry.fields["url"]).strip() or None
        found = _URL_BUILD_RE.search(self.facts.task_url or "")
        if found and self.facts.build is None and self.facts.task is None:
            self.facts.build = Build(id=found[1])
        self.launch()

    # --- status checks ------------------------------------------------------------------------

    def open_poll(self, source: str) -> None:
        self.close_poll()
        self._poll = PollFacts(source, self._offset, behind_cut=self._after_cut)

    def close_poll(self) -> None:
        """Keep a check that nothing answered."""
        if self._poll is not None:
            self.facts.polls.append(self._poll)
            self._poll = None

    def answer(self, status: str | None) -> PollFacts:
        """Close the open check with an answer. An answer to a check that was cut off has no source.

        Without a check, the answer belongs to the launch: the build had ended before it was asked for.
        """
        if self._poll is None and not self._after_cut:
            self._status = status
            return PollFacts(None, None)
        poll = self._poll or PollFacts(None, None, behind_cut=True)
        self._poll = None
        poll.answered, poll.status, poll.is_answered = self._offset, status, True
        poll.changed = None if poll.behind_cut and self._status is None else status != self._status
        self._status = status
        self.facts.polls.append(poll)
        return poll

    def on_notification_received(self, entry: Entry) -> None:
        self.open_poll("pubsub")

    def on_timer_tick(self, entry: Entry) -> None:
        if self._poll is None:
            self.open_poll("timer")
            assert self._poll is not None
            if self._after_cut:
                # The entry that tells when the check began was cut off with the timer's id.
                self._poll.handled = None
        elif self._poll.source is None:
            self._poll.source = "timer"

    def on_build_status(self, entry: Entry) -> None:
        fields = {name: str(value) for name, value in entry.fields.items()}
        build_id = fields.get("build_id")
        if build_id is not None and self.facts.build is None:
            self.facts.build = Build(id=build_id)
        status = status_in_v2(
            fields["status"],
            fields.get("result"),
            fields.get("failure_reason"),
            fields.get("cancelation_reason"),
        )
        self.answer(status)
        if self.facts.build is not None and not self.facts.build.final:
            self.facts.build.status = status
        self.launch()

    def on_build_fetched(self, entry: Entry) -> None:
        value = self.payload(entry, "response" if "response" in entry.fields else "build")
        build = read_build(value) if value is not None else None
        polls = self.facts.polls
        if self._poll is not None or "build" in entry.fields:
            poll = self.answer(build.status if build else None)
        else:
            poll = polls[-1] if polls else PollFacts(None, None)
        if value is not None and build is not None:
            self.learn(build, value, poll.handled)
            if poll.status is None:
                poll.status = build.status

    def on_build_fetch_failed(self, entry: Entry) -> None:
        self.close_poll()

    on_task_fetch_failed = on_build_fetch_failed

    # --- Swarming tasks -----------------------------------------------------------------------

    def swarming(self) -> SwarmingTask:
        if self.facts.task is None:
            self.facts.task = SwarmingTask()
        return self.facts.task

    def on_task_requested(self, entry: Entry) -> None:
        self._requested = self._offset
        value = self.payload(entry, "request")
        if value is not None:
            read_swarming_task(self.swarming(), value)

    def on_task_answered(self, entry: Entry) -> None:
        if self._requested is not None and self._offset is not None:
            self.facts.request_rpc_us = self._offset - self._requested
        value = self.payload(entry, "response")
        if value is not None:
            read_swarming_task(self.swarming(), value)
        self.launch()

    def on_task_fetched(self, entry: Entry) -> None:
        value = self.payload(entry, "response")
        if value is not None:
            read_swarming_task(self.swarming(), value)

    def on_task_deduplicated(self, entry: Entry) -> None:
        self.swarming().deduplicated = True

    def on_task_state(self, entry: Entry) -> None:
        task = self.swarming()
        task.state = str(entry.fields["state"])
        task.failure = bool(entry.fields["failure"])
        task.internal_failure = bool(entry.fields["internal_failure"])
        self.answer(task.state)

    # --- triggers, gitiles --------------------------------------------------------------------

    def on_trigger_emitted(self, entry: Entry) -> None:
        trigger_id = str(entry.fields["trigger_id"])
        repository, ref, revision = _split_trigger_id(trigger_id)
        self.facts.outgoing.append(
            Trigger(direction="outgoing", id=trigger_id, repository=repository, ref=ref, revision=revision)
        )
        if self.facts.gitiles is not None:
            self.facts.gitiles.emitted_triggers += 1

    def watch(self) -> Gitiles:
        if self.facts.gitiles is None:
            self.facts.gitiles = Gitiles()
        return self.facts.gitiles

    def on_repo_watched(self, entry: Entry) -> None:
        watched, refs = self.watch(), entry.fields["refs"]
        watched.repository = str(entry.fields["repository"])
        watched.refs = refs if isinstance(refs, list) else []

    def on_refs_fetched(self, entry: Entry) -> None:
        known, fetched = entry.fields["known"], entry.fields["fetched"]
        assert isinstance(known, int)
        assert isinstance(fetched, int)
        self.watch().known_refs, self.watch().fetched_refs = known, fetched

    def on_refs_saved(self, entry: Entry) -> None:
        count = entry.fields["count"]
        assert isinstance(count, int)
        self.watch().saved_refs = count

    def on_ref_new(self, entry: Entry) -> None:
        self.watch().changed_refs.append(str(entry.fields["ref"]))

    on_ref_updated = on_ref_new

    def on_ref_deleted(self, entry: Entry) -> None:
        self.watch().deleted_refs.append(str(entry.fields["ref"]))

    def on_refs_unresolved(self, entry: Entry) -> None:
        refs = entry.fields["refs"]
        self.watch().unresolved_refs = refs if isinstance(refs, list) else []

    def on_trigger_target(self, entry: Entry) -> None:
        if self.facts.gitiles is not None:
            self.facts.gitiles.triggered_jobs.append(str(entry.fields["job_id"]))

    def on_error_transient(self, entry: Entry) -> None:
        self.watch().errors.append(str(entry.fields.get("error", entry.text)))

    def on_state_fetch_failed(self, entry: Entry) -> None:
        self.on_error_transient(entry)
        self.fail(entry)

    on_no_progress = on_log_fetch_failed = on_heads_fetch_failed = on_refs_fetch_failed = on_error_transient
    on_ref_old_log_failed = on_ref_new_log_failed = on_namespace_fetch_failed = on_error_transient
    on_gitiles_failed = on_error_transient

    # --- noop ---------------------------------------------------------------------------------

    def on_noop_started(self, entry: Entry) -> None:
        sleep = entry.fields.get("sleep_s")
        self.facts.noop = Noop(sleep_s=sleep if isinstance(sleep, float) else None)

    def on_triggers_received(self, entry: Entry) -> None:
        count = entry.fields["count"]
        if self.facts.noop is not None and isinstance(count, int):
            self.facts.noop.received_triggers = count

    # --- url_fetch ----------------------------------------------------------------------------

    def fetched(self) -> UrlFetch:
        if self.facts.fetch is None:
            self.facts.fetch = UrlFetch()
        return self.facts.fetch

    def on_fetch_started(self, entry: Entry) -> None:
        self.fetched().method, self.fetched().url = str(entry.fields["method"]), str(entry.fields["url"])

    def on_fetch_finished(self, entry: Entry) -> None:
        duration = entry.fields["duration_s"]
        assert isinstance(duration, float)
        self.fetched().outcome, self.fetched().duration_s = str(entry.fields["status"]), duration

    def on_fetch_succeeded(self, entry: Entry) -> None:
        self.fetched().outcome = "SUCCEEDED"

    def on_fetch_failed(self, entry: Entry) -> None:
        self.fetched().error = str(entry.fields["error"])
        self.fail(entry)

    def on_fetch_response(self, entry: Entry) -> None:
        fetch, code = self.fetched(), entry.fields["status_code"]
        fetch.status_code = code if isinstance(code, int) else None
        fetch.reason = str(entry.fields["reason"])
        head, _, body = str(entry.fields["response"]).replace("\r\n", "\n").partition("\n\n")
        for line in head.splitlines():
            name, colon, value = line.partition(":")
            if colon:
                fetch.headers[name.strip()] = value.strip()
        fetch.body = body


def _split_trigger_id(trigger_id: str) -> tuple[str, str, str] | tuple[None, None, None]:
    """Return repository, ref and revision of a gitiles trigger, ``https://repository/+/ref@revision``."""
    path, _, revision = trigger_id.rpartition("@")
    repository, _, ref = path.rpartition("/+/")
    if not (ref and _GITILES_PATH_RE.fullmatch(path) and len(repository) > len("https://")):
        return None, None, None
    return (repository, ref, revision) if _REVISION_RE.fullmatch(revision) else (None, None, None)


#: Kinds of blocks that `step` handles although no message has them.
assert {LOG_CUT, LOG_FRAGMENT} <= {name.removeprefix("on_") for name in vars(_Walker)}
