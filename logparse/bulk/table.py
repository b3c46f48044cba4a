"""The tables of plain pages: what logs, requests and builds say, as columns with a value an invocation.

All that is derived comes from the declarations of `logparse.columns`, and all that names comes from the
functions that make records.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

from logparse.buildbucket import MAX_NESTING, values
from logparse.buildbucket.builds import explained
from logparse.bulk.checks import STATUSES, About, read_checks, title_of
from logparse.bulk.pages import BRIEF, V1, V2, Reading
from logparse.columns.derivations import Values, batch_of
from logparse.columns.derive import AGGREGATES, ROW_WISE
from logparse.engine.invocation import name_builder
from logparse.values.clock import DAY_US
from logparse.values.ids import invocation_created_us, split_job_id

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

List = list[Any]
_V1_NUMBER: Final = ("result_details_json", "properties", "buildnumber")
_UNFINISHED: Final = (None, "SCHEDULED", "STARTED", "STATUS_UNSPECIFIED")
_name_builder: Final = lru_cache(maxsize=4_096)(name_builder)
_split_job: Final = lru_cache(maxsize=4_096)(split_job_id)
_explained: Final = lru_cache(maxsize=4_096)(explained)


def _us(column: Sequence[int | None]) -> Values:
    """Return times as an array."""
    is_null = np.array([one is None for one in column], dtype=bool)
    return Values(np.array([0 if one is None else one for one in column], dtype=np.int64), is_null)


def _floats(column: Sequence[float | None]) -> Values:
    is_null = np.array([one is None for one in column], dtype=bool)
    return Values(np.array([0.0 if one is None else one for one in column]), is_null)


class Builds:
    """Fields of the builds of rows of both dialects, each a list with a value a row.

    Parameters
    ----------
    builds:
        Structures of `V1`, of `V2`, or of `BRIEF`.
    kinds:
        For each the version of its dialect, 0 for `BRIEF`.
    """

    def __init__(self, builds: Sequence[Any], kinds: NDArray[Any]) -> None:
        self._parts = []
        self._size = len(builds)
        for kind, typed in enumerate((BRIEF, V1, V2)):
            rows = np.flatnonzero(kinds == kind).tolist()
            if rows:
                self._parts.append((rows, typed.read([builds[row] for row in rows])))

    def __getitem__(self, name: str) -> List:
        return self._joined([columns[name] for _, columns in self._parts])

    def decode_all(self) -> None:
        """Decode all JSON that is inside of other JSON, so that `odd` names rows in which it is unusual."""
        for _, columns in self._parts:
            columns.decode_all()

    @property
    def odd(self) -> list[int]:
        """The rows in which JSON that is inside of other JSON could not be decoded."""
        return [rows[row] for rows, columns in self._parts for row in columns.odd]

    @property
    def stated(self) -> List:
        """The numbers of builds as they are written."""
        return self._joined(
            [columns.at(("number",) if columns.version == 2 else _V1_NUMBER) for _, columns in self._parts]
        )

    def attribute(self, name: str, version: int) -> List:
        """Return a value of the structures of one dialect, None in the other one."""
        return self._joined(
            [
                columns.at((name,)) if columns.version == version else [None] * columns.size
                for _, columns in self._parts
            ]
        )

    @property
    def tags(self) -> List:
        """The tags, as ``key:value``."""
        return self._joined([columns.tags for _, columns in self._parts])

    def _joined(self, columns: Sequence[List]) -> List:
        if len(columns) == 1:
            return columns[0]
        found: List = [None] * self._size
        for (rows, _), column in zip(self._parts, columns, strict=True):
            for row, value in zip(rows, column, strict=True):
                found[row] = value
        return found


class Invocations:
    """The invocations of a `Reading`, as columns.

    Attributes
    ----------
    odd:
        Rows whose status checks or JSON are not plain. `logparse.bulk.doubts` finds others.
    """

    def __init__(self, reading: Reading, names: Sequence[str]) -> None:
        self.reading, self.plain, self.pages = reading, reading.plain, reading.pages
        self.names = names
        self.size = len(self.pages)
        us = reading.entries.us
        plain = self.plain
        self.odd = np.zeros(self.size, dtype=bool)
        requests = [page.asked.request for page in self.pages]
        self.requests = requests
        self.ids = [request.invocation_id or "" for request in requests]
        self.jobs = [request.job_id or "" for request in requests]
        self.heads = [page.head for page in self.pages]
        self.created_at = [invocation_created_us(identifier) for identifier in self.ids]
        is_brief = (plain.version == 1) & (plain.build >= 0)
        self.launched = Builds([page.launched for page in self.pages], np.where(is_brief, 0, plain.version))
        self.built = Builds([page.built for page in self.pages], plain.version)
        self.built.decode_all()
        self.created = _us(self.created_at).numbers
        self.first = us[reading.entries.first[plain.page]]
        self.day = (self.created - self.first + DAY_US // 2) // DAY_US
        self.base = self.day * DAY_US
        for entry in (plain.request, plain.answer, plain.build):
            is_deep = reading.pack.deep(reading.entries.text[entry], reading.entries.end[entry], MAX_NESTING)
            self.odd |= (entry >= 0) & is_deep
        self.is_first = plain.version == 1
        self.is_shown = plain.build >= 0
        self.is_finished = plain.finish >= 0
        self._checks()
        self._times()

    @cached_property
    def lines(self) -> NDArray[Any]:
        """The lines of the first entries."""
        entries = self.reading.entries
        return entries.line[entries.first[self.plain.page]]

    @cached_property
    def projects(self) -> list[tuple[str | None, str]]:
        """The project and the job of each job id."""
        return [_split_job(job) for job in self.jobs]

    @cached_property
    def named(self) -> dict[str, List]:
        """The columns of buckets and builders."""
        built = self.built
        found = [
            _name_builder(build, request[2:5], (head.bucket, head.builder), project)
            for build, request, head, (project, _) in zip(
                zip(built["project"], built["bucket"], built["builder"], strict=True),
                self.requests,
                self.heads,
                self.projects,
                strict=True,
            )
        ]
        return {name: [one[n] for one in found] for n, name in enumerate(("bucket", "builder", "builder_id"))}

    @cached_property
    def ends(self) -> tuple[List, List]:
        """Why each build ended: the error and the reason."""
        ends = zip(self.status, self.built["error"], self.built["infra_reason"], strict=True)
        found = [_explained(*one) for one in ends]
        return [one[0] for one in found], [one[1] for one in found]

    @cached_property
    def commits(self) -> List:
        """The commits of builds, where a request does not name one."""
        if all(request.commit for request in self.requests):
            return [None] * self.size
        return self.built["commit"]

    def _checks(self) -> None:
        """Read the status checks, and find the last status of each build."""
        shown, known = self.built["status"], self.launched["status"]
        titles = [title_of(job, one) for job, one in zip(self.jobs, self.ids, strict=True)]
        self.odd |= np.fromiter((title is None for title in titles), dtype=bool, count=self.size)
        about = About(
            [title or b"\n" for title in titles],
            [page.launched.id for page in self.pages],
            np.array([STATUSES.of(status) for status in known], dtype=np.int64),
            np.array([STATUSES.of(status) for status in shown], dtype=np.int64),
        )
        reading = self.reading
        found = read_checks(reading.pack, reading.entries, self.plain, about)
        self.odd |= found.odd
        self.checks, self.unhandled = found.checks, found.left
        self.starts = np.searchsorted(self.checks.owner, np.arange(self.size + 1))
        self.status = list(shown)
        for row in np.flatnonzero(~self.is_shown).tolist():
            self.status[row] = self._last_status(row, known[row])

    def _last_status(self, row: int, status: str | None) -> str | None:
        """Return the last status of a build that the page does not show whole. A final one stays."""
        checks = slice(self.starts[row], self.starts[row + 1])
        seen = self.checks.status[checks][self.checks.is_answered[checks]]
        for number in seen.tolist():
            if status in _UNFINISHED:
                status = STATUSES.names[number]
        return status

    def _times(self) -> None:
        plain, us, base = self.plain, self.reading.entries.us, self.base
        self.launched_us = us[plain.started] + base
        self.asked_us, self.answered_us = us[plain.request] + base, us[plain.answer] + base
        duration = [page.duration_s for page in self.pages]
        self.duration = _floats(duration)
        self.duration_us = np.array(
            [0 if one is None else round(one * 1e6) for one in duration], dtype=np.int64
        )
        self.finish_us = np.where(self.is_finished, us[plain.finish] + base, 0)
        self.finished = Values(self.created + self.duration_us, ~self.is_finished)
        self.build_times = {
            name: _us(self.built[name]) for name in ("created_at", "started_at", "completed_at")
        }
        self.updated = _us(self.built["updated_at"])

    def _first_seen(self, wanted: NDArray[Any]) -> Values:
        """Return when the first check of each row began that is `wanted`."""
        owners, places = np.unique(self.checks.owner[wanted], return_index=True)
        numbers, is_null = np.zeros(self.size, dtype=np.int64), np.ones(self.size, dtype=bool)
        numbers[owners] = self.checks.handled[wanted][places] + self.base[owners]
        is_null[owners] = False
        return Values(numbers, is_null)

    @cached_property
    def measures(self) -> dict[str, Values]:
        """The derived columns of numbers, and the times and durations that they come from."""
        checks, size = self.checks, self.size
        none = np.zeros(size, dtype=bool)
        number_of = {status: number for number, status in enumerate(STATUSES.names)}
        ends = np.array([-1 if one in _UNFINISHED else number_of.get(one, -1) for one in self.status])
        known = {
            "created_at": Values(self.created, none),
            "launched_at": Values(self.launched_us, none),
            "finished_at": self.finished,
            "request_asked_at": Values(self.asked_us, none),
            "request_answered_at": Values(self.answered_us, none),
            "duration_s": self.duration,
            "build_created_at": self.build_times["created_at"],
            "build_started_at": self.build_times["started_at"],
            "build_completed_at": self.build_times["completed_at"],
            "start_seen_at": self._first_seen(np.flatnonzero(checks.status == STATUSES.of("STARTED"))),
            "end_seen_at": self._first_seen(
                np.flatnonzero((checks.status == ends[checks.owner]) & checks.is_answered)
            ),
            "execution_timeout_s": _floats(self.built["execution_timeout_s"]),
        }
        polls = self.polls
        tests = {
            "source": np.where(checks.is_timed, "timer", "pubsub"),
            "answered": checks.is_answered,
            "changed": checks.changed & checks.is_answered,
        }
        for name, derivation in AGGREGATES["invocations"].items():
            if derivation.table == "polls":
                known[name] = derivation.of_batch(polls, tests, checks.owner, size)
        for name, rule in ROW_WISE["invocations"].items():
            known[name] = batch_of(rule, known)
        return known

    @cached_property
    def polls(self) -> dict[str, Values]:
        """The times and durations of checks."""
        checks = self.checks
        base = self.base[checks.owner]
        known = {
            "due_at": Values(checks.due + base, checks.due < 0),
            "handled_at": Values(checks.handled + base, np.zeros(len(base), dtype=bool)),
            "answered_at": Values(checks.answered + base, checks.answered < 0),
        }
        for name, rule in ROW_WISE["polls"].items():
            known[name] = batch_of(rule, known)
        return known

    @cached_property
    def clocks(self) -> tuple[Values, Values]:
        """Buildbucket's clock in both answers, which version 1 states."""
        answer, whole = (
            _us([values.time_us(one) if one else None for one in builds.attribute("utcnow_ts", 1)])
            for builds in (self.launched, self.built)
        )
        return answer, whole

    @cached_property
    def launched_created(self) -> Values:
        """When the build was created, as the answer to the request states it."""
        return _us(self.launched["created_at"])

    @cached_property
    def offsets(self) -> tuple[Values, Values]:
        """The bounds of the offset of Buildbucket's clock."""
        (answer, _), (whole, _), is_first = *self.clocks, self.is_first
        checks = self.checks
        lower, upper = answer - self.answered_us, answer - self.asked_us
        last = self.starts[1:] - 1
        rows = np.flatnonzero(is_first & self.is_shown & (last >= self.starts[:-1]))
        shown = self.reading.entries.us[self.plain.build[rows]] + self.base[rows]
        asked = checks.handled[last[rows]] + self.base[rows]
        lower[rows] = np.maximum(lower[rows], whole[rows] - shown)
        upper[rows] = np.minimum(upper[rows], whole[rows] - asked)
        return Values(lower / 1e6, ~is_first), Values(upper / 1e6, ~is_first)
