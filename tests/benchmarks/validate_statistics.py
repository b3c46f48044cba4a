"""How often `compare` and `trends` are wrong and how often they see a change; rewrites the table of docs/statistics.md."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from validated import PLANTED, SCENARIOS, SIDE, TREND_DAYS, Counted, by_compare, by_trends, counted

PAGE = Path(__file__).parent.parent.parent / "docs" / "statistics.md"
BEGIN = "<!-- The table begins. `make statistics` writes it. -->"
END = "<!-- The table ends. -->"
METHODS = (("compare", by_compare, 2 * SIDE, SIDE), ("trends", by_trends, TREND_DAYS, TREND_DAYS // 2))


def table(fleets: int) -> Iterator[str]:
    """Yield the lines of the table, each when it is known."""
    names = [planted.name for planted in PLANTED]
    yield (
        "| method | days | correlation | shared by pool | false builder | false fleet | either | "
        + " | ".join(names)
        + " |"
    )
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |" + " ---: |" * len(names)
    for method, judge, days, change in METHODS:
        for scenario in SCENARIOS:
            found = counted(judge, days, change, scenario, range(fleets))
            yield _line(f"{method} | {days} | {scenario.rho:g} | {scenario.shared:.0%}", found)


def _line(scenario: str, found: Counted) -> str:
    counts = (found.false_builders, found.false_fleet, found.false_any, *found.seen.values())
    return f"| {scenario} | " + " | ".join(f"{100 * number / found.fleets:.1f} %" for number in counts) + " |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, and write it to the page where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fleets", type=int, default=200, help="seeds 0 to this number less 1")
    parser.add_argument("--write", action="store_true", help=f"write the table to {PAGE.name}")
    options = parser.parse_args(arguments)
    lines = []
    for line in table(options.fleets):
        print(line, flush=True)
        lines.append(line)
    if options.write:
        text = PAGE.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        _, after = rest.split(END)
        PAGE.write_text(before + "\n".join([BEGIN, "", *lines, "", END]) + after, encoding="utf-8")


if __name__ == "__main__":
    main()
