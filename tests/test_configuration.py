"""The configuration file and the owners of builders; all of docs/configuration.md is run."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commands import REAL, ROOT, environment
from hypothesis import given
from hypothesis import strategies as st

import logparse as lp
from logparse.analysis import Owners, failure_groups, phases, queue

DOC = ROOT / "docs" / "configuration.md"
_BLOCK_RE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BUILDER = "pdfium/ci/win_xfa_component"


@pytest.fixture
def place(inside: Path) -> Path:
    """The working directory, with the real page."""
    shutil.copy(REAL, inside / "page.txt")
    return inside


def configured(folder: Path, text: str, name: str = "logparse.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


# --- the document -------------------------------------------------------------------------------


def test_the_document(inside: Path, cli: Callable[..., Any]) -> None:
    """Each command has the output that follows it, each block of Python passes."""
    shutil.copytree(ROOT / "sample_logs", inside / "sample_logs")
    blocks = _BLOCK_RE.findall(DOC.read_text("utf-8"))
    assert [kind for kind, _ in blocks] == ["toml", "sh", "text", "sh", "text", "python", "sh"]
    configured(inside, blocks[0][1])
    shown = 0
    for (kind, text), (after, expected) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "sh" and after == "text":
            done = cli(*text.split()[1:])
            assert done.code == 0
            assert done.out.strip() == expected.strip()
            shown += 1
        elif kind == "python":
            subprocess.run([sys.executable, "-c", text], env=environment(), check=True, timeout=60)
    assert shown == 2
    configured(inside, '[defaults]\ntzz = "UTC"\n', "wrong.toml")
    done = cli("--config", "wrong.toml", "summarize", "sample_logs")
    assert (done.code, "did you mean 'tz'" in done.err, done.out) == (1, True, "")


# --- defaults -----------------------------------------------------------------------------------


def test_defaults_come_after_the_command_line(place: Path, cli: Callable[..., Any]) -> None:
    configured(place, '[defaults]\ntz = "Asia/Tokyo"\n[defaults.queue]\nby = "all"\n')
    assert "time (Asia/Tokyo)" in cli("queue", "page.txt").out
    assert BUILDER not in cli("queue", "page.txt").out
    done = cli("queue", "page.txt", "--tz", "UTC", "--by", "builder")
    assert "time (UTC)" in done.out
    assert BUILDER in done.out
    named = configured(place, '[defaults]\ntz = "America/New_York"\n', "other.toml")
    assert "time (America/New_York)" in cli("--config", named, "queue", "page.txt").out


def test_a_table_of_a_command_comes_before_the_defaults_of_all(place: Path, cli: Callable[..., Any]) -> None:
    configured(place, '[defaults]\ntz = "Asia/Tokyo"\n[defaults.queue]\ntz = "Europe/Paris"\n')
    assert "time (Europe/Paris)" in cli("queue", "page.txt").out
    assert '"13:00"' in cli("summarize", "page.txt", "--by", "hour", "--format", "json").out


def test_lists_flags_and_numbers(place: Path, cli: Callable[..., Any]) -> None:
    for value in ('"2020-11-17..2020-11-18"', '["2019-01-01..2019-01-02", "2020-11-17..2020-11-18"]'):
        configured(place, f"[defaults]\nexclude-time = {value}\nkeep-duplicates = true\n")
        done = cli("queue", "page.txt", "--format", "csv")
        assert "left out 1 of 1" in done.err
    configured(place, "[defaults]\ntop = 1\nkeep-duplicates = true\n")
    assert "counted each time" in cli("queue", "page.txt", "page.txt").err


def test_a_default_does_not_turn_the_card_into_groups(place: Path, cli: Callable[..., Any]) -> None:
    card = cli("summarize", "page.txt").out
    configured(place, "[defaults]\ntop = 5\n[defaults.summarize]\nby = 'bot'\n")
    assert cli("summarize", "page.txt").out == card
    assert cli("summarize", "page.txt", "--by", "builder").out != card


def test_a_file_among_the_inputs_is_not_read(inside: Path, cli: Callable[..., Any]) -> None:
    folder = inside / "logs"
    folder.mkdir()
    shutil.copy(REAL, folder)
    configured(folder, "[defaults]\nunknown = 1\n")
    assert cli("queue", folder).code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[defaults]\nstrickt = true\n", "'strickt' is not a key in [defaults]; choose from"),
        ("[defaults]\nstrickt = true\n", "did you mean 'strict'?"),
        ("[defaults.que]\nby = 'all'\n", "did you mean 'queue'?"),
        ("[defaults.queue]\nspec = 'x'\n", "'spec' is not a key in [defaults.queue]"),
        ("[defaults]\noutput = 'x'\n", "'output' is not a key"),
        ("[owner]\n", "did you mean 'owners'?"),
        ("owners = 3\n", "owners is not a table; begin it with [owners]"),
        ("[owners]\na = 3\n", "the owner 3 of 'a' is not a text"),
        ("[owners]\na = ''\n", "the owner '' of 'a' is not a text"),
        ("x = [\n", "is not TOML: "),
        ("a = " + "[" * 100_000, "is not TOML: "),
        ("# " + "x" * (1 << 20), "is larger than 1 MiB"),
    ],
)
def test_errors_are_one_line(text: str, said: str, place: Path, cli: Callable[..., Any]) -> None:
    configured(place, text)
    done = cli("queue", "page.txt")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("logparse: logparse.toml: ")
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_a_file_that_cannot_be_read(place: Path, cli: Callable[..., Any]) -> None:
    done = cli("--config", "none.toml", "queue", "page.txt")
    assert (done.code, "none.toml: cannot be read" in done.err) == (1, True)
    (place / "bytes.toml").write_bytes(b"\xff\xfe")
    assert "is not TOML" in cli("--config", "bytes.toml", "queue", "page.txt").err


def test_a_value_of_another_type(place: Path, cli: Callable[..., Any]) -> None:
    configured(place, "[defaults]\ntop = 'many'\n")
    done = cli("queue", "page.txt")
    assert (done.code, "--top" in done.err, "Traceback" in done.err) == (2, True, False)


# --- owners -------------------------------------------------------------------------------------


def test_the_first_pattern_that_fits_counts() -> None:
    owners = Owners({"p/ci/win*": "windows", "p/*": "all of p", "*-asan": "asan", "q/ci/a": "one"})
    assert [owners.of(name) for name in ("p/ci/win7", "p/ci/mac", "x/ci/b-asan", "q/ci/a", "q/ci/ab")] == [
        "windows",
        "all of p",
        "asan",
        "one",
        None,
    ]
    assert owners.of("P/ci/win7") is None


@given(st.text("ab*", max_size=6), st.text("ab", max_size=8))
def test_patterns_fit_as_those_of_the_shell(pattern: str, text: str) -> None:
    if pattern:
        assert (Owners({pattern: "team"}).of(text) == "team") == fnmatchcase(text, pattern)


def test_a_hostile_pattern_takes_little_time() -> None:
    assert Owners({"*a" * 5_000 + "b": "team"}).of("a" * 100_000) is None


@pytest.mark.parametrize("teams", [{"a": 1}, {"a": ""}, {"": "team"}, {"a": None}])
def test_owners_are_texts(teams: dict[str, Any]) -> None:
    with pytest.raises(lp.UsageError, match="is not a text"):
        Owners(teams)


def test_owners_are_a_key_of_all_answers() -> None:
    data, owners = lp.load(REAL), Owners({"pdfium/*": "pdf"})
    assert list(phases(data.invocations, data.builds, "owner", owners=owners)["owner"].unique()) == ["pdf"]
    assert list(failure_groups(data.invocations, data.builds, "owner", owners=owners)["owner"]) == ["pdf"]
    assert list(queue(data.builds, "owner", owners=owners)["owner"]) == ["pdf"]
    found = lp.metrics.group_by(data.invocations, "owner", owners=owners)
    assert list(zip(found["owner"], found["invocations"], strict=True)) == [("pdf", 1)]
    nobody = Owners({"x": "team"})
    assert lp.metrics.group_by(data.invocations, "owner", owners=nobody).empty
    assert nobody.column(pd.Series(["x", "y", None], dtype="str")).isna().tolist() == [False, True, True]
    asked: list[Callable[[], object]] = [
        lambda: lp.metrics.group_by(data.invocations, "owner"),
        lambda: phases(data.invocations, data.builds, "owner"),
        lambda: queue(data.builds, "owner"),
    ]
    for ask in asked:
        with pytest.raises(lp.UsageError, match="no owners of builders are known"):
            ask()


def test_owners_where_builders_are_listed(place: Path, cli: Callable[..., Any]) -> None:
    commands = {
        "queue": ("queue", "page.txt"),
        "failures": ("failures", "page.txt", "--by", "builder"),
        "summarize": ("summarize", "page.txt", "--by", "builder"),
    }
    plain = {name: cli(*args, "--format", "csv").out for name, args in commands.items()}
    configured(place, '[owners]\n"pdfium/*" = "pdf"\n')
    for name, args in commands.items():
        (row,) = csv.DictReader(io.StringIO(cli(*args, "--format", "csv").out))
        assert row.pop("owner") == "pdf"
        assert list(csv.DictReader(io.StringIO(plain[name]))) == [row]
    shown = cli("summarize", "page.txt", "--by", "builder").out
    assert "owner" in shown.split()
    assert "pdf" in shown.split()
    assert "pdf" in cli("queue", "page.txt").out.split("\n")[2].split()
    assert "pdf" in cli("failures", "page.txt", "--by", "builder").out.split()
    assert "pdf" in cli("failures", "page.txt", "--by", "owner").out.split()
