"""The state of an invocation after an entry, and the transition to the next state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from logparse.engine.kinds import LOG_CUT
from logparse.values.clock import DAY_MS

#: Clocks of two machines differ by less. A larger step back is midnight.
_STEP_BACK_MS: Final = 900_000


class Place(NamedTuple):
    """The part of the state of an invocation that has neither ids nor clocks.

    The phase is empty before the first entry, ``triage`` after a triage block, ``lost`` after a cut or
    where the log begins in its middle, else the invocation's own.
    """

    phase: str = ""
    kind: str | None = None
    quotes: bool = False
    attempt: int | None = None
    outcome: str | None = None
    writers: frozenset[str] = frozenset()


class State(NamedTuple):
    """The engine's state machine after an entry: its place, its ids and its clocks.

    Two equal states have the same future, so that a search needs only one of them.
    """

    place: Place = Place()
    invocation: str | None = None
    build: str | None = None
    start_ms: int | None = None
    clock_ms: int | None = None
    elapsed_ms: int = 0


class Transition(NamedTuple):
    """An entry that follows in a place, whatever ids it names and whatever the clock says.

    Parameters
    ----------
    after:
        The place after it.
    begins, is_further:
        Whether it begins an invocation, so that it breaks no rule; and whether it does so after another one.
    is_rare:
        As `is_rare` says.
    broken:
        How many rules it breaks, whatever its ids and its time.
    forbidden:
        Steps of the clock that break one rule more each.
    least:
        How many rules it breaks at least: 1 where it cannot follow the failure that is quoted.
    is_cut_short:
        Whether only the beginning of the entry is left.
    deviation:
        Returns the penalty for a step of the clock.
    """

    after: Place
    begins: bool = False
    is_further: bool = False
    is_rare: bool = False
    broken: int = 0
    forbidden: tuple[range, ...] = ()
    least: int = 0
    is_cut_short: bool = False
    deviation: Callable[[int], int] = int


def cut(state: State, kind: str) -> State:
    """Return the state after a cut (``log_cut``) or after text that does not begin an entry."""
    place = state.place
    phase = "lost" if kind == LOG_CUT else place.phase
    return state._replace(
        place=place._replace(phase=phase, kind=kind, quotes=False, attempt=None, outcome=None)
    )


def step_between(before_ms: int | None, after_ms: int | None) -> int:
    """Return the time from one clock to the next: a small step back, or else forward within a day."""
    if before_ms is None or after_ms is None:
        return 0
    step = (after_ms - before_ms) % DAY_MS
    return step - DAY_MS if step >= DAY_MS - _STEP_BACK_MS else step
