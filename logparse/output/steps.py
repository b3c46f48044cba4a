"""A build's steps as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from logparse.output.words import clean, count, moment, short_duration
from logparse.records import Build

if TYPE_CHECKING:
    from rich.text import Text


def steps(build: Build) -> Iterator[Text]:
    """Yield a line for each step of a build: its start, its duration, its status, its name.

    A nested step is indented below the step around it. The first line has the build and the number of steps.
    """
    from rich.text import Text

    yield Text(f"build {clean(build.id)}, {count(len(build.steps), 'step')}", style="bold")
    depths: dict[str, int] = {}
    day = None
    for step in build.steps:
        depth = depths[step.name] = depths.get(step.parent or "", -1) + 1
        if step.started_at is not None and step.started_at.date() != day:
            day = step.started_at.date()
            yield Text(day.isoformat(), style="bold")
        status = step.status or "?"
        line = Text()
        line.append(f"{moment(step.started_at, date=False) if step.started_at else '':12} ", style="dim")
        line.append(f"{short_duration(step.duration_s):>10} ")
        line.append(f"{clean(status):13} ", style="" if status == "SUCCESS" else "red")
        name = step.name.removeprefix(f"{step.parent}|") if step.parent else step.name
        line.append("  " * depth + clean(name))
        yield line
