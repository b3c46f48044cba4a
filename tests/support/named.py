"""A reader for tests of several processes, in a module that workers can import."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from logparse.reading.inputs import Unit
from logparse.sources import Found


def read_names(units: Sequence[Unit]) -> list[tuple[str, int]]:
    """Return the text of each file, and the process that read it. Some texts end the process, or raise."""
    return [_read_name(unit) for unit in units]


def _read_name(unit: Unit) -> tuple[str, int]:
    assert isinstance(unit, Found)
    assert unit.path is not None
    text = Path(unit.path).read_text()
    if text == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if text == "fail":
        raise ZeroDivisionError("of the test")
    return text, os.getpid()
