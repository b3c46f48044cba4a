"""The fleet that is simulated: a TOML file, read and checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from logparse.errors import InputError, nearest

T = TypeVar("T")
#: Names go into JSON, into JSON within JSON, into logs and into names of files as they are.
_NAME_RE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+()@:/-]{0,98}[A-Za-z0-9)]|[A-Za-z0-9]")
#: Names of which parts of the logs are made that are taken apart again, by the name of their key.
_NARROW: Final = {
    **dict.fromkeys(("project.name", "project.bucket"), re.compile(r"[a-z0-9][a-z0-9_-]{0,98}")),
    **dict.fromkeys(
        ("project.host", "project.server", "project.site"), re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,98}")
    ),
    **dict.fromkeys(("project.repository", "project.ref"), re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,98}")),
}
#: A larger file is not a fleet.
_MOST_BYTES: Final = 1 << 20
#: The least and the most of a number, by the name of its key.
_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    **dict.fromkeys(("median_s",), (0.0001, 1_000_000)),
    **dict.fromkeys(("sigma",), (0, 2)),
    **dict.fromkeys(("factor",), (0.01, 100)),
    **dict.fromkeys(("utilization",), (0.01, 1.5)),
    **dict.fromkeys(("commits", "builders"), (1, 1000)),
    **dict.fromkeys(("hours", "weekdays", "weight", "bots", "day", "days"), (0, 1_000_000)),
    **dict.fromkeys(("cores", "priority", "most_triggers"), (1, 255)),
    **dict.fromkeys(("scheduling_timeout_s", "execution_timeout_s"), (1, 100_000_000)),
}
_RATE: Final = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Timing:
    """A lognormal distribution of durations: its median, and sigma of the logarithm."""

    median_s: float
    sigma: float


@dataclass(frozen=True, slots=True)
class Project:
    """The names of the project, its repository and its services."""

    name: str
    bucket: str
    host: str
    repository: str
    ref: str
    server: str
    site: str


@dataclass(frozen=True, slots=True)
class Load:
    """How many invocations are created when, and why."""

    hours: tuple[int, ...]
    weekdays: tuple[int, ...]
    commits: float
    builders: float
    manual: float
    users: tuple[str, ...]
    most_triggers: int


@dataclass(frozen=True, slots=True)
class Times:
    """Durations of actions of the scheduler, Buildbucket, PubSub and bots."""

    wait: Timing
    topic: Timing
    request: Timing
    check: Timing
    lateness: Timing
    dispatch: Timing
    setup: Timing
    cleanup: Timing
    notification: Timing
    late_notification: Timing
    abort_after: Timing
    cancel_after: Timing


@dataclass(frozen=True, slots=True)
class Rates:
    """Probabilities of failures, and of the ways in which pages are saved."""

    launch_retried: float
    launch_failed: float
    check_failed: float
    aborted: float
    canceled: float
    lost_notification: float
    late_notification: float
    unfinished: float
    saved_early: float
    page_and_log: float
    log_only: float
    build_twice: float
    page_missing: float


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of bots that are alike."""

    name: str
    os: tuple[str, ...]
    cpu: tuple[str, ...]
    cores: int
    machine_type: str
    zone: str
    prefix: str
    bots: int
    utilization: float


@dataclass(frozen=True, slots=True)
class Builder:
    """A builder, whose job has the same name."""

    name: str
    pool: str
    weight: int
    run: Timing
    broken: float
    failed: float
    infra_failed: float
    scheduling_timeout_s: int
    execution_timeout_s: int
    priority: int


@dataclass(frozen=True, slots=True)
class Step:
    """A step of each build, and the share of the run that it takes."""

    name: str
    share: float


@dataclass(frozen=True, slots=True)
class SlowBot:
    """One bot on which builds take `factor` times as long."""

    pool: str
    factor: float


@dataclass(frozen=True, slots=True)
class Regression:
    """A builder whose builds take `factor` times as long from a day on."""

    builder: str
    day: int
    factor: float


@dataclass(frozen=True, slots=True)
class LostNotifications:
    """Days on which PubSub loses a share of all notifications."""

    day: int
    days: int
    share: float


@dataclass(frozen=True, slots=True)
class StarvedPool:
    """A pool with too few bots."""

    pool: str
    utilization: float


@dataclass(frozen=True, slots=True)
class FlakyBuilder:
    """A builder whose builds often fail by chance."""

    builder: str
    failed: float


@dataclass(frozen=True, slots=True)
class Plants:
    """The anomalies that can be planted, by their names with underscores."""

    slow_bot: SlowBot
    regression: Regression
    lost_notifications: LostNotifications
    starved_pool: StarvedPool
    flaky_builder: FlakyBuilder


@dataclass(frozen=True, slots=True)
class Fleet:
    """All that a fleet file says."""

    project: Project
    load: Load
    times: Times
    rates: Rates
    pool: tuple[Pool, ...]
    builder: tuple[Builder, ...]
    step: tuple[Step, ...]
    plant: Plants


#: Names of anomalies, as the command line writes them.
PLANTS: Final = tuple(field.name.replace("_", "-") for field in fields(Plants))


def default_text() -> str:
    """Return the TOML of the fleet that is simulated where no other is named."""
    return files("logparse.simulator").joinpath("fleet.toml").read_text("utf-8")


def read_fleet(path: str | Path | None) -> tuple[Fleet, str]:
    """Return the fleet of a file and the file's text; without a file, the default fleet.

    Raises
    ------
    InputError
        Where the file cannot be read, is not TOML, or has a key or a value that a fleet cannot have.
    """
    if path is None:
        return parse_fleet("", "the default fleet"), default_text()
    source = str(path)
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode("utf-8")
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror or error})", source=source, remedy="name another file"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8", source=source, remedy="save it as UTF-8") from error
    if len(data) > _MOST_BYTES:
        raise InputError("has more than 1 MiB", source=source, remedy="name a fleet file")
    return parse_fleet(text, source), text


