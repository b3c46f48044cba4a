"""The pieces of inputs: each log, each record of a build, each triage log, with all that joining anew needs.

A piece has keys. Pieces that share a key are joined: they show one invocation, or a build and the invocation
that asked for it. A dataset keeps the file of a log as it was read, and the record of a build.
"""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from logparse.errors import InputError
from logparse.joining.merge import Copy
from logparse.joining.pagebatch import PageRow
from logparse.lazy import pyarrow as pa
from logparse.lazy import pyarrow_compute as pc
from logparse.lazy import pyarrow_parquet as pq
from logparse.reading import read_parts
from logparse.records import Build, TriageLog
from logparse.records.buildnames import scheduler_tags
from logparse.sources import Source, read_stream
from logparse.store.layout import INPUTS, KEPT, PIECES
from logparse.store.manifest import Manifest
from logparse.values.clock import from_datetime
from logparse.values.ids import build_created_us, invocation_created_us

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

#: The contents of pieces, which can be joined.
Content = Copy | PageRow | Build | TriageLog
#: Contents that were read once have no limit of size.
_MOST_BYTES: Final = 1 << 40


class Piece(NamedTuple):
    """A piece of an input.

    Attributes
    ----------
    number:
        Its number in the dataset.
    input, place:
        The number of its input, and how many pieces that has before it.
    kind:
        ``log``, ``build`` or ``triage``.
    invocation, build, beginning:
        Its keys: hashes of the invocation's id, the build's id, and the first entry; 0 where there is none.
    nameless:
        Whether it is a log without an id, which can be a copy of any log that begins like it.
    us:
        The latest time of creation that it shows, in microseconds since 1970; None where it shows none.
    record:
        Of a build, as JSON.
    """

    number: int
    input: int
    place: int
    kind: str
    invocation: int
    build: int
    beginning: int
    nameless: bool
    us: int | None
    record: str | None


def pieces_schema() -> Any:
    """Return the columns of the pieces' files."""
    types = {
        **dict.fromkeys(("number", "input", "place", "invocation", "build", "beginning", "us"), pa.int64()),
        **dict.fromkeys(("kind", "record"), pa.string()),
        "nameless": pa.bool_(),
    }
    return pa.schema([(name, types[name]) for name in Piece._fields])


def kept_schema() -> Any:
    """Return the columns of the files that keep logs."""
    return pa.schema([("input", pa.int64()), ("data", pa.binary())])


# --- making pieces ----------------------------------------------------------------------------


def piece_of(content: Content, number: int, input_: int, place: int) -> Piece:
    """Return the piece of a log or a build that was read."""
    invocation = build = beginning = 0
    nameless, record = False, None
    times: list[int | None] = []
    if isinstance(content, PageRow):
        keys, row = content.batch.keys, content.row
        invocation, build = _hash(keys.ids[row]), _hash(keys.build_ids[row])
        beginning = _hash(f"{keys.clocks[row]}|{keys.texts[row]}")
        times = [keys.created_us[row], build_created_us(keys.build_ids[row])]
    elif isinstance(content, Copy):
        log = content.record
        invocation = _hash(log.invocation_id)
        build = _hash(log.build.id) if log.build is not None else 0
        entries = content.content.entries
        beginning = _hash(f"{entries[0].clock_ms}|{entries[0].text.rstrip()}" if entries else "empty")
        nameless = log.invocation_id is None
        times = [_us(log.created_at), _us(log.build.created_at) if log.build is not None else None]
    elif isinstance(content, Build):
        tagged = scheduler_tags(content)[0]
        invocation, build = _hash(tagged), _hash(content.id)
        times = [_us(content.created_at) or build_created_us(content.id), invocation_created_us(tagged or "")]
        record = json.dumps(msgspec.to_builtins(content), separators=(",", ":"))
    kind = "build" if isinstance(content, Build) else "triage" if isinstance(content, TriageLog) else "log"
    us = max((time for time in times if time is not None), default=None)
    return Piece(number, input_, place, kind, invocation, build, beginning, nameless, us, record)


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else from_datetime(moment)


def _hash(key: str | None) -> int:
    if key is None:
        return 0
    return int.from_bytes(
        blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True
    )


# --- finding pieces ---------------------------------------------------------------------------


