"""Draw the pictures of the README, for light and dark pages: ``python docs/make_pictures.py [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from matplotlib import pyplot, style

import logparse as lp

HERE: Final = Path(__file__).parent
PAGE: Final = HERE.parent / "sample_logs" / "win_xfa_component-9028843112359765808.txt"
#: The style of each picture, by the end of its name.
STYLES: Final = {"light": "default", "dark": "dark_background"}


def draw(folder: Path) -> list[Path]:
    """Draw the phases and the status checks of the sample page, and return the files written."""
    # The backend that needs no display.
    pyplot.switch_backend("agg")
    invocation = lp.parse(PAGE)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for end, name in STYLES.items():
        with style.context(name):
            figure, (upper, lower) = pyplot.subplots(2, 1, figsize=(9, 6.4), layout="constrained")
            lp.plots.phases(invocation, upper)
            lp.plots.poll_rpc(invocation, lower)
            path = folder / f"one-invocation-{end}.png"
            # Without the version of Matplotlib, so that a new one alone changes no file.
            figure.savefig(path, dpi=110, metadata={"Software": None})
            pyplot.close(figure)
        written.append(path)
    return written


if __name__ == "__main__":
    for path in draw(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "images"):
        print(f"{path}: {path.stat().st_size:,} bytes")