def parse_fleet(text: str, source: str) -> Fleet:
    """Return the fleet that a TOML text describes. Keys that it leaves out are as in the default fleet.

    Raises
    ------
    InputError
        As `read_fleet`.
    """
    given = _toml(text, source)
    merged = _merged(tomllib.loads(default_text()), given)
    fleet = _Reader(source).table(Fleet, merged, "")
    _check(fleet, source)
    return fleet


def _toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"is not TOML: {error}", source=source, remedy="compare it with logparse simulate --print-fleet"
        ) from error


def _merged(default: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the default with the keys that are given, in tables within tables as well."""
    merged = dict(default)
    for key, value in given.items():
        known = default.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            merged[key] = _merged(known, value)
        else:
            merged[key] = value
    return merged


class _Reader:
    """Makes the dataclasses of this module from tables of TOML."""

    def __init__(self, source: str) -> None:
        self._source = source

    def table(self, type_: type[T], table: object, place: str) -> T:
        """Return the dataclass that a table describes. `place` is its name in the file, for errors."""
        if not isinstance(table, dict):
            raise self._error(f"{place} is not a table", "write it as in logparse simulate --print-fleet")
        hints = get_type_hints(type_)
        values = {}
        for key, value in table.items():
            inner = f"{place}.{key}" if place else key
            if key not in hints:
                raise self._error(f"{inner} is not a key of a fleet", nearest(key, hints))
            values[key] = self._value(hints[key], value, inner, key)
        missing = [key for key in hints if key not in values]
        if missing:
            raise self._error(
                f"{place} has no {missing[0]}", "add it, as logparse simulate --print-fleet has it"
            )
        return type_(**values)

    def _value(self, type_: Any, value: object, place: str, key: str) -> Any:
        if get_origin(type_) is tuple:
            if not isinstance(value, list) or not value:
                raise self._error(f"{place} is not a list with values", "write it in brackets")
            inner = get_args(type_)[0]
            return tuple(self._value(inner, one, f"{place}[{n}]", key) for n, one in enumerate(value))
        if is_dataclass(type_):
            return self.table(type_, value, place)  # type: ignore[arg-type]  # a dataclass is a type
        if type_ is str:
            return self._name(value, place)
        if isinstance(value, bool) or not isinstance(value, int if type_ is int else (int, float)):
            raise self._error(f"{place} is not a {'whole ' * (type_ is int)}number", "write a number")
        least, most = _RANGES.get(key, _RATE)
        if not least <= value <= most:
            raise self._error(f"{place} is {value}", f"write a number from {least:g} to {most:g}")
        return type_(value)

    def _name(self, value: object, place: str) -> str:
        if isinstance(value, str):
            # A number follows a prefix.
            name = f"{value}0" if place.endswith(".prefix") else value
            is_empty = not value and place.startswith("plant.")
            if is_empty or _NARROW.get(place, _NAME_RE).fullmatch(name):
                return value
        signs = "no spaces" if place in _NARROW else "spaces and the signs . _ - + ( ) @ : /"
        raise self._error(f"{place} is not a name", f"use letters, digits, {signs}")

    def _error(self, cause: str, remedy: str) -> InputError:
        return InputError(cause, source=self._source, remedy=remedy)


def _check(fleet: Fleet, source: str) -> None:
    """Check values that depend on each other."""
    pools, builders = [pool.name for pool in fleet.pool], [builder.name for builder in fleet.builder]
    wanted = [(f"builder {b.name} names the pool", b.pool, pools) for b in fleet.builder]
    plant = fleet.plant
    wanted += [
        ("plant.slow_bot names the pool", plant.slow_bot.pool, pools),
        ("plant.starved_pool names the pool", plant.starved_pool.pool, pools),
        ("plant.regression names the builder", plant.regression.builder, builders),
        ("plant.flaky_builder names the builder", plant.flaky_builder.builder, builders),
    ]
    for use, name, known in wanted:
        if name and name not in known:
            raise InputError(f"{use} {name}, which is not there", source=source, remedy=nearest(name, known))
    problems = (
        (_repeated(pools), "two pools have one name", "give each pool a name of its own"),
        (_repeated([p.prefix for p in fleet.pool]), "two pools have one prefix", "give each pool its own"),
        (_repeated(builders), "two builders have one name", "give each builder a name of its own"),
        (any("/" in b or ":" in b for b in builders), "a builder's name has a / or a :", "leave them out"),
        (any("/" in p.prefix for p in fleet.pool), "a pool's prefix has a /", "leave it out"),
        (len(fleet.load.hours) != 24, "load.hours has not 24 numbers", "write one for each hour"),
        (len(fleet.load.weekdays) != 7, "load.weekdays has not 7 numbers", "write one for each day"),
        (not sum(fleet.load.hours), "load.hours has only zeros", "write a number above 0"),
        (not sum(fleet.load.weekdays), "load.weekdays has only zeros", "write a number above 0"),
        (not sum(b.weight for b in fleet.builder), "all weights of builders are 0", "write a number above 0"),
        (not any(step.share for step in fleet.step), "all shares of steps are 0", "write a number above 0"),
    )
    for wrong, cause, remedy in problems:
        if wrong:
            raise InputError(cause, source=source, remedy=remedy)


def _repeated(names: Sequence[str]) -> bool:
    return len(set(names)) < len(names)