class Keys:
    """The keys of all pieces of a dataset, as arrays."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        names = ["number", "input", "invocation", "build", "beginning", "nameless"]
        parts = [pq.read_table(folder / part.name, columns=names) for part in manifest.of(PIECES)]
        table = pa.concat_tables(parts) if parts else pieces_schema().empty_table().select(names)
        self._columns = {name: table.column(name).to_numpy() for name in names}

    @property
    def numbers(self) -> NDArray[Any]:
        """The numbers of all pieces."""
        found: NDArray[Any] = self._columns["number"]
        return found

    def joined_with(self, new: Sequence[Piece], inputs: Sequence[int]) -> NDArray[Any]:
        """Return the numbers of the pieces that are joined with new ones, directly or by others.

        Pieces of `inputs` are among them, and all that is joined with these.
        """
        columns = self._columns
        found = np.isin(columns["input"], np.array(inputs, dtype=np.int64))
        return self._grown(new, found)

    def of(self, invocations: Iterable[str], builds: Iterable[str], inputs: Iterable[int]) -> NDArray[Any]:
        """Return the numbers of the pieces that show invocations or builds, and of all joined with them.

        Parameters
        ----------
        invocations, builds:
            Their ids.
        inputs:
            The numbers of inputs that hold logs without an id.
        """
        found = np.isin(self._columns["input"], np.array(list(inputs), dtype=np.int64))
        found &= self._columns["nameless"]
        for name, ids in (("invocation", invocations), ("build", builds)):
            found |= np.isin(self._columns[name], np.array([_hash(one) for one in ids], dtype=np.int64))
        return self._grown([], found)

    def _grown(self, new: Sequence[Piece], found: NDArray[Any]) -> NDArray[Any]:
        columns = self._columns
        firsts = np.array([piece.beginning for piece in new if piece.beginning], dtype=np.int64)
        nameless = np.array([piece.beginning for piece in new if piece.nameless], dtype=np.int64)
        wanted = {
            name: np.array([key for piece in new if (key := getattr(piece, name))], dtype=np.int64)
            for name in ("invocation", "build")
        }
        while True:
            grown = found.copy()
            for name, keys in wanted.items():
                keys = np.union1d(keys, columns[name][found])
                grown |= np.isin(columns[name], keys[keys != 0])
            own = columns["beginning"][found]
            any_first = np.union1d(firsts, own)
            without_id = np.union1d(nameless, own[columns["nameless"][found]])
            grown |= np.isin(columns["beginning"], without_id[without_id != 0])
            grown |= columns["nameless"] & np.isin(columns["beginning"], any_first[any_first != 0])
            if (grown == found).all():
                numbers: NDArray[Any] = columns["number"][found]
                return numbers
            found = grown


def load_pieces(folder: Path, manifest: Manifest, numbers: NDArray[Any]) -> list[Piece]:
    """Return pieces by their numbers, in the order of these."""
    if not len(numbers):
        return []
    wanted = pa.array(numbers)
    rows: list[dict[str, Any]] = []
    for part in manifest.of(PIECES):
        rows += _rows_in(folder / part.name, "number", wanted)
    return sorted(Piece(**row) for row in rows)


def _rows_in(path: Path, key: str, wanted: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file whose key is wanted. Groups of rows without such a key are not read."""
    with pq.ParquetFile(path) as file:
        low, high = pc.min(wanted).as_py(), pc.max(wanted).as_py()
        at = file.schema_arrow.get_field_index(key)
        for group in range(file.num_row_groups):
            known = file.metadata.row_group(group).column(at).statistics
            if known is not None and (known.max < low or known.min > high):
                continue
            chosen = pc.is_in(file.read_row_group(group, columns=[key]).column(key), value_set=wanted)
            if pc.any(chosen).as_py():
                yield from file.read_row_group(group).filter(chosen).to_pylist()


# --- reading pieces again ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an input was read, as reading it again needs it.

    Attributes
    ----------
    name, path:
        Its name, and its path; None for standard input.
    walked:
        Whether it was found in a directory.
    day:
        The day that was given for logs without a date.
    """

    name: str
    path: Path | None
    walked: bool
    day: date | None


def origins(folder: Path, manifest: Manifest, inputs: Iterable[int]) -> dict[int, Origin]:
    """Return where inputs were read, by their numbers: of those with several names the first."""
    wanted = pa.array(sorted(set(inputs)), pa.int64())
    found: dict[int, Origin] = {}
    names = ["input", "name", "path", "walked", "date"]
    for part in manifest.of(INPUTS):
        table = pq.read_table(
            folder / part.name, columns=names, filters=pa.compute.field("input").isin(wanted)
        )
        for row in table.to_pylist():
            path = None if row["path"] is None else Path(row["path"])
            day = None if row["date"] is None else date.fromisoformat(row["date"])
            found.setdefault(row["input"], Origin(row["name"], path, row["walked"], day))
    return found


def contents(
    folder: Path, manifest: Manifest, pieces: Sequence[Piece], origins: dict[int, Origin]
) -> Iterator[tuple[Piece, Content]]:
    """Yield pieces with their contents, read anew.

    Raises
    ------
    InputError
        Where the dataset is damaged.
    """
    logs: defaultdict[int, list[Piece]] = defaultdict(list)
    for piece in pieces:
        if piece.record is not None:
            yield piece, msgspec.convert(json.loads(piece.record), Build)
        else:
            logs[piece.input].append(piece)
    if not logs:
        return
    for number, data in kept_data(folder, manifest, list(logs)):
        parts = read_kept(data, origins[number])
        for piece in logs.pop(number):
            yield piece, _content(parts, piece, folder)
    if logs:
        raise InputError(
            "lacks logs that it has taken in", source=str(folder), remedy="take it from a backup"
        )


def kept_data(folder: Path, manifest: Manifest, inputs: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Yield the numbers of inputs with the content that the dataset keeps of them."""
    if not inputs:
        return
    wanted = pa.array(sorted(inputs), pa.int64())
    for part in manifest.of(KEPT):
        for row in _rows_in(folder / part.name, "input", wanted):
            yield row["input"], row["data"]


def read_kept(data: bytes, origin: Origin) -> list[Any]:
    """Return the parts of an input from its bytes."""
    return read_parts(_source(data, origin), date=origin.day)


def _source(data: bytes, origin: Origin) -> Source:
    source = read_stream(io.BytesIO(data), origin.name, max_bytes=_MOST_BYTES)
    return replace(source, path=origin.path, walked=origin.walked)


def _content(parts: Sequence[Any], piece: Piece, folder: Path) -> Content:
    found = [part for part in parts if isinstance(part, (Copy, TriageLog))]
    if piece.place < len(found):
        content: Content = found[piece.place]
        return content
    raise InputError(
        f"this logparse reads a log of it otherwise than the one that took it in (input {piece.input})",
        source=str(folder),
        remedy="take the input in again with logparse ingest --again",
    )
