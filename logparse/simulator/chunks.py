"""A chunk of the simulation: some invocations of one day, their files and their rows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from logparse.batches.arrow import RecordBatch
from logparse.simulator.buildfiles import BuildFile
from logparse.simulator.draws import Draws
from logparse.simulator.pages import Heads, Shown, shown, status_at
from logparse.simulator.payloads import Payloads
from logparse.simulator.plans import Plan, day_of
from logparse.simulator.story import Story, unfold
from logparse.simulator.templates import Log
from logparse.simulator.truth import Read, Row, Teller, batch
from logparse.simulator.world import Era, Settings, World, world_of
from logparse.simulator.writing import Script
from logparse.values.clock import DAY_US, to_datetime

#: So many invocations of a day are a chunk. It decides the random numbers, so that it never changes.
_SIZE: Final = 500
#: An entry that takes part in a check is not longer than this, and all others together are not either.
#: A log that cannot pass the scheduler's limit by that is not cut, and need not be written to know it.
_MOST_OF_A_CHECK: Final = 700
_MOST_OF_ALL: Final = 100_000
_LIMIT: Final = 200_000


class Chunk(NamedTuple):
    """Invocations of one day, in the order of their creation.

    Attributes
    ----------
    day:
        In days since 1970.
    number:
        Among the chunks of the day, from 1.
    """

    day: int
    number: int
    plans: list[Plan]


@dataclass(slots=True)
class Made:
    """The rows of a chunk, and how many files were written.

    Attributes
    ----------
    invocations, builds:
        The rows of the truth; None where there are none.
    files, bytes:
        How many were written.
    """

    invocations: RecordBatch
    builds: RecordBatch | None
    files: int = 0
    bytes: int = 0


def chunks(plans: Iterable[Plan]) -> Iterator[Chunk]:
    """Yield invocations, which are in the order of their creation, in chunks."""
    for day, of_day in groupby(plans, day_of):
        number, taken = 1, []
        for plan in of_day:
            taken.append(plan)
            if len(taken) == _SIZE:
                yield Chunk(day, number, taken)
                number, taken = number + 1, []
        if taken:
            yield Chunk(day, number, taken)


def day_name(day: int) -> str:
    """Return a day in days since 1970 as YYYY-MM-DD."""
    moment = to_datetime(day * DAY_US)
    assert moment is not None
    return f"{moment:%Y-%m-%d}"


def make_all(settings: Settings, folder: str | None, given: Sequence[Chunk]) -> list[Made]:
    """Write the files of chunks, and return their rows. Workers call it.

    Parameters
    ----------
    folder:
        Where files are written; None to make rows alone.
    """
    return [make(settings, folder, chunk) for chunk in given]


def make(settings: Settings, folder: str | None, chunk: Chunk) -> Made:
    """Write the files of a chunk, and return its rows. Parameters are those of `make_all`."""
    world, tools = world_of(settings), tools_of(settings)
    draws = Draws(settings.seed, "checks", chunk.day, chunk.number)
    fixed = Draws(settings.seed, "saving", chunk.day, chunk.number)
    name = day_name(chunk.day)
    files = _Files(os.path.join(folder, name)) if folder is not None else None
    builds_name = f"{name}/builds-{chunk.number:04d}.jsonl"
    invocations, builds = [], []
    build_lines: list[str] = []
    lines = 0
    for plan in chunk.plans:
        maker = _Maker(tools[plan.builder], unfold(world, plan, draws, fixed), name, builds_name, lines)
        invocations.append(maker.invocation())
        if plan.launched:
            builds.append(maker.build())
            lines += 1 + maker.is_twice
            if files is not None:
                build_lines += maker.build_lines()
        if files is not None:
            maker.write(files)
    if files is not None and build_lines:
        files.write("", f"builds-{chunk.number:04d}.jsonl", "".join(build_lines))
    made = Made(batch("invocations", invocations), batch("builds", builds) if builds else None)
    if files is not None:
        made.files, made.bytes = files.count, files.bytes
    return made


class Tools:
    """The writers of one builder's pages, logs, builds and rows."""

    def __init__(self, world: World, builder: int) -> None:
        self._world = world
        self.payloads = Payloads(world, builder)
        self.build_file = BuildFile(world, builder, self.payloads)
        self.teller = Teller(world, builder, self.payloads, self.build_file)
        self.heads = Heads(world, builder, self.payloads)
        self._scripts: dict[Era, Script] = {}

    def script(self, era: Era) -> Script:
        """Return the lines of the builder's logs at a time."""
        if era not in self._scripts:
            # Days come in their order, so that few are needed at once.
            if len(self._scripts) > 4:
                self._scripts.clear()
            self._scripts[era] = Script(self._world, self.payloads, era)
        return self._scripts[era]


