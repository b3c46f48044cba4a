"""What the fuzz targets share: seeds, tokens, and a mutator that knows lines."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

HERE = Path(__file__).parent


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """Return other data: half of the time with other lines, else as the engine mutates bytes."""
    rng = random.Random(seed)
    lines = data.split(b"\n")
    if rng.random() < 0.5 or len(lines) < 2:
        mutated: bytes = atheris.Mutate(data, most)
        return mutated
    for _ in range(rng.choice((1, 1, 2, 4))):
        place, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        what = rng.randrange(6)
        if what == 0 and len(lines) > 1:
            del lines[place]
        elif what == 1:
            lines.insert(place, lines[other])
        elif what == 2:
            lines[place], lines[other] = lines[other], lines[place]
        elif what == 3:
            block = lines[place : place + rng.choice((2, 3, 8))]
            lines[other:other] = block * rng.choice((1, 2, 8))
        elif what == 4:
            clock = b"[%02d:%02d:%02d.%03d]" % (
                rng.choice((0, 9, 23)),
                rng.choice((0, 59)),
                rng.randrange(60),
                1,
            )
            lines[place] = clock + lines[place][14:]
        else:
            lines[place] = lines[place][:14] + lines[other][14:]
    return b"\n".join(lines)[:most]


def fuzz(test_one: Callable[[bytes], None], most: int) -> None:
    """Search with the command line's options, or run the files that it names."""
    options = [f"-dict={HERE / 'logparse.dict'}", "-timeout=20", "-rss_limit_mb=4096", f"-max_len={most}"]
    with tempfile.TemporaryDirectory() as found:
        # What is new goes to the first folder, which must not be the seeds'.
        named = any(not argument.startswith("-") for argument in sys.argv[1:])
        folders = [] if named else [found, str(HERE / "corpus")]
        atheris.Setup([sys.argv[0], *options, *sys.argv[1:], *folders], test_one, custom_mutator=mutate)
        atheris.Fuzz()
