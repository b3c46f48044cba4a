"""Fuzz target: any bytes become records, rows and files, or an error that logparse raises on purpose.

``python tests/fuzz/fuzz_reading.py [-max_total_time=…]`` searches; with a file as argument it runs that one.
"""

from __future__ import annotations

import atheris
from harness import fuzz  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["logparse"]):
    from invariants import check  # type: ignore[import-not-found]


def test_one(data: bytes) -> None:
    # Frames are slow to make.
    check(data, frames=len(data) % 32 == 0)


if __name__ == "__main__":
    fuzz(test_one, 8_192)
