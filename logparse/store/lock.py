"""One writer at a time: a lock of the system on a file, which ends with the process that holds it."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from logparse.store import disk
from logparse.store.layout import LOCK

if sys.platform == "win32":
    import msvcrt

    def _take(file: BinaryIO, *, wait: bool) -> None:
        """Take the lock of a file; raise an error of the system where it is not free."""
        file.seek(0)
        # It waits ten seconds at most.
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: BinaryIO, *, wait: bool) -> None:
        """Take the lock of a file; raise an error of the system where it is not free."""
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


#: A lock that another process has.
_NOT_FREE: Final = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


@contextmanager
def locked(folder: Path, waits: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a dataset.

    Parameters
    ----------
    waits:
        Called where another process has it, before waiting for that process to end.

    Raises
    ------
    OSError
        Where the file system has no locks.
    """
    path = folder / LOCK
    disk.make_folder(path.parent)
    with open(path, "a+b") as file:
        if not _taken(file, wait=False):
            waits()
            while not _taken(file, wait=True):
                pass
        yield


def _taken(file: BinaryIO, *, wait: bool) -> bool:
    """Take the lock of a file. Return whether it was free. Closing the file gives it back."""
    try:
        _take(file, wait=wait)
    except OSError as error:
        if error.errno in _NOT_FREE:
            return False
        raise
    return True
