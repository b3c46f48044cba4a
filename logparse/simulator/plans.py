"""Plans: the decisions about each invocation that are made before anything is written about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from logparse.simulator.draws import Draws
from logparse.simulator.world import DAY_MS, World

SUCCESS: Final = "SUCCESS"
FAILURE: Final = "FAILURE"
INFRA: Final = "INFRA_FAILURE"
#: The build ran longer than it may, no bot came in time, a user canceled it, or the scheduler did.
TIMEOUT: Final = "timeout"
NO_BOT: Final = "no bot"
CANCELED: Final = "canceled"
ABORTED: Final = "aborted"

_HOUR_MS: Final = 3_600_000
#: The scheduler repeats a launch after 5 seconds, then after twice the time, up to 10 minutes.
_FIRST_RETRY_MS: Final = 5_000
_LONGEST_RETRY_MS: Final = 600_000
#: So many attempts fail in a row at most.
_MOST_RETRIES: Final = 8


class Attempt(NamedTuple):
    """An attempt to launch: when it began, asked for a build, and got an answer, in ms since 1970."""

    started: int
    asked: int
    answered: int


@dataclass(slots=True)
class Plan:
    """An invocation, its launch, and its build in the queue and on a bot.

    Times of the scheduler are milliseconds since 1970, times of Buildbucket are microseconds.

    Attributes
    ----------
    number:
        Position among all invocations, from 0.
    builder:
        Index of its builder.
    first_commit, end_commit:
        The commits that it builds, as a range.
    user:
        Index of the user who started it, or None where commits did.
    launched:
        Whether the last attempt got a build.
    asked_us:
        When the build was created.
    build_number:
        Its number within the builder.
    bot:
        Index of its bot within the pool, or None.
    started_us, ended_us:
        Of the build; None where it did not start. An aborted build ends when the scheduler says so.
    result:
        How the build ended; empty until that is known.
    stopped_ms:
        When a user aborts the invocation, or cancels the build; None where none does.
    """

    number: int
    builder: int
    created: int
    first_commit: int
    end_commit: int
    user: int | None
    attempts: tuple[Attempt, ...]
    launched: bool
    asked_us: int
    build_number: int = 0
    bot: int | None = None
    started_us: int | None = None
    ended_us: int = 0
    result: str = ""
    stopped_ms: int | None = None
    stopped_by_scheduler: bool = False

    @property
    def is_done(self) -> bool:
        """Whether all is decided."""
        return bool(self.result) or not self.launched


class _Push(NamedTuple):
    at: int
    commits: int
    builders: tuple[int, ...]


def plans(world: World) -> Iterator[Plan]:
    """Yield invocations in the order of their creation, with their launches decided."""
    draws = Draws(world.settings.seed, "launches")
    number, commit = 0, 0
    seen = [0] * len(world.fleet.builder)
    for pushes in _hours(world):
        for push in pushes:
            commit += push.commits
            for builder in push.builders:
                by_user = commit == seen[builder] or draws.happens(world.fleet.load.manual)
                user = draws.below(len(world.fleet.load.users)) if by_user else None
                first = commit if by_user else seen[builder]
                seen[builder] = seen[builder] if by_user else commit
                plan = _launched(world, draws, number, builder, push.at)
                plan.first_commit, plan.end_commit, plan.user = first, commit, user
                yield plan
                number += 1


def _hours(world: World) -> Iterator[list[_Push]]:
    """Yield the pushes of each hour, each with the builders that it starts."""
    draws = Draws(world.settings.seed, "pushes")
    load, count = world.fleet.load, 0
    weights = _hour_weights(world, draws)
    total, so_far = sum(weights), 0
    for hour, weight in enumerate(weights):
        so_far += weight
        until = world.settings.invocations * so_far // total
        left, pushes = until - count, []
        count = until
        while left:
            many = min(1 + draws.below(int(2 * load.builders) - 1), left)
            commits = 1 + draws.below(int(2 * load.commits) - 1)
            at = world.start_ms + hour * _HOUR_MS + draws.below(_HOUR_MS)
            started = tuple(world.weights.at(draws.random()) for _ in range(many))
            pushes.append(_Push(at, commits, started))
            left -= many
        yield sorted(pushes)


def _hour_weights(world: World, draws: Draws) -> list[int]:
    """Return for each hour the weight of its invocations, which also varies by chance."""
    load = world.fleet.load
    weights = []
    for hour in range(24 * world.settings.days):
        # The first day of 1970 was a Thursday.
        weekday = (world.settings.start + hour // 24 + 3) % 7
        weights.append(load.hours[hour % 24] * load.weekdays[weekday] * draws.between(60, 140))
    return weights if any(weights) else [1] * len(weights)


def _launched(world: World, draws: Draws, number: int, builder: int, created: int) -> Plan:
    """Return an invocation with its attempts to launch."""
    rates, spreads = world.fleet.rates, world.spreads
    start = created + 100 + draws.of(spreads.wait) // 1000
    attempts: list[Attempt] = []
    while True:
        asked = start + draws.of(spreads.topic) // 1000
        answered = asked + 40 + draws.of(spreads.request) // 1000
        attempts.append(Attempt(start, asked, answered))
        if len(attempts) > _MOST_RETRIES or not draws.happens(rates.launch_retried):
            break
        pause = min(_FIRST_RETRY_MS << (len(attempts) - 1), _LONGEST_RETRY_MS)
        start = answered + pause + draws.between(5, 60)
    launched = not draws.happens(rates.launch_failed)
    # Buildbucket makes the build while the scheduler waits for the answer.
    within = (answered - asked) * 1000
    made = asked * 1000 + within // 5 + draws.below(within // 2)
    plan = Plan(number, builder, created, 0, 0, None, tuple(attempts), launched, made)
    if launched:
        _stop(world, draws, plan)
    return plan


def _stop(world: World, draws: Draws, plan: Plan) -> None:
    """Decide whether a user aborts the invocation or cancels the build."""
    rates, asked = world.fleet.rates, plan.attempts[-1].answered
    if draws.happens(rates.aborted):
        plan.stopped_ms = asked + 500 + draws.of(world.spreads.abort_after) // 1000
        plan.stopped_by_scheduler = True
    elif draws.happens(rates.canceled):
        plan.stopped_ms = asked + 500 + draws.of(world.spreads.cancel_after) // 1000


def day_of(plan: Plan) -> int:
    """Return the day on which an invocation was created, in days since 1970."""
    return plan.created // DAY_MS
