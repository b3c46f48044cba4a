"""Batches of plain pages: the tables that were asked for, and what joining needs of each page."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from logparse.batches.arrow import RecordBatch
from logparse.bulk.doubts import doubtful
from logparse.bulk.pages import MAX_FILE, Reading, content
from logparse.bulk.rows import ROWS
from logparse.bulk.scan import Pack
from logparse.bulk.table import Invocations
from logparse.bulk.tables import make_table
from logparse.errors import InputError
from logparse.joining.merge import Copy
from logparse.joining.pagebatch import PageBatch, PageKeys, PageRow
from logparse.memory import no_collection
from logparse.reading import read_parts
from logparse.sources import Found, open_found
from logparse.values.clock import DAY_US

if TYPE_CHECKING:
    import numpy as np
else:
    from logparse.lazy import numpy as np

_ALL: Final[Mapping[str, Collection[str]]] = {}
_REMEDY: Final = "read it again when nothing writes to it"


def read_made(files: Sequence[Found], max_bytes: int) -> Invocations | None:
    """Return the plain pages of files, None where there are none."""
    pack = Pack([content(file, min(max_bytes, MAX_FILE)) for file in files])
    reading = Reading(pack)
    while reading.pages:
        made = Invocations(reading, [files[page].name for page in reading.plain.page.tolist()])
        odd = doubtful(made)
        if not odd.any():
            return made
        reading = reading.without(odd)
    return None


def _batch(
    made: Invocations, files: Sequence[Found], tables: Collection[str], only: Mapping[str, Collection[str]]
) -> PageBatch:
    entries, data = made.reading.entries, made.reading.pack.data
    first = entries.first[made.plain.page]
    texts = zip(entries.text[first].tolist(), entries.end[first].tolist(), strict=True)
    keys = PageKeys(
        ids=made.ids,
        jobs=made.jobs,
        build_ids=made.built["id"],
        created_us=made.created.tolist(),
        clocks=(entries.us[first] % DAY_US // 1000).tolist(),
        texts=[sys.intern(data[begin:end].decode()) for begin, end in texts],
        counts={
            "polls": np.diff(made.starts),
            "triggers": np.array([len(page.asked.triggers or ()) for page in made.pages]),
            "events": np.diff(entries.first)[made.plain.page],
        },
    )
    known = {table: make_table(made, table, only.get(table)) for table in tables if table in ROWS}
    return PageBatch([files[page] for page in made.plain.page.tolist()], keys, known, remake, read_alone)


def remake(batch: PageBatch, table: str) -> RecordBatch:
    """Return a table of a batch, of which the files are read again.

    Raises
    ------
    InputError
        Where a file has changed since.
    """
    with no_collection():
        made = read_made(batch.files, MAX_FILE)
        if made is None or made.ids != batch.keys.ids:
            raise InputError("files have changed while they were read", remedy=_REMEDY)
        return make_table(made, table)


def read_pages(
    files: Sequence[Found],
    max_bytes: int,
    tables: Collection[str],
    only: Mapping[str, Collection[str]] = _ALL,
) -> list[PageRow | None]:
    """Return the invocation of each file, None for a file that must be read alone.

    Parameters
    ----------
    files:
        Regular files.
    max_bytes:
        Larger files are read alone.
    tables:
        The tables that will be asked for.
    only:
        The columns that will be asked for of some of these tables; of the others it is all.
    """
    found: list[PageRow | None] = [None] * len(files)
    with no_collection():
        made = read_made(files, max_bytes)
        if made is not None:
            batch = _batch(made, files, tables, only)
            for row, page in enumerate(made.plain.page.tolist()):
                found[page] = PageRow(batch, row)
        # Without its objects the next collection is quick.
        del made
    return found


@lru_cache(maxsize=1)
def read_alone(file: Found) -> Copy:
    """Return the invocation of a file, read as files are read alone.

    Raises
    ------
    InputError
        Where the file has changed since, so that it does not hold one invocation.
    """
    source = open_found(file, max_bytes=MAX_FILE)
    try:
        found = [] if isinstance(source, InputError) else read_parts(source)
    except InputError:
        found = []
    if len(found) == 1 and isinstance(found[0], Copy):
        return found[0]
    raise InputError("has changed while it was read", source=file.name, remedy=_REMEDY)
