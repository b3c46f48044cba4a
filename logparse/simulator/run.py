"""Running a simulation, and writing it as a folder."""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from logparse.batches.arrow import ArrowBatch, RecordBatch, arrow_schema
from logparse.batches.parquet import write_parquet
from logparse.columns import TABLES
from logparse.errors import InputError, LogparseError, UsageError, nearest
from logparse.lazy import pyarrow as pa
from logparse.output.files import whole_folder
from logparse.reading.arguments import Day, choice_of, day_of, jobs_of
from logparse.reading.inputs import Unit
from logparse.simulator.chunks import Made, chunks, day_name, make_all
from logparse.simulator.fleet import PLANTS, read_fleet
from logparse.simulator.queue import decided
from logparse.simulator.world import Settings, world_of
from logparse.version import VERSION

#: The file that says that a folder is synthetic, and the one with the fleet.
MARK_FILE: Final = "SYNTHETIC.json"
FLEET_FILE: Final = "fleet.toml"
DIALECTS: Final = ("auto", "v1", "v2")
#: The scheduler's messages since this day are those that are written.
_EARLIEST: Final = date(2018, 5, 9)
_LATEST: Final = date(2040, 1, 1)
_EPOCH: Final = date(1970, 1, 1)
_MOST: Final = {"invocations": 100_000_000, "days": 3_660, "seed": 2**63 - 1}
#: Fewer invocations are made by this process alone: starting others would take longer.
_WORTH: Final = 2_000
_MOST_JOBS: Final = 64


@dataclass(frozen=True, slots=True)
class Simulation:
    """The result of a simulation.

    Attributes
    ----------
    folder:
        The folder that was written.
    invocations, builds:
        How many were simulated.
    files, bytes:
        How many files of pages, logs and builds were written, and their size.
    planted:
        For each anomaly that was planted its values, as the name of the slow bot.
    """

    folder: Path
    invocations: int
    builds: int
    files: int
    bytes: int
    planted: dict[str, dict[str, Any]] = field(default_factory=dict)


def simulate(
    *,
    invocations: int,
    into: str | os.PathLike[str],
    days: int = 7,
    seed: int = 0,
    start: Day = "2021-03-01",
    dialect: str = "auto",
    plant: str | Iterable[str] = (),
    fleet: str | os.PathLike[str] | None = None,
    tables_only: bool = False,
    jobs: int | None = None,
    force: bool = False,
    watch: Callable[[int, int], None] | None = None,
) -> Simulation:
    """Simulate a fleet, and write its pages, logs and builds with the truth about them to a folder.

    The folder has a folder for each UTC day with pages, logs and builds, and a folder ``truth`` with the
    tables `invocations` and `builds` as Parquet, which reading the pages and builds must give. The file
    ``SYNTHETIC.json`` says that all is simulated, and names the seed.

    The pages, logs and builds have the same bytes for the same arguments and the same logparse, whatever
    the Python, the machine and `jobs`.

    Parameters
    ----------
    invocations:
        How many.
    into:
        The folder, which does not exist or is empty.
    days:
        The days in which they are created.
    seed:
        Another seed gives another simulation.
    start:
        The first day, as `datetime.date` or as text like ``2021-03-01``.
    dialect:
        ``auto`` for version 1 of Buildbucket's API before March 2021 and version 2 after that; ``v1`` or
        ``v2`` for one of them at any time.
    plant:
        The anomalies to plant: ``slow-bot``, ``regression``, ``lost-notifications``, ``starved-pool``,
        ``flaky-builder``, or several of these.
    fleet:
        A TOML file that describes the fleet, as ``logparse simulate --print-fleet`` prints the default one.
    tables_only:
        Write the truth alone.
    jobs:
        How many processes write at once, by default one for each processor. The result does not depend on it.
    force:
        Replace a simulation that the folder has.
    watch:
        Called with the number of invocations and of bytes that are made so far, for showing progress.

    Raises
    ------
    UsageError
        For a wrong argument.
    InputError
        For a fleet file that cannot be read or has a mistake.
    LogparseError
        Where the folder has files already, or cannot be written.
    """
    if not isinstance(into, (str, os.PathLike)):
        raise UsageError(f"into={into!r} is not a path", remedy="name a folder")
    described, text = read_fleet(None if fleet is None else Path(fleet))
    settings = Settings(
        invocations=_number("invocations", invocations),
        days=_number("days", days),
        seed=_number("seed", seed, least=0),
        start=_start(start, days),
        dialect=choice_of("dialect", dialect, DIALECTS),
        plants=_plants(plant),
        fleet=described,
    )
    _check_days(settings)
    processes = jobs_of(jobs)
    folder = Path(into)
    old = _ready(folder, force=force)
    planted = world_of(settings).planted
    with whole_folder(folder, old) as place:
        made = _Writer(place, settings, tables_only=tables_only).run(processes, watch)
        (place / FLEET_FILE).write_text(text, "utf-8")
        (place / MARK_FILE).write_text(_mark(settings, made, tables_only=tables_only), "utf-8")
    return Simulation(folder, settings.invocations, made.builds, made.files, made.bytes, planted)


# --- arguments --------------------------------------------------------------------------------


def _number(name: str, given: int, least: int = 1) -> int:
    try:
        number = operator.index(given)
    except TypeError:
        number = least - 1
    if isinstance(given, bool) or not least <= number <= _MOST[name]:
        raise UsageError(
            f"{name}={given!r} is not possible", remedy=f"pass a whole number from {least} to {_MOST[name]}"
        )
    return number


