"""Memory: what the C library keeps, and when Python looks for objects that it can free."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: Options of the C library's `mallopt`.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 1 << 28


def keep_memory() -> None:
    """Have the C library keep memory that is freed, where it has an option for that, and Arrow use it.

    Reading many files needs the same few megabytes again and again. Getting them from the system each time
    takes a tenth of the time of reading. A process of a user keeps its own settings. Arrow must not be
    imported yet.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        from ctypes import CDLL

        mallopt = CDLL(None).mallopt
    except (ImportError, OSError, TypeError, AttributeError):
        return
    for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
        mallopt(option, _KEPT_BYTES)


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep Python from looking for cycles of objects meanwhile.

    It looks each time it has made many objects. Reading makes millions of them, and none is in a cycle.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
