"""Pages as text: the head, the part of the log that was saved by a time, and the scheduler's cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Final

from logparse.language.syntax import CUT_MARKER
from logparse.simulator.payloads import Payloads
from logparse.simulator.story import Story
from logparse.simulator.templates import Log
from logparse.simulator.world import World

#: The scheduler keeps so many bytes of a log, and of a longer one its last lines.
_LIMIT: Final = 200_000
_KEPT_LINES: Final = 100
_MARKER: Final = f"{CUT_MARKER}\n"


@dataclass(slots=True)
class Cut:
    """A place where the scheduler cut lines out.

    Attributes
    ----------
    before, after:
        When the entries were written that are on both sides of it, in milliseconds since 1970.
    mutation_before, mutation_after:
        The mutations that the nearest timers name there.
    """

    before: int
    mutation_before: int | None
    after: int | None = None
    mutation_after: int | None = None


@dataclass(slots=True)
class Shown:
    """The part of a log that a page has.

    Attributes
    ----------
    text:
        The log.
    cuts:
        In their order.
    until:
        When it was saved, in milliseconds since 1970; None at the end.
    """

    text: str
    cuts: list[Cut] = field(default_factory=list)
    until: int | None = None


def shown(log: Log, until: int | None = None) -> Shown:
    """Return the part of a log that was saved by a time, in milliseconds since 1970; without it, all."""
    saves = [save for save in log.saves if until is None or save[1] <= until]
    count = saves[-1][0]
    text = "".join(log.parts[:count])
    if len(text) <= _LIMIT:
        return Shown(text, until=until)
    lines = _trimmed(log, [entries for entries, _ in saves])
    return Shown("".join(line for line, _, _ in lines), _cuts(log, lines), until)


#: A line, the index of its entry, and whether it is the entry's first. The index of a cut is -1.
_Line = tuple[str, int, bool]


def _trimmed(log: Log, saves: Sequence[int]) -> list[_Line]:
    """Return the lines that are left of a log that was saved after so many entries each time."""
    kept: list[_Line] = []
    size, done = 0, 0
    for count in saves:
        for index in range(done, count):
            for number, line in enumerate(log.parts[index].splitlines(keepends=True)):
                kept.append((line, index, not number))
                size += len(line)
        done = count
        if size > _LIMIT:
            size = _trim(kept, size)
    return kept


def _trim(kept: list[_Line], size: int) -> int:
    """Cut lines of so many bytes as the scheduler does, and return how many bytes are left.

    The head is as long as it can be. Two markers in a row become one.
    """
    tail = kept[-_KEPT_LINES:]
    del kept[-_KEPT_LINES:]
    tail_size = sum(len(line) for line, _, _ in tail)
    room, size = _LIMIT - tail_size - len(_MARKER), size - tail_size
    while size > room or kept[-1][1] < 0:
        size -= len(kept.pop()[0])
    while tail[0][1] < 0:
        tail_size -= len(tail[0][0])
        del tail[0]
    kept.append((_MARKER, -1, True))
    kept += tail
    return size + len(_MARKER) + tail_size


def _cuts(log: Log, lines: Sequence[_Line]) -> list[Cut]:
    """Return each cut with the entries on both sides of it."""
    mutations = dict(log.mutations)
    cuts: list[Cut] = []
    last, mutation, is_open = 0, None, False
    for _, index, is_first in lines:
        if index < 0:
            cuts.append(Cut(last, mutation))
            is_open = True
        elif is_first:
            last = log.clocks[index]
            if is_open:
                cuts[-1].after, is_open = last, False
            if index in mutations:
                mutation = mutations[index]
                if cuts and cuts[-1].mutation_after is None:
                    cuts[-1].mutation_after = mutation
    return cuts


class Heads:
    """Writes the heads of a builder's pages."""

    def __init__(self, world: World, builder: int, payloads: Payloads) -> None:
        project = world.fleet.project
        self._payloads = payloads
        self._world = world
        name = world.fleet.builder[builder].name
        self._crumbs = f"All projects / {project.name} / {name} / "
        definition = (
            f'buildbucket: <\n  server: "{project.server}"\n  bucket: "{payloads.v1_bucket}"\n'
            f'  builder: "{name}"\n>\n'
        )
        revision = sha1(definition.encode(), usedforsecurity=False).hexdigest()
        self._definition = f"Actions:\n\nDefinition (rev {revision})\n\n{definition}\nIncoming triggers\n\n"
        self._ref = project.ref
        self._lines: dict[bool, int] = {}

    def lines(self, story: Story) -> int:
        """Return how many lines a page has above the log. That depends only on who started the invocation."""
        is_user = story.plan.user is not None
        if is_user not in self._lines:
            self._lines[is_user] = self.head(story, "", "", None).count("\n")
        return self._lines[is_user]

    def head(self, story: Story, revision: str, status: str, until: int | None) -> str:
        """Return the page above the log.

        Parameters
        ----------
        revision:
            The commit that it builds.
        status:
            The invocation's, when the page was saved.
        until:
            When that was, in milliseconds since 1970; None for after the end.
        """
        plan = story.plan
        ms = (story.finished if until is None else until) - plan.created
        by = "-" if plan.user is None else self._world.fleet.load.users[plan.user].removeprefix("user:")
        fields = f"Status: {status}\nTriggered by: {by}\nDuration: {rough_duration(ms // 1000)}\n"
        given = ""
        if plan.user is None:
            tags = "".join([f"  • {key}:{value}\n" for key, value in self._payloads.commit_tags(revision)])
            given = (
                f'Incoming properties\n\n{{\n  "branch": "{self._ref}",\n'
                f'  "repository": "{self._payloads.repository}",\n  "revision": "{revision}"\n}}\n\n'
                f"Incoming tags\n\n{tags}\n"
            )
        return f"{self._crumbs}{story.invocation_id}\n{fields}{self._definition}{given}Debug log (UTC)\n\n"


def rough_duration(seconds: int) -> str:
    """Return a duration as the head of a page gives it: 21 minutes."""
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return "1 second" if seconds == 1 else f"{seconds} seconds"


def status_at(story: Story, until: int) -> str:
    """Return the invocation's status before its end, as far as its log was saved by a time."""
    plan = story.plan
    ended = [attempt for attempt in plan.attempts if attempt.answered <= until]
    if plan.launched and len(ended) == len(plan.attempts):
        return "RUNNING"
    return "RETRYING" if ended else "STARTING"
