"""Loading: from many files, texts and directories to the tables of all that they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import BinaryIO, Final, Literal, get_args

from logparse.buildbucket import read_builds
from logparse.checks import odd_findings
from logparse.dataset import Dataset
from logparse.detection import detect
from logparse.errors import InputError, LogparseError
from logparse.joins import join
from logparse.merge import Copy
from logparse.reading import Input, Part, open_inputs, read_parts
from logparse.records import Build, TriageLog
from logparse.sources import DEFAULT_MAX_BYTES, Skipped, Source
from logparse.tables import Records, triage_place

Duplicates = Literal["merge", "keep"]
_DUPLICATES: Final = get_args(Duplicates)


def load(
    *paths: Input,
    builds: Iterable[Input] = (),
    date: date | None = None,
    duplicates: Duplicates = "merge",
    max_bytes: int = DEFAULT_MAX_BYTES,
    stdin: BinaryIO | None = None,
    watch: Callable[[str], None] | None = None,
) -> Dataset:
    """Return the tables of everything that `paths` hold. The order of inputs does not matter.

    Parameters
    ----------
    paths:
        Files, directories (recursively), ``-`` for standard input; also compressed; or texts. They
        hold pages, logs, or builds that ``bb get -A -json`` or ``bb ls -A -json`` printed.
    builds:
        Files of builds only. They count as among `paths`.
    date, max_bytes:
        As in `parse`.
    duplicates:
        ``merge``: an invocation, or a build, that several inputs hold is one row, and its column
        ``repeats`` counts the other copies. ``keep``: each copy is a row.
    stdin:
        Read in the place of the process's standard input.
    watch:
        Called with the name of each input, for showing progress.

    Inputs that cannot be read do not raise: they are the result's `failures`.

    Raises
    ------
    LogparseError
        Where `duplicates` is another word.
    """
    if duplicates not in _DUPLICATES:
        choices = " or ".join(map(repr, _DUPLICATES))
        raise LogparseError(f"duplicates={duplicates!r} is not known", remedy=f"choose {choices}")
    reader = _Reader(max_bytes, stdin, watch)
    reader.read(builds, _builds_alone)
    reader.read(paths, lambda source: read_parts(source, date=date))
    return Dataset(reader.records(keep=duplicates == "keep"))


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


class _Reader:
    """Reads inputs one after another, and keeps all that they hold."""

    def __init__(self, max_bytes: int, stdin: BinaryIO | None, watch: Callable[[str], None] | None) -> None:
        self._max_bytes = max_bytes
        self._stdin = stdin
        self._watch = watch
        self._copies: list[Copy] = []
        self._builds: list[Build] = []
        self._read = Records()

    def read(self, inputs: Iterable[Input], reading: Callable[[Source], list[Part]]) -> None:
        """Take over what inputs hold, and what of them cannot be read."""
        for source in open_inputs(inputs, self._max_bytes, self._stdin):
            if isinstance(source, InputError):
                self._fail(source, source)
                continue
            if self._watch is not None:
                self._watch(source.name)
            try:
                parts = reading(source)
            except InputError as error:
                self._fail(error, source)
                continue
            for part in parts:
                self._take(part, source)

    def _take(self, part: Part, source: Source) -> None:
        if isinstance(part, Copy):
            self._copies.append(part)
        elif isinstance(part, TriageLog):
            self._read.triages.append(part)
        elif isinstance(part, Build):
            self._builds.append(part)
        else:
            self._fail(part, None)

    def _fail(self, error: InputError, source: Source | InputError | None) -> None:
        skipped = isinstance(error, Skipped) or (isinstance(source, Source) and source.walked)
        (self._read.skipped if skipped else self._read.failures).append(error)

    def records(self, *, keep: bool) -> Records:
        """Return all that was read, put together."""
        joined = join(self._copies, self._builds, keep=keep)
        self._copies, self._builds = [], []
        found = self._read
        found.invocations, found.builds, found.findings = joined.invocations, joined.builds, joined.findings
        found.keeps_copies = keep
        for record in found.invocations:
            if record.origin == "build":
                record.findings += odd_findings(record)
        found.findings += [finding for build in found.builds for finding in odd_findings(build)]
        found.triages.sort(key=triage_place)
        return found
