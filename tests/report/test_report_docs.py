"""The document about reports: its commands and its Python run, and its numbers are those of the code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from logparse.report.page import MOST_ROWS
from logparse.report.payload import MOST_FAILURES, MOST_FINDINGS, MOST_TEXT

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
_BLOCK_RE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_its_blocks_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sample_logs", tmp_path / "sample_logs")
    blocks = _BLOCK_RE.findall(TEXT)
    assert {kind for kind, _ in blocks} == {"sh", "python", "text"}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    for kind, body in blocks:
        if kind == "text":
            continue
        command = ["bash", "-e", "-c", body] if kind == "sh" else [sys.executable, "-W", "error", "-c", body]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
    assert "<title>The sample logs</title>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert {"index.html", "report-2020-11.html"} <= {path.name for path in (tmp_path / "site").iterdir()}


def test_its_limits_are_those_of_the_code() -> None:
    for limit in (f"{MOST_ROWS:,} runs", f"{MOST_FINDINGS:,} findings", f"{MOST_FAILURES} inputs"):
        assert limit in TEXT
    assert f"cut at {MOST_TEXT} characters" in TEXT
