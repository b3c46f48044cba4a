"""The pictures of the README and of docs/charts.md can be drawn again, and are small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib import image

DOCS = Path(__file__).parents[1] / "docs"
MOST_BYTES = 120_000


@pytest.mark.slow
def test_pictures_are_drawn_again_with_their_names_and_sizes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, DOCS / "make_pictures.py", tmp_path], capture_output=True, text=True, check=True
    )
    made, kept = (sorted(folder.glob("*.png")) for folder in (tmp_path, DOCS / "images"))
    assert len(done.stdout.splitlines()) == len(made)
    assert [path.name for path in made] == [path.name for path in kept] != []
    for one, other in zip(made, kept, strict=True):
        assert image.imread(one).shape == image.imread(other).shape
        assert one.stat().st_size <= MOST_BYTES
        assert other.stat().st_size <= MOST_BYTES
