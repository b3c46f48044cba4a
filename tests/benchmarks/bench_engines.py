"""Time the scanner against the grammar on the real page: ``python -m tests.benchmarks.bench_engines [rounds]``.

Both split the page and match the text of every block, in one process and in turns, so that a busy machine slows both
alike. The scanner is to be at least 30 times faster.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for a call by path

from logparse import grammar
from logparse.language import scanner
from logparse.language.messages import Context
from logparse.language.syntax import Engine, match_tolerantly

PAGE = Path(__file__).resolve().parents[1] / "data" / "logs" / "win_xfa_component-9028843112359765808.txt"
CONTEXT = Context("attempt_started", frozenset({"engine", "buildbucket"}))
#: The scanner is too quick for one run to be measured well.
RUNS: dict[str, int] = {"scanner": 20, "grammar": 1}


def read_page(engine: Engine, text: str) -> int:
    """Return how many blocks of the page are messages."""
    page = engine.parse_page(text)
    return sum(match_tolerantly(engine.match, block.text, CONTEXT) is not None for block in page.blocks)


def seconds(engine: Engine, text: str, runs: int) -> float:
    """Return the mean time of `runs` runs."""
    start = time.perf_counter()
    for _ in range(runs):
        read_page(engine, text)
    return (time.perf_counter() - start) / runs


def main(arguments: Sequence[str]) -> None:
    """Print each engine's least and median time, and their ratio."""
    rounds = int(arguments[0]) if arguments else 15
    text = PAGE.read_text(encoding="utf-8")
    engines: dict[str, Engine] = {"scanner": scanner, "grammar": grammar}
    counts = {name: read_page(engine, text) for name, engine in engines.items()}  # builds the parsers as well
    times: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, engine in engines.items():
            times[name].append(seconds(engine, text, RUNS[name]))
    print(f"{PAGE.name}: {len(text)} characters, {rounds} rounds")
    for name, measured in times.items():
        least, median = min(measured) * 1e3, statistics.median(measured) * 1e3
        print(f"{name}: {counts[name]} messages, least {least:.3f} ms, median {median:.3f} ms")
    for what, pick in (("least", min), ("median", statistics.median)):
        print(f"ratio of the {what} times: {pick(times['grammar']) / pick(times['scanner']):.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
