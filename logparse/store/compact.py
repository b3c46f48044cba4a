"""Putting the parts of a dataset together: one part for each table and day, in the current form."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from logparse.columns import SCHEMA_VERSION
from logparse.lazy import pyarrow_parquet as pq
from logparse.store import disk
from logparse.store.commit import Change, recover
from logparse.store.divided import Rows
from logparse.store.layout import OWN, STORED, local
from logparse.store.lock import locked
from logparse.store.manifest import Manifest, Part, load_manifest
from logparse.store.owners import Owners
from logparse.store.writing import Parts

if TYPE_CHECKING:
    import numpy as np
else:
    from logparse.lazy import numpy as np

#: Parts of tables of logparse's own that are larger are left alone.
_LARGE_BYTES: Final = 64 << 20
#: So many parts are replaced in one change, so that old and new files need little room together.
_AT_ONCE: Final = 500


class Compacted(NamedTuple):
    """The result of `compact`: how many files and bytes the dataset had, and has now."""

    files_before: int
    bytes_before: int
    files: int
    bytes: int


def compact(path: str | os.PathLike[str], *, waits: Callable[[], None] | None = None) -> Compacted:
    """Put the parts of a dataset together: one for each table and day. The rows stay the same.

    Parts that an older logparse wrote get the columns of this one; the new ones are null.

    Parameters
    ----------
    path:
        The folder of the dataset.
    waits:
        Called where another process adds to the dataset. Then this one waits for that.

    Raises
    ------
    UsageError, InputError
        Where the path is not that of a dataset, or this logparse cannot read it.
    LogparseError
        Where it cannot be written. No row is lost.
    """
    folder = local(path)
    manifest = load_manifest(folder)
    before = manifest.parts
    with disk.writing(folder), locked(folder, waits or (lambda: None)):
        recover(folder)
        manifest = load_manifest(folder)
        before = manifest.parts
        groups = list(_groups(manifest))
        while groups:
            some: list[list[Part]] = []
            while groups and sum(map(len, some)) < _AT_ONCE:
                some.append(groups.pop())
            manifest = _together(folder, manifest, some)
    return Compacted(len(before), _bytes(before), len(manifest.parts), _bytes(manifest.parts))


def _groups(manifest: Manifest) -> Iterator[list[Part]]:
    """Yield the parts that are to be put together."""
    found: defaultdict[tuple[str, str | None], list[Part]] = defaultdict(list)
    for part in manifest.parts:
        if part.table in STORED or part.bytes < _LARGE_BYTES:
            found[part.table, part.day].append(part)
    for (table, _), parts in found.items():
        is_old = table in STORED and any(part.version < SCHEMA_VERSION for part in parts)
        if len(parts) > 1 or is_old:
            yield parts


def _together(folder: Path, manifest: Manifest, groups: Sequence[list[Part]]) -> Manifest:
    with Change(folder) as change:
        parts = Parts(manifest.parts, change)
        for group in groups:
            table, day = group[0].table, group[0].day
            if table in OWN:
                parts.add_own(table, parts.rows_of(group), pq.read_schema(parts.path(group[0])))
                parts.drop(group)
            else:
                parts.write(Rows(table, day, Owners([]), ()), group, np.array([], dtype=np.int64))
        after = parts.manifest(manifest)
        change.commit(after, parts.old)
    return after


def _bytes(parts: Sequence[Part]) -> int:
    return sum(part.bytes for part in parts)
