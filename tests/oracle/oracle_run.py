"""The command ``make oracle``: compare this tree with the oracle on the given inputs and on mutants of them."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

from oracle_compare import Difference, differences
from oracle_export import CACHE, TREE
from oracle_mutants import mutant
from oracle_sides import Side, sides

_KINDS: Final = {".log", ".html", ".json", ".txt", ".gz"}
#: No more differing inputs are shown.
_CAP: Final = 20


def given() -> list[Path]:
    """Return the logs, pages and files of builds that the repository holds."""
    folders = (TREE / "sample_logs", TREE / "tests" / "data")
    files = (path for folder in folders for path in sorted(folder.rglob("*")))
    return [p for p in files if p.is_file() and p.suffix in _KINDS and not p.name.endswith(".truth.json")]


def compare_together(before: Side, after: Side, paths: Sequence[Path], duplicates: str) -> list[Difference]:
    """Return the differences between what both sides load from files together, both at the same time."""
    before.ask(paths, duplicates=duplicates)
    after.ask(paths, duplicates=duplicates)
    return differences(before.answer(), after.answer())


def mutants(seed: int, count: int, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the edits and the file of each mutant. A later mutant of a name overwrites nothing."""
    random = Random(seed)
    texts = [text for path in given() if path.suffix != ".gz" and (text := path.read_bytes())]
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        edits, text = mutant(random, texts)
        path = folder / f"{seed}-{number}.input"
        path.write_bytes(text)
        yield edits, path


def main() -> int:
    """Print the differences, shortest input first. Return 1 where there are some."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--mutants", type=int, default=500, help="how many (500)")
    parser.add_argument("--seconds", type=float, default=600, help="begin no input after this time (600)")
    parser.add_argument("--no-given", action="store_true", help="leave the given inputs out")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    end, read = time.monotonic() + options.seconds, 0
    found: list[tuple[int, str, Path, list[Difference]]] = []
    files = [] if options.no_given else [("given", path) for path in given()]
    with sides() as (before, after):
        for inputs in (files, mutants(options.seed, options.mutants, CACHE / "mutants")):
            for label, path in inputs:
                if time.monotonic() > end:
                    break
                wrong = compare_together(before, after, [path], "merge")
                read += 1
                if wrong:
                    found.append((path.stat().st_size, label, path, wrong))
                elif label != "given":
                    path.unlink()  # Only inputs that differ are kept.
    for size, label, path, wrong in sorted(found, key=lambda one: one[0])[:_CAP]:
        print(f"{path} ({label}, {size:,} bytes): {len(wrong):,} differences, as {wrong[0]}")
    print(f"{read:,} inputs read, {len(found):,} differ")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
