"""Draw the pictures of the README and of docs/charts.md: ``python docs/make_pictures.py [FOLDER]``."""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Final

from matplotlib import pyplot, style

import logparse as lp
from logparse.cli import main

HERE: Final = Path(__file__).parent
SAMPLES: Final = HERE.parent / "sample_logs"
PAGE: Final = SAMPLES / "win_xfa_component-9028843112359765808.txt"
#: The style of each picture, by the end of its name.
STYLES: Final = {"light": "default", "dark": "dark_background"}
#: Pixels of an inch: fewer than the command's, so that the pictures are small.
DPI: Final = "72"


def draw(folder: Path) -> list[Path]:
    """Draw all pictures in a folder, and return the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    return [*_one_invocation(folder), *_charts(folder.absolute())]


def commands() -> list[list[str]]:
    """Return the commands of docs/charts.md, as lists of words."""
    blocks = re.findall(
        r"^```sh\n(.*?)^```$", (HERE / "charts.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def _one_invocation(folder: Path) -> Iterator[Path]:
    """Draw the phases and the status checks of the sample page."""
    # The backend that needs no display.
    pyplot.switch_backend("agg")
    invocation = lp.parse(PAGE)
    for end, name in STYLES.items():
        with style.context(name):
            figure, (upper, lower) = pyplot.subplots(2, 1, figsize=(9, 6.4), layout="constrained")
            lp.plots.phases(invocation, upper)
            lp.plots.poll_rpc(invocation, lower)
            path = folder / f"one-invocation-{end}.png"
            # Without the version of Matplotlib, so that a new one alone changes no file.
            figure.savefig(path, dpi=110, metadata={"Software": None})
            pyplot.close(figure)
        yield path


def _charts(folder: Path) -> Iterator[Path]:
    """Run the commands of docs/charts.md in a folder of their own, and move the pictures."""
    with tempfile.TemporaryDirectory() as place, chdir(place):
        os.symlink(SAMPLES, "sample_logs")
        for words in commands():
            is_plot = words[1] == "plot"
            try:
                # Only the names of the pictures are printed.
                with redirect_stdout(sys.stderr):
                    main([*words[1:], "--dpi", DPI] if is_plot else words[1:])
            except SystemExit as left:
                if left.code:
                    raise
            if is_plot:
                path = folder / f"chart-{words[-1]}"
                path.write_bytes(Path(words[-1]).read_bytes())
                yield path


if __name__ == "__main__":
    for path in draw(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "images"):
        print(f"{path}: {path.stat().st_size:,} bytes")
