"""What holds for every input, whatever it is: what the fuzz target of reading checks, and the tests of what it found."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from logparse import reading, sources
from logparse.batches.batch import batches_of
from logparse.columns import TABLES, Column
from logparse.engine.checks import CODES
from logparse.engine.pages import pages_of
from logparse.errors import InputError, LogparseError
from logparse.language.syntax import LOG_TITLE, TRIAGE_TITLE
from logparse.loading.dataset import Dataset
from logparse.output.writers import WRITERS
from logparse.records import Event, Invocation, Record, TriageLog
from logparse.sources import Source
from logparse.sources.detection import detect
from logparse.sources.html import is_html
from logparse.sources.textforms import original
from logparse.tables.rows import Records, rows

PHASES = ("scheduler_wait_s", "launch_s", "pending_s", "run_s", "finish_lag_s")
ROW_TABLES = (
    "invocations",
    "events",
    "polls",
    "attempts",
    "builds",
    "steps",
    "triggers",
    "unrecognized",
    "findings",
)
TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "json": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (float, int),
    "time": (datetime,),
}


def check(data: bytes, *, frames: bool = False) -> list[Record]:
    """Read bytes, check all that holds for the records, and return them.

    Only errors that logparse raises on purpose count as a refusal; they are one line.
    """
    try:
        source = sources.decode(data, "fuzz")
        found = reading.read_source(source)
    except LogparseError as error:
        if len(str(error).splitlines()) == 1:
            return []
        raise
    assert found
    records = Records()
    kept = [record for record in found if not isinstance(record, InputError)]
    for record in kept:
        if isinstance(record, Invocation):
            records.invocations.append(record)
            check_invocation(record)
        elif isinstance(record, TriageLog):
            records.triages.append(record)
        else:
            records.builds.append(record)
        encoded = msgspec.json.encode(record)
        json.loads(encoded)
        assert repr(record).encode("utf-8", "strict")
        assert record._repr_html_()
    for log in records.logs:
        check_events(log, source)
    check_nothing_lost(records, source)
    for table in ROW_TABLES:
        check_table(records, table)
    if frames:
        dataset = Dataset(records)
        for table in TABLES:
            dataset.table(table)
    return list(kept)


def check_invocation(record: Invocation) -> None:
    phases = [getattr(record, name) for name in PHASES]
    if None not in phases and record.duration_s is not None:
        total = sum(phases)
        assert abs(total - record.duration_s) <= 2e-6 + 1e-12 * sum(map(abs, phases)), (
            phases,
            record.duration_s,
        )
    assert record.suspicious == sum(len(e.suspicious) for e in record.events)
    assert record.truncated == bool(record.cuts)
    assert len(record.cuts) == sum(e.kind == "log_cut" for e in record.events)
    assert [p.seq for p in record.polls] == list(range(1, len(record.polls) + 1))
    assert sum(f.code == "suspicious" for f in record.findings) == record.suspicious


def check_events(log: Invocation | TriageLog, source: Source) -> None:
    """Events count up in number and in line, and so do the lines quoted in them."""
    assert log.events
    assert log.source_line == log.events[0].line
    assert log.unrecognized == sum(e.kind is None for e in log.events)
    assert sum(f.code == "unrecognized" for f in log.findings) == log.unrecognized
    # A <br> in a page's log makes a line where the file has none.
    end = None if is_html(source.text) else source.text.count("\n") + 1
    last = 0
    for seq, event in enumerate(log.events, 1):
        assert event.seq == seq
        assert event.text.endswith(event.tail) or event.kind is not None
        for line in (event.line, *(line for line, _ in event.suspicious)):
            assert last < line
            last = line
    assert end is None or last <= end
    for finding in log.findings:
        assert finding.code in CODES
        assert finding.line is None or finding.line >= 1
        assert end is None or finding.line is None or finding.line <= end


def check_nothing_lost(records: Records, source: Source) -> None:
    """Every line from the first entry on stands in an entry's text, but for blank ones and the triage block's frame."""
    if is_html(source.text) or not records.logs or len(list(pages_of(detect(source.text), source.name))) != 1:
        return
    lines = original(source.text).split("\n")
    events: list[Event] = sorted((e for log in records.logs for e in log.events), key=lambda e: e.line)
    ends = [event.line for event in events[1:]] + [len(lines) + 1]
    for event, end in zip(events, ends, strict=True):
        texts = event.text.split("\n")
        for offset, text in enumerate(texts):
            # The clock stands before the first line, a text converter's indentation before each. Behind a quoted
            # clock a space is the log's own way, whether an editor has stripped it or not.
            assert lines[event.line - 1 + offset].rstrip(" ").endswith(text.rstrip(" ")), (event.line, text)
        for line in lines[event.line - 1 + len(texts) : end - 1]:
            rest = line.strip(" \t").removeprefix(TRIAGE_TITLE).removeprefix(LOG_TITLE)
            assert not rest.strip().strip("-"), (event.line, line)


def check_table(records: Records, table: str) -> None:
    """Rows have the declared columns and types, and every writer writes them all."""
    columns = TABLES[table]
    made = list(rows(records, table))
    known = {column.name: TYPES[column.type] for column in columns}
    for row in made:
        for name, value in row.items():
            assert value is None or isinstance(value, known[name]), (table, name, value)
            assert known[name] != (int,) or value is None or type(value) is int, (table, name)
    written = {name: _written(name, made, columns) for name in WRITERS}
    assert len(list(csv.reader(io.StringIO(written["csv"], newline="")))) == len(made) + 1
    for line, _ in zip(written["jsonl"].splitlines(), made, strict=True):
        json.loads(line)
    assert len(written["markdown"].split("\n")) == len(made) + 3


def _written(name: str, made: list[dict[str, Any]], columns: Sequence[Column]) -> str:
    out = io.StringIO(newline="")
    WRITERS[name](batches_of(made, columns), columns, out)
    text = out.getvalue()
    text.encode("utf-8")
    return text
