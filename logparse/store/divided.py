"""The rows of joined records, for each table and each UTC day of creation, with their owners."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any, Final, NamedTuple

from logparse.batches.arrow import ArrowBatch, record_batches
from logparse.batches.batch import Batch
from logparse.columns import TABLES
from logparse.joining.merge import Content, Copy
from logparse.joining.pagebatch import PARTS, Invocations, Item, PageRow
from logparse.lazy import pyarrow as pa
from logparse.records import Build, Finding, Invocation, TriageLog
from logparse.store.layout import STORED
from logparse.store.owners import NO_TIME, Owners, Run, number_of
from logparse.tables.rows import Records, batches
from logparse.values.clock import DAY_US, EPOCH, from_datetime

#: The tables whose rows are of builds. Rows of the others are of invocations and triage logs.
_OF_BUILDS: Final = ("builds", "steps")
#: The day of `datetime` is the day of the row.
_EPOCH_DAY: Final = EPOCH.date().toordinal()


class Rows(NamedTuple):
    """Rows of one table and one day; None is for rows without a day."""

    table: str
    day: str | None
    owners: Owners
    batches: Iterable[Batch]


@dataclass(slots=True)
class Numbers:
    """The numbers of pieces, by their contents and by the ids that they show."""

    rows: dict[tuple[int, int], int] = field(default_factory=dict)
    contents: dict[int, int] = field(default_factory=dict)
    triages: dict[int, int] = field(default_factory=dict)
    invocations: dict[str, int] = field(default_factory=dict)
    builds: dict[str, int] = field(default_factory=dict)

    def add(self, content: Copy | PageRow | Build | TriageLog, number: int) -> None:
        """Take over the content of a piece."""
        if isinstance(content, PageRow):
            self.rows[id(content.batch), content.row] = number
            self.invocations.setdefault(content.batch.keys.ids[content.row], number)
            self.builds.setdefault(content.batch.keys.build_ids[content.row], number)
        elif isinstance(content, Copy):
            self.contents[id(content.content)] = number
            if content.record.invocation_id is not None:
                self.invocations.setdefault(content.record.invocation_id, number)
            if content.record.build is not None:
                self.builds.setdefault(content.record.build.id, number)
        elif isinstance(content, Build):
            self.builds.setdefault(content.id, number)
        else:
            self.triages[id(content)] = number

    def of(self, item: Item, content: Content | None) -> int:
        """Return the number of a piece that an invocation comes from."""
        if isinstance(item, PageRow):
            return self.rows[id(item.batch), item.row]
        known = None if content is None else self.contents.get(id(content))
        if known is None and item.invocation_id is not None:
            known = self.invocations.get(item.invocation_id)
        if known is None and item.build is not None:
            known = self.builds.get(item.build.id)
        assert known is not None
        return known


@dataclass(slots=True)
class _Day:
    """The invocations of a day, each with the owner, the time and the number of its runs, and findings."""

    items: list[Item] = field(default_factory=list)
    places: list[tuple[int, int, int]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    finding_places: list[tuple[int, int, int]] = field(default_factory=list)


def divided(records: Records, contents: Sequence[Content | None], numbers: Numbers) -> Iterator[Rows]:
    """Yield the rows of each table and day that has any.

    Parameters
    ----------
    contents:
        For each invocation the content of its log: see `logparse.joining.joins.Joined`.
    numbers:
        The pieces that the records are made of.
    """
    if not records.keeps_copies:
        records.held.make_shared()
    days: defaultdict[str | None, _Day] = defaultdict(_Day)
    for item, content in zip(records.held.items, contents, strict=True):
        us, number = _time(item)
        day = days[day_of_us(us)]
        day.items.append(item)
        day.places.append((numbers.of(item, content), NO_TIME if us is None else us, number))
    builds = _Builds(records, numbers)
    for finding in records.findings:
        identifier = finding.build_id or ""
        day = days[builds.days.get(identifier)]
        day.findings.append(finding)
        day.finding_places.append((numbers.builds[identifier], *builds.times.get(identifier, (NO_TIME, 0))))
    if records.triages:
        days[None].items += []
    for name in sorted(days, key=lambda name: (name is None, name or "")):
        yield from _rows_of(name, days[name], records.triages if name is None else [], numbers)
    yield from builds.rows()


def day_of_us(us: int | None) -> str | None:
    """Return the UTC day of a time, as ``2020-11-17``."""
    return None if us is None else date.fromordinal(_EPOCH_DAY + us // DAY_US).isoformat()


def _time(item: Item) -> tuple[int | None, int]:
    """Return when an invocation was created, and its number."""
    if isinstance(item, PageRow):
        keys = item.batch.keys
        return keys.created_us[item.row], number_of(keys.ids[item.row])
    created = item.created_at
    return None if created is None else from_datetime(created), number_of(item.invocation_id)


# --- tables of invocations --------------------------------------------------------------------


def _rows_of(name: str | None, day: _Day, triages: list[TriageLog], numbers: Numbers) -> Iterator[Rows]:
    """Yield the rows of the tables of invocations and triage logs of one day."""
    part = Records(invocations=Invocations(day.items), triages=triages, findings=day.findings)
    for table in STORED:
        if table in _OF_BUILDS:
            continue
        runs = [
            Run(*place, size)
            for item, place in zip(day.items, day.places, strict=True)
            if (size := _size(item, table))
        ]
        runs += [
            Run(numbers.triages[id(log)], NO_TIME, 2**62 + number, size)
            for number, log in enumerate(triages)
            if (size := _triage_size(log, table))
        ]
        if table == "findings":
            runs += [Run(*place, 1) for place in day.finding_places]
        if runs:
            yield Rows(table, name, Owners(runs), batches(part, table))


def _size(item: Item, table: str) -> int:
    """Return how many rows an invocation has in a table."""
    if isinstance(item, PageRow):
        if table in PARTS:
            return int(item.batch.keys.counts[table][item.row])
        return int(table in ("invocations", "attempts"))
    return _SIZES[table](item)


_SIZES: Final[dict[str, Callable[[Invocation], int]]] = {
    "invocations": lambda record: 1,
    "events": lambda record: 0 if record.origin == "build" else len(record.passing("events")),
    "polls": lambda record: len(record.passing("polls")),
    "attempts": lambda record: len(record.attempts),
    "triggers": lambda record: len(record.triggers),
    "unrecognized": lambda record: 0 if record.origin == "build" else record.unrecognized or 0,
    "findings": lambda record: len(record.findings),
}


def _triage_size(log: TriageLog, table: str) -> int:
    sizes = {"events": len(log.events), "unrecognized": log.unrecognized, "findings": len(log.findings)}
    return sizes.get(table, 0)


# --- tables of builds -------------------------------------------------------------------------


class _Builds:
    """The rows of builds and their steps.

    Attributes
    ----------
    days, times:
        Of builds by their ids: the day, and the time with the number of the id.
    """

    def __init__(self, records: Records, numbers: Numbers) -> None:
        self._records = records
        self._numbers = numbers
        self.days: dict[str, str | None] = {}
        self.times: dict[str, tuple[int, int]] = {}
        self._rows = self._divided("builds")

    def rows(self) -> Iterator[Rows]:
        """Yield the rows of each day."""
        yield from self._made("builds", self._rows)
        yield from self._made("steps", self._divided("steps"))

    def _made(self, table: str, found: dict[str | None, tuple[list[Run], list[Any]]]) -> Iterator[Rows]:
        for day in sorted(found, key=lambda day: (day is None, day or "")):
            runs, parts = found[day]
            yield Rows(table, day, Owners(runs), map(ArrowBatch, parts))

    def _divided(self, table: str) -> dict[str | None, tuple[list[Run], list[Any]]]:
        found: defaultdict[str | None, tuple[list[Run], list[Any]]] = defaultdict(lambda: ([], []))
        for batch in record_batches(batches(self._records, table), TABLES[table]):
            ids = batch.column("build_id").to_pylist()
            if table == "builds":
                self._note(ids, batch.column("created_at").cast(pa.int64()).to_pylist())
            places: defaultdict[str | None, list[int]] = defaultdict(list)
            start = 0
            for identifier, same in groupby(ids):
                size = sum(1 for _ in same)
                day = self.days[identifier]
                found[day][0].append(Run(self._numbers.builds[identifier], *self.times[identifier], size))
                places[day] += range(start, start + size)
                start += size
            for day, rows in places.items():
                whole = len(rows) == batch.num_rows
                found[day][1].append(batch if whole else batch.take(pa.array(rows, pa.int64())))
        return found

    def _note(self, ids: Sequence[str], created: Sequence[int | None]) -> None:
        for identifier, us in zip(ids, created, strict=True):
            self.days[identifier] = day_of_us(us)
            self.times[identifier] = (NO_TIME if us is None else us, number_of(identifier))
