"""Which piece of an input the rows of a part come from: runs of rows, in the metadata of the file.

A run has an owner, which is the number of a piece, and a place, by which runs are sorted: a time in
microseconds since 1970 and the number of the invocation or the build. When an input adds to an invocation,
the old rows are found by their owners.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.errors import InputError
from logparse.lazy import pyarrow_parquet as pq

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

KEY: Final = b"logparse.owners"
#: The time and the number where there is none: such rows come last.
NO_TIME: Final = 2**62
_MOST_BYTES: Final = 1 << 30


class Run(NamedTuple):
    """Rows that follow each other and have one owner."""

    owner: int
    time: int
    number: int
    rows: int


class Owners:
    """The runs of a part.

    Attributes
    ----------
    runs:
        An array with a row for each run: owner, time, number, rows.
    """

    def __init__(self, runs: Sequence[Run] | NDArray[Any]) -> None:
        self.runs = np.array(runs, dtype=np.int64).reshape(-1, 4)

    @classmethod
    def joined(cls, parts: Collection[Owners]) -> Owners:
        """Return the runs of parts that are put together."""
        return cls(np.concatenate([part.runs for part in parts]) if parts else [])

    @property
    def rows(self) -> int:
        """How many rows all runs have."""
        return int(self.runs[:, 3].sum())

    def encoded(self) -> bytes:
        """Return the runs as text of ASCII."""
        steps = np.diff(self.runs, axis=0, prepend=np.zeros((1, 4), dtype=np.int64))
        return base64.b64encode(zlib.compress(np.ascontiguousarray(steps.T).tobytes(), 6))

    @classmethod
    def of(cls, path: str, rows: int) -> Owners:
        """Return the runs of a file.

        Raises
        ------
        InputError
            Where the file does not have them.
        """
        try:
            metadata = pq.read_schema(path).metadata or {}
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(base64.b64decode(metadata[KEY], validate=True), _MOST_BYTES)
            steps = np.frombuffer(data, dtype=np.int64).reshape(4, -1)
            found = cls(np.cumsum(steps.T, axis=0))
        except OSError:
            raise
        except Exception as error:
            # Bytes of a damaged file can make each of these steps fail in many ways.
            raise _damaged(path) from error
        if found.rows != rows or (found.runs[:, 3] < 0).any():
            raise _damaged(path)
        return found

    def of_any(self, pieces: NDArray[Any]) -> NDArray[Any]:
        """Return for each run whether its owner is one of `pieces`."""
        found: NDArray[Any] = np.isin(self.runs[:, 0], pieces)
        return found

    def rows_where(self, runs: NDArray[Any]) -> NDArray[Any]:
        """Return for each row the value that its run has."""
        found: NDArray[Any] = np.repeat(runs, self.runs[:, 3])
        return found

    def order(self) -> tuple[Owners, NDArray[Any]]:
        """Return the runs sorted by their places, and the rows in the order of these runs."""
        by_place = np.lexsort((self.runs[:, 0], self.runs[:, 2], self.runs[:, 1]))
        counts = self.runs[:, 3]
        starts = (np.cumsum(counts) - counts)[by_place]
        sizes = counts[by_place]
        ends = np.cumsum(sizes)
        rows = np.repeat(starts - ends + sizes, sizes) + np.arange(int(sizes.sum()))
        return Owners(self.runs[by_place]), rows

    @property
    def is_sorted(self) -> bool:
        """Whether the runs are in the order of their places."""
        before, after = self.runs[:-1, 1:3], self.runs[1:, 1:3]
        later = before[:, 0] > after[:, 0]
        return not bool((later | ((before[:, 0] == after[:, 0]) & (before[:, 1] > after[:, 1]))).any())


def number_of(identifier: str | None) -> int:
    """Return the number that an id is, to sort by."""
    if identifier is not None and identifier.isascii() and identifier.isdigit() and len(identifier) <= 18 + 1:
        return min(int(identifier), 2**63 - 1)
    return 0


def _damaged(path: str) -> InputError:
    return InputError("is damaged", source=path, remedy="take the dataset from a backup")
