"""Linear time, measured: sixteen times the input may take at most forty times the processor's time.

What is linear takes sixteen times as long, what is quadratic 256 times. The processor's time is measured,
because other processes disturb the clock's. Cases are declared in tables: a name, a maker of inputs of any
size, and the function to measure.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from quick import quick_where

GROWTH: Final = 16
#: Between linear time (16) and quadratic time (256).
RATIO: Final = 40
#: What is quicker at the large size is not measured more closely: it is mostly noise.
FLOOR_S: Final = 0.05
#: The most that the large size may take where a case does not say it.
CAP_S: Final = 10.0
#: A busy machine makes a measurement too long, never too short: the best of each size counts.
TRIES: Final = 12

Make = Callable[[int], Any]
Run = Callable[[Any], object]


@dataclass(frozen=True)
class Case:
    """What must take linear time.

    Parameters
    ----------
    name:
        Its name in reports, and the test's id.
    make:
        Makes an input of the size asked for. Its time does not count.
    run:
        The function to measure, called with the input.
    size:
        The large size; the small one is a sixteenth. Quadratic time must be well above `FLOOR_S` at this size.
    cap_s:
        The most that the large size may take, in seconds.
    """

    name: str
    make: Make
    run: Run
    size: int
    cap_s: float = CAP_S


def repeated(piece: str, start: str = "", end: str = "") -> Callable[[int], str]:
    """Return a maker of texts in which a piece is repeated as often as the size says."""
    return lambda size: start + piece * size + end


def filled(piece: str, start: str = "", end: str = "") -> Callable[[int], str]:
    """Return a maker of texts in which a piece is repeated over as many characters as the size says."""
    return lambda size: start + piece * (size // len(piece)) + end


def seconds(run: Run, made: Any) -> float:
    """Return the processor time of one call."""
    # A collection walks all objects of the tests, whatever is measured.
    gc.disable()
    try:
        start = time.process_time()
        run(made)
        return time.process_time() - start
    finally:
        gc.enable()


def fault(case: Case) -> str | None:
    """Return how a case takes more than linear time, or None if it does not."""
    size = case.size // GROWTH
    small_input, large_input = case.make(size), case.make(case.size)
    small = large = float("inf")
    for _ in range(TRIES):
        small = min(small, *(seconds(case.run, small_input) for _ in range(2)))
        # What is that slow at the small size would take minutes at the large one.
        if small > case.cap_s:
            break
        large = min(large, seconds(case.run, large_input))
        if large <= max(RATIO * small, FLOOR_S) and large <= case.cap_s:
            return None
    return f"{case.name}: {small:.4f} s at {size}, {large:.4f} s at {case.size}"


def assert_linear(*cases: Case) -> None:
    """Fail with the name and the times of each case that takes more than linear time."""
    faults = [found for case in cases if (found := fault(case))]
    assert not faults, "more than linear time:\n" + "\n".join(faults)


def parameters(cases: Iterable[Case], slow: Iterable[str] = ()) -> list[Any]:
    """Return pytest's parameters for cases; the cases that are named here are slow."""
    listed, left_out = list(cases), set(slow)
    if unknown := left_out - {case.name for case in listed}:
        raise ValueError(f"no such cases: {sorted(unknown)}")
    return quick_where(lambda case: case.name not in left_out, listed, lambda case: case.name)


def table(makers: Mapping[str, tuple[int, Make]], run: Run) -> list[Case]:
    """Return the cases of a table of sizes and makers by name."""
    return [Case(name, make, run, size) for name, (size, make) in makers.items()]
