"""Worker processes that read files, and the threads that wait for them. See `logparse.loading.pool`."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection, Pipe
from queue import SimpleQueue
from typing import Any, Final, Generic, TypeVar

from logparse.errors import InputError
from logparse.memory import keep_memory
from logparse.reading.inputs import Unit
from logparse.sources import Found

T = TypeVar("T")
#: Reads inputs: returns as many results.
Read = Callable[[Sequence[Unit]], Sequence[T]]

#: Chunks that wait for their turn, for each worker.
_AHEAD: Final = 3

#: The terminal's Ctrl-C reaches all processes, also one that is still importing. The first process ends them.
_START: Final = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); sys.path[:] = {path!r};"
    " from logparse.loading.workers import serve; serve({fd}, {cpu!r})"
)


class _Died(Exception):
    """A worker ended before it answered."""


class _Worker(Generic[T]):
    """A process that reads files."""

    def __init__(self, read: Read[T], cpu: int | None) -> None:
        self._mine, theirs = Pipe()
        start = _START.format(path=sys.path, fd=theirs.fileno(), cpu=cpu)
        self._process = subprocess.Popen(
            [sys.executable, "-c", start], stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),)
        )
        theirs.close()
        # Where the process has ended already, the first question says so.
        with contextlib.suppress(OSError):
            self._mine.send(read)

    def ask(self, files: list[Unit]) -> list[T]:
        """Return what the worker reads of files."""
        try:
            self._mine.send(files)
            found = self._mine.recv()
        except (EOFError, OSError) as error:
            raise _Died from error
        if isinstance(found, BaseException):
            raise found
        answer: list[T] = found
        return answer

    def close(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        self._mine.close()


class Pool(Generic[T]):
    """Workers, and threads that each wait for one.

    Parameters
    ----------
    read, here, jobs:
        As in `logparse.loading.pool.read_all`.
    split:
        Yields inputs in lists that are read together, and alone each input that only this process can read.
    """

    def __init__(
        self,
        read: Read[T],
        here: Read[T],
        jobs: int,
        split: Callable[[Iterable[Unit]], Iterable[list[Unit] | Unit]],
    ) -> None:
        self._read = read
        self._here = here
        self._split = split
        self._jobs = jobs
        self._closed = False
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="logparse")
        self._free: SimpleQueue[_Worker[T] | None] = SimpleQueue()
        self._live: dict[int, _Worker[T]] = {}
        self._cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self._started = 0
        for _ in range(jobs):
            self._free.put(None)

    def run(self, units: Iterable[Unit]) -> Iterator[T | InputError]:
        """Yield what is read of each input, in order."""
        waiting: deque[Future[list[T | InputError]] | Unit] = deque()
        for chunk in self._split(units):
            waiting.append(self._threads.submit(self._of_chunk, chunk) if isinstance(chunk, list) else chunk)
            if len(waiting) > _AHEAD * self._jobs:
                yield from self._taken(waiting.popleft())
        while waiting:
            yield from self._taken(waiting.popleft())

    def _taken(self, item: Future[list[T | InputError]] | Unit) -> Iterable[T | InputError]:
        return item.result() if isinstance(item, Future) else self._here([item])

    def _of_chunk(self, files: list[Unit]) -> list[T | InputError]:
        worker = self._free.get()
        try:
            worker = worker or self._start()
            return [*worker.ask(files)]
        except _Died:
            self._end(worker)
            worker = None
            return [self._alone(file) for file in files]
        finally:
            self._free.put(worker)

    def _alone(self, file: Unit) -> T | InputError:
        """Read one file in a worker of its own."""
        if self._closed:
            raise _Died
        worker = self._start()
        try:
            return worker.ask([file])[0]
        except _Died:
            name = file.name if isinstance(file, Found) else None
            return InputError(
                "reading it ended the process that read it",
                source=name,
                remedy="read it alone with --jobs 1, or leave it out",
            )
        finally:
            self._end(worker)

    def _start(self) -> _Worker[T]:
        number, self._started = self._started, self._started + 1
        # Without a processor of its own a worker is moved about, which takes most of the gain.
        pinned = self._cpus[number % len(self._cpus)] if len(self._cpus) >= self._jobs else None
        worker = _Worker(self._read, pinned)
        self._live[id(worker)] = worker
        if self._closed:
            self._end(worker)
            raise _Died
        return worker

    def _end(self, worker: _Worker[T] | None) -> None:
        if worker is not None and self._live.pop(id(worker), None) is not None:
            worker.close()

    def close(self) -> None:
        """End all workers at once."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in list(self._live.values()):
            self._end(worker)


def serve(fd: int, cpu: int | None) -> None:
    """Read files for the process that started this one, until it ends. Only workers call it."""
    import gc

    # What is read leaves the process as a whole.
    gc.disable()
    keep_memory()
    if cpu is not None:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {cpu})
    asking: Connection[Any, Any] = Connection(fd)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        read = asking.recv()
        while True:
            asking.send(_answer(read, asking.recv()))


def _answer(read: Read[Any], files: list[Unit]) -> object:
    try:
        return read(files)
    except Exception as error:
        return error
