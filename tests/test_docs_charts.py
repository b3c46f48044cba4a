"""docs/charts.md shows every chart with its command and its picture. `test_pictures.py` runs the commands."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from logparse.cli.charts import CHARTS

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "charts.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line)
    for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


def test_every_chart_has_a_command_and_a_picture() -> None:
    plots = [words[2:] for words in COMMANDS if words[:2] == ["logparse", "plot"]]
    assert sorted(words[0] for words in plots) == sorted(CHARTS)
    for words in plots:
        assert words[-2:] == ["-o", f"{words[0]}.png"]
    shown = re.findall(r"!\[[^\]]+\]\(images/(chart-[a-z_]+\.png)\)", TEXT)
    assert sorted(shown) == sorted(f"chart-{name}.png" for name in CHARTS)
    assert all((ROOT / "docs" / "images" / name).exists() for name in shown)


def test_every_option_of_the_table_exists() -> None:
    from logparse.cli.plot import command

    known = {option for parameter in command.params for option in parameter.opts}
    named = re.findall(r"^\| `(--[a-z]+)", TEXT, re.MULTILINE)
    assert len(named) == 9
    assert set(named) <= known


@pytest.mark.slow
def test_python_blocks_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sample_logs", tmp_path / "sample_logs")
    blocks = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", block],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "ecdf.png").stat().st_size > 1000
