"""The command line. It prints, shows progress and exits. The library only returns and raises.

Exit codes: 0 success, 1 something failed, 2 wrong usage, 3 some input not understood under ``--strict``,
4 a threshold crossed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, Final, NoReturn

import click

from logparse import __version__
from logparse.errors import LogparseError
from logparse.output.files import STOPS

#: Commands in the order of the help. Each is in the module of its name, which is imported when it is called.
COMMANDS: Final = {
    "summarize": "Print the cost of invocations: phases, queue latency, polling, bots.",
    "export": "Write the tables as CSV, JSON lines or Parquet.",
    "queue": "Print how many builds waited and ran, over time.",
    "failures": "Print why invocations and builds failed, and what that cost.",
    "outliers": "Name bots that are slower than their peers, or fail more often.",
    "health": "Judge builders by Chromium's rules; failures in a row, flaky ones.",
    "compare": "Compare durations of builders before and after.",
    "trends": "Name the days on which durations of builders changed.",
    "plot": "Draw a chart as PNG, SVG or PDF.",
    "report": "Write one HTML page that shows a fleet.",
    "sql": "Answer a query in SQL over the tables.",
    "ingest": "Add inputs to a dataset: a folder of Parquet that all commands read.",
    "info": "Print rows, days, sizes and versions of a dataset.",
    "compact": "Put the files of a dataset together.",
    "schema": "Print the tables' columns: types, units, meanings.",
    "show": "Print an invocation's timeline, entry by entry.",
    "check": "Name everything in the inputs that was not understood.",
    "simulate": "Write pages and builds of a simulated fleet, with the truth.",
    "grammar": "Write the grammar: EBNF, messages, or railroad diagrams.",
    "completion": "Print the shell's completion script.",
}


class _ReaderGoneError(Exception):
    """The reader of a pipe is gone, which is not a failure. Click would treat BrokenPipeError as one."""


class _Commands(click.Group):
    """Commands that are imported when they are called, so that ``--help`` is fast."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        try:
            return super().make_context(*args, **more)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"logparse.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    name="logparse",
    epilog="""\b
Examples:
  logparse summarize page.html
  logparse summarize logs/ --by bot
  logparse export logs/ --table all -o tables/
  logparse show page.txt | less
  curl URL | logparse check -

\b
Exit codes: 0 good, 1 something failed, 2 wrong usage,
3 some input not understood under --strict,
4 a threshold crossed (--fail-on).""",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--config",
    metavar="FILE",
    help="Defaults of options and owners of builders. [default: logparse.toml in the working directory]",
)
@click.version_option(__version__, prog_name="logparse")
@click.pass_context
def cli(ctx: click.Context, config: str | None) -> None:
    """Turn LUCI Scheduler invocation logs into answers.

    Inputs are saved pages (text or HTML) and debug logs; a path can be a file, a directory, or -
    for standard input, and files can be compressed with gzip, bzip2 or xz. A dataset that
    logparse ingest made can be read in the place of logs.
    """
    if config is not None or os.path.isfile("logparse.toml"):
        # The import takes time, and most working directories have no such file.
        from logparse.cli.config import read_config

        commands = {name: cli.get_command(ctx, name) for name in COMMANDS}
        ctx.obj = read_config(config, {name: command for name, command in commands.items() if command})
        ctx.default_map = {name: {**values} for name, values in ctx.obj.defaults.items()}


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line and exit. A mistake of the user or a closed pipe does not print a traceback."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # None is a stream that the caller has closed.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - until the exit
        # Characters that the output's encoding does not have are escaped, and do not fail.
        getattr(getattr(sys, name), "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        with _stoppable():
            code = _run(args)
            sys.stdout.flush()
    except _Stopped as stopped:
        code = 128 + stopped.signal
    except (_ReaderGoneError, BrokenPipeError):
        code = _gone()
    except OSError as error:
        code = 1
        _gone()
        with suppress(OSError):
            _warn(f"{error.filename or 'standard output'}: {error.strerror or error}")
    sys.exit(code)


class _Stopped(BaseException):
    """A signal ends the command. Files that are not whole are removed while the exception is handled."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


@contextmanager
def _stoppable() -> Iterator[None]:
    """Raise `_Stopped` at an interrupt, a hangup or a request to terminate, unless they are ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    endings = (signal.SIG_DFL, signal.default_int_handler)
    before = {number: signal.getsignal(number) for number in STOPS}
    taken = [number for number, handler in before.items() if handler in endings]

    def stop(number: int, _: object) -> NoReturn:
        for other in taken:
            # Another signal does not stop the removal of files.
            signal.signal(other, signal.SIG_IGN)
        raise _Stopped(number)

    try:
        for number in taken:
            signal.signal(number, stop)
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])


def _warn(text: str) -> None:
    """Write a line to standard error. The import is here, because most commands write none."""
    from logparse.cli.words import warn

    warn(text)


def _gone() -> int:
    """Redirect standard output to nowhere, so that a flush at the exit does not fail. Return exit code 0."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _run(args: list[str] | None) -> int:
    """Run the command line, print its errors, and return the exit code."""
    try:
        result: Any = cli.main(
            args, prog_name="logparse", complete_var="_LOGPARSE_COMPLETE", standalone_mode=False
        )
    except click.UsageError as error:
        error.show(sys.stderr)
        return 2
    except click.ClickException as error:
        error.show(sys.stderr)
        return 1
    except click.Abort:
        return 130
    except LogparseError as error:
        _warn(str(error))
        return 1
    return result if isinstance(result, int) else 0
