"""The manners of the command line: streams, exit codes, pipes, terminals, encodings, completion."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quick import quick

from logparse.cli import COMMANDS

ROOT = Path(__file__).parent.parent
LOGS = Path(__file__).parent / "data" / "logs"
REAL = LOGS / "win_xfa_component-9028843112359765808.txt"
UNKNOWN_ENTRY = LOGS / "v1-2020-11" / "custom_mode1.log"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 20
JOB_PAGE = (
    "State: SCHEDULED\nSchedule: with 10s interval\nNext run: in a second\n\nInvocations\n1 SUCCEEDED\n"
)

#: Every command that reads, with arguments that make it print much.
READERS = {
    "card": ["summarize", str(REAL)],
    "overview": ["summarize", str(LOGS / "mixed-2021-03"), "--by", "status"],
    "summarize json": ["summarize", str(LOGS / "mixed-2021-03"), "--format", "json"],
    "summarize csv": ["summarize", str(REAL), "--format", "csv"],
    "export csv": ["export", str(REAL), "--table", "events"],
    "export jsonl": ["export", str(REAL), "--table", "events", "--format", "jsonl"],
    "show": ["show", str(REAL), "--full"],
    "show json": ["show", str(REAL), "--format", "json"],
    "check": ["check", str(LOGS / "mixed-2021-03")],
    "check json": ["check", str(UNKNOWN_ENTRY), "--format", "json"],
}
WRITERS = {
    **READERS,
    "help": ["--help"],
    "help of a command": ["summarize", "--help"],
    "version": ["--version"],
    "ebnf": ["grammar"],
    "messages": ["grammar", "--format", "messages"],
    "bash": ["completion", "bash"],
    "zsh": ["completion", "zsh"],
    "fish": ["completion", "fish"],
}


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "PYTHON", "LC_", "LANG"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **more}


def process(*args: str | Path, stdin: bytes = b"", **more: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "logparse", *map(str, args)],
        input=stdin,
        capture_output=True,
        env=environment(**more),
        timeout=120,
        check=False,
    )


# --- help and usage ---------------------------------------------------------------------------


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
        (["summarize", REAL, "--date", "yesterday"], "'yesterday' is no day; write it as YYYY-MM-DD"),
        (["summarize", REAL, "--date", "2021-02-29"], "'2021-02-29' is no day"),
        (["summarize", REAL, "--max-size", "much"], "'much' is no size; write it as 500M or 2G"),
        (["summarize", REAL, "--max-size", "0"], "'0' is no size"),
        (["summarize", REAL, "--max-size", "-1"], "'-1' is no size"),
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
    ("text", "size"), [("600", 600), ("1k", 1 << 10), ("2 MiB", 2 << 20), ("1G", 1 << 30)]
)
def test_sizes(text: str, size: int) -> None:
    import click

    from logparse.cli.options import _size

    assert _size(click.Context(click.Command("x")), click.Option(["--x"]), text) == size


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


# --- streams ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITERS)
def test_data_goes_to_stdout_and_nothing_to_stderr(name: str, cli: Callable[..., Any]) -> None:
    args = [a.replace(str(LOGS / "mixed-2021-03"), str(REAL)) for a in WRITERS[name]]
    done = cli(*args)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("\n")


@pytest.mark.parametrize("name", quick(["export csv", "help"], WRITERS))
def test_a_closed_pipe_is_no_failure(name: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "logparse", *WRITERS[name]],
            stdout=out,
            stderr=subprocess.PIPE,
            env=environment(),
        )
    _, said = child.communicate(timeout=120)
    assert child.returncode == 0
    assert b"Broken" not in said
    assert b"Traceback" not in said
    if "mixed" not in str(WRITERS[name]):
        assert said == b""


def test_head_takes_one_line() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "logparse", "export", REAL, "--table", "events"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(PYTHONUNBUFFERED="1"),
    ) as child:
        assert child.stdout
        assert child.stderr
        assert child.stdout.readline().startswith(b"invocation_id,seq,")
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(timeout=60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_behind_stdout_is_said() -> None:
    with open("/dev/full", "wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "logparse", "check", REAL],
            stdout=out,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"logparse: standard output: No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_closed_streams(closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m logparse check "$1" {closed}', sys.executable, REAL],
        capture_output=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert (b"all understood" in done.stdout) == (closed != ">&-")


def test_interrupted_is_130() -> None:
    reading, writing = os.pipe()
    # Where the tests run in the background, children inherit that interrupts are ignored.
    code = (
        "import signal; signal.signal(2, signal.default_int_handler); from logparse.cli import main; main()"
    )
    with open(reading, "rb") as stdin:
        child = subprocess.Popen(
            [sys.executable, "-c", code, "check", "-"],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
    # More than a pipe holds: when all is written, the child is reading, and waits for the rest.
    entry = b"[00:00:00.000] Starting the invocation (attempt 1)\n"
    os.write(writing, entry)
    for _ in range(40):
        os.write(writing, entry * 100)
    # Python sees a signal that comes just before a read begins only when that read ends.
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    out, said = child.communicate(timeout=60)
    os.close(writing)
    assert child.returncode == 130
    assert out == b""
    assert b"Traceback" not in said


ENCODINGS = [
    *((name, "ascii") for name in WRITERS),
    ("card", "latin-1"),
    ("overview", "cp1252"),
    ("show", "latin-1"),
]
QUICK_ENCODINGS = [("check json", "ascii"), ("show", "ascii")]


@pytest.mark.parametrize("output", quick(QUICK_ENCODINGS, ENCODINGS, "-".join))
def test_an_output_without_unicode(output: tuple[str, str]) -> None:
    name, encoding = output
    done = process(*WRITERS[name], PYTHONUTF8="0", PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert done.stdout.isascii()
    assert done.stderr.isascii()
    if "json" in name and "jsonl" not in name and "show" not in name:
        json.loads(done.stdout)


def test_data_survives_an_ascii_output(tmp_path: Path) -> None:
    log = tmp_path / "é.log"
    log.write_text("[00:00:00.000] Starting the invocation (attempt 1)\n[00:00:00.000] naïve 𝄞 —\n", "utf-8")
    done = process("export", log, "-t", "events", "-f", "jsonl", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["text"] == "naïve 𝄞 —"


# --- inputs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["summarize", "export", "show", "check"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"\n \n", "holds only blank lines"),
        (PNG, "is binary data (PNG image), not a log page"),
        (b"hello\n", "holds no scheduler log"),
        (JOB_PAGE.encode(), "is a job's page, not an invocation's"),
        (b"<!doctype html><title>x</title><p>hello", "is a web page, but no page of the LUCI Scheduler"),
        (b'{"id": ', "holds broken JSON"),
        (b"[1, 2", "holds no scheduler log"),
        (b"\x1f\x8b\x08\x00broken", "gzip data"),
    ],
)
def test_what_is_no_log(
    command: str, content: bytes | None, said: str, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    path = tmp_path / "input"
    if content is not None:
        path.write_bytes(content)
    done = cli(command, path)
    assert done.code == 1
    assert done.err.startswith(f"logparse: {path}:")
    assert said in done.err
    # What is wrong, and what to do, in one line; and no table without rows.
    assert "; " in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""


@pytest.mark.parametrize("command", ["summarize", "export", "show", "check"])
def test_a_directory_without_logs(command: str, tmp_path: Path, cli: Callable[..., Any]) -> None:
    assert "directory holds no files" in cli(command, tmp_path).err
    (tmp_path / "notes").write_text("milk\n")
    (tmp_path / "image").write_bytes(PNG)
    done = cli(command, tmp_path)
    assert done.code == 1
    assert "skipped 2 files without a log" in done.err
    assert done.err.endswith(
        "logparse: no input holds a scheduler log; name a saved page, a log, or a directory of them\n"
    )
    assert done.out == ""


def test_skipped_files_are_counted_or_named(tmp_path: Path, cli: Callable[..., Any]) -> None:
    (tmp_path / "log").write_bytes(REAL.read_bytes())
    for number in range(5):
        (tmp_path / f"notes{number}").write_text("milk\n")
    brief = cli("check", tmp_path)
    assert brief.code == 0
    assert re.fullmatch(
        r"logparse: skipped 5 files without a log: \S+notes0, \S+notes1, \S+notes2 and 2 more \(-v names all\)\n",
        brief.err,
    )
    whole = cli("check", tmp_path, "-v")
    assert whole.err.count("logparse: skipped: ") == 5
    assert "holds no scheduler log" in whole.err


def test_several_files_where_some_are_bad(tmp_path: Path, cli: Callable[..., Any]) -> None:
    image = tmp_path / "image.png"
    image.write_bytes(PNG)
    done = cli("export", "missing", REAL, image, "--table", "invocations")
    assert done.code == 1
    assert done.out.count("\n") == 2
    assert "9028843112359765808,pdfium/win_xfa_component," in done.out
    assert [line.split(": ")[1] for line in done.err.splitlines()] == ["missing", str(image)]


@pytest.mark.parametrize("command", ["summarize", "export", "show", "check"])
def test_strict(command: str, cli: Callable[..., Any]) -> None:
    assert cli(command, REAL, "--strict").code == 0
    assert cli(command, UNKNOWN_ENTRY).code == 0
    done = cli(command, UNKNOWN_ENTRY, "--strict")
    assert done.code == 3
    assert done.err == "logparse: 1 place not understood; `logparse check` names them\n"
    assert done.out == cli(command, UNKNOWN_ENTRY).out
    # A failure wins.
    assert cli(command, UNKNOWN_ENTRY, "missing", "--strict").code == 1


def test_an_invocation_read_twice_is_said(tmp_path: Path, cli: Callable[..., Any]) -> None:
    done = cli("summarize", REAL, REAL)
    told = "logparse: read more than once, and counted {}: invocation 9028843112359765808\n"
    assert (done.code, done.err) == (0, told.format("once"))
    assert done.out.startswith("pdfium/win_xfa_component  SUCCEEDED")
    done = cli("summarize", REAL, REAL, "--keep-duplicates")
    assert (done.code, done.err) == (0, told.format("each time"))
    assert done.out.startswith("2 invocations: ")


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_standard_input_and_compressed_files(
    compress: Callable[[bytes], bytes], tmp_path: Path, cli: Callable[..., Any]
) -> None:
    data = compress(REAL.read_bytes())
    from_stdin = cli("export", "-", "--table", "polls", stdin=data)
    path = tmp_path / "log.compressed"
    path.write_bytes(data)
    from_file = cli("export", path, "--table", "polls")
    assert (from_stdin.code, from_file.code) == (0, 0)
    # Only the name of the source differs.
    assert from_stdin.out.replace("<stdin>", str(path)) == from_file.out
    assert from_file.out.count("\n") == 23


def test_empty_standard_input(cli: Callable[..., Any]) -> None:
    assert cli("summarize", "-") == (1, "", "logparse: <stdin>: is empty; fetch the page again\n")


def test_a_bomb_is_refused(tmp_path: Path, cli: Callable[..., Any]) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(40_000_000).replace(b"\0", b"x")))
    done = cli("summarize", path, "--max-size", "1M")
    assert done == (1, "", f"logparse: {path}: expands to more than 1 MiB; raise the limit with --max-size\n")


def test_a_log_cut_in_a_line_and_a_broken_payload(tmp_path: Path, cli: Callable[..., Any]) -> None:
    text = REAL.read_text("utf-8")
    path = tmp_path / "cut.log"
    for cut in range(len(text) - 20, 2000, -1501):
        path.write_text(text[:cut], "utf-8")
        for command in ("summarize", "check"):
            done = cli(command, path)
            assert done.code == 0, (cut, done.err)
            assert done.out
    path.write_text(text.replace('"build": {', '"build": [', 1), "utf-8")
    assert "payload-undecodable" in cli("check", path).out
    assert cli("check", path, "--strict").code == 3


@pytest.mark.slow
def test_a_line_of_100_mb(tmp_path: Path) -> None:
    path = tmp_path / "line.log"
    path.write_bytes(b"x" * 100_000_000)
    done = process("summarize", path)
    assert done.returncode == 1
    assert b"holds no scheduler log" in done.stderr
    # An entry that no message fits is tried with every message.
    path.write_bytes(
        b"[00:00:00.000] Starting the invocation (attempt 1)\n[00:00:00.000] " + b"x" * 10_000_000
    )
    done = process("check", path)
    assert done.returncode == 0
    assert b"unrecognized" in done.stdout
    assert len(done.stdout) < 1000


@pytest.mark.slow
def test_a_pipe_gets_neither_colours_nor_a_spinner() -> None:
    for name, value in (("X", ""), ("FORCE_COLOR", "1"), ("TERM", "xterm-256color")):
        done = process("summarize", REAL, stdin=b"", **{name: value})
        assert b"\x1b" not in done.stdout
        assert done.stderr == b""


# --- outputs ----------------------------------------------------------------------------------

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


# --- completion -------------------------------------------------------------------------------


def completed(words: str, index: int) -> set[str]:
    done = process(_LOGPARSE_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(index))
    assert done.returncode == 0
    assert done.stderr == b""
    return set(done.stdout.decode().split())


@pytest.mark.slow
def test_completion_completes() -> None:
    assert completed("logparse s", 1) == {"plain,summarize", "plain,schema", "plain,show"}
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
