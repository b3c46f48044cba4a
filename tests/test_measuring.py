"""Coverage is measured in chosen tests alone."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType

import pytest
from measuring import Measurement

pytestmark = pytest.mark.untraced


def measured() -> None:
    pass


def left_out() -> None:
    pass


def in_a_thread(function: Callable[[], None]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_calls_in_the_block_alone_are_traced() -> None:
    found: set[str] = set()

    def trace(frame: FrameType, event: str, arg: object) -> None:
        found.add(frame.f_code.co_name)

    measurement = Measurement()
    threading.settrace(trace)
    sys.settrace(trace)
    measurement.pause()
    left_out()
    in_a_thread(left_out)
    assert (sys.gettrace(), threading.gettrace()) == (None, None)
    with measurement.running():
        measured()
    assert "measured" in found
    found.clear()
    with measurement.running():
        in_a_thread(measured)
    left_out()
    assert "measured" in found
    assert "left_out" not in found
    assert (sys.gettrace(), threading.gettrace()) == (None, None)


def test_a_run_without_coverage_is_not_traced() -> None:
    with Measurement().running():
        assert sys.gettrace() is None
