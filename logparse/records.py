"""The typed records: what one invocation of the LUCI Scheduler was, as plain data.

Times are aware datetimes in UTC, durations are seconds as float in fields that end in ``_s``,
ids are strings, and what the log does not tell is None, never 0. Records are read-only by habit,
compare by value, print well and render as a small table in a notebook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final

import msgspec

from logparse.messages import Value


class Record(msgspec.Struct, kw_only=True):
    """What all records share: a repr without what is unknown, and a table for notebooks."""

    def _known(self) -> Iterator[tuple[str, Any]]:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and value != [] and value != {}:
                yield name, value

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return list(self._known())

    def __repr__(self) -> str:
        parts = ", ".join(
            f"{name}={_short(repr(value)) if isinstance(value, str) else _brief(value)}"
            for name, value in self._known()
        )
        return f"{type(self).__name__}({parts})"

    def _repr_html_(self) -> str:
        return self._table(self._known())

    def _table(self, fields: Iterable[tuple[str, Any]]) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th>"
            f"<td style='text-align:left'>{escape(_brief(value))}</td></tr>"
            for name, value in fields
        )
        return f"<table><caption>{escape(type(self).__name__)}</caption>{rows}</table>"


def _brief(value: Any) -> str:
    """Return a value as one short line: long texts are cut, lists of records are counted."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, Record):
        identifier = getattr(value, "id", None)
        return f"<{type(value).__name__} {identifier}>" if identifier else f"<{type(value).__name__}>"
    if isinstance(value, list) and value and isinstance(value[0], Record):
        return f"<{len(value)} × {type(value[0]).__name__}>"
    return _short(value if isinstance(value, str) and value.isprintable() else repr(value))


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "…"


class Commit(Record):
    """A commit in a Gitiles repository."""

    repository: str | None = None
    ref: str | None = None
    revision: str | None = None


class Bot(Record):
    """The Swarming bot that ran a build, with its dimensions, each a list of values, general to special."""

    id: str | None = None
    dimensions: dict[str, list[str]] = {}

    def dimension(self, key: str) -> str | None:
        """Return the most special value of a dimension: the longest, as ``Windows-10-15063`` of ``os``."""
        values = self.dimensions.get(key)
        return max(values, key=len) if values else None

    @property
    def pool(self) -> str | None:
        """The pool that the bot belongs to."""
        return self.dimension("pool")

    @property
    def os(self) -> str | None:
        """The operating system, as exactly as the bot tells."""
        return self.dimension("os")

    @property
    def cpu(self) -> str | None:
        """The processor, as exactly as the bot tells."""
        return self.dimension("cpu")

    @property
    def cores(self) -> int | None:
        """How many cores the bot has."""
        value = self.dimension("cores")
        return (
            int(value)
            if value is not None and value.isascii() and value.isdigit() and len(value) < 10
            else None
        )

    @property
    def machine_type(self) -> str | None:
        """The cloud's machine type."""
        return self.dimension("machine_type")

    @property
    def zone(self) -> str | None:
        """The cloud's zone."""
        return self.dimension("zone")


class Step(Record):
    """A step of a build. `parent` is the name of the step around it, `duration_s` is ended minus started."""

    index: int
    name: str
    parent: str | None = None
    status: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    summary_markdown: str | None = None


class Build(Record):
    """A Buildbucket build, from either dialect. `status` is in v2's words; times are Buildbucket's clock.

    `properties` are the output's. `source` is the file of builds that it was read from, and `source_line` the
    line there where it begins; both are None for a build that only a log contains. `version` is that of
    Buildbucket's API, 1 or 2. `origin` is ``log``, ``build`` (a file of builds) or ``both``, and `repeats`
    counts the other copies in files of builds.
    """

    id: str
    number: int | None = None
    project: str | None = None
    bucket: str | None = None
    builder: str | None = None
    url: str | None = None
    status: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    updated_at: datetime | None = None
    created_by: str | None = None
    bot: Bot | None = None
    swarming_task_id: str | None = None
    commit: Commit | None = None
    priority: int | None = None
    error: str | None = None
    infra_reason: str | None = None
    cancel_reason: str | None = None
    canceled_by: str | None = None
    critical: bool | None = None
    requested_pool: str | None = None
    requested_os: str | None = None
    requested_dimensions: dict[str, list[str]] = {}
    scheduling_timeout_s: float | None = None
    execution_timeout_s: float | None = None
    setup_s: float | None = None
    parent_build_id: str | None = None
    experiments: list[str] = []
    exe: str | None = None
    summary_markdown: str | None = None
    tags: list[str] = []
    properties: dict[str, Any] = {}
    input_properties: dict[str, Any] = {}
    steps: list[Step] = []
    version: int | None = None
    origin: str = "log"
    repeats: int = 0
    source: str | None = None
    source_line: int | None = None

    @property
    def final(self) -> bool:
        """Whether the build has ended."""
        return self.status not in (None, "SCHEDULED", "STARTED", "STATUS_UNSPECIFIED")


