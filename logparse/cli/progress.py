"""Progress on a terminal: how many files are read of all, how many megabytes a second, and the time left."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from logparse.output.terminal import ascii_only

#: So often is the line written anew, in seconds.
_EVERY_S: Final = 0.1
#: Earlier than this the time left is not known well enough.
_SETTLED_S: Final = 2.0


class _Status(Protocol):
    def update(self, status: str) -> None: ...


class Progress:
    """A line on standard error, if that is a terminal and the input is not typed there.

    Parameters
    ----------
    paths:
        The inputs as the user named them.

    Entering it returns the function to call with the name of each input, or None if nothing is shown.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        typed = "-" in paths and sys.stdin is not None and sys.stdin.isatty()
        self._shown = sys.stderr.isatty() and not typed
        self._paths = paths
        self._spinner: Any = None

    def __enter__(self) -> Callable[[str], None] | None:
        if not self._shown:
            return None
        from rich.console import Console

        spinner = "line" if ascii_only(sys.stderr) else "dots"
        self._spinner = Console(stderr=True).status("reading", spinner=spinner)
        self._spinner.__enter__()
        return Line(_sizes(self._paths), self._spinner).seen

    def __exit__(self, *exception: object) -> None:
        if self._spinner is not None:
            self._spinner.__exit__(None, None, None)


class Line:
    """The text of the progress.

    Parameters
    ----------
    sizes:
        Bytes of each input by its name. Inputs of unknown size, as pipes, are not among them.
    status:
        Shows the text.
    clock:
        Seconds since any moment.
    """

    def __init__(
        self, sizes: dict[str, int], status: _Status, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._left = sizes
        self._all = len(sizes)
        self._bytes_left = sum(sizes.values())
        self._status = status
        self._clock = clock
        self._start = self._shown_at = clock()
        self._files = self._done = 0

    def seen(self, name: str) -> None:
        """Count an input that was read."""
        size = self._left.pop(name, 0)
        self._files += 1
        self._done += size
        self._bytes_left -= size
        now = self._clock()
        if now - self._shown_at >= _EVERY_S:
            self._shown_at = now
            self._status.update(self._words(now - self._start))

    def _words(self, elapsed_s: float) -> str:
        of_all = f" of {self._all:,}" if self._files <= self._all else ""
        parts = [
            f"{self._files:,}{of_all} {'file' if self._files == 1 and not of_all else 'files'}",
            f"{self._done / 1e6 / elapsed_s:.1f} MB/s",
        ]
        if elapsed_s >= _SETTLED_S and self._done:
            parts.append(f"{_minutes(elapsed_s * self._bytes_left / self._done)} left")
        return f"reading: {', '.join(parts)}"


def _sizes(paths: Sequence[str]) -> dict[str, int]:
    """Return the size in bytes of each file in the paths, by the name of its `Found`."""
    from logparse.errors import InputError
    from logparse.sources import find

    sizes: dict[str, int] = {}
    for found in find(paths):
        if not isinstance(found, InputError) and found.path is not None:
            try:
                sizes[found.name] = os.stat(found.path).st_size
            except OSError:
                continue
    return sizes


def _minutes(seconds: float) -> str:
    """Return a time as ``1:02:03`` or ``2:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
