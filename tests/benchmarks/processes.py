"""Run a command as a process of its own on one core, and measure what it cost."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
LOGPARSE: Final = (sys.executable, "-m", "logparse")


@dataclass(frozen=True)
class Cost:
    """What a process took.

    Attributes
    ----------
    cpu, wall
        Processor time of user and system, and time by the clock, in seconds.
    peak
        The most memory that it held, in bytes.
    """

    cpu: float
    wall: float
    peak: int


def pin() -> int | None:
    """Keep this process and its children on one core, where the system allows; return the core's number."""
    if sys.platform != "linux":
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def environment() -> dict[str, str]:
    """Return the environment of commands: they keep their bytecode, as installed programs do."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(command: Sequence[str], output: Path | None = None) -> Cost:
    """Run a command and return its cost.

    Parameters
    ----------
    output
        The file that takes its standard output; without it the output is dropped.

    Raises
    ------
    RuntimeError
        If the command fails; the message contains what it wrote to standard error.
    """
    # A process of its own measures each command: ru_maxrss of children is the largest of all so far.
    with open(output or os.devnull, "wb") as stdout:
        done = subprocess.run(
            [sys.executable, str(HERE / "measured.py"), *command],
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    *messages, last = done.stderr.decode("utf-8", "replace").splitlines() or [""]
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {' '.join([*messages, last])}")
    cpu, wall, peak = last.split()
    return Cost(float(cpu), float(wall), int(peak))


def median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure; of the peaks the largest."""
    return Cost(
        statistics.median(c.cpu for c in costs),
        statistics.median(c.wall for c in costs),
        max(c.peak for c in costs),
    )


def machine() -> str:
    """Return the date, the processor, its cores, and the versions of Python and pandas."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2] for line in info.read_text().splitlines() if "model name" in line]
        name = names[0].strip() if names else name
    date = datetime.now(UTC).date()
    python = platform.python_version()
    return f"{date}, {name}, {os.cpu_count()} cores, Python {python}, pandas {version('pandas')}"


def wall_of(command: Sequence[str], rounds: int = 5) -> float:
    """Return the shortest time by the clock of a process, in seconds, of several rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(), check=True
        )
        times.append(time.perf_counter() - start)
    return min(times)