def _start(given: Day, days: int) -> int:
    """Return the first day, in days since 1970."""
    day = day_of(given)
    if day is None or day < _EARLIEST or (day - _EPOCH).days + days > (_LATEST - _EPOCH).days:
        raise UsageError(
            f"start={str(given)!r} is not possible",
            remedy=f"name a day from {_EARLIEST} on, and end before {_LATEST}",
        )
    return (day - _EPOCH).days


def _plants(given: str | Iterable[str]) -> tuple[str, ...]:
    names = [given] if isinstance(given, str) else list(given)
    for name in names:
        if name not in PLANTS:
            raise UsageError(f"{name!r} cannot be planted", remedy=nearest(name, PLANTS))
    return tuple(name.replace("-", "_") for name in PLANTS if name in names)


def _check_days(settings: Settings) -> None:
    """Check that the days of anomalies are in the time that is simulated."""
    plants = settings.fleet.plant
    for name, day in (
        ("regression", plants.regression.day),
        ("lost_notifications", plants.lost_notifications.day),
    ):
        if name in settings.plants and day > settings.days:
            raise UsageError(
                f"plant.{name} is on day {day} of {settings.days}",
                remedy="simulate more days, or change the fleet file",
            )


def _ready(folder: Path, *, force: bool) -> list[str]:
    """Return the names of the files of the simulation that is replaced.

    Raises
    ------
    LogparseError
        Where the folder has other files, or `force` is not set.
    """
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise LogparseError("is a file, not a directory", source=str(folder), remedy="name another with -o")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    if names and MARK_FILE not in names:
        raise LogparseError("is not empty", source=str(folder), remedy="name another folder with -o")
    if names and not force:
        raise LogparseError(
            "has a simulation already", source=str(folder), remedy="replace it with --force, or name another"
        )
    return names


# --- writing ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Counts:
    invocations: int = 0
    builds: int = 0
    files: int = 0
    bytes: int = 0


class _Writer:
    """Writes a simulation to an empty folder."""

    def __init__(self, folder: Path, settings: Settings, *, tables_only: bool) -> None:
        self._folder = folder
        self._settings = settings
        self._counts = _Counts()
        self._files = None if tables_only else str(folder)

    def run(self, jobs: int, watch: Callable[[int, int], None] | None) -> _Counts:
        """Write all files, and return how many."""
        truth = self._folder / "truth"
        truth.mkdir()
        spooled = truth / "builds.arrow"
        schema = arrow_schema(TABLES["builds"])
        with (
            open(truth / "invocations.parquet", "xb") as invocations,
            pa.OSFile(str(spooled), "wb") as spool,
            pa.ipc.new_stream(spool, schema) as builds,
        ):
            batches = self._batches(jobs, builds, watch)
            write_parquet(map(ArrowBatch, batches), TABLES["invocations"], invocations, "invocations")
        with (
            open(truth / "builds.parquet", "xb") as out,
            pa.OSFile(str(spooled), "rb") as spool,
            pa.ipc.open_stream(spool) as read,
        ):
            write_parquet(map(ArrowBatch, read), TABLES["builds"], out, "builds")
        spooled.unlink()
        return self._counts

    def _batches(
        self, jobs: int, builds: Any, watch: Callable[[int, int], None] | None
    ) -> Iterator[RecordBatch]:
        """Yield the rows of invocations, and write those of builds to a file for later."""
        counts = self._counts
        for made in self._made(jobs):
            counts.invocations += made.invocations.num_rows
            counts.files += made.files
            counts.bytes += made.bytes
            if made.builds is not None:
                counts.builds += made.builds.num_rows
                builds.write_batch(made.builds)
            if watch is not None:
                watch(counts.invocations, counts.bytes)
            yield made.invocations

    def _made(self, jobs: int) -> Iterator[Made]:
        work = partial(make_all, self._settings, self._files)
        all_chunks = chunks(decided(world_of(self._settings)))
        if jobs == 1 or os.name != "posix" or self._settings.invocations < _WORTH:
            for chunk in all_chunks:
                yield from work([chunk])
            return
        # The modules that start processes take time to import.
        from logparse.loading.workers import Pool

        pool = Pool(
            cast("Callable[[Sequence[Unit]], Sequence[Made]]", work),
            cast("Callable[[Sequence[Unit]], Sequence[Made]]", work),
            min(jobs, _MOST_JOBS),
            lambda units: ([unit] for unit in units),
        )
        try:
            for made in pool.run(cast("Iterable[Unit]", all_chunks)):
                if isinstance(made, InputError):
                    raise LogparseError("a process that writes has ended", remedy="use --jobs 1")
                yield made
        finally:
            pool.close()


def _mark(settings: Settings, made: _Counts, *, tables_only: bool) -> str:
    """Return the file that says that the folder is synthetic."""
    said = {
        "synthetic": True,
        "note": "Simulated: nothing here happened. Requests and builds have the tag synthetic:logparse.",
        "command": "logparse simulate",
        "version": VERSION,
        "invocations": settings.invocations,
        "days": settings.days,
        "seed": settings.seed,
        "start": day_name(settings.start),
        "dialect": settings.dialect,
        "tables_only": tables_only,
        "fleet": FLEET_FILE,
        "planted": world_of(settings).planted,
        "builds": made.builds,
        "files": made.files,
        "bytes": made.bytes,
    }
    return json.dumps(said, indent=2) + "\n"
