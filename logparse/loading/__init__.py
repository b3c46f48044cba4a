"""Loading: from many files, texts and directories to the tables of all that they hold."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date as date_type
from functools import partial
from typing import BinaryIO, Final, Literal, NamedTuple, TypeAlias, get_args

from logparse.buildbucket import read_builds
from logparse.errors import InputError, InputWarning, UsageError
from logparse.joining.merge import Copy
from logparse.joining.pagebatch import PageRow, Spool
from logparse.language import scanner
from logparse.language.syntax import Engine
from logparse.loading.dataset import Dataset
from logparse.loading.pool import read_all
from logparse.loading.saved import opened
from logparse.loading.together import put_together
from logparse.reading import Part, read_parts
from logparse.reading.arguments import Day, EngineName, choice_of, day_of, engine_of, jobs_of, limit_of
from logparse.reading.inputs import Input, Unit, check, find_inputs, open_input
from logparse.records import Build, TriageLog
from logparse.sources import DEFAULT_MAX_BYTES, Found, Skipped, Source
from logparse.sources.detection import detect
from logparse.store.layout import flat, is_dataset
from logparse.tables.rows import Records

Duplicates: TypeAlias = Literal["merge", "keep"]
_DUPLICATES: Final = get_args(Duplicates)
#: So many files in a row are read together.
_MANY: Final = 16
#: Tables of pages with more bytes are kept in a file.
_MOST_IN_MEMORY: Final = 8 << 20
#: A warning names no more failures than this.
_NAMED_FAILURES: Final = 3


def load(
    *paths: Input,
    builds: Input | None = (),
    date: Day | None = None,
    engine: Engine | EngineName = "scanner",
    duplicates: Duplicates = "merge",
    max_bytes: int = DEFAULT_MAX_BYTES,
    jobs: int | None = None,
    stdin: BinaryIO | None = None,
    watch: Callable[[str], None] | None = None,
) -> Dataset:
    """Return the tables of everything that `paths` hold. The order of inputs does not matter.

    Inputs that cannot be read do not raise, and the others count: they are in the result's
    `failures`, and one `InputWarning` names them.

    Parameters
    ----------
    paths:
        One input or many: a path, as str or `pathlib.Path`; a directory (with all below it); a pattern
        like ``*.log`` or ``logs/**/*.log``; ``-`` for standard input; an open file, binary or text; a
        text (a str with a line end, or bytes); or a list, a tuple or a generator of these. Files can be
        compressed. They hold pages, logs, or builds that ``bb get -A -json`` or ``bb ls -A -json``
        printed.
    builds:
        Files of builds only, in the same shapes. They count as among `paths`.
    date:
        The day of the first entry, as `datetime.date` or as text like ``2020-11-17``, for logs in
        which nothing names a day.
    engine:
        ``"scanner"``, or ``"grammar"`` for the same result by the grammar, which is slower.
    duplicates:
        ``merge``: an invocation, or a build, that several inputs hold is one row, and its column
        ``repeats`` counts the other copies. ``keep``: each copy is a row.
    max_bytes:
        Larger inputs are failures; the size counts after decompression.
    jobs:
        How many processes read files at once, by default as many as there are processors. The result
        does not depend on it. Few files are read by this process alone.
    stdin:
        The binary file that is read for ``-``, in place of the process's standard input.
    watch:
        Called with the name of each input, for showing progress.

    Returns
    -------
    Dataset
        The tables as DataFrames, as ``data.invocations`` and ``data.polls``.

    Warns
    -----
    InputWarning
        Where inputs could not be read, or none holds anything.

    Raises
    ------
    UsageError
        Where an argument is not one of those above, or there is no input.
    """
    data = gather(
        paths,
        builds=builds,
        date=date,
        engine=engine,
        duplicates=duplicates,
        max_bytes=max_bytes,
        jobs=jobs,
        stdin=stdin,
        watch=watch,
    )
    trouble = _trouble(data, any(not isinstance(path, Sequence) or path for path in paths))
    if trouble:
        warnings.warn(trouble, InputWarning, stacklevel=2)
    return data


def gather(
    paths: Sequence[Input],
    *,
    builds: Input | None = (),
    date: Day | None = None,
    engine: Engine | EngineName = "scanner",
    duplicates: Duplicates = "merge",
    max_bytes: int = DEFAULT_MAX_BYTES,
    jobs: int | None = None,
    stdin: BinaryIO | None = None,
    watch: Callable[[str], None] | None = None,
    tables: Sequence[str] = ("invocations", "builds", "polls", "attempts", "triggers"),
    only: Mapping[str, Collection[str]] | None = None,
) -> Dataset:
    """Return the same as `load`, without a warning: the caller reports the result's failures.

    Parameters
    ----------
    tables:
        The tables that will be asked for. The others can be asked for as well, which takes longer.
    only:
        The columns that will be asked for of some of these tables, likewise; of the others it is all.

    Raises
    ------
    UsageError
        As `load`.
    """
    choice_of("duplicates", duplicates, _DUPLICATES)
    day, parser = day_of(date), engine_of(engine)
    if builds is None:
        builds = ()
    for given in (*paths, builds):
        check(given, "load")
    if any(map(is_dataset, flat((*paths, builds)))):
        return _opened(flat(paths), builds, duplicates)
    if not paths and isinstance(builds, (list, tuple)) and not builds:
        raise UsageError("load() got no input", remedy='name a file or a directory, as lp.load("logs")')
    limit, workers = limit_of(max_bytes), jobs_of(jobs)
    if not isinstance(engine, str):
        # A worker finds an engine by its name.
        workers = 1
    given_engine = engine if isinstance(engine, str) else parser
    reader = _Reader(watch)
    for inputs, reading in (
        (builds, builds_reading(limit)),
        (paths, logs_reading(limit, day, given_engine, tables, only)),
    ):
        here = partial(reading, stdin=stdin)
        reader.take(read_all(find_inputs(inputs, "load"), reading, here, workers))
    return Dataset(reader.records(keep=duplicates == "keep"))


def _trouble(data: Dataset, given: bool) -> str | None:
    """Return what a caller should know who does not look at the failures, in one line."""
    failures, sizes = data.failures, data.sizes
    if failures:
        named = [str(failure) for failure in failures[:_NAMED_FAILURES]]
        more = len(failures) - _NAMED_FAILURES
        if more > 0:
            named.append(f"and {more} more in the result's failures")
        return "not everything was read: " + "\n  ".join(named)
    if sizes.invocations or sizes.builds or sizes.triages:
        return None
    if not given:
        return "nothing was read: the list of inputs is empty"
    return (
        f"nothing was read: no input holds a log or a build; the table failures names the"
        f" {len(data.skipped)} that were skipped"
    )


def _opened(paths: Sequence[Input], builds: Input, duplicates: Duplicates) -> Dataset:
    """Return the tables of a dataset, which is the one input."""
    if duplicates == "keep":
        raise UsageError(
            "a dataset keeps one row for each invocation and build", remedy="read the logs to keep duplicates"
        )
    if len(paths) > 1 or not isinstance(builds, (list, tuple)) or builds:
        raise UsageError(
            "a dataset and other inputs cannot be read together",
            remedy="add the others to the dataset with logparse ingest, or name it alone",
        )
    return opened(paths[0])


def builds_reading(max_bytes: int) -> partial[list[Outcome]]:
    """Return a function that reads inputs of builds. A worker can run it."""
    return partial(_read_builds, max_bytes)


def logs_reading(
    max_bytes: int,
    day: date_type | None,
    engine: Engine | EngineName,
    tables: Sequence[str],
    only: Mapping[str, Collection[str]] | None = None,
) -> partial[list[Outcome]]:
    """Return a function that reads inputs of any kind, as `gather` does. A worker can run it."""
    return partial(_read_logs, max_bytes, day, engine, tuple(tables), dict(only or {}))


def _builds_alone(source: Source) -> list[Part]:
    detected = detect(source.text)
    if detected.kind in ("log", "fragment"):
        raise InputError(
            "is a log, not a file of builds", source=source.name, remedy="name it without --builds"
        )
    if detected.kind == "ours":
        raise detected.refusal(source.name)
    found: list[Part] = [*read_builds(source)]
    if all(isinstance(part, Skipped) for part in found):
        raise InputError("holds no builds", source=source.name, remedy="save the output of bb get -A -json")
    return found


class Outcome(NamedTuple):
    """The parts that one input holds, or its error. `walked` is true where a directory held the input."""

    name: str
    parts: Sequence[Part | PageRow] | InputError
    walked: bool = False


def _read_logs(
    max_bytes: int,
    day: date_type | None,
    engine: Engine | EngineName,
    tables: tuple[str, ...],
    only: Mapping[str, Collection[str]],
    units: Sequence[Unit],
    *,
    stdin: BinaryIO | None = None,
) -> list[Outcome]:
    """Return what inputs of any kind hold."""
    parser = engine_of(engine)
    found: list[Outcome | None] = [None] * len(units)
    if parser is scanner and len(units) >= _MANY:
        found = _read_at_once(units, max_bytes, tables, only)
    return [
        known or _outcome(unit, max_bytes, stdin, lambda source: read_parts(source, date=day, engine=parser))
        for unit, known in zip(units, found, strict=True)
    ]


def _read_at_once(
    units: Sequence[Unit], max_bytes: int, tables: tuple[str, ...], only: Mapping[str, Collection[str]]
) -> list[Outcome | None]:
    """Return what the files hold that can be read together, None for other inputs."""
    # Arrays take time to import.
    from logparse.bulk import read_pages

    found: list[Outcome | None] = [None] * len(units)
    files = {n: unit for n, unit in enumerate(units) if isinstance(unit, Found) and unit.path is not None}
    for (place, file), row in zip(
        files.items(), read_pages([*files.values()], max_bytes, tables, only), strict=True
    ):
        if row is not None:
            found[place] = Outcome(file.name, [row])
    return found


def _read_builds(max_bytes: int, units: Sequence[Unit], *, stdin: BinaryIO | None = None) -> list[Outcome]:
    """Return what inputs of builds hold."""
    return [_outcome(unit, max_bytes, stdin, _builds_alone) for unit in units]


def _outcome(
    unit: Unit, max_bytes: int, stdin: BinaryIO | None, reading: Callable[[Source], list[Part]]
) -> Outcome:
    source = open_input(unit, max_bytes=max_bytes, stdin=stdin)
    if isinstance(source, InputError):
        return Outcome(source.source or "", source)
    try:
        return Outcome(source.name, reading(source), source.walked)
    except InputError as error:
        return Outcome(source.name, error, source.walked)


class _Reader:
    """Keeps all that inputs hold."""

    def __init__(self, watch: Callable[[str], None] | None) -> None:
        self._watch = watch
        self._copies: list[Copy | PageRow] = []
        self._spool = Spool(_MOST_IN_MEMORY)
        self._builds: list[Build] = []
        self._read = Records()

    def take(self, outcomes: Iterable[Outcome | InputError]) -> None:
        """Take over what inputs hold, and what of them cannot be read."""
        for outcome in outcomes:
            if isinstance(outcome, InputError):
                outcome = Outcome(outcome.source or "", outcome)
            if self._watch is not None:
                self._watch(outcome.name)
            if isinstance(outcome.parts, InputError):
                self._fail(outcome.parts, walked=outcome.walked)
                continue
            for part in outcome.parts:
                self._take(part)

    def _take(self, part: Part | PageRow) -> None:
        if isinstance(part, PageRow):
            self._spool.take(part.batch)
            self._copies.append(part)
        elif isinstance(part, Copy):
            self._copies.append(part)
        elif isinstance(part, TriageLog):
            self._read.triages.append(part)
        elif isinstance(part, Build):
            self._builds.append(part)
        else:
            self._fail(part)

    def _fail(self, error: InputError, *, walked: bool = False) -> None:
        skipped = isinstance(error, Skipped) or walked
        (self._read.skipped if skipped else self._read.failures).append(error)

    def records(self, *, keep: bool) -> Records:
        """Return all that was read, put together."""
        found, _ = put_together(self._copies, self._builds, self._read.triages, keep=keep)
        self._copies, self._builds = [], []
        found.failures, found.skipped = self._read.failures, self._read.skipped
        return found
