"""Everything in README.md is run: commands give the output that stands there, Python blocks pass.

``--remake-goldens`` writes the outputs anew; read the difference before you keep it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from logparse.engine.checks import CODES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"

_BLOCK_RE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory like a clone's, with a stand-in for `bb`, which only Chromium's machines have."""
    place = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "sample_logs", place / "sample_logs")
    shutil.copytree(ROOT / "tests" / "data" / "builds", place / "tests" / "data" / "builds")
    (place / "logs").mkdir()
    shutil.copy(ROOT / "tests" / "data" / "logs" / "v2-2021-06" / "success_pubsub_0.log", place / "logs")
    build = {
        "id": "8850722130543548832",
        "builder": {"project": "infra", "bucket": "ci", "builder": "Linux_Fuzzer.2"},
        "status": "SUCCESS",
        "infra": {"swarming": {"botDimensions": [{"key": "id", "value": "a-bot-of-the-readme"}]}},
    }
    (place / "bin").mkdir()
    (place / "bin" / "bb").write_text(f"#!/bin/sh\ncat <<'BUILD'\n{json.dumps(build, indent=1)}\nBUILD\n")
    (place / "bin" / "bb").chmod(0o755)
    return place


def run(command: str, workplace: Path) -> str:
    path = os.pathsep.join([str(workplace / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "FORCE_COLOR")}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=workplace,
        env={**environment, "PATH": path, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


def with_outputs(readme: str, workplace: Path) -> str:
    """Return the README with the output of each command of a console block, and of the demo, as it is now."""
    demo = run("logparse summarize sample_logs", workplace)

    def redo(block: re.Match[str]) -> str:
        kind, body = block.groups()
        if kind == "text":
            return f"```text\n{demo}```"
        if kind != "console":
            return block[0]
        pieces = []
        for line in body.splitlines():
            if line.startswith("$ "):
                pieces.append(f"{line}\n{run(line[2:], workplace)}")
        return "```console\n" + "".join(pieces) + "```"

    return _BLOCK_RE.sub(redo, readme)


@pytest.mark.slow
def test_outputs_are_what_the_commands_print(
    workplace: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = README.read_text(encoding="utf-8")
    made = with_outputs(shown, workplace)
    if request.config.getoption("--remake-goldens"):
        README.write_text(made, encoding="utf-8")
        return
    assert made == shown


@pytest.mark.slow
def test_python_blocks_run(workplace: Path) -> None:
    blocks = [
        body for kind, body in _BLOCK_RE.findall(README.read_text(encoding="utf-8")) if kind == "python"
    ]
    assert blocks
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", block],
            cwd=workplace,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_shell_blocks_run(workplace: Path) -> None:
    """The two commands of the first screen are run by .ci/run, which takes them from here; the rest here."""
    blocks = [body for kind, body in _BLOCK_RE.findall(README.read_text(encoding="utf-8")) if kind == "sh"]
    demo, test, *others = blocks
    assert demo.startswith("python3 -m venv .venv && .venv/bin/pip install")
    assert test.startswith("python3 -m venv .venv && .venv/bin/pip install")
    assert demo.count("\n") == test.count("\n") == 1
    assert others
    for block in others:
        output = run(f"set -e\n{block}", workplace)
        assert "a-bot-of-the-readme" in output


def test_only_what_needs_a_network_is_not_run() -> None:
    blocks = _BLOCK_RE.findall(README.read_text(encoding="utf-8"))
    assert {kind for kind, _ in blocks} == {"sh", "text", "console", "python", "bash"}
    marked = [body for kind, body in blocks if kind == "bash"]
    assert marked
    assert all(body.startswith("# needs LUCI's network\n") for body in marked)


def test_all_codes_of_check_are_explained() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (yes|no) \| (.*) \|$", README.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows == [(name, "yes" if code.strict else "no", code.meaning) for name, code in CODES.items()]
