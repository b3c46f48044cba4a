"""The typed records: what one invocation of the LUCI Scheduler was, as plain data.

Times are aware datetimes in UTC, durations are seconds as float in fields that end in ``_s``,
ids are strings, and what the log does not tell is None, never 0. Records are read-only by habit,
compare by value, print well and render as a small table in a notebook.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from logparse.language.message import Value
from logparse.records.base import Record as Record
from logparse.records.builds import Bot as Bot
from logparse.records.builds import Build as Build
from logparse.records.builds import Commit as Commit
from logparse.records.builds import Step as Step
from logparse.records.jobs import Gitiles as Gitiles
from logparse.records.jobs import Noop as Noop
from logparse.records.jobs import SwarmingTask as SwarmingTask
from logparse.records.jobs import UrlFetch as UrlFetch


class Event(Record):
    """One entry of the log.

    `at` is None where the day is not known, `clock` (``HH:MM:SS.mmm``) is kept all the same;
    `offset_s` counts from the first entry. `kind` is None for an entry of no known kind.
    `suspicious` holds lines that imitate entries and were judged to be the entry's text, `tail`
    lines after the message that are not part of it.
    """

    seq: int
    line: int
    at: datetime | None = None
    clock: str | None = None
    offset_s: float | None = None
    attempt: int | None = None
    kind: str | None = None
    fields: dict[str, Value] = {}
    text: str = ""
    tail: str = ""
    suspicious: list[tuple[int, str]] = []


class Attempt(Record):
    """One attempt to launch. `outcome` is launched, retried, succeeded, failed or aborted.

    `attempt` is its number, None where the log gives it an impossible one.
    """

    attempt: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    outcome: str | None = None
    error: str | None = None


class Poll(Record):
    """One check of the build's status, started by a timer or by a PubSub notification.

    `handled_at` is when the check began, `lateness_s` is that minus `due_at` (negative where the
    timer came early), `rpc_s` is `answered_at` minus `handled_at`. `status` is in v2's words,
    `changed` is true where it differs from the last one known.
    """

    seq: int
    source: str | None = None
    timer_id: str | None = None
    due_at: datetime | None = None
    handled_at: datetime | None = None
    answered_at: datetime | None = None
    lateness_s: float | None = None
    rpc_s: float | None = None
    status: str | None = None
    changed: bool | None = None
    answered: bool = False


class Trigger(Record):
    """A trigger that made an invocation start (incoming), or that it emitted for other jobs (outgoing)."""

    direction: str
    id: str | None = None
    title: str | None = None
    url: str | None = None
    repository: str | None = None
    ref: str | None = None
    revision: str | None = None
    emitted_by: str | None = None


class Cut(Record):
    """A place where the scheduler trimmed the log: the time lost, and the most status checks lost."""

    line: int
    lost_s: float | None = None
    lost_polls_max: int | None = None


class Finding(Record):
    """Something that the reader of an input should know: a code that the docs list, a place, a sentence.

    `build_id` is that of a build which no invocation has.
    """

    code: str
    message: str
    source: str | None = None
    line: int | None = None
    invocation_id: str | None = None
    build_id: str | None = None


class Invocation(Record, dict=True):
    """One invocation: its ids, its times, its measures, and its parts.

    The five phases ``scheduler_wait_s``, ``launch_s``, ``pending_s``, ``run_s`` and
    ``finish_lag_s`` add up to ``duration_s`` to the microsecond whenever all five are known.
    `logparse.columns` has the meanings of all fields that are columns. An invocation that only a
    build shows (`origin` is ``build``) has no entries.

    Lists of parts can be made when they are first asked for: see `put_off`.
    """

    invocation_id: str | None = None
    id_from: str | None = None
    job_id: str | None = None
    project: str | None = None
    job: str | None = None
    task_kind: str | None = None
    status: str | None = None
    triggered_by: str | None = None
    created_at: datetime | None = None
    launched_at: datetime | None = None
    finished_at: datetime | None = None
    duration_s: float | None = None
    bucket: str | None = None
    builder: str | None = None
    builder_id: str | None = None
    build_url: str | None = None
    commit: Commit | None = None
    trigger_count: int | None = None
    scheduler_wait_s: float | None = None
    launch_s: float | None = None
    pending_s: float | None = None
    run_s: float | None = None
    finish_lag_s: float | None = None
    launch_wait_s: float | None = None
    queue_latency_s: float | None = None
    overhead_s: float | None = None
    request_rpc_s: float | None = None
    poll_count: int | None = None
    poll_unchanged: int | None = None
    poll_rpc_s: float | None = None
    poll_rpc_max_s: float | None = None
    poll_overhead_ratio: float | None = None
    poll_lateness_mean_s: float | None = None
    notification_count: int | None = None
    start_notify_lag_s: float | None = None
    finish_notify_lag_s: float | None = None
    clock_offset_min_s: float | None = None
    clock_offset_max_s: float | None = None
    truncated: bool | None = False
    unrecognized: int | None = 0
    suspicious: int | None = 0
    aborted_by: str | None = None
    error: str | None = None
    attempt_count: int | None = None
    build: Build | None = None
    swarming_task: SwarmingTask | None = None
    gitiles: Gitiles | None = None
    url_fetch: UrlFetch | None = None
    noop: Noop | None = None
    attempts: list[Attempt] = []
    polls: list[Poll] = []
    triggers: list[Trigger] = []
    tags: list[str] = []
    properties: dict[str, Any] = {}
    definition: str | None = None
    definition_revision: str | None = None
    cuts: list[Cut] = []
    events: list[Event] = []
    findings: list[Finding] = []
    origin: str = "log"
    repeats: int = 0
    source: str | None = None
    source_line: int | None = None

    def put_off(self, **makers: Callable[[], list[Any]]) -> None:
        """Have a function make the list of a field when it is first asked for.

        Until then the field is unset. Python's access to it makes the list, and so do comparing, copying
        deeply, pickling and printing. msgspec's functions do not make it: they need `whole`.

        Parameters
        ----------
        makers:
            The function of each field, by the field's name: ``events`` or ``polls``.
        """
        self.__dict__.setdefault("makers", {}).update(makers)
        for name in makers:
            delattr(self, name)

    @property
    def put_off_fields(self) -> dict[str, Callable[[], list[Any]]]:
        """The functions of the fields that are not made yet, by their names."""
        return dict(self.__dict__.get("makers", {}))

    def whole(self) -> Invocation:
        """Return this record once all its fields are made."""
        for name in self.put_off_fields:
            getattr(self, name)
        return self

    def with_events(self) -> Invocation:
        """Return this record once its events are made. Deprecated: use `whole`."""
        warnings.warn("with_events is now whole", DeprecationWarning, stacklevel=2)
        return self.whole()

    def passing(self, name: str) -> list[Any]:
        """Return the list of a field without keeping it where it is not made yet."""
        make = self.put_off_fields.get(name)
        return getattr(self, name) if make is None else make()

    if not TYPE_CHECKING:
        # A type checker would take every name for an attribute.
        def __getattr__(self, name: str) -> Any:
            make = self.__dict__.get("makers", {}).pop(name, None)
            if make is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            setattr(self, name, make())
            return getattr(self, name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Invocation):
            return NotImplemented
        self.whole()
        other.whole()
        return super().__eq__(other)

    def __reduce__(self) -> Any:
        self.whole()
        return super().__reduce__()

    def __copy__(self) -> Invocation:
        makers = self.put_off_fields
        copied = Invocation(**self.made_fields())
        if makers:
            copied.put_off(**makers)
        return copied

    def made_fields(self) -> dict[str, Any]:
        """Return the values of the fields that are made, by name."""
        makers = self.__dict__.get("makers", {})
        return {name: getattr(self, name) for name in self.__struct_fields__ if name not in makers}

    @property
    def bot(self) -> Bot | None:
        """The bot that ran the build or the task, where the log names it."""
        for part in (self.build, self.swarming_task):
            if part is not None and part.bot is not None:
                return part.bot
        return None

    def _repr_html_(self) -> str:
        return self._table((name, value) for name, value in self._known() if name in _IN_NOTEBOOKS)

    @property
    def phases(self) -> dict[str, float | None]:
        """The five phases in order, by name, in seconds."""
        return {
            name: getattr(self, name)
            for name in ("scheduler_wait_s", "launch_s", "pending_s", "run_s", "finish_lag_s")
        }


#: The fields of an invocation that its table in a notebook shows: what one asks first.
_IN_NOTEBOOKS: Final = frozenset(
    {
        *("invocation_id", "job_id", "status", "triggered_by", "created_at", "finished_at", "duration_s"),
        *("queue_latency_s", "run_s", "overhead_s", "attempt_count", "poll_count", "poll_unchanged"),
        *("poll_rpc_s", "poll_rpc_max_s", "notification_count", "build", "swarming_task", "gitiles"),
        *("url_fetch", "noop", "attempts", "polls", "triggers", "events", "findings", "source"),
    }
)


class TriageLog(Record):
    """A job's triage log on its own: how the scheduler decided what to start. It is not an invocation."""

    events: list[Event] = []
    unrecognized: int = 0
    findings: list[Finding] = []
    source: str | None = None
    source_line: int | None = None