class Event(Record):
    """One entry of the log.

    `at` is None where the day is not known, `clock` (``HH:MM:SS.mmm``) is kept all the same;
    `offset_s` counts from the first entry. `kind` is None for an entry of no known kind.
    `suspicious` holds lines that imitate entries and were judged to be the entry's text, `tail`
    lines behind the message that are no part of it.
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
    `changed` tells whether it differs from the last one known.
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
    """What made an invocation start (incoming), or what it emitted for other jobs (outgoing)."""

    direction: str
    id: str | None = None
    title: str | None = None
    url: str | None = None
    repository: str | None = None
    ref: str | None = None
    revision: str | None = None
    emitted_by: str | None = None


class Gitiles(Record):
    """What a gitiles job saw: the watched repository and refs, changes, triggered jobs, errors."""

    repository: str | None = None
    refs: list[str] = []
    known_refs: int | None = None
    fetched_refs: int | None = None
    saved_refs: int | None = None
    changed_refs: list[str] = []
    deleted_refs: list[str] = []
    unresolved_refs: list[str] = []
    triggered_jobs: list[str] = []
    emitted_triggers: int = 0
    errors: list[str] = []


class Noop(Record):
    """What a noop job did: how long it slept, and how many triggers it says it got."""

    sleep_s: float | None = None
    received_triggers: int | None = None


class UrlFetch(Record):
    """What a url_fetch job asked for and got. `duration_s` is the fetch's own."""

    method: str | None = None
    url: str | None = None
    outcome: str | None = None
    duration_s: float | None = None
    status_code: int | None = None
    reason: str | None = None
    headers: dict[str, str] = {}
    body: str | None = None
    error: str | None = None


class SwarmingTask(Record):
    """The Swarming task of a swarming job (until 2017)."""

    id: str | None = None
    name: str | None = None
    state: str | None = None
    failure: bool | None = None
    internal_failure: bool | None = None
    deduplicated: bool = False
    bot: Bot | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


class Cut(Record):
    """A place where the scheduler trimmed the log: the time lost, and the most status checks lost."""

    line: int
    lost_s: float | None = None
    lost_polls_max: int | None = None


class Finding(Record):
    """Something that the reader of an input should know: a code that the docs list, a place, a sentence."""

    code: str
    message: str
    source: str | None = None
    line: int | None = None
    invocation_id: str | None = None


class Invocation(Record, dict=True):
    """One invocation: what METRICS says of it, and its parts.

    The five phases ``scheduler_wait_s``, ``launch_s``, ``pending_s``, ``run_s`` and
    ``finish_lag_s`` add up to ``duration_s`` to the microsecond whenever all five are known.
    Meanings of all fields that are columns stand in `logparse.columns`. An invocation that only a
    build shows (`origin` is ``build``) has no entries.

    The events of a log can be made when they are first asked for: see `put_off_events`.
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

    def put_off_events(self, make: Callable[[], list[Event]]) -> None:
        """Have `make` return the events when they are first asked for.

        Until then the field `events` is unset. Python's access to it makes the events, and so do
        comparing, copying deeply, pickling and printing. msgspec's functions do not make them: they
        need `with_events`.
        """
        self.__dict__["make_events"] = make
        del self.events

    @property
    def are_events_put_off(self) -> bool:
        """Whether the events are not made yet."""
        return "make_events" in self.__dict__

    def with_events(self) -> Invocation:
        """Return this record once its events are made."""
        _ = self.events
        return self

    def passing_events(self) -> list[Event]:
        """Return the events without keeping them where they are not made yet."""
        make: Callable[[], list[Event]] | None = self.__dict__.get("make_events")
        return self.events if make is None else make()

    if not TYPE_CHECKING:
        # A type checker would take every name for an attribute.
        def __getattr__(self, name: str) -> Any:
            make = self.__dict__.pop("make_events", None) if name == "events" else None
            if make is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            self.events = make()
            return self.events

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Invocation):
            return NotImplemented
        self.with_events()
        other.with_events()
        return super().__eq__(other)

    def __reduce__(self) -> Any:
        self.with_events()
        return super().__reduce__()

    def __copy__(self) -> Invocation:
        make = self.__dict__.get("make_events")
        if make is None:
            return msgspec.structs.replace(self)
        copied = Invocation(
            **{name: getattr(self, name) for name in self.__struct_fields__ if name != "events"}
        )
        copied.put_off_events(make)
        return copied

    @property
    def bot(self) -> Bot | None:
        """The bot that ran the build or the task, where the log tells."""
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
    """A job's triage log on its own: how the scheduler decided what to start. It is no invocation."""

    events: list[Event] = []
    unrecognized: int = 0
    findings: list[Finding] = []
    source: str | None = None
    source_line: int | None = None
