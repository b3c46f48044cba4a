"""Reading: from files, texts and directories to records and tables.

These are the functions that users call. Each returns or raises; nothing is printed.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

from logparse import scanner, sources
from logparse.buildbucket import builds_in, read_builds
from logparse.checks import check_invocation, check_triage
from logparse.columns import TABLES
from logparse.entries import Entry, split_invocations
from logparse.errors import InputError, LogparseError
from logparse.html import is_html, split_pages, to_text
from logparse.invocation import assemble
from logparse.records import Build, Invocation, TriageLog
from logparse.sources import DEFAULT_MAX_BYTES, Skipped, Source
from logparse.syntax import Engine, Page
from logparse.tables import Records, table_frame

if TYPE_CHECKING:
    import pandas as pd

Input: TypeAlias = "str | bytes | os.PathLike[str]"
Result: TypeAlias = Invocation | TriageLog | Build | InputError

_PAGE_START_RE: Final = re.compile(
    r"^(?:[ \t]*All projects[^\n]*\n(?:[^\n:]*\n){0,8})?"
    r"[ \t]*Status:[^\n]*\n[ \t\n]*+(?:(?!Triggered by:)[^\n]+\n[ \t\n]*+)?Triggered by:",
    re.MULTILINE,
)
_JOB_PAGE_RE: Final = re.compile(r"^[ \t]*(?:State:|Schedule:|Next run:)", re.MULTILINE)
#: What `logparse.html` writes above a log.
_LOG_HEADING: Final = "Debug log (UTC)\n\n"


def parse(
    source: Input, *, date: date | None = None, engine: Engine = scanner, max_bytes: int = DEFAULT_MAX_BYTES
) -> Invocation:
    """Return the one invocation that a path or a text holds.

    Parameters
    ----------
    source:
        A path, or the text itself (str with a line end, or bytes).
    date:
        Day of the first entry, used where nothing in the text tells it.
    engine:
        `logparse.scanner`, or `logparse.grammar` for the same by the grammar.
    max_bytes:
        Larger inputs are refused.

    Raises
    ------
    InputError
        Where the source cannot be read, or holds no invocation or several.
    """
    found = list(parse_many(source, date=date, engine=engine, max_bytes=max_bytes))
    if len(found) != 1:
        raise InputError(
            f"holds {len(found)} invocations, not one", source=found[0].source, remedy="use parse_many"
        )
    return found[0]


def parse_many(
    source: Input, *, date: date | None = None, engine: Engine = scanner, max_bytes: int = DEFAULT_MAX_BYTES
) -> Iterator[Invocation]:
    """Yield all invocations that a path or a text holds, in order. Parameters are those of `parse`.

    Raises
    ------
    InputError
        Where the source cannot be read or holds no invocation.
    """
    for opened in _open(source, max_bytes):
        found = [r for r in read_source(opened, date=date, engine=engine) if isinstance(r, Invocation)]
        if not found:
            raise InputError(
                "holds no invocation", source=opened.name, remedy="see lp.load for builds and triage logs"
            )
        yield from found


def load(
    *paths: Input,
    builds: Iterable[Input] = (),
    date: date | None = None,
    max_bytes: int = DEFAULT_MAX_BYTES,
    stdin: BinaryIO | None = None,
    watch: Callable[[str], None] | None = None,
) -> Dataset:
    """Return the tables of everything that `paths` hold.

    Parameters
    ----------
    paths:
        Files, directories (recursively), ``-`` for standard input; also compressed; or texts.
    builds:
        Files that ``bb get -A -json`` or ``bb ls -A -json`` printed, joined on the build id.
    date, max_bytes:
        As in `parse`.
    stdin:
        Read in the place of the process's standard input.
    watch:
        Called with the name of each input, for showing progress.

    Inputs that cannot be read do not raise: they are the result's `failures`.
    """
    records = Records()
    joined: dict[str, Build] = {}
    for opened in _read(builds, max_bytes, stdin, records):
        found = list(read_builds(opened))
        if not found:
            found.append(
                InputError("holds no builds", source=opened.name, remedy="save the output of bb get -A -json")
            )
        joined.update((build.id, build) for build in found if isinstance(build, Build))
        for error in found:
            if isinstance(error, InputError):
                (records.skipped if isinstance(error, Skipped) else records.failures).append(error)
    used: set[str] = set()
    for opened in _read(paths, max_bytes, stdin, records):
        if watch is not None:
            watch(opened.name)
        try:
            results = read_source(opened, builds=joined, date=date)
        except InputError as error:
            (records.skipped if opened.walked else records.failures).append(error)
            continue
        for result in results:
            if isinstance(result, Invocation):
                records.invocations.append(result)
                if result.build is not None:
                    used.add(result.build.id)
            elif isinstance(result, TriageLog):
                records.triages.append(result)
            elif isinstance(result, InputError):
                (records.skipped if isinstance(result, Skipped) else records.failures).append(result)
            else:
                records.builds.append(result)
    records.builds.extend(build for build in joined.values() if build.id not in used)
    return Dataset(records)


def _open(source: Input, max_bytes: int) -> Iterator[Source]:
    yield from _read([source], max_bytes, None, None)


def _read(
    inputs: Iterable[Input], max_bytes: int, stdin: BinaryIO | None, records: Records | None
) -> Iterator[Source]:
    """Yield what can be read; what cannot goes to `records`, or is raised where there are none."""
    for item in inputs:
        opened: Iterable[Source | InputError]
        if isinstance(item, bytes):
            opened = [sources.decode(item, "<text>")]
        elif isinstance(item, str) and "\n" in item:
            opened = [sources.from_text(item)]
        else:
            opened = sources.read([item], max_bytes=max_bytes, stdin=stdin)
        for result in opened:
            if isinstance(result, Source):
                yield result
            elif records is None:
                raise result
            elif isinstance(result, Skipped):
                records.skipped.append(result)
            else:
                records.failures.append(result)


# --- one source -------------------------------------------------------------------------------


def read_source(
    source: Source,
    *,
    builds: Mapping[str, Build] | None = None,
    date: date | None = None,
    engine: Engine = scanner,
) -> list[Result]:
    """Return all that one source holds: invocations, triage logs, or builds and errors for broken ones.

    Parameters
    ----------
    builds:
        Builds from Buildbucket by id, joined to the invocations that asked for them.

    Raises
    ------
    InputError
        Where it holds none of these.
    """
    found = builds_in(source)
    if found is not None:
        return [*found]
    results: list[Result] = []
    hint = source.path.name if source.path is not None else None
    for text, shift in _pages(source):
        results.extend(_read_page(text, source.name, hint, shift, builds or {}, date, engine))
    if not results:
        raise _no_log(source)
    return results


def _no_log(source: Source) -> InputError:
    if len(set(_JOB_PAGE_RE.findall(source.text[:100_000]))) >= 2:
        return InputError(
            "is a job's page, not an invocation's",
            source=source.name,
            remedy="open one of the job's invocations and save that page",
        )
    return InputError(
        "holds no scheduler log",
        source=source.name,
        remedy="save the invocation's page, or its debug log, with lines like [HH:MM:SS.mmm] …",
    )


def _pages(source: Source) -> Iterator[tuple[str, int]]:
    """Yield each page's text, and what to add to lines of its log there for lines in the source."""
    if is_html(source.text):
        for line, html in split_pages(source.text):
            page = to_text(html)
            if page.kind == "job" and not page.text:
                raise InputError(
                    "is a job's page, not an invocation's",
                    source=source.name,
                    remedy="open one of the job's invocations and save that page",
                )
            if page.kind == "other":
                raise InputError(
                    "is a web page, but no page of the LUCI Scheduler",
                    source=source.name,
                    remedy="save the page of one invocation",
                )
            head, heading, _ = page.text.partition(_LOG_HEADING)
            above = f"{head}{heading}".count("\n") if heading else 0
            yield page.text, line + page.log_line_shift - above
        return
    first, line = 0, 0
    for start in _page_starts(source.text):
        yield source.text[first:start], line
        line += source.text.count("\n", first, start)
        first = start
    yield source.text[first:], line


