"""The folder of a simulation: the same bytes for a seed, whole or not at all, and marked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import environment
from simulated import BUSY, contents, simulated

import logparse as lp
from logparse.simulator.fleet import default_text

ARGUMENTS: dict[str, Any] = {"invocations": 40, "days": 6, "seed": 11, "start": "2021-03-08"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "made"
    simulated(folder, BUSY, **ARGUMENTS)
    return folder


def test_the_same_again(made: Path, tmp_path: Path) -> None:
    simulated(tmp_path / "again", BUSY, **ARGUMENTS)
    assert contents(tmp_path / "again") == contents(made)


@pytest.mark.slow
def test_other_processes_write_the_same(made: Path, tmp_path: Path) -> None:
    """Two workers write, and each process of Python orders sets of text by another seed."""
    code = (
        "import logparse as lp; from logparse.simulator import run; run._WORTH = 1\n"
        f"lp.simulate(into='made', fleet='fleet.toml', jobs=2, **{ARGUMENTS!r})"
    )
    (tmp_path / "fleet.toml").write_text(BUSY, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(PYTHONHASHSEED="77"),
        check=True,
        timeout=60,
    )
    assert contents(tmp_path / "made") == contents(made)


def test_the_truth_alone_is_the_same(made: Path, tmp_path: Path) -> None:
    simulated(tmp_path / "tables", BUSY, **ARGUMENTS, tables_only=True)
    found = contents(tmp_path / "tables")
    whole = contents(made)
    assert set(found) == {"SYNTHETIC.json", "fleet.toml", "truth/invocations.parquet", "truth/builds.parquet"}
    for name in ("fleet.toml", "truth/invocations.parquet", "truth/builds.parquet"):
        assert found[name] == whole[name]


def test_the_folder_says_that_it_is_synthetic(made: Path) -> None:
    said = json.loads((made / "SYNTHETIC.json").read_text("utf-8"))
    assert said["synthetic"] is True
    assert (said["seed"], said["invocations"], said["days"], said["start"]) == (11, 40, 6, "2021-03-08")
    assert said["version"] == lp.__version__
    assert (made / "fleet.toml").read_text("utf-8") == BUSY
    written = [size for name, size in sizes(made).items() if name.startswith("2021-")]
    assert (said["files"], said["bytes"]) == (len(written), sum(written))


def sizes(folder: Path) -> dict[str, int]:
    return {name: len(content) for name, content in contents(folder).items()}


@pytest.fixture(scope="module")
def data(made: Path) -> lp.Dataset:
    return lp.load(made, jobs=1)


def test_every_page_and_every_build_says_so_too(data: lp.Dataset) -> None:
    """A page keeps the mark when it is copied out of the folder."""
    asked = data.invocations[data.invocations.tags.notna() & (data.invocations.origin != "log")]
    assert len(asked) > 20
    assert asked.tags.str.contains('"synthetic:logparse"').all()
    assert data.builds.tags.str.contains('"synthetic:logparse"').all()


def test_pages_are_in_the_folder_of_their_day(made: Path, data: lp.Dataset) -> None:
    day = data.invocations.created_at.dt.strftime("%Y-%m-%d")
    folders = data.invocations.source.str.removeprefix(f"{made}/").str.partition("/")[0]
    assert (day == folders).all()


# --- other files ------------------------------------------------------------------------------


def test_a_simulation_is_replaced_only_if_asked(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    simulated(folder, invocations=5, seed=1)
    before = contents(folder)
    with pytest.raises(lp.LogparseError, match="has a simulation already; replace it with --force"):
        simulated(folder, invocations=5, seed=2)
    assert contents(folder) == before
    simulated(folder, invocations=5, seed=2, force=True)
    after = contents(folder)
    assert json.loads(after["SYNTHETIC.json"])["seed"] == 2
    assert not {name for name in before if "/pages/" in name} & set(after)


@pytest.mark.parametrize("force", [True, False])
def test_other_files_are_never_replaced(force: bool, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(lp.LogparseError, match="is not empty; name another folder"):
        simulated(folder, invocations=5, force=force)
    assert contents(folder) == {"notes.txt": b"mine"}


def test_nothing_is_left_of_a_simulation_that_fails(tmp_path: Path) -> None:
    def stop(invocations: int, bytes_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulated(tmp_path / "demo", invocations=5, watch=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["demo.toml"]


def test_folders_can_be_entered(made: Path) -> None:
    modes = {path.stat().st_mode & 0o700 for path in made.rglob("*") if path.is_dir()}
    assert modes == {0o700}


# --- the command ------------------------------------------------------------------------------


def test_the_command(cli: Callable[..., Any], inside: Path) -> None:
    done = cli("simulate", "-n", 5, "--days", 2, "--plant", "slow-bot", "--jobs", 1, "-o", "demo")
    assert done.code == 0
    assert done.err == ""
    first, second, third = done.out.splitlines()
    assert first.startswith("simulated, not real: 5 invocations, ")
    assert "MB in demo, the truth in demo" in second
    assert third == "planted: slow bot (pool example.linux, factor 1.8, bot linux-001)"
    assert cli("check", "demo").code == 0


def test_the_command_prints_the_fleet(cli: Callable[..., Any]) -> None:
    assert cli("simulate", "--print-fleet") == (0, default_text(), "")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["-o", "x"], 2, "Missing option '--invocations'"),
        (["-n", 5], 2, "Missing option '-o': name the folder to write"),
        (["-n", 0, "-o", "x"], 2, "0 is not in the range"),
        (["-n", 5, "-o", "x", "--plant", "nothing"], 2, "'nothing' is not one of"),
        (["-n", 5, "-o", "x", "--start", "soon"], 2, "'soon' is not a day"),
        (
            ["-n", 5, "-o", "x", "--start", "2015-01-01"],
            1,
            "start='2015-01-01' is not possible; name a day from",
        ),
        (["-n", 5, "-o", "x", "--fleet", "none.toml"], 1, "none.toml: cannot be read"),
        (["-n", 5, "-o", "."], 1, "is not empty; name another folder with -o"),
        (["-n", 5, "-o", "file"], 1, "file: is a file, not a directory"),
    ],
)
def test_the_command_refuses(
    args: list[Any], code: int, said: str, cli: Callable[..., Any], inside: Path
) -> None:
    (inside / "file").write_text("")
    done = cli("simulate", *args)
    assert done.code == code
    assert said in done.err
    assert done.out == ""
    assert [path.name for path in inside.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"invocations": 0}, "invocations=0 is not possible; pass a whole number from 1"),
        ({"invocations": 1.5}, "invocations=1.5 is not possible"),
        ({"invocations": 5, "days": True}, "days=True is not possible"),
        ({"invocations": 5, "seed": -1}, "seed=-1 is not possible"),
        ({"invocations": 5, "dialect": "v3"}, "dialect='v3' is not known; choose 'auto', 'v1' or 'v2'"),
        ({"invocations": 5, "start": "2039-12-30"}, "start='2039-12-30' is not possible"),
        ({"invocations": 5, "into": 3}, "into=3 is not a path; name a folder"),
        ({"invocations": 5, "jobs": 0}, "jobs=0 is not a number of processes"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(lp.UsageError) as error:
        lp.simulate(**{"into": tmp_path / "x", **arguments})
    assert said in str(error.value)
    assert not (tmp_path / "x").exists()


def test_a_plant_after_the_end_is_a_mistake(tmp_path: Path) -> None:
    fleet = "[plant.regression]\nday = 9"
    with pytest.raises(lp.UsageError, match=r"plant\.regression is on day 9 of 7; simulate more days"):
        simulated(tmp_path / "x", fleet, invocations=1, plant="regression")
    simulated(tmp_path / "x", fleet, invocations=1)
