"""Load a folder and make every table in memory: ``load_all.py FOLDER``; prints the bytes of all frames."""

from __future__ import annotations

import sys

import logparse as lp

TABLES = "invocations events polls attempts builds steps triggers unrecognized findings failures bots builders jobs"


def main(folder: str) -> int:
    """Return the bytes of all tables of a folder."""
    data = lp.load(folder)
    frames = [data.table(name) for name in TABLES.split()]
    return sum(int(frame.memory_usage(deep=True).sum()) for frame in frames)


if __name__ == "__main__":
    print(main(sys.argv[1]))
