"""Memory of processes that are logparse's own."""

from __future__ import annotations

from typing import Final

#: Options of the C library's `mallopt`.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 1 << 28


def keep_memory() -> None:
    """Have the C library keep memory that is freed, where it has an option for that.

    Reading many files needs the same few megabytes again and again. Getting them from the system each time
    takes a tenth of the time of reading. A process of a user keeps its own settings.
    """
    try:
        from ctypes import CDLL

        mallopt = CDLL(None).mallopt
    except (ImportError, OSError, TypeError, AttributeError):
        return
    for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
        mallopt(option, _KEPT_BYTES)
