"""All blocks of docs/datasets.md run, on a simulated fleet."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dataset_scale import replaced, section
from simulated import simulated

DOCUMENT = Path(__file__).parents[1] / "docs" / "datasets.md"
_BLOCK_RE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder with the pages and the builds of a fleet."""
    simulated(tmp_path / "fleet", invocations=20, days=2, seed=4)
    (tmp_path / "pages").mkdir()
    for page in (tmp_path / "fleet").glob("2*/pages/*.txt"):
        shutil.copy(page, tmp_path / "pages")
    builds = sorted((tmp_path / "fleet").glob("2*/builds-*.jsonl"))
    (tmp_path / "builds.jsonl").write_text("".join(path.read_text("utf-8") for path in builds), "utf-8")
    return tmp_path


@pytest.mark.slow
def test_the_blocks_run_in_order(workplace: Path) -> None:
    blocks = _BLOCK_RE.findall(DOCUMENT.read_text("utf-8"))
    assert [kind for kind, _ in blocks] == ["sh", "python", "sh"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    outputs = []
    for kind, body in blocks:
        command = ["bash", "-e", "-c", body] if kind == "sh" else [sys.executable, "-W", "error", "-c", body]
        done = subprocess.run(
            command,
            cwd=workplace,
            env={**os.environ, "PATH": path, "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )
        assert done.returncode == 0, f"{body}\n{done.stderr}"
        outputs.append(done.stdout)
    assert re.search(r"read, [0-9]+ known already; 20 invocations \(\+[0-9]+\)", outputs[0])
    assert outputs[2].rstrip().endswith("20\n20")


@pytest.mark.slow
def test_the_section_on_scale_is_written(tmp_path: Path) -> None:
    lines: list[str] = []
    made = section(40, 9, tmp_path, lines.append)
    assert made.startswith("## A dataset\n")
    assert "40 invocations of 9 days" in made
    assert made.count("\n| ") == 10
    assert len(lines) == 9
    document = "# Title\n\n## A dataset\n\nold\n\n## Next\n\ntext\n"
    assert replaced(document, made) == f"# Title\n\n{made}## Next\n\ntext\n"
    assert replaced("# Title\n", made) == f"# Title\n\n{made}"