@lru_cache(maxsize=2)
def tools_of(settings: Settings) -> list[Tools]:
    """Return the tools of each builder. They are made once in each process."""
    world = world_of(settings)
    return [Tools(world, builder) for builder in range(len(world.fleet.builder))]


@dataclass(slots=True)
class _Files:
    """The files of a day."""

    folder: str
    count: int = 0
    bytes: int = 0
    _made: set[str] = field(default_factory=set)

    def write(self, place: str, name: str, text: str) -> None:
        """Write a file of text in UTF-8 to a folder of the day."""
        folder = os.path.join(self.folder, place)
        if place not in self._made:
            os.makedirs(folder, exist_ok=True)
            self._made.add(place)
        data = text.encode()
        file = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            written = 0
            while written < len(data):
                written += os.write(file, data[written:] if written else data)
        finally:
            os.close(file)
        self.count, self.bytes = self.count + 1, self.bytes + len(data)


class _Maker:
    """Makes the files and the rows of one invocation.

    Parameters
    ----------
    day, builds_name:
        The name of the day's folder, and of the file of builds in it.
    lines:
        How many lines of that file are taken.
    """

    def __init__(self, tools: Tools, story: Story, day: str, builds_name: str, lines: int) -> None:
        self._tools = tools
        self._story = story
        self._revisions = tools.payloads.revisions(story)
        self._log: Log | None = None
        self._shown: dict[int | None, Shown] = {}
        self._day = day
        self._builds_name = builds_name
        self._lines = lines
        self._read = self._how_read()

    def invocation(self) -> Row:
        """Return the row of the invocation."""
        return self._tools.teller.invocation(self._story, self._revisions[-1], self._read)

    @property
    def is_twice(self) -> bool:
        """Whether the file of builds has the build twice."""
        return self._story.is_twice

    def build(self) -> Row:
        """Return the row of its build."""
        return self._tools.teller.build(self._story, self._revisions[-1], self._read)

    def build_lines(self) -> list[str]:
        """Return the lines of the file of builds."""
        write, story, revision = self._tools.build_file.line, self._story, self._revisions[-1]
        early = [write(story, revision, is_end=False)] if story.is_twice else []
        return [*early, write(story, revision)]

    def write(self, files: _Files) -> None:
        """Write the pages and logs."""
        story, identifier = self._story, self._story.invocation_id
        if story.saved in ("page", "both", "early"):
            files.write("pages", f"{identifier}.txt", self._head(None) + self._show(None).text)
        if story.saved in ("log", "both"):
            files.write("logs", f"{identifier}.log", self._show(None).text)
        if story.until is not None:
            files.write(
                "pages", f"{identifier}.early.txt", self._head(story.until) + self._show(story.until).text
            )

    def _head(self, until: int | None) -> str:
        status = self._story.status if until is None else status_at(self._story, until)
        return self._tools.heads.head(self._story, self._revisions[-1], status, until)

    def _show(self, until: int | None) -> Shown:
        if until not in self._shown:
            if self._log is None:
                self._log = self._tools.script(self._story.era).write(self._story, self._revisions)
            self._shown[until] = shown(self._log, until)
        return self._shown[until]

    def _how_read(self) -> Read:
        """Return the places of the files that count, and the number of copies."""
        story = self._story
        is_page, until = story.saved != "log", story.until_shown
        identifier = story.invocation_id
        name = f"pages/{identifier}.txt" if is_page else f"logs/{identifier}.log"
        if until is not None:
            name = f"pages/{identifier}.early.txt"
        is_missing = story.saved == "missing"
        return Read(
            source=None if is_missing else f"{self._day}/{name}",
            line=None if is_missing else self._tools.heads.lines(story) + 1 if is_page else 1,
            build_source=self._builds_name if story.plan.launched else None,
            build_line=self._lines + 1 + story.is_twice if story.plan.launched else None,
            repeats=int(story.saved in ("both", "early")),
            build_repeats=int(story.is_twice),
            cuts=self._show(until).cuts if self._can_be_cut() and not is_missing else (),
        )

    def _can_be_cut(self) -> bool:
        """Return whether the log can be so long that the scheduler cuts it."""
        story = self._story
        asked = len(story.plan.attempts) * len(self._revisions) * 1_000
        return len(story.checks) * _MOST_OF_A_CHECK + asked + _MOST_OF_ALL > _LIMIT
