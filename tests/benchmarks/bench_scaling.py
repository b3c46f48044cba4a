"""How cost grows with the number of pages, and where the time goes; prints ``docs/scaling.md``."""

from __future__ import annotations

import argparse
import pstats
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench_speed import Cells, has_option, show
from generate import write_pages
from processes import LOGPARSE, machine, pin, run

SIZES: Final = (1_000, 3_000, 10_000)
#: Numbers of pages that are not measured: their time is on the line through the two largest sizes.
BY_THE_LINE: Final = (100_000, 1_000_000)
PROFILED_PAGES: Final = 500

#: Modules and packages of each stage. A module that is in no stage counts as "other".
STAGES: Final = {
    "many pages at once": "bulk",
    "opening": "inputs sources reading loading dataset stored pool workers",
    "detection": "detection html pages textforms",
    "splitting into blocks": "scanner.split_log",
    "matching": "scanner messages syntax entries grammar clock kinds",
    "search": "search rules hypothesis meanings state",
    "replay": "replay walk timeline attempts merge days dating endings odd effects",
    "payloads": "buildbucket response gonotation ids builders taken",
    "tables": "tables invocation measures columns records facts checks joining batches metrics lazy",
    "output": "output cli arrow parquet",
}
_STAGE_OF: Final = {name: stage for stage, names in STAGES.items() for name in names.split()}
_START: Final = "start and imports"
_OTHER: Final = "other"

Function = tuple[str, int, str]


def stage_of(function: Function) -> str | None:
    """Return the stage of a function of logparse, or None for a function of a library."""
    file, _, name = function
    parts = Path(file).with_suffix("").parts
    if "logparse" not in parts:
        return None
    if name == "<module>":
        return _START
    inside = parts[len(parts) - parts[::-1].index("logparse") :]
    for part in (f"{inside[-1]}.{name}" if inside else "", *inside):
        if part in _STAGE_OF:
            return _STAGE_OF[part]
    return _OTHER


class Shares:
    """Divides the own time of library functions among the stages that call them."""

    def __init__(self, stats: pstats.Stats) -> None:
        self._stats = stats.stats  # type: ignore[attr-defined]  # not in the stubs
        self._known: dict[Function, dict[str, float]] = {}

    def of(self, function: Function) -> dict[str, float]:
        """Return the share of each stage in a function's time; the shares add up to 1."""
        stage = stage_of(function)
        if stage is not None:
            return {stage: 1.0}
        if function not in self._known:
            # A function that calls itself by way of others gets its shares from the other callers.
            self._known[function] = {_START: 1.0}
            self._known[function] = self._from_callers(function)
        return self._known[function]

    def _from_callers(self, function: Function) -> dict[str, float]:
        callers = self._stats[function][4]
        total = sum(cost[3] for cost in callers.values())
        if not total:
            return {_START: 1.0}
        shares: dict[str, float] = {}
        for caller, cost in callers.items():
            for stage, share in self.of(caller).items():
                shares[stage] = shares.get(stage, 0.0) + share * cost[3] / total
        return shares

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each stage."""
        found: dict[str, float] = {}
        for function, cost in self._stats.items():
            for stage, share in self.of(function).items():
                found[stage] = found.get(stage, 0.0) + share * cost[2]
        return found


def one_process() -> list[str]:
    """Return the option that keeps ``export`` to one process, where this version has it."""
    return ["--jobs", "1"] if has_option("--jobs") else []


def profile_table(folder: Path, pages: int) -> list[Cells]:
    """Return the share of each stage in the time of ``export --table invocations`` under cProfile."""
    write_pages(folder / "profiled", pages)
    output = folder / "profile"
    command = [sys.executable, "-m", "cProfile", "-o", str(output), "-m", *LOGPARSE[2:]]
    subprocess.run(
        [*command, "export", str(folder / "profiled"), *one_process()],
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=600,
    )
    sys.setrecursionlimit(10_000)
    seconds = Shares(pstats.Stats(str(output))).seconds()
    total = sum(seconds.values())
    order = [_START, *STAGES, _OTHER]
    table: list[Cells] = [("stage", "share of the time", "ms a page")]
    for stage in order:
        spent = seconds.get(stage, 0.0)
        each = "" if stage == _START else f"{spent / pages * 1e3:.2f}"
        table.append((stage, f"{spent / total:.0%}", each))
    return table


def cost_table(folder: Path, sizes: Sequence[int]) -> list[Cells]:
    """Return processor time, speed and peak memory at each size, and times by the line above them."""
    table: list[Cells] = [("pages", "MB", "processor time, s", "MB/s", "peak MiB", "source")]
    points = []
    for pages in sizes:
        target = folder / f"pages{pages}"
        _, size = write_pages(target, pages)
        cost = run([*LOGPARSE, "export", str(target), "-o", str(folder / f"{pages}.csv"), *one_process()])
        points.append((pages, size / 1e6, cost.cpu))
        table.append(
            (
                f"{pages:,}",
                f"{size / 1e6:,.0f}",
                f"{cost.cpu:,.1f}",
                f"{size / 1e6 / cost.cpu:.1f}",
                f"{cost.peak / 2**20:.0f}",
                "measured",
            )
        )
    (less, _, low), (more, megabytes, high) = points[-2:]
    each = (high - low) / (more - less)
    for pages in BY_THE_LINE:
        time, expected = high + each * (pages - more), megabytes / more * pages
        table.append(
            (f"{pages:,}", f"{expected:,.0f}", f"{time:,.0f}", f"{expected / time:.1f}", "", "by the line")
        )
    return table


def main() -> None:
    """Measure and print the document."""
    parser = argparse.ArgumentParser(description="Print docs/scaling.md.")
    parser.add_argument("--pages", type=int, nargs="+", default=SIZES, metavar="N", help="two sizes or more")
    parser.add_argument("--profiled", type=int, default=PROFILED_PAGES, metavar="N")
    args = parser.parse_args()
    if len(args.pages) < 2:
        parser.error("--pages needs two sizes or more, because the line goes through two points")
    pin()
    with tempfile.TemporaryDirectory() as folder:
        costs = show(cost_table(Path(folder), sorted(args.pages)), "markdown")
        profile = show(profile_table(Path(folder), args.profiled), "markdown")
    print(DOCUMENT.format(costs=costs, profile=profile, machine=machine(), profiled=args.profiled))


DOCUMENT: Final = """\
# How cost grows

`tests/benchmarks/bench_scaling.py` prints this document. Machine: {machine}.

## From a thousand pages to a million

The command is `logparse export` of the table of invocations, as one process on one core. Pages of the
v1 dialect are made by `tests/benchmarks/generate.py`. Processor time is of user and system.

{costs}

Rows marked "by the line" are not measured. Their time is on the straight line through the two largest
sizes that are measured. The line says nothing about memory.

## Where the time goes

The same command on {profiled} pages under cProfile. The table divides the own time of all functions by the
stage that they belong to. Time of a library function counts for the stage that calls it. The profiler
makes calls of short functions look dearer than they are.

{profile}
"""

if __name__ == "__main__":
    main()
