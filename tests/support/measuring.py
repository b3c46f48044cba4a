"""Coverage of chosen tests alone: between them the trace function is off.

A trace function is called for each line of Python, of pytest and of all libraries too, and makes them two to
three times as slow. Coverage's own `start` is too slow to pause it for each test: it looks at every module that
is imported.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

#: Marks of tests that are not measured.
_LEFT_OUT = ("untraced", "slow", "exhaustive")
#: How many tests of one function are measured. The others run the same lines with other parameters.
_MEASURED_OF_A_FUNCTION = 3
_IS_MEASURED = pytest.StashKey[bool]()


class Measurement:
    """The trace functions of a process: of its main thread, and of the threads that it starts."""

    def __init__(self) -> None:
        self._functions: tuple[Any, Any] | None = None

    def pause(self) -> None:
        """Stop tracing, and keep what was traced with."""
        if sys.gettrace() is not None:
            self._functions = (sys.gettrace(), threading.gettrace())
            sys.settrace(None)
            threading.settrace(None)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Trace until the end of the block, if this run measures coverage."""
        self.pause()
        if self._functions is not None:
            ours, threads = self._functions
            threading.settrace(threads)
            sys.settrace(ours)
        try:
            yield
        finally:
            self.pause()

    def import_package(self) -> None:
        """Import all of logparse, so that the lines of its modules themselves are measured."""
        if self._functions is None:
            return
        with self.running():
            package = importlib.import_module("logparse")
            for module in pkgutil.walk_packages(package.__path__, "logparse."):
                if not module.name.endswith("__main__"):
                    importlib.import_module(module.name)


def choose_measured(items: Sequence[pytest.Item]) -> None:
    """Choose the tests to measure: neither slow nor generated ones, and the first few of each function."""
    seen = Counter[str]()
    for item in items:
        is_generated = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if not is_generated and not any(item.get_closest_marker(name) for name in _LEFT_OUT):
            function = item.nodeid.partition("[")[0]
            seen[function] += 1
            item.stash[_IS_MEASURED] = seen[function] <= _MEASURED_OF_A_FUNCTION


def is_measured(item: pytest.Item) -> bool:
    """Return whether a test was chosen to be measured."""
    return item.stash.get(_IS_MEASURED, False)
