"""Speed and memory of the commands, as whole processes on one core, in turns with ``handwritten.py``.

``make bench`` runs it on 10,000 pages. Memory at two sizes is measured with ``--memory`` only.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generate import write_pages
from models import V1_MODEL
from processes import HERE, LOGPARSE, Cost, machine, median, pin, run, wall_of

MEMORY_PAGES: Final = (1_000, 20_000)
Cells = tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """A row of the table of speed.

    Attributes
    ----------
    command
        The command, given the folder of pages and the path that it may write to.
    pages
        Which pages it reads: ``v1``, ``v2`` or ``odd``.
    required
        The ratio to the handwritten script that it must reach, or None.
    """

    name: str
    command: Callable[[str, str], list[str]]
    pages: str = "v1"
    required: float | None = None


def _export(*options: str) -> Callable[[str, str], list[str]]:
    return lambda folder, out: [*LOGPARSE, "export", folder, *options, "-o", out]


def _summarize(folder: str, out: str) -> list[str]:
    return [*LOGPARSE, "summarize", folder]


def _load(folder: str, out: str) -> list[str]:
    return [sys.executable, str(HERE / "load_all.py"), folder]


def _handwritten(folder: str, out: str) -> list[str]:
    return [sys.executable, str(HERE / "handwritten.py"), folder, out]


ROWS: Final = (
    Row("handwritten", _handwritten, required=1.0),
    Row("export invocations", _export("--table", "invocations"), required=2.8),
    Row("summarize", _summarize, required=2.8),
    Row("load, all tables", _load, required=2.0),
    Row("export all, CSV", _export("--table", "all"), required=1.2),
    Row("export all, Parquet", _export("--table", "all", "--format", "parquet"), required=1.4),
    Row("export all, CSV, 2 % odd", _export("--table", "all"), "odd", required=1.0),
    # Two thirds of what is required of the v1 dialect.
    Row("export invocations, v2", _export("--table", "invocations"), "v2", required=1.87),
)


def has_option(option: str) -> bool:
    """Whether the help of ``export`` names an option or a format."""
    done = subprocess.run([*LOGPARSE, "export", "--help"], capture_output=True, check=True)
    return option in done.stdout.decode()


def rows_here() -> list[Row]:
    """Return the rows that this version of logparse can do, with one process each."""
    rows = [row for row in ROWS if "Parquet" not in row.name or has_option("|parquet")]
    if has_option("--jobs"):
        rows = [
            Row(row.name, _with_one_job(row.command), row.pages, row.required)
            if row.command not in (_handwritten, _load)
            else row
            for row in rows
        ]
    return rows


def _with_one_job(command: Callable[[str, str], list[str]]) -> Callable[[str, str], list[str]]:
    return lambda folder, out: [*command(folder, out), "--jobs", "1"]


def measure(rows: Sequence[Row], folders: dict[str, Path], rounds: int) -> dict[str, Cost]:
    """Run all rows in turns, several rounds, and return the median cost of each."""
    costs: dict[str, list[Cost]] = {row.name: [] for row in rows}
    for number in range(rounds):
        for row in rows:
            print(f"round {number + 1}: {row.name}", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory() as out:
                target = str(Path(out) / "out")
                costs[row.name].append(run(row.command(str(folders[row.pages]), target)))
    return {name: median(found) for name, found in costs.items()}


def speed_table(pages: int, rounds: int, folder: Path) -> list[Cells]:
    """Return the rows of the table of speed, the names of the columns first."""
    folders = {name: folder / name for name in ("v1", "v2", "odd")}
    sizes = {
        "v1": write_pages(folders["v1"], pages)[1],
        "v2": write_pages(folders["v2"], pages, v2=1)[1],
        "odd": write_pages(folders["odd"], pages, odd=0.02)[1],
    }
    rows = rows_here()
    costs = measure(rows, folders, rounds)
    base = sizes["v1"] / costs["handwritten"].cpu
    table: list[Cells] = [("command", "MB/s", "ratio", "required", "peak MiB")]
    for row in ROWS:
        cost = costs.get(row.name)
        required = "" if row.required is None else f"{row.required:.2f}"
        if cost is None:
            table.append((row.name, "not in this version", "", required, ""))
            continue
        speed = sizes[row.pages] / cost.cpu
        table.append(
            (row.name, f"{speed / 1e6:.1f}", f"{speed / base:.2f}", required, f"{cost.peak / 2**20:.0f}")
        )
    return table


def start_table() -> list[Cells]:
    """Return the wall times of a process that has little to do, the names of the columns first."""
    page = str(V1_MODEL)
    commands = (
        ("--help", [*LOGPARSE, "--help"], 0.15),
        ("summarize, one page", [*LOGPARSE, "summarize", page], 0.4),
        ("export, one page", [*LOGPARSE, "export", page], 0.4),
    )
    table: list[Cells] = [("command", "seconds", "at most")]
    return table + [(name, f"{wall_of(command):.2f}", f"{limit:.2f}") for name, command, limit in commands]


def memory_table(folder: Path, sizes: Sequence[int]) -> list[Cells]:
    """Return the peak memory in MiB of each command at each number of pages, and the frames' bytes a page."""
    folders = {pages: folder / f"memory{pages}" for pages in sizes}
    for pages, target in folders.items():
        write_pages(target, pages)
    table: list[Cells] = [("peak MiB", *(f"{pages:,} pages" for pages in sizes), "at most")]
    for row in rows_here():
        if row.pages != "v1" or row.name == "handwritten":
            continue
        peaks = []
        for pages in sizes:
            out = folder / "out"
            peaks.append(f"{run(row.command(str(folders[pages]), str(out))).peak / 2**20:.0f}")
            shutil.rmtree(out, ignore_errors=True)
            out.unlink(missing_ok=True)
        table.append((row.name, *peaks, "" if row.command is _load else "350"))
    each = []
    for pages in sizes:
        counted = folder / "bytes"
        run(_load(str(folders[pages]), ""), counted)
        each.append(f"{int(counted.read_text()) / pages / 1000:.1f}")
    return [*table, ("frames, kB an invocation", *each, "40")]


