"""Reading: from one file or text to records.

Each function returns or raises; nothing is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from hashlib import sha256
from typing import NamedTuple, TypeAlias

from logparse.buildbucket import builds_in
from logparse.engine.checks import check_invocation, check_triage
from logparse.engine.entries import Entry, split_invocations
from logparse.engine.invocation import assemble
from logparse.engine.pages import PageText, pages_of
from logparse.errors import InputError
from logparse.joining.merge import Copy
from logparse.language import scanner
from logparse.language.syntax import Engine, Page
from logparse.reading.arguments import Day, EngineName, day_of, engine_of, limit_of
from logparse.reading.inputs import Input, check, name_of, open_inputs
from logparse.records import Build, Invocation, TriageLog
from logparse.sources import DEFAULT_MAX_BYTES, Skipped, Source
from logparse.sources.detection import detect, nothing

Result: TypeAlias = Invocation | TriageLog | Build | InputError
Part: TypeAlias = Copy | TriageLog | Build | InputError


def parse(
    source: Input,
    *,
    date: Day | None = None,
    engine: Engine | EngineName = "scanner",
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> Invocation:
    """Return the record of the one invocation that an input holds.

    Parameters
    ----------
    source:
        A path, as str or `pathlib.Path`; ``-`` for standard input; an open file; or the text of a page
        or a log. A str is a text where it has a line end, bytes always are. A directory, a pattern like
        ``*.log`` or a list of these is accepted where it holds one invocation in all.
    date:
        The day of the first entry, as `datetime.date` or as text like ``2020-11-17``. It is used
        where nothing in the text names a day.
    engine:
        ``"scanner"``, or ``"grammar"`` for the same result by the grammar, which is slower.
    max_bytes:
        Larger inputs are refused; the size counts after decompression.

    Returns
    -------
    Invocation
        Its fields are in `logparse.records`. What the text does not say is None.

    Raises
    ------
    InputError
        Where the input cannot be read, or holds no invocation or several.
    UsageError
        Where an argument is not one of those above.
    """
    check(source, "parse")
    found = _invocations(source, "parse", day_of(date), engine_of(engine), limit_of(max_bytes))
    first = next(found)
    names = [first.source, *(other.source for other in found)]
    if len(names) > 1:
        files = len(set(names))
        raise InputError(
            f"holds {len(names)} invocations{f' in {files} files' if files > 1 else ''}, not one",
            source=name_of(source) or (first.source if files == 1 else "the input"),
            remedy="use parse_many for the record of each, or load for tables",
        )
    return first


def parse_many(
    source: Input,
    *,
    date: Day | None = None,
    engine: Engine | EngineName = "scanner",
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> Iterator[Invocation]:
    """Yield the record of each invocation that an input holds, in order.

    An invocation that several files hold is yielded for each; `load` puts them together. Files of a
    directory that hold no invocation are passed over, as `load` does.

    Parameters
    ----------
    source:
        A path, a directory (with all below it), a pattern like ``*.log`` or ``logs/**/*.log``, ``-``
        for standard input, an open file, a text, or a list of these.
    date, engine, max_bytes:
        As in `parse`.

    Yields
    ------
    Invocation
        The files are read one at a time, each when its first record is asked for.

    Raises
    ------
    InputError
        Where an input cannot be read, or a file that was named holds no invocation.
    UsageError
        Where an argument is not one of those above. It is raised at the call.
    """
    check(source, "parse_many")
    return _invocations(source, "parse_many", day_of(date), engine_of(engine), limit_of(max_bytes))


def _invocations(
    given: Input, function: str, day: date | None, engine: Engine, max_bytes: int
) -> Iterator[Invocation]:
    empty = True
    for opened in open_inputs(given, function, max_bytes=max_bytes):
        if isinstance(opened, Skipped):
            continue
        if isinstance(opened, InputError):
            raise opened
        for record in _invocations_of(opened, day, engine):
            empty = False
            yield record
    if empty:
        raise InputError(
            "holds no invocation",
            source=name_of(given) or "the input",
            remedy="name a saved page, a log, or a directory of them",
        )


def _invocations_of(opened: Source, day: date | None, engine: Engine) -> list[Invocation]:
    try:
        found = [r for r in read_source(opened, date=day, engine=engine) if isinstance(r, Invocation)]
        if not found:
            raise InputError(
                "holds no invocation", source=opened.name, remedy="see lp.load for builds and triage logs"
            )
    except InputError:
        if not opened.walked:
            raise
        return []
    return found


class Kept(NamedTuple):
    """The content of an input that is kept in memory. See `logparse.joining.merge.Content`."""

    digest: str
    entries: Sequence[Entry]
    again: Callable[[Build | None, tuple[str, str] | None], Invocation]


# --- one source -------------------------------------------------------------------------------


def read_source(source: Source, *, date: date | None = None, engine: Engine = scanner) -> list[Result]:
    """Return all that one source holds: invocations, triage logs, or builds and errors for broken ones.

    Raises
    ------
    InputError
        Where it holds none of these.
    """
    parts = read_parts(source, date=date, engine=engine)
    return [part.record.whole() if isinstance(part, Copy) else part for part in parts]


def read_parts(source: Source, *, date: date | None = None, engine: Engine = scanner) -> list[Part]:
    """Return the same as `read_source`, with each invocation as a copy that can be joined with others.

    Raises
    ------
    InputError
        Where it holds none of these.
    """
    found = detect(source.text)
    if found.kind == "builds":
        return [*builds_in(source)]
    if found.kind not in ("log", "fragment"):
        raise found.refusal(source.name)
    results: list[Part] = []
    for page in pages_of(found, source.name):
        results.extend([page] if isinstance(page, InputError) else _read_page(page, source, date, engine))
    if not any(isinstance(part, (Copy, TriageLog)) for part in results):
        raise nothing(found.text).refusal(source.name)
    return results


def _read_page(
    text: PageText, source: Source, day: date | None, engine: Engine
) -> Iterator[Copy | TriageLog]:
    page = engine.parse_page(text.text, text.log_at)
    head, log = page._replace(blocks=()), Page.of_log(())
    hint = source.path.name if source.path is not None else None
    digest = sha256(text.text.encode("utf-8", "surrogatepass")).hexdigest()
    for entries in split_invocations(page.blocks, engine.match):
        if all(e.shape == "triage" for e in entries):
            yield _triage_log(entries, source.name, text.line_shift)
        else:
            again = partial(_invocation, head, entries, source.name, hint, text.line_shift, day)
            content = Kept(digest, entries, again)
            yield Copy(again(None, None), head._replace(preamble="") != log, len(entries), content)
        head = log


def _invocation(
    page: Page,
    entries: list[Entry],
    name: str,
    hint: str | None,
    shift: int,
    day: date | None,
    stored: Build | None,
    known_id: tuple[str, str] | None,
) -> Invocation:
    record, facts, timeline = assemble(
        page,
        entries,
        source=name,
        day=day,
        name_hint=hint,
        line_shift=shift,
        stored=stored,
        known_id=known_id,
    )
    record.findings = check_invocation(record, facts, page, timeline, entries, shift)
    return record


def _triage_log(entries: list[Entry], name: str, shift: int) -> TriageLog:
    from logparse.engine.invocation import make_events

    record = TriageLog(events=make_events(entries, shift), source=name)
    record.source_line = record.events[0].line
    record.unrecognized = sum(e.kind is None for e in record.events)
    record.findings = check_triage(record)
    return record