def _page_starts(text: str) -> list[int]:
    """Return where another page begins behind a log: a header that the log does not quote.

    A quoted body can hold a header too, and even a log behind it. The best reading of all the text as
    one log tells: behind a header of its own right a log begins, or nothing of the log before goes on.
    """
    starts = [m.start() for m in _PAGE_START_RE.finditer(text)]
    if not starts or (len(starts) == 1 and not text[: starts[0]].strip()):
        return []
    invocations = list(split_invocations(scanner.parse_page(text).blocks, scanner.match))
    marks = [
        (entry.line, entry.quotes, position == 0)
        for found in invocations
        for position, entry in enumerate(found)
    ]
    lines = [mark[0] for mark in marks]
    found = []
    line, counted = 1, 0
    for start in starts:
        line += text.count("\n", counted, start)
        counted = start
        following = bisect_right(lines, line)
        if following == 0:
            continue
        quoting = marks[following - 1][1]
        opening = following < len(marks) and marks[following][2]
        if opening or not quoting:
            found.append(start)
    return found


def _read_page(
    text: str,
    name: str,
    hint: str | None,
    shift: int,
    builds: Mapping[str, Build],
    day: date | None,
    engine: Engine,
) -> Iterator[Invocation | TriageLog]:
    page = engine.parse_page(text)
    head = page
    for entries in split_invocations(page.blocks, engine.match):
        if all(e.shape == "triage" for e in entries):
            yield _triage_log(entries, name, shift)
        else:
            record, facts, timeline = assemble(
                head, entries, source=name, day=day, name_hint=hint, line_shift=shift, builds=builds
            )
            record.findings = check_invocation(record, facts, head, timeline)
            yield record
        head = Page.of_log(page.blocks)


