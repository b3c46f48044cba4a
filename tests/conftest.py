"""Settings that make every run of the tests alike, and fixtures for the command line."""

from __future__ import annotations

import fcntl
import gc
import io
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import settings
from measuring import Measurement, choose_measured, is_measured

if TYPE_CHECKING:
    from logparse import Dataset

# The caller's terminal must not color or wrap output. A backend set here would reach the notebooks' kernels
# and keep their charts from showing; without one, Matplotlib needs no display.
for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "NO_COLOR", "COLUMNS", "LINES", "MPLBACKEND"):
    os.environ.pop(name, None)

# pytest rewrites the asserts of the test modules, which takes each process seconds. It keeps the result where
# Python may write bytecode, as the commands that tests run do anyway.
sys.dont_write_bytecode = False

# A shared machine is slow at random, so that time is no reason to fail; CI must give one answer for one tree.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
#: How many examples a generated test tries in a run that leaves the slow tests out, where all runs try 100.
QUICK_EXAMPLES = 12

GOLDEN = Path(__file__).parent / "golden"
LOGS = Path(__file__).parent / "data" / "logs"
PAGE = LOGS / "win_xfa_component-9028843112359765808.txt"
BUILDS = Path(__file__).parent / "data" / "builds" / "linux-rel-8927206632544641856.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--remake-goldens",
        action="store_true",
        help="write what commands print now as what they shall print; read the difference before you keep it",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--remake-goldens") and os.environ.get("CI", "").lower() not in ("", "0", "false"):
        raise pytest.UsageError("--remake-goldens is for people: CI only compares")
    if "not slow" in config.getoption("markexpr"):
        # Test modules, which are imported after this, state their examples as multiples of the profile's.
        settings.register_profile("quick", settings(), max_examples=QUICK_EXAMPLES)
        settings.load_profile("quick")
    if config.getoption("dist", None) == "load":
        # Each process of pytest-xdist gets neighboring tests, so that few fixtures are made twice. One that is
        # done takes tests of the others.
        config.option.dist = "worksteal"


_measurement = Measurement()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionstart() -> Iterator[None]:
    """Measure no more than is asked for: what pytest-xdist's first process does is of the tests in none."""
    _measurement.pause()
    yield
    # In a process of pytest-xdist, pytest-cov has started another measurement.
    _measurement.pause()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    # The first process of pytest-xdist runs no tests.
    if not session.config.pluginmanager.has_plugin("dsession"):
        _measurement.import_package()
    return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    choose_measured(items)


def pytest_collection_finish() -> None:
    """Keep the collector of garbage from walking the thousands of tests over and over."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with _measurement.running() if is_measured(item) else nullcontext():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    with _measurement.running() if is_measured(item) else nullcontext():
        return (yield)


class Done(NamedTuple):
    """A command that ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run the command line in this process: its words and its exit code."""

    def run(*args: str | Path, stdin: bytes = b"") -> Done:
        from logparse.cli import main

        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(arg) for arg in args])
        assert isinstance(left.value.code, int)
        return Done(left.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new directory, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def page_text() -> str:
    """The real page."""
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def given() -> Dataset:
    """The tables of all logs of one dialect, the real page and a build."""
    import logparse as lp

    return lp.load(LOGS / "v1-2020-11", PAGE, builds=[BUILDS])


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with the file of that name in tests/golden, or write it there with --remake-goldens."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--remake-goldens"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert text == path.read_bytes().decode()

    return compare


def child_environment(**more: str) -> dict[str, str]:
    """The environment of a command that is run as a process of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "PYTHON", "LC_", "LANG"))}
    return {**kept, "PYTHONPATH": str(GOLDEN.parent.parent), "PYTHONUTF8": "1", **more}


@pytest.fixture
def on_terminal() -> Callable[..., tuple[int, str]]:
    """Run a command on a pseudo-terminal: the exit code, and all that the terminal got."""

    def run(*args: str | Path, columns: int = 80, **more: str) -> tuple[int, str]:
        master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        child = subprocess.Popen(
            [sys.executable, "-m", "logparse", *map(str, args)],
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            env=child_environment(**{"TERM": "xterm-256color", **more}),
        )
        os.close(terminal)
        got = bytearray()
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if select.select([master], [], [], 1)[0]:
                try:
                    block = os.read(master, 65536)
                except OSError:
                    break
                if not block:
                    break
                got += block
        os.close(master)
        return child.wait(timeout=60), got.decode("utf-8").replace("\r\n", "\n")

    return run


#: Runs a command without the rights of root. Modules are imported before the rights are given up,
#: because another user may not read where they are installed.
_AS_NOBODY = """
import importlib, os, pkgutil
import logparse, rich.console, rich.table
for module in pkgutil.walk_packages(logparse.__path__, "logparse."):
    if module.name not in ("logparse.__main__", "logparse.plots"):
        importlib.import_module(module.name)
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
from logparse.cli import main
main()
"""


@pytest.fixture
def as_nobody() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command as a user whom permissions hold back, whoever runs the tests."""

    def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, *map(str, args)],
            capture_output=True,
            text=True,
            env=child_environment(PYTHONDONTWRITEBYTECODE="1"),
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that every user can come to and write in, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o777)
        yield place
        place.chmod(0o777)
