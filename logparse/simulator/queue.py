"""Builds wait for bots: a simulation of the pools, event by event."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final

from logparse.simulator.draws import Draws
from logparse.simulator.plans import (
    ABORTED,
    CANCELED,
    FAILURE,
    INFRA,
    NO_BOT,
    SUCCESS,
    TIMEOUT,
    Plan,
    plans,
)
from logparse.simulator.world import DAY_MS, World

#: A commit that breaks a builder fails so many more builds at most.
_LONGEST_BREAK: Final = 4
#: Numbers of builds begin here.
_FIRST_NUMBER: Final = 1_000
_THOUSAND: Final = 1_000


def decided(world: World) -> Iterator[Plan]:
    """Yield all invocations in the order of their creation, with their builds decided.

    No more of them are in memory than were created while the longest build waited or ran.
    """
    pools = _Pools(world)
    waiting: deque[Plan] = deque()
    for plan in plans(world):
        pools.run_until(plan.created * 1000)
        waiting.append(plan)
        if plan.launched:
            pools.create(plan)
        while waiting and waiting[0].is_done:
            yield waiting.popleft()
    pools.run_until(None)
    yield from waiting


class _Pools:
    """The pools with their bots and queues, and the events that are to come.

    An event is a time, a number that orders events of one time, and either a build that is created or a bot
    that becomes free.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._draws = Draws(world.settings.seed, "bots")
        self._events: list[tuple[int, int, Plan | None, tuple[int, int]]] = []
        self._count = 0
        self._idle = [list(range(len(bots))) for bots in world.bots]
        self._queues: list[deque[Plan]] = [deque() for _ in world.bots]
        self._numbers = [_FIRST_NUMBER + 37 * n for n in range(len(world.fleet.builder))]
        self._broken = [0] * len(world.fleet.builder)

    def create(self, plan: Plan) -> None:
        """Let a build be created at its time."""
        self._push(plan.asked_us, plan, (0, 0))

    def _push(self, at: int, plan: Plan | None, bot: tuple[int, int]) -> None:
        self._count += 1
        heappush(self._events, (at, self._count, plan, bot))

    def run_until(self, until: int | None) -> None:
        """Handle all events before a time in microseconds, or all events."""
        events = self._events
        while events and (until is None or events[0][0] < until):
            at, _, plan, (pool, bot) = heappop(events)
            if plan is not None:
                pool = self._world.pool_of[plan.builder]
                plan.build_number = self._numbers[plan.builder]
                self._numbers[plan.builder] += 1
                self._queues[pool].append(plan)
            else:
                self._idle[pool].append(bot)
            self._serve(pool, at)

    def _serve(self, pool: int, now: int) -> None:
        """Give the idle bots of a pool to the builds that wait, in the order of their creation."""
        idle, queue = self._idle[pool], self._queues[pool]
        while idle and queue:
            plan = queue.popleft()
            begins = now + self._draws.of(self._world.spreads.dispatch)
            if self._gave_up(plan, begins):
                continue
            chosen = self._draws.below(len(idle))
            idle[chosen], idle[-1] = idle[-1], idle[chosen]
            plan.bot = idle.pop()
            self._run(plan, begins, self._world.bots[pool][plan.bot].factor)
            away = (plan.ended_us - begins) * self._world.away_ppm[pool] // 1_000_000
            free = plan.ended_us + self._draws.of(self._world.spreads.cleanup) + away
            self._push(free, None, (pool, plan.bot))

    def _gave_up(self, plan: Plan, begins: int) -> bool:
        """Return whether a build ends before it would begin: it was stopped, or waited for too long."""
        limit = plan.asked_us + self._world.fleet.builder[plan.builder].scheduling_timeout_s * 1_000_000
        stopped = None if plan.stopped_ms is None else plan.stopped_ms * _THOUSAND
        if stopped is not None and stopped <= min(begins, limit):
            self._end(plan, stopped, ABORTED if plan.stopped_by_scheduler else CANCELED)
        elif limit < begins:
            self._end(plan, limit + self._draws.below(1_000_000), NO_BOT)
        else:
            return False
        return True

    def _run(self, plan: Plan, begins: int, slower: float) -> None:
        plan.started_us = begins
        builder, world = plan.builder, self._world
        result, share = self._result(plan)
        regression = world.slower_from
        if regression and builder == regression[0] and begins // (DAY_MS * _THOUSAND) >= regression[1]:
            slower *= regression[2]
        ends = begins + int(self._draws.of(world.runs[builder]) * slower * share) + 1_000_000
        limit = begins + world.fleet.builder[builder].execution_timeout_s * 1_000_000
        if ends > limit:
            ends, result = limit + self._draws.below(2_000_000), TIMEOUT
        stopped = None if plan.stopped_ms is None else plan.stopped_ms * _THOUSAND
        if stopped is not None and stopped < ends:
            ends, result = stopped, ABORTED if plan.stopped_by_scheduler else CANCELED
        self._end(plan, ends, result)

    def _result(self, plan: Plan) -> tuple[str, float]:
        """Return how a build ends, and which share of its run it needs for that."""
        builder = self._world.fleet.builder[plan.builder]
        draws = self._draws
        if self._broken[plan.builder]:
            self._broken[plan.builder] -= 1
            return FAILURE, 0.4 + 0.6 * draws.random()
        if draws.happens(builder.broken):
            self._broken[plan.builder] = draws.below(_LONGEST_BREAK)
            return FAILURE, 0.4 + 0.6 * draws.random()
        if draws.happens(self._world.failed[plan.builder]):
            return FAILURE, 0.5 + 0.5 * draws.random()
        if draws.happens(builder.infra_failed):
            return INFRA, 0.05 + 0.9 * draws.random()
        return SUCCESS, 1.0

    def _end(self, plan: Plan, at: int, result: str) -> None:
        plan.ended_us, plan.result = at, result
