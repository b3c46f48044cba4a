"""The command line: help, wrong usage, output files, completion."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import REAL, environment, process

from logparse.cli import COMMANDS

# --- help and usage ----------------------------------------------------------------------------


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_has_examples_and_fits(command: str | None, cli: Callable[..., Any]) -> None:
    done = cli(*([command] if command else []), "--help")
    assert done.code == 0
    assert not done.err
    assert "Examples:\n" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    # click writes UTF-8 to a stream that says it is ASCII.
    assert done.out.isascii()
    assert done.out == cli(*([command] if command else []), "-h").out


def test_examples_of_the_help_name_commands_and_options_that_exist(cli: Callable[..., Any]) -> None:
    for command in COMMANDS:
        text = cli(command, "--help").out
        own, examples = text.split("Examples:\n")
        for option in re.findall(r" (--?[a-z-]+)\b", re.sub(r"\|(?! logparse)[^\n]*", "", examples)):
            assert option in own, (command, option)
        for named in re.findall(r"logparse (\w+)", examples):
            assert named in COMMANDS


def test_version(cli: Callable[..., Any]) -> None:
    from logparse import __version__

    assert cli("--version") == (0, f"logparse, version {__version__}\n", "")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "Usage: logparse"),
        (["nope"], "No such command 'nope'"),
        (["--nope"], "No such option"),
        (["summarize"], "Missing argument 'FILE...'"),
        (["summarize", "--nope", REAL], "No such option"),
        (["summarize", REAL, "--by", "color"], "'builder', 'bot', 'job', 'status', 'day'"),
        (["summarize", REAL, "--format", "xml"], "'table', 'json', 'csv', 'markdown'"),
        (["summarize", REAL, "--date", "yesterday"], "'yesterday' is not a day; write it as YYYY-MM-DD"),
        (["summarize", REAL, "--date", "2021-02-29"], "'2021-02-29' is not a day"),
        (["summarize", REAL, "--max-size", "much"], "'much' is not a size; write it as 500M or 2G"),
        (["summarize", REAL, "--max-size", "0"], "'0' is not a size"),
        (["summarize", REAL, "--max-size", "-1"], "'-1' is not a size"),
        (["export", REAL, "--table", "nope"], "'invocations', 'events', 'polls'"),
        (["export", REAL, "--table", "all"], "name their directory with -o DIR"),
        (["show", REAL, "--format", "csv"], "'table', 'json'"),
        (["completion", "csh"], "'bash', 'zsh', 'fish'"),
    ],
)
def test_wrong_usage_is_2(args: list[Any], said: str, cli: Callable[..., Any]) -> None:
    done = cli(*args)
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert not done.out
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("text", "bytes_"), [("600", 600), ("1k", 1 << 10), ("2 MiB", 2 << 20), ("1G", 1 << 30)]
)
def test_sizes(text: str, bytes_: int) -> None:
    import click

    from logparse.cli.options import size

    assert size(click.Context(click.Command("x")), click.Option(["--x"]), text) == bytes_


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "logparse", "--help"],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "click" in imported
    heavy = {"pandas", "pyarrow", "numpy", "matplotlib", "pyparsing", "rich", "msgspec", "selectolax"}
    assert not imported & heavy


@pytest.mark.parametrize(
    "args", [["export", REAL, "--table", "polls"], ["check", REAL], ["show", REAL, "-f", "json"]]
)
def test_commands_import_pandas_only_for_statistics(args: list[Any]) -> None:
    code = (
        "import sys; from logparse.cli import main\n"
        "try: main()\nfinally: print([m for m in ('pandas', 'pyarrow', 'matplotlib', 'pyparsing') if m in sys.modules],"
        " file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert done.stderr == "[]\n"


# --- outputs -----------------------------------------------------------------------------------


FILE_WRITERS = [["summarize", REAL], ["summarize", REAL, "-f", "csv"], ["export", REAL], ["grammar"]]


@pytest.mark.parametrize("args", FILE_WRITERS)
def test_a_file_is_written_whole_and_not_over_another(
    args: list[Any], tmp_path: Path, cli: Callable[..., Any]
) -> None:
    path = tmp_path / "out"
    plain = [*args, "--format", "ebnf"] if args == ["grammar"] else args
    assert cli(*plain, "-o", path) == (0, "", "")
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask
    assert path.read_text("utf-8") == cli(*plain).out
    path.write_text("mine")
    done = cli(*args, "-o", path)
    assert done == (1, "", f"logparse: {path}: exists already; overwrite it with --force\n")
    assert path.read_text() == "mine"
    assert cli(*plain, "-o", path, "--force") == (0, "", "")
    assert path.read_text("utf-8") != "mine"
    assert os.listdir(tmp_path) == ["out"]
    assert cli(*plain, "-o", "-").out == cli(*plain).out


@pytest.mark.parametrize("args", FILE_WRITERS)
def test_an_output_that_cannot_be(args: list[Any], tmp_path: Path, cli: Callable[..., Any]) -> None:
    assert cli(*args, "-o", tmp_path, "--force") == (
        1,
        "",
        f"logparse: {tmp_path}: is a directory; name a file with -o\n",
    )
    missing = tmp_path / "no" / "out"
    assert cli(*args, "-o", missing) == (
        1,
        "",
        f"logparse: {missing}: is in no directory that exists; make the directory, or name another\n",
    )
    assert os.listdir(tmp_path) == []


def test_nothing_is_written_where_nothing_was_read(tmp_path: Path, cli: Callable[..., Any]) -> None:
    for args in (["summarize"], ["summarize", "-f", "csv"], ["export"]):
        assert cli(*args, "missing", "-o", tmp_path / "out").code == 1
    assert cli("export", "missing", "--table", "all", "-o", tmp_path / "tables").code == 1
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


# --- completion --------------------------------------------------------------------------------


def completed(words: str, index: int) -> set[str]:
    done = process(_LOGPARSE_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(index))
    assert done.returncode == 0
    assert done.stderr == b""
    return set(done.stdout.decode().split())


@pytest.mark.slow
def test_completion_completes() -> None:
    assert completed("logparse su", 1) == {"plain,summarize"}
    assert completed("logparse s", 1) == {f"plain,{name}" for name in COMMANDS if name.startswith("s")}
    assert completed("logparse summarize --b", 2) == {"plain,--builds", "plain,--by"}
    assert completed("logparse summarize --by b", 3) == {"plain,builder", "plain,bot"}
    assert {"plain,polls", "plain,all"} <= completed("logparse export --table ", 3)
    # The shell completes names of files itself.
    assert completed("logparse summarize lo", 2) == {"file,lo"}
    assert completed("logparse summarize --builds lo", 3) == {"file,lo"}
    assert completed("logparse completion f", 2) == {"plain,fish"}


@pytest.mark.parametrize(
    ("shell", "telling"), [("bash", "complete -o"), ("zsh", "#compdef logparse"), ("fish", "complete ")]
)
def test_completion_scripts(
    shell: str, telling: str, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # No shell has to be there, and none is asked for its version.
    monkeypatch.setenv("PATH", "")
    done = cli("completion", shell)
    assert (done.code, done.err) == (0, "")
    assert telling in done.out
    assert f"_LOGPARSE_COMPLETE={shell}_complete" in done.out


def test_the_bash_script_runs() -> None:
    script = process("completion", "bash").stdout
    done = subprocess.run(
        ["bash", "-c", script.decode() + "\ncomplete -p logparse"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert "logparse" in done.stdout
