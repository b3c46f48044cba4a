"""Replaying what the engine and Buildbucket wrote: attempts, timers, requests, status checks.

`logparse.engine.walk` adds what single kinds of tasks write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from logparse.buildbucket import (
    Json,
    answer_clock_us,
    decode_payload,
    read_build,
    read_request,
    status_in_v2,
)
from logparse.engine.effects import ERROR, Effect
from logparse.engine.entries import REMARKS, Entry
from logparse.engine.facts import AttemptFacts, CutFacts, Due, Exchange, Facts, PollFacts, Seen, Wait
from logparse.engine.kinds import EFFECTS, LOG_CUT, TASKS, with_trait
from logparse.language.messages import Value
from logparse.records import Build, Finding
from logparse.records.odd import attempt_number, is_lost_number
from logparse.values.clock import DAY_US, from_datetime
from logparse.values.days import Stamp
from logparse.values.ids import parse_timer_id

_URL_BUILD_RE: Final = re.compile(r"/(?:b|build)/(\d{16,19})$")
#: A build that an answer shows was created by its request where their clocks agree as well as this.
SAME_EXCHANGE_US: Final = 10 * 60 * 1_000_000
_LAUNCHES: Final = with_trait("launches")
_LAUNCHED: Final = with_trait("launched")


class Replay:
    """The state of a replay. It applies the effects that the table of kinds states for each entry.

    A method ``on_<kind>`` has the logic of a kind whose row says ``run``.
    """

    def __init__(self) -> None:
        self.facts = Facts()
        self._index = 0
        self._last: int | None = None
        self._begun = False
        self._lost = True
        self._requested: int | None = None
        self._poll: PollFacts | None = None
        self.status: str | None = None
        """The status of the build that was known last."""
        self._mutation: int | None = None
        self._cut_open = False
        self._undecodable: tuple[Entry, str] | None = None
        self._after_cut = False

    def step(self, index: int, entry: Entry) -> None:
        facts = self.facts
        self._index = index
        has_clock = entry.shape == "entry" and entry.clock_ms is not None
        if entry.writer is not None and entry.shape != "triage":
            facts.writers.add(entry.writer)
        if self._cut_open and has_clock:
            facts.cuts[-1].after = index
            self._cut_open = False
        timer = entry.fields.get("timer_id")
        if isinstance(timer, str) and (parts := parse_timer_id(timer)) is not None:
            facts.timer_ids.append(parts)
            self._mutation = parts.mutation
            if facts.cuts and facts.cuts[-1].mutation_after is None:
                facts.cuts[-1].mutation_after = parts.mutation
        if entry.kind != LOG_CUT:
            self.close_payload()
        self._undecodable = None
        for code in entry.remarks:
            self._find(entry, code, REMARKS[code])
        if entry.shape != "triage" and entry.kind is not None:
            self._note_launch(entry)
            for effect in EFFECTS.get(entry.kind, ()):
                self._apply(effect, entry)
        facts.attempt_of.append(facts.attempts[-1].attempt if facts.attempts else None)
        if has_clock:
            self._last = index

    def _apply(self, effect: Effect, entry: Entry) -> None:
        if effect.action == "run":
            getattr(self, f"on_{entry.kind}")(entry)
        elif effect.action == "fail":
            self.fail(entry)
        elif effect.action == "open":
            self.open_poll(effect.value)
        elif effect.action == "close":
            self.close_poll()
        elif not effect.only_where_known or effect.part in self.facts.parts:
            self._change(effect, entry)

    def _change(self, effect: Effect, entry: Entry) -> None:
        """Set a field of the record of a job, or append to it."""
        part = self.facts.part(effect.part)
        value = effect.value
        if not effect.is_constant:
            value = error_of(entry) if value == ERROR else entry.fields.get(value)
        if effect.action == "append":
            getattr(part, effect.field).append(str(value))
        elif isinstance(value, effect.type):
            setattr(part, effect.field, value)

    def _note_launch(self, entry: Entry) -> None:
        """Note a launch whose beginning the log does not show."""
        if self._begun or self.facts.launched:
            return
        shown = entry.writer in TASKS or entry.kind in _LAUNCHED
        if entry.kind in _LAUNCHES or (self._lost and shown):
            self.facts.launch_unseen = True

    # --- the engine ---------------------------------------------------------------------------

    def on_attempt_started(self, entry: Entry) -> None:
        stated = entry.fields.get("attempt", 1)
        number = attempt_number(stated)
        if number is None:
            self._find(entry, "odd-value", f"{stated} is not a possible number of an attempt")
        self.end_attempt("retried")
        self.facts.attempts.append(AttemptFacts(number, self._index))
        self.facts.launched = self.facts.launch_unseen = self._lost = False
        self._begun = True

    def end_attempt(self, outcome: str) -> None:
        """Close the attempt that is open; one that was launched keeps its outcome."""
        if self.facts.attempts and self.facts.attempts[-1].outcome is None:
            self.facts.attempts[-1].outcome = outcome
            self.facts.attempts[-1].ended = self._index

    def launch(self) -> None:
        """Note that the attempt has got something running."""
        self.facts.launched = True
        if self.facts.launched_at is None:
            self.facts.launched_at = self._index
        self.facts.retrying = False
        self.end_attempt("launched")

    def on_attempt_retried(self, entry: Entry) -> None:
        self.end_attempt("retried")
        self.facts.retrying = True
        self._begun = False

    def fail(self, entry: Entry) -> None:
        """Note why the attempt failed. The next entry shows whether it is retried."""
        if self.facts.attempts and self.facts.attempts[-1].outcome is None:
            self.facts.attempts[-1].error = error_of(entry)
        self.close_poll()

    def on_attempts_exhausted(self, entry: Entry) -> None:
        self.facts.retrying = False

    def on_invocation_triggered(self, entry: Entry) -> None:
        self.facts.triggered_by = str(entry.fields["triggered_by"]) or None

    def on_timer_scheduled(self, entry: Entry) -> None:
        after = entry.fields["after_s"]
        key = str(entry.fields.get("timer_id", entry.fields["title"]))
        assert isinstance(after, float)
        self.facts.timers[key] = Due(self._index, round(after * 1e6))
        self.facts.timer_lines[key] = entry.line
        self.launch()

    def on_timer_handled(self, entry: Entry) -> None:
        title = str(entry.fields["title"])
        timer_id = entry.fields.get("timer_id")
        key = str(timer_id) if timer_id is not None else title
        self.facts.fired.add(key)
        due = self.facts.timers.get(key)
        if due is not None:
            self.facts.waits.append(Wait(due.entry, self._index, due.after_us))
        if title.startswith("check-"):
            self.open_poll("timer")
            assert self._poll is not None
            self._poll.timer_id = str(timer_id) if timer_id is not None else None
            self._poll.due = due

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
            if self._lost and self.facts.cuts:
                # What failed was launched in the lines that were cut out.
                self.facts.launch_unseen = True

    def on_log_cut(self, entry: Entry) -> None:
        self.close_poll()
        cut = CutFacts(entry.line, self._last, mutation_before=self._mutation)
        self.facts.cuts.append(cut)
        self._cut_open = self._after_cut = True
        if not self.facts.launched:
            self._begun, self._lost = False, True

    def on_log_fragment(self, entry: Entry) -> None:
        self._after_cut = True

    # --- exchanges with Buildbucket -----------------------------------------------------------

    def payload(self, entry: Entry, name: str) -> Json | None:
        """Return the JSON object of a field; None, and a finding, where it is none."""
        decoded = decode_payload(str(entry.fields.get(name, "")))
        if decoded.error is not None:
            self._undecodable = entry, f"the payload of {entry.kind} is {decoded.error}"
        if decoded.tail:
            entry.tail = decoded.tail
        return decoded.value

    def close_payload(self) -> None:
        """Add the finding for a payload that is not JSON, but not where a cut broke it off."""
        if self._undecodable is not None:
            self._find(self._undecodable[0], "payload-undecodable", self._undecodable[1])

    def _find(self, entry: Entry, code: str, message: str) -> None:
        self.facts.findings.append(Finding(code=code, message=message, line=entry.line))

    def on_build_requested(self, entry: Entry) -> None:
        self._requested = self._index
        value = self.payload(entry, "request")
        if value is not None:
            self.facts.request = read_request(value)

    def on_build_answered(self, entry: Entry) -> None:
        value = self.payload(entry, "response" if "response" in entry.fields else "build")
        # Consumed: version 1 showed the answer to a check that it refused in the same way.
        asked, self._requested = self._requested, None
        if asked is not None:
            self.facts.request_rpc = asked, self._index
        build = read_build(value) if value is not None else None
        if value is None or build is None:
            return
        self.learn(entry, build, value, asked)
        self._stamp(entry, build, value, is_launch=True)
        self.status = build.status
        self.launch()

    def learn(self, entry: Entry, build: Build, value: Json, asked: int | None) -> None:
        """Take over a build, and Buildbucket's clock where its answer states it."""
        self.facts.build = build
        if is_lost_number(build, value):
            self._find(entry, "odd-value", "the number of the build has more than 64 bits")
        clock = answer_clock_us(value)
        if clock is not None and asked is not None:
            self.facts.exchanges.append(Exchange(asked, self._index, clock))

    def _stamp(self, entry: Entry, build: Build, value: Json, *, is_launch: bool = False) -> None:
        """Note when an answer was given, by the times that it states."""
        clock = answer_clock_us(value)
        if clock is not None:
            self.facts.stamps.append(Stamp(self._index, clock, exact=True))
            return
        created = from_datetime(build.created_at) if build.created_at is not None else None
        if is_launch and created is not None and entry.clock_ms is not None:
            apart = (entry.clock_ms * 1000 - created + DAY_US // 2) % DAY_US - DAY_US // 2
            if abs(apart) <= SAME_EXCHANGE_US:
                self.facts.stamps.append(Stamp(self._index, created, exact=True))
                return
        moments = (build.created_at, build.started_at, build.completed_at, build.updated_at)
        for moment in moments:
            if moment is not None:
                self.facts.stamps.append(Stamp(self._index, from_datetime(moment), exact=False))

    def on_task_url(self, entry: Entry) -> None:
        self.facts.task_url = str(entry.fields["url"]).strip() or None
        found = _URL_BUILD_RE.search(self.facts.task_url or "")
        if found and self.facts.build is None and "swarming_task" not in self.facts.parts:
            self.facts.build = Build(id=found[1])
        self.launch()

    # --- status checks ------------------------------------------------------------------------

    def open_poll(self, source: str) -> None:
        self.close_poll()
        self._poll = PollFacts(source, self._index, behind_cut=self._after_cut)

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
            self.status = status
            return PollFacts(None, None)
        poll = self._poll or PollFacts(None, None, behind_cut=True)
        self._poll = None
        poll.answered, poll.status, poll.is_answered = self._index, status, True
        poll.changed = None if poll.behind_cut and self.status is None else status != self.status
        self.status = status
        self.facts.polls.append(poll)
        return poll

    def on_timer_tick(self, entry: Entry) -> None:
        if self._poll is None:
            self.open_poll("timer")
            assert self._poll is not None
            if self._after_cut:
                # The entry at which the check began was cut off with the timer's id.
                self._poll.handled = None
        elif self._poll.source is None:
            self._poll.source = "timer"

    def on_build_status(self, entry: Entry) -> None:
        build_id = entry.fields.get("build_id")
        if isinstance(build_id, str) and self.facts.build is None:
            self.facts.build = Build(id=build_id)
        status = status_of(entry.fields)
        poll = self.answer(status)
        known = self.facts.build.id if self.facts.build is not None else None
        self._see(build_id if isinstance(build_id, str) else known, poll)
        if self.facts.build is not None and not self.facts.build.final:
            self.facts.build.status = status
        self.launch()

    def _see(self, build_id: str | None, poll: PollFacts) -> None:
        """Note the status that an answered check saw."""
        if build_id is not None and poll.status is not None:
            is_news = poll.source == "pubsub" and poll.changed is not False
            self.facts.seen.append(Seen(self._index, build_id, poll.status, is_news))

    def on_build_fetched(self, entry: Entry) -> None:
        value = self.payload(entry, "response" if "response" in entry.fields else "build")
        build = read_build(value) if value is not None else None
        polls = self.facts.polls
        if self._poll is not None or "build" in entry.fields:
            poll = self.answer(build.status if build else None)
            self._see(build.id if build else None, poll)
        else:
            poll = polls[-1] if polls else PollFacts(None, None)
        if value is not None and build is not None:
            self.learn(entry, build, value, poll.handled)
            self._stamp(entry, build, value)
            if poll.status is None:
                poll.status = build.status


def status_of(fields: Mapping[str, Value]) -> str | None:
    """Return the status that an entry of the kind `build_status` states, in version 2's words."""
    names = ("status", "result", "failure_reason", "cancelation_reason")
    status, *reasons = (None if name not in fields else str(fields[name]) for name in names)
    return status_in_v2(status, *reasons)


def error_of(entry: Entry) -> str:
    """Return the error that an entry quotes, or its text where it quotes none."""
    return str(entry.fields.get("error", entry.text))