def show(table: Sequence[Cells], style: str) -> str:
    """Return a table as text of 80 columns or as Markdown."""
    widths = [max(len(row[n]) for row in table) for n in range(len(table[0]))]

    def line(row: Cells, separator: str) -> str:
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        return separator.join(cells)

    if style == "text":
        return "\n".join(line(row, "  ") for row in table)
    rule = "|".join(["", " --- ", *(" ---: " for _ in widths[1:]), ""])
    head, *rest = (f"| {line(row, ' | ')} |" for row in table)
    return "\n".join([head, rule, *rest])


def main() -> None:
    """Measure as the command line asks and print the tables."""
    parser = argparse.ArgumentParser(description="Speed and memory, in turns with a handwritten script.")
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--format", choices=("text", "markdown"), default="text")
    parser.add_argument("--memory", action="store_true", help="measure the peak memory at two sizes instead")
    parser.add_argument("--memory-pages", type=int, nargs="+", default=MEMORY_PAGES, metavar="N")
    args = parser.parse_args()
    core = pin()
    with tempfile.TemporaryDirectory() as folder:
        if args.memory:
            tables = [memory_table(Path(folder), args.memory_pages)]
        else:
            tables = [speed_table(args.pages, args.rounds, Path(folder)), start_table()]
    print(machine())
    where = "not pinned to a core" if core is None else "pinned to one core"
    print(f"{args.pages:,} pages, {where}, median of {args.rounds} rounds\n" if not args.memory else "")
    print("\n\n".join(show(table, args.format) for table in tables))


if __name__ == "__main__":
    main()
