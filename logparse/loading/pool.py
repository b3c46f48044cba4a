"""Reading with several processes: workers read files, and this process takes what they hold, in order.

The results do not depend on the number of workers. A worker is a fresh process, so that a user's script is
not run again in it. Where one dies, its files are read again one by one, each in a new worker: the file that
ends a worker becomes an error, and the others count.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from logparse.errors import InputError
from logparse.reading.inputs import Unit
from logparse.sources import Found

#: Fewer bytes are read here: starting the workers would take longer.
_WORTH_BYTES: Final = 6 << 20
#: So many bytes, or so many files, are read together.
_CHUNK_BYTES: Final = 8 << 20
_CHUNK_FILES: Final = 2_000
#: More workers are not started.
_MOST_JOBS: Final = 64

T = TypeVar("T")
#: Reads inputs: returns as many results.
Read = Callable[[Sequence[Unit]], Sequence[T]]


def read_all(units: Iterable[Unit], read: Read[T], here: Read[T], jobs: int) -> Iterator[T | InputError]:
    """Yield what `read` returns for each input, in the order of the inputs.

    Parameters
    ----------
    units:
        Of `logparse.reading.inputs.find_inputs`.
    read:
        A function of several inputs that can be pickled, as a `functools.partial` of a module's function. So
        can its results, of which it returns one for each input.
    here:
        Does the same in this process, for inputs that no worker can read, as standard input.
    jobs:
        How many workers read at once. With 1, and where there is little to read, this process reads alone.

    Yields
    ------
    InputError
        In the place of a file that ends the worker.
    """
    if jobs == 1 or os.name != "posix" or not sys.executable:
        yield from _alone(units, here)
        return
    first: list[Unit] = []
    size = 0
    rest = iter(units)
    for unit in rest:
        first.append(unit)
        size += _size(unit) or 0
        if size >= _WORTH_BYTES:
            break
    else:
        yield from _alone(first, here)
        return
    # The modules that start processes take time to import.
    from logparse.loading.workers import Pool

    pool = Pool(read, here, min(jobs, _MOST_JOBS), _chunks)
    try:
        yield from pool.run(_chained(first, rest))
    finally:
        pool.close()


def _alone(units: Iterable[Unit], here: Read[T]) -> Iterator[T]:
    """Read inputs in this process."""
    for chunk in _chunks(units):
        yield from here(chunk if isinstance(chunk, list) else [chunk])


def _chunks(units: Iterable[Unit]) -> Iterator[list[Unit] | Unit]:
    """Yield files in lists that are read together, and alone each input that only this process can read."""
    chunk: list[Unit] = []
    size = 0
    for unit in units:
        bytes_ = _size(unit)
        if bytes_ is None or (chunk and size + bytes_ > _CHUNK_BYTES) or len(chunk) == _CHUNK_FILES:
            if chunk:
                yield chunk
            chunk, size = [], 0
        if bytes_ is None:
            yield unit
        else:
            chunk.append(unit)
            size += bytes_
    if chunk:
        yield chunk


def _chained(first: list[Unit], rest: Iterator[Unit]) -> Iterator[Unit]:
    yield from first
    first.clear()
    yield from rest


def _size(unit: Unit) -> int | None:
    """Return the bytes of a regular file, None for an input that only this process can read."""
    if not isinstance(unit, Found) or unit.path is None:
        return None
    # Files of a process's own, as /dev/fd/63, are not those of a worker.
    if unit.path.startswith(("/dev/", "/proc/")):
        return None
    if unit.size is not None:
        return unit.size
    try:
        found = os.stat(unit.path)
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
