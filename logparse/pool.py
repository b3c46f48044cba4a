"""Reading with several processes: workers read files, and this process takes what they hold, in order.

The results do not depend on the number of workers. A worker is a fresh process, so that a user's script is
not run again in it. Where one dies, its files are read again one by one, each in a new worker: the file that
ends a worker becomes an error, and the others count.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from logparse.errors import InputError
from logparse.inputs import Unit
from logparse.sources import Found

#: Fewer bytes are read here: starting the workers would take longer.
_WORTH_BYTES: Final = 6 << 20
#: More workers are not started.
_MOST_JOBS: Final = 64

T = TypeVar("T")
#: Reads one input.
Read = Callable[[Unit], T]


def read_all(units: Iterable[Unit], read: Read[T], here: Read[T], jobs: int) -> Iterator[T | InputError]:
    """Yield what `read` returns for each input, in their order.

    Parameters
    ----------
    units:
        Of `logparse.inputs.find_inputs`.
    read:
        A function that can be pickled, as a `functools.partial` of a module's function. So can its results.
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
        yield from map(here, units)
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
        yield from map(here, first)
        return
    # The modules that start processes take time to import.
    from logparse.workers import Pool

    pool = Pool(read, here, min(jobs, _MOST_JOBS), _size)
    try:
        yield from pool.run(_chained(first, rest))
    finally:
        pool.close()


def _chained(first: list[Unit], rest: Iterator[Unit]) -> Iterator[Unit]:
    yield from first
    first.clear()
    yield from rest


def _size(unit: Unit) -> int | None:
    """Return the bytes of a regular file, None for an input that only this process can read."""
    if not isinstance(unit, Found) or unit.path is None:
        return None
    try:
        found = os.stat(unit.path)
    except OSError:
        return None
    # Files of a process's own, as /dev/fd/63, are not those of a worker.
    is_own = os.fspath(unit.path).startswith(("/dev/", "/proc/"))
    return found.st_size if stat.S_ISREG(found.st_mode) and not is_own else None
