"""Which of many values a test tries every day: the others are marked slow, and `-m "not slow"` leaves them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


def quick_where(
    is_quick: Callable[[T], bool], values: Iterable[T], name: Callable[[T], str] = str
) -> list[Any]:
    """Return pytest's parameters for values, whose ids are their names. Those that are not quick are slow."""
    return [pytest.param(v, id=name(v), marks=[] if is_quick(v) else [pytest.mark.slow]) for v in values]


def quick(chosen: Iterable[T], values: Iterable[T], name: Callable[[T], str] = str) -> list[Any]:
    """Return pytest's parameters for values, of which all that are not among the chosen ones are slow."""
    listed, kept = list(values), list(chosen)
    missing = [value for value in kept if value not in listed]
    if missing:
        raise ValueError(f"not among the values: {missing}")
    return quick_where(kept.__contains__, listed, name)


def one_in(step: int, values: Iterable[T], place: int) -> list[T]:
    """Return one in `step` of the values. At another place, of a log among all logs, they are others."""
    return [value for number, value in enumerate(values) if number % step == place % step]


def label(path: Path) -> str:
    """Return the name of a file with its folder, as ids of tests have it."""
    return f"{path.parent.name}/{path.name}"


def quick_below(size: int, paths: Iterable[Path]) -> list[Any]:
    """Return pytest's parameters for files. Those of `size` bytes and more are slow."""
    return quick_where(lambda path: path.stat().st_size < size, paths, label)
