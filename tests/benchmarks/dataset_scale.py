"""How long a dataset takes to be made and asked; writes the section on datasets of ``docs/scaling.md``.

Not one of the benchmarks that `make bench` runs: with 100,000 invocations it takes the better part of an hour.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from processes import LOGPARSE, Cost, machine, run

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "scaling.md"
TITLE: Final = "## A dataset"
_SECTION_RE: Final = re.compile(r"^## A dataset$.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_QUERY: Final = "select builder_id, count(*), avg(run_s) from invocations group by all"


def steps(pages: Path, data: Path, last: Path) -> list[tuple[str, list[str]]]:
    """Return what is measured, in order: a sentence, and the arguments of the command.

    Parameters
    ----------
    pages:
        The folder of a simulation, without its last day.
    data:
        The dataset that is made.
    last:
        The folder of the last day.
    """
    return [
        ("all days but the last are added", ["ingest", str(pages), "--into", str(data)]),
        ("the last day is added", ["ingest", str(last), "--into", str(data)]),
        ("nothing is new", ["ingest", str(pages), str(last), "--into", str(data)]),
        ("files are put together", ["compact", str(data)]),
        ("`summarize`", ["summarize", str(data)]),
        ("`summarize --since` of the last 7 days", ["summarize", str(data), "--since", since(pages)]),
        ("`queue --by pool`", ["queue", str(data), "--by", "pool"]),
        ("`sql`, an average of each builder", ["sql", str(data), _QUERY]),
    ]


def since(pages: Path) -> str:
    """Return the seventh day from the end of a simulation."""
    return sorted(path.name for path in pages.iterdir())[-7:][0]


def size_of(folder: Path) -> int:
    """Return the bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def section(invocations: int, days: int, place: Path, tell: Callable[[str], None]) -> str:
    """Make a dataset in a folder, measure, and return the section.

    Parameters
    ----------
    tell:
        Called with a line about each step.
    """
    simulated, data = place / "simulated", place / "data"
    tell(f"simulating {invocations} invocations")
    run([*LOGPARSE, "simulate", "-n", str(invocations), "--days", str(days), "-o", str(simulated)])
    pages, last = place / "pages", place / "last"
    pages.mkdir()
    found = sorted(path for path in simulated.iterdir() if path.name[:2] == "20")
    for day in found[:-1]:
        day.rename(pages / day.name)
    found[-1].rename(last)
    given = size_of(pages) + size_of(last)
    rows: list[tuple[str, Cost]] = []
    for name, arguments in steps(pages, data, last):
        rows.append((name, run([*LOGPARSE, *arguments])))
        tell(f"{name}: {rows[-1][1].wall:.1f} s")
    return _text(invocations, days, given, data, rows)


def _text(invocations: int, days: int, given: int, data: Path, rows: Sequence[tuple[str, Cost]]) -> str:
    files = sum(1 for path in data.rglob("*.parquet"))
    lines = [
        TITLE,
        "",
        f"`make dataset` wrote this section. Machine: {machine()}.",
        "",
        f"{invocations:,} invocations of {days} days, simulated: {given / 1e6:,.0f} MB of pages, logs and builds. "
        f"The dataset has {files:,} files with {size_of(data) / 1e6:,.0f} MB, which include the kept logs.",
        "",
        "| step | time, s | processor time, s | peak MiB |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {name} | {c.wall:.1f} | {c.cpu:.1f} | {c.peak / 2**20:,.0f} |" for name, c in rows),
        "",
    ]
    return "\n".join(lines) + "\n"


def replaced(document: str, new: str) -> str:
    """Return a document with a new section on datasets, at its old place or at the end."""
    if _SECTION_RE.search(document):
        return _SECTION_RE.sub(lambda _: new, document)
    return f"{document.rstrip()}\n\n{new}"


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invocations", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--print", action="store_true", help="print the section, and leave the document")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="logparse-") as place:
        made = section(
            asked.invocations, asked.days, Path(place), lambda line: print(line, file=sys.stderr, flush=True)
        )
    if asked.print:
        print(made)
    else:
        DOCUMENT.write_text(replaced(DOCUMENT.read_text("utf-8"), made), "utf-8")


if __name__ == "__main__":
    main()
