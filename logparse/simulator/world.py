"""The simulated world: a fleet with the number of its bots, its distributions, and its planted anomalies."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from hashlib import sha1
from typing import Any, Final, NamedTuple

from logparse.simulator.draws import Spread, Weights
from logparse.simulator.fleet import Builder, Fleet, Pool, Times

#: From this day on the scheduler asked Buildbucket for builds in version 2 of its API, and from the other
#: day on it checked them in version 2.
_ASKS_IN_V2: Final = 18_696  # 2021-03-10
_CHECKS_IN_V2: Final = 18_698  # 2021-03-12
#: Days whose formats the logs have where one dialect is asked for: 2020-11-17 and 2021-07-01.
_DAY_OF_V1: Final = 18_583
_DAY_OF_V2: Final = 18_809
DAY_MS: Final = 86_400_000
#: The share of a day's time is counted in these parts.
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """The arguments that decide the simulation. They can be handed to other processes.

    Attributes
    ----------
    start:
        The first day, in days since 1970.
    dialect:
        ``auto``, ``v1`` or ``v2``.
    plants:
        The anomalies to plant, by the names of `logparse.simulator.fleet.Plants`.
    """

    invocations: int
    days: int
    seed: int
    start: int
    dialect: str
    plants: tuple[str, ...]
    fleet: Fleet


class Era(NamedTuple):
    """How the scheduler wrote at a time.

    Attributes
    ----------
    asks, checks:
        The version of Buildbucket's API in which it asked for builds and checked them.
    day:
        The day whose formats it used, in days since 1970.
    """

    asks: int
    checks: int
    day: int


class Bot(NamedTuple):
    """A bot of a pool."""

    name: str
    pool: Pool
    factor: float


class Spreads:
    """The distributions of a fleet, by the names of its `Times`."""

    def __init__(self, times: Times) -> None:
        made = {
            f.name: Spread(getattr(times, f.name).median_s, getattr(times, f.name).sigma)
            for f in fields(times)
        }
        self.wait = made["wait"]
        self.topic = made["topic"]
        self.request = made["request"]
        self.check = made["check"]
        self.lateness = made["lateness"]
        self.dispatch = made["dispatch"]
        self.setup = made["setup"]
        self.cleanup = made["cleanup"]
        self.notification = made["notification"]
        self.late_notification = made["late_notification"]
        self.abort_after = made["abort_after"]
        self.cancel_after = made["cancel_after"]


class World:
    """The values of `Settings`, made ready for drawing.

    Attributes
    ----------
    bots:
        The bots of each pool, in the order of the fleet's pools.
    pool_of:
        For each builder the index of its pool.
    runs:
        For each builder the distribution of its run times.
    away_ppm:
        For each pool, for how long a bot is away after a build, in millionths of the build's run.
    failed:
        For each builder the share of builds that fail by chance.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.fleet = settings.fleet
        self.spreads = Spreads(self.fleet.times)
        self.start_ms = settings.start * DAY_MS
        names = [pool.name for pool in self.fleet.pool]
        self.pool_of = [names.index(builder.pool) for builder in self.fleet.builder]
        self.runs = [Spread(b.run.median_s, b.run.sigma) for b in self.fleet.builder]
        self.weights = Weights(builder.weight for builder in self.fleet.builder)
        self.planted: dict[str, dict[str, Any]] = {}
        slow = self._slow_pool()
        starved = self._starved_pool()
        self.away_ppm = [0] * len(names)
        self.bots = [self._bots(n, self._count(n, starved, slow), slow) for n in range(len(self.fleet.pool))]
        self.failed = [self._failed(builder) for builder in self.fleet.builder]
        self.slower_from: tuple[int, int, float] | None = self._regression()
        self.lossy = self._lossy()

    # --- anomalies ----------------------------------------------------------------------------

    def _slow_pool(self) -> int | None:
        plant = self.fleet.plant.slow_bot
        if "slow_bot" not in self.settings.plants:
            return None
        return [pool.name for pool in self.fleet.pool].index(plant.pool or self.fleet.pool[0].name)

    def _starved_pool(self) -> int | None:
        plant = self.fleet.plant.starved_pool
        if "starved_pool" not in self.settings.plants:
            return None
        names = [pool.name for pool in self.fleet.pool]
        index = names.index(plant.pool or names[-1])
        self.planted["starved_pool"] = {**asdict(plant), "pool": names[index]}
        return index

    def _failed(self, builder: Builder) -> float:
        plant, builders = self.fleet.plant.flaky_builder, self.fleet.builder
        named = plant.builder or builders[min(1, len(builders) - 1)].name
        if "flaky_builder" not in self.settings.plants or builder.name != named:
            return builder.failed
        self.planted["flaky_builder"] = {**asdict(plant), "builder": named}
        return plant.failed

    def _regression(self) -> tuple[int, int, float] | None:
        """Return the builder, the day in days since 1970, and the factor of its run times from then on."""
        plant = self.fleet.plant.regression
        if "regression" not in self.settings.plants:
            return None
        names = [builder.name for builder in self.fleet.builder]
        named, day = plant.builder or names[0], self._day(plant.day)
        self.planted["regression"] = {**asdict(plant), "builder": named, "day": day + 1}
        return names.index(named), self.settings.start + day, plant.factor

    def _lossy(self) -> tuple[int, int, float]:
        """Return from when to when notifications are lost, in ms since 1970, and which share of them."""
        plant = self.fleet.plant.lost_notifications
        if "lost_notifications" not in self.settings.plants:
            return 0, 0, 0.0
        day = self._day(plant.day)
        self.planted["lost_notifications"] = {**asdict(plant), "day": day + 1}
        start = self.start_ms + day * DAY_MS
        return start, start + plant.days * DAY_MS, plant.share

    def _day(self, asked: int) -> int:
        """Return the index of a day that a plant names, from 0."""
        return asked - 1 if asked else self.settings.days // 2

    # --- bots -----------------------------------------------------------------------------------

    def _count(self, index: int, starved: int | None, slow: int | None) -> int:
        """Return how many bots a pool has: as the fleet says, or by the load that is expected.

        Where less than one bot is enough for a starved pool, its bot is away for a time after each build.
        """
        pool = self.fleet.pool[index]
        if index != starved and pool.bots:
            return pool.bots
        share = self.fleet.plant.starved_pool.utilization if index == starved else pool.utilization
        around = self.spreads.dispatch.mean_us() + self.spreads.cleanup.mean_us()
        every = sum(builder.weight for builder in self.fleet.builder)
        busy = 0
        for n, builder in enumerate(self.fleet.builder):
            if self.pool_of[n] == index:
                busy += (
                    self.settings.invocations * builder.weight * (self.runs[n].mean_us() + around) // every
                )
        there = self.settings.days * DAY_MS * 1000 * int(share * _MILLION) // _MILLION
        if index == starved:
            self.away_ppm[index] = max(_MILLION * there // max(busy, 1) - _MILLION, 0)
            return max(busy // there, 1)
        # A slow bot is known by comparison with others.
        return max(-(-busy // there), 2 if index == slow else 1)

    def _bots(self, index: int, count: int, slow: int | None) -> list[Bot]:
        pool = self.fleet.pool[index]
        bots = [Bot(f"{pool.prefix}{n:03}", pool, 1.0) for n in range(1, count + 1)]
        if index == slow:
            plant = self.fleet.plant.slow_bot
            bots[0] = bots[0]._replace(factor=plant.factor)
            self.planted["slow_bot"] = {**asdict(plant), "pool": pool.name, "bot": bots[0].name}
        return bots

    # --- names ----------------------------------------------------------------------------------

    def era(self, created_ms: int) -> Era:
        """Return how the scheduler writes about an invocation that was created at a time."""
        day = created_ms // DAY_MS
        if self.settings.dialect == "v1":
            return Era(1, 1, min(day, _DAY_OF_V1))
        if self.settings.dialect == "v2":
            return Era(2, 2, max(day, _DAY_OF_V2))
        return Era(2 if day >= _ASKS_IN_V2 else 1, 2 if day >= _CHECKS_IN_V2 else 1, day)

    def revision(self, commit: int) -> str:
        """Return the hash of a commit, which is counted from 0."""
        return sha1(f"{self.settings.seed}/{commit}".encode(), usedforsecurity=False).hexdigest()


@lru_cache(maxsize=2)
def world_of(settings: Settings) -> World:
    """Return the world of settings. It is made once in each process."""
    return World(settings)
