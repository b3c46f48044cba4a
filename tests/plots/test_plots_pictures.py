"""Three charts look as they did when a person looked at them.

Pictures are compared as an eye sees them from afar: in blocks of pixels, so that another version of a font or of
Matplotlib changes little, and a missing bar, axis or colour much. ``--remake-goldens`` draws them anew; look at
them before you keep them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chart_tables import builds, invocations
from matplotlib import image, pyplot
from matplotlib import style as matplotlib_style
from matplotlib.axes import Axes

import logparse as lp
from logparse import plots

PICTURES = Path(__file__).parent / "pictures"
PAGE = Path(__file__).parents[1] / "data" / "logs" / "win_xfa_component-9028843112359765808.txt"
#: The side of a block, in pixels; the largest difference of a block, and of all on average, of 0 to 1.
BLOCK = 15
MOST, MOST_MEAN = 0.25, 0.02
MOST_BYTES = 25_000

CHARTS: dict[str, tuple[str, Callable[[Axes], Axes]]] = {
    "phases": ("default", lambda ax: plots.phases(lp.parse(PAGE), ax)),
    "heatmap": ("dark_background", lambda ax: plots.heatmap(invocations(200), ax, metric="run_s")),
    "bots": ("default", lambda ax: plots.bots(builds(150), "status", ax)),
}


def drawn(name: str, path: Path) -> Path:
    style, chart = CHARTS[name]
    with matplotlib_style.context(["default", style]):
        figure, ax = pyplot.subplots(figsize=(7.5, 3.75), layout="constrained")
        chart(ax)
        figure.savefig(path, dpi=60, metadata={"Software": None})
    return path


def blocks(path: Path) -> Any:
    """Return the mean colours of the blocks of a picture."""
    pixels = image.imread(path)[:, :, :3]
    rows, columns = pixels.shape[0] // BLOCK, pixels.shape[1] // BLOCK
    cut = pixels[: rows * BLOCK, : columns * BLOCK]
    return cut.reshape(rows, BLOCK, columns, BLOCK, 3).mean(axis=(1, 3))


def are_alike(one: Path, other: Path) -> bool:
    first, second = blocks(one), blocks(other)
    if first.shape != second.shape:
        return False
    difference = np.abs(first - second)
    return bool(difference.max() <= MOST and difference.mean() <= MOST_MEAN)


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_looks_as_it_did(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    kept = PICTURES / f"{name}.png"
    if request.config.getoption("--remake-goldens"):
        drawn(name, kept)
    assert kept.stat().st_size <= MOST_BYTES
    assert are_alike(drawn(name, tmp_path / "now.png"), kept)


def test_another_picture_is_noticed(tmp_path: Path) -> None:
    assert not are_alike(PICTURES / "phases.png", PICTURES / "bots.png")
    kept = PICTURES / "bots.png"
    changed = image.imread(kept).copy()
    # A bar of a fifth of the width in one row is gone.
    rows, columns = changed.shape[:2]
    changed[rows // 5 : rows // 3, columns // 2 : columns * 7 // 10, :3] = 1.0
    image.imsave(tmp_path / "changed.png", changed)
    assert not are_alike(tmp_path / "changed.png", kept)