def _triage_log(entries: list[Entry], name: str, shift: int) -> TriageLog:
    from logparse.invocation import make_events

    record = TriageLog(events=make_events(entries, shift), source=name)
    record.source_line = record.events[0].line
    record.unrecognized = sum(e.kind is None for e in record.events)
    record.findings = check_triage(record)
    return record


# --- the result -------------------------------------------------------------------------------


class Dataset:
    """What `load` returns: the tables as DataFrames, each made when it is first asked for.

    Attributes
    ----------
    records:
        The records that the tables are made of.
    """

    def __init__(self, records: Records) -> None:
        self.records = records

    def __repr__(self) -> str:
        counts = (len(self.records.invocations), len(self.records.builds), len(self.failures))
        return "<Dataset: {} invocations, {} other builds, {} failures>".format(*counts)

    @property
    def failures(self) -> list[LogparseError]:
        """What could not be read: errors that say where, why and what to do."""
        return self.records.failures

    def table(self, name: str) -> pd.DataFrame:
        """Return a table by name.

        Raises
        ------
        KeyError
            For a name that is no table.
        """
        if name not in TABLES:
            raise KeyError(name)
        made: pd.DataFrame = getattr(self, name)
        return made

    @cached_property
    def invocations(self) -> pd.DataFrame:
        """One row an invocation."""
        return table_frame(self.records, "invocations")

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row an entry of a log."""
        return table_frame(self.records, "events")

    @cached_property
    def polls(self) -> pd.DataFrame:
        """One row a status check."""
        return table_frame(self.records, "polls")

    @cached_property
    def attempts(self) -> pd.DataFrame:
        """One row a launch attempt."""
        return table_frame(self.records, "attempts")

    @cached_property
    def builds(self) -> pd.DataFrame:
        """One row a build id."""
        return table_frame(self.records, "builds")

    @cached_property
    def steps(self) -> pd.DataFrame:
        """One row a step of a build."""
        return table_frame(self.records, "steps")

    @cached_property
    def triggers(self) -> pd.DataFrame:
        """One row a trigger."""
        return table_frame(self.records, "triggers")

    @cached_property
    def unrecognized(self) -> pd.DataFrame:
        """One row an entry of no known kind."""
        return table_frame(self.records, "unrecognized")

    @cached_property
    def bots(self) -> pd.DataFrame:
        """Statistics by bot."""
        return self._group("bots")

    @cached_property
    def builders(self) -> pd.DataFrame:
        """Statistics by builder."""
        return self._group("builders")

    @cached_property
    def jobs(self) -> pd.DataFrame:
        """Statistics by job."""
        return self._group("jobs")

    def _group(self, table: str) -> pd.DataFrame:
        from logparse.metrics import group_table

        return group_table(self.invocations, self.builds, table)
