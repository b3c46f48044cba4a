"""Reading: from one file or text to records.

Each function returns or raises; nothing is printed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from hashlib import sha256
from typing import BinaryIO, TypeAlias

from logparse import scanner, sources
from logparse.buildbucket import builds_in
from logparse.checks import check_invocation, check_triage
from logparse.detection import detect, nothing
from logparse.entries import Entry, split_invocations
from logparse.errors import InputError
from logparse.invocation import assemble
from logparse.merge import Copy
from logparse.pages import PageText, pages_of
from logparse.records import Build, Invocation, TriageLog
from logparse.sources import DEFAULT_MAX_BYTES, Source
from logparse.syntax import Engine, Page

Input: TypeAlias = "str | bytes | os.PathLike[str]"
Result: TypeAlias = Invocation | TriageLog | Build | InputError
Part: TypeAlias = Copy | TriageLog | Build | InputError


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


def _open(source: Input, max_bytes: int) -> Iterator[Source]:
    for opened in open_inputs([source], max_bytes):
        if isinstance(opened, InputError):
            raise opened
        yield opened


def open_inputs(
    inputs: Iterable[Input], max_bytes: int, stdin: BinaryIO | None = None
) -> Iterator[Source | InputError]:
    """Yield each file and text of the inputs, and an error for each that cannot be read."""
    for item in inputs:
        opened: Iterable[Source | InputError]
        if isinstance(item, bytes):
            opened = [sources.decode(item, "<text>")]
        elif isinstance(item, str) and "\n" in item:
            opened = [sources.from_text(item)]
        else:
            opened = sources.read([item], max_bytes=max_bytes, stdin=stdin)
        yield from opened


# --- one source -------------------------------------------------------------------------------


def read_source(source: Source, *, date: date | None = None, engine: Engine = scanner) -> list[Result]:
    """Return all that one source holds: invocations, triage logs, or builds and errors for broken ones.

    Raises
    ------
    InputError
        Where it holds none of these.
    """
    parts = read_parts(source, date=date, engine=engine)
    return [part.record if isinstance(part, Copy) else part for part in parts]


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
            yield Copy(again(None, None), head._replace(preamble="") != log, digest, again)
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
    record.findings = check_invocation(record, facts, page, timeline)
    return record


def _triage_log(entries: list[Entry], name: str, shift: int) -> TriageLog:
    from logparse.invocation import make_events

    record = TriageLog(events=make_events(entries, shift), source=name)
    record.source_line = record.events[0].line
    record.unrecognized = sum(e.kind is None for e in record.events)
    record.findings = check_triage(record)
    return record
