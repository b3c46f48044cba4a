"""Fixtures of the charts: tables to draw, and figures that are closed after each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib
import pytest
from matplotlib import pyplot

import logparse as lp

LOGS = Path(__file__).parents[1] / "data" / "logs"


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    """Close all figures, and check that no chart changed a setting."""
    before = dict(matplotlib.rcParams)
    yield
    pyplot.close("all")
    assert dict(matplotlib.rcParams) == before


@pytest.fixture(scope="module")
def real() -> lp.Dataset:
    """The tables of the real page."""
    return lp.load(LOGS / "win_xfa_component-9028843112359765808.txt")


@pytest.fixture(scope="module")
def many() -> lp.Dataset:
    """The tables of all logs of one dialect."""
    return lp.load(*sorted((LOGS / "v1-2020-11").glob("*.log")))
