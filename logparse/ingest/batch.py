"""A batch of inputs, which is one change of the dataset."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from logparse.errors import InputError
from logparse.ingest.finding import Reading, Waiting, is_same
from logparse.ingest.known import Known, Taken, table_of
from logparse.joining.merge import Copy
from logparse.joining.pagebatch import PageRow, Spool
from logparse.lazy import pyarrow as pa
from logparse.loading import builds_reading, logs_reading
from logparse.loading.pool import read_all
from logparse.loading.together import put_together
from logparse.records import Build, TriageLog
from logparse.sources import Found
from logparse.store import disk
from logparse.store.commit import Change
from logparse.store.divided import Numbers, Rows, divided
from logparse.store.layout import INPUTS, KEPT, PIECES
from logparse.store.manifest import Manifest
from logparse.store.pieces import (
    Content,
    Keys,
    Piece,
    contents,
    kept_schema,
    load_pieces,
    origins,
    piece_of,
    pieces_schema,
    read_kept,
)
from logparse.store.retention import drop_older
from logparse.store.writing import Parts, own_writer
from logparse.tables.rows import Records
from logparse.values.clock import midnight_us

if TYPE_CHECKING:
    import numpy as np
else:
    from logparse.lazy import numpy as np

#: Tables of pages with more bytes are kept in a file.
_MOST_IN_MEMORY: Final = 24 << 20
#: Logs of so many bytes are compressed together.
_GROUP_BYTES: Final = 8 << 20
_TABLES: Final = ("invocations", "builds", "attempts", "polls", "triggers", "events")


class Batch:
    """Inputs that are added to a dataset together.

    Parameters
    ----------
    folder, manifest:
        The dataset before.
    cutoff:
        Days before it are left out.

    Attributes
    ----------
    taken, read:
        The inputs that were not known, once the batch is committed, and how many of them exist.
    bytes:
        The size of the inputs.
    """

    def __init__(self, folder: Path, manifest: Manifest, reading: Reading, cutoff: date | None) -> None:
        self._folder = folder
        self._manifest = manifest
        self._reading = reading
        self._cutoff = cutoff
        self._waiting: list[Waiting] = []
        self.taken: list[Taken] = []
        self.read = 0
        self.bytes = 0

    @property
    def size(self) -> int:
        """How many inputs it has."""
        return len(self._waiting)

    def add(self, waiting: Waiting) -> None:
        """Take over an input."""
        self._waiting.append(waiting)
        self.bytes += waiting.taken.size

    def commit(self, known: Known) -> Manifest:
        """Add the inputs to the dataset, and return its manifest.

        Raises
        ------
        OSError
            Where the dataset cannot be written.
        """
        with Change(self._folder) as change:
            parts = Parts(self._manifest.parts, change)
            pieces = self._read(change, parts, known)
            self._join(parts, pieces)
            rows = [one.taken for one in self._waiting if not known.is_noted(one.taken)]
            parts.append(INPUTS, table_of(rows))
            drop_older(parts, self._cutoff)
            number = self._manifest.next_piece + len(pieces)
            after = parts.manifest(
                self._manifest,
                next_input=known.next_input if rows else self._manifest.next_input,
                next_piece=number,
            )
            if after != self._manifest:
                change.commit(after, parts.old)
        new = [one for one in self._waiting if one.known is None]
        self.taken = [one.taken for one in new]
        self.read = sum(not isinstance(one.unit, InputError) for one in new)
        return after

    # --- reading ------------------------------------------------------------------------------

    def _read(self, change: Change, parts: Parts, known: Known) -> list[tuple[Piece, Content]]:
        """Read the inputs, keep their logs, and return their pieces."""
        found: list[tuple[Piece, Content]] = []
        kept = _Kept(change)
        spool = Spool(_MOST_IN_MEMORY)
        with kept:
            for waiting, read in self._outcomes():
                taken = waiting.taken
                self._reading.watch(taken.name)
                data, error = None, read if isinstance(read, InputError) else None
                if error is None and (data := _content_of(waiting)) is None:
                    error, taken.content = _changed(taken), ""
                if error is not None or data is None or isinstance(read, InputError):
                    taken.errors += [error] if error is not None else []
                    if waiting.replaced in known.with_pieces:
                        # The rows that an earlier run made of it stay.
                        waiting.replaced = None
                    continue
                if not any(map(_needs_name, read)):
                    taken.hint = None
                for part in read:
                    if isinstance(part, PageRow):
                        spool.take(part.batch)
                    self._take(taken, part, found)
                if taken.pieces and found[-1][0].kind != "build":
                    kept.add(taken.input, data)
        kept.add_to(parts)
        return found

    def _outcomes(self) -> Iterator[tuple[Waiting, Sequence[Any] | InputError]]:
        """Yield inputs with their parts, or with the error of an input that has none."""
        reading = self._reading
        builds = builds_reading(reading.max_bytes)
        logs = logs_reading(reading.max_bytes, reading.day, "scanner", _TABLES)
        files: dict[bool, list[Waiting]] = {True: [], False: []}
        for waiting in self._waiting:
            if waiting.known is not None:
                continue
            read = builds if waiting.is_builds else logs
            if isinstance(waiting.unit, InputError):
                yield waiting, waiting.unit
            elif waiting.data is not None and waiting.origin is not None:
                try:
                    yield waiting, read_kept(waiting.data, waiting.origin)
                except InputError as error:
                    yield waiting, error
            elif waiting.data is not None:
                (outcome,) = read([Found(waiting.taken.name)], stdin=io.BytesIO(waiting.data))
                yield waiting, outcome.parts
            else:
                files[waiting.is_builds].append(waiting)
        for is_builds, listed in files.items():
            read = builds if is_builds else logs
            outcomes = read_all([waiting.unit for waiting in listed], read, partial(read), reading.jobs)
            for waiting, found in zip(listed, outcomes, strict=True):
                yield waiting, found if isinstance(found, InputError) else found.parts

    def _take(self, taken: Taken, part: Any, found: list[tuple[Piece, Content]]) -> None:
        """Take over a part of an input as a piece, unless it is an error or too old."""
        if not isinstance(part, (Copy, PageRow, Build, TriageLog)):
            taken.errors.append(part)
            return
        place = taken.pieces + taken.older
        piece = piece_of(part, self._manifest.next_piece + len(found), taken.input, place)
        if self._cutoff is not None and piece.us is not None and piece.us < midnight_us(self._cutoff):
            taken.older += 1
            taken.older_us = max(piece.us, taken.older_us or piece.us)
            return
        taken.pieces += 1
        found.append((piece, part))

    # --- joining ------------------------------------------------------------------------------

    def _join(self, parts: Parts, found: list[tuple[Piece, Content]]) -> None:
        """Join new pieces with those of the dataset that they change, and write the rows."""
        replaced = [one.replaced for one in self._waiting if one.replaced is not None]
        if not found and not replaced:
            return
        new = [piece for piece, _ in found]
        removed = np.sort(Keys(self._folder, self._manifest).joined_with(new, replaced))
        old = [
            piece
            for piece in load_pieces(self._folder, self._manifest, removed)
            if piece.input not in replaced
        ]
        places = origins(self._folder, self._manifest, (piece.input for piece in old))
        joined = [*found, *contents(self._folder, self._manifest, old, places)]
        records, kept = put_together(
            [part for _, part in joined if isinstance(part, (Copy, PageRow))],
            [part for _, part in joined if isinstance(part, Build)],
            [part for _, part in joined if isinstance(part, TriageLog)],
        )
        parts.replace(self._rows(records, kept, joined), removed)
        parts.without_inputs(np.array(replaced, dtype=np.int64))
        parts.append(PIECES, pa.Table.from_pylist([piece._asdict() for piece in new], schema=pieces_schema()))

    def _rows(
        self, records: Records, kept: Sequence[Any], joined: Iterable[tuple[Piece, Content]]
    ) -> Iterator[Rows]:
        numbers = Numbers()
        for piece, content in joined:
            numbers.add(content, piece.number)
        cutoff = None if self._cutoff is None else self._cutoff.isoformat()
        for rows in divided(records, kept, numbers):
            if cutoff is None or rows.day is None or rows.day >= cutoff:
                yield rows


def _needs_name(part: Any) -> bool:
    """Whether a part of an input depends on the name of its file."""
    return isinstance(part, Copy) and part.record.id_from in (None, "file name")


def _content_of(waiting: Waiting) -> bytes | None:
    """Return the content of an input that was read, None where it has changed since it was looked up."""
    data = waiting.data
    if data is None and isinstance(waiting.unit, Found) and waiting.unit.path is not None:
        try:
            data = Path(waiting.unit.path).read_bytes()
        except OSError:
            return None
    return data if data is not None and is_same(waiting.taken, data) else None


def _changed(taken: Taken) -> InputError:
    return InputError(
        "has changed while it was read", source=taken.name, remedy="take it in when nothing writes to it"
    )


class _Kept:
    """The file of the logs that a batch keeps."""

    def __init__(self, change: Change) -> None:
        self._path = change.temporary()
        self._stack = ExitStack()
        self._writer: Any = None
        self._inputs: list[int] = []
        self._data: list[bytes] = []
        self._size = self._rows = 0

    def __enter__(self) -> _Kept:
        return self

    def __exit__(self, *error: object) -> None:
        with self._stack:
            if error[0] is None:
                self._flush()

    def add(self, input_: int, data: bytes) -> None:
        """Keep the content of an input."""
        self._inputs.append(input_)
        self._data.append(data)
        self._size += len(data)
        if self._size >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._data:
            return
        if self._writer is None:
            out = self._stack.enter_context(disk.new_file(self._path))
            self._writer = self._stack.enter_context(own_writer(out, kept_schema()))
        rows = pa.Table.from_pydict({"input": self._inputs, "data": self._data}, schema=kept_schema())
        self._writer.write_table(rows, row_group_size=rows.num_rows)
        self._rows += rows.num_rows
        self._inputs, self._data, self._size = [], [], 0

    def add_to(self, parts: Parts) -> None:
        """Make the file a part of the dataset."""
        if self._rows:
            parts.take(self._path, KEPT, self._rows)
            parts.join_small(KEPT)
