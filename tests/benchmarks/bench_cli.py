"""Wall times of the command line, as a person at a prompt feels them: `make bench BENCH=-kcli`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

REAL = Path(__file__).parent.parent / "data" / "logs" / "win_xfa_component-9028843112359765808.txt"
ROUNDS = 9
COMMANDS = {
    "--help": ["--help"],
    "summarize (a page)": ["summarize", str(REAL)],
    "export (a page)": ["export", str(REAL)],
}


def bench_cli() -> None:
    """Print the median of each command; the first round fills the caches and does not count."""
    for name, args in COMMANDS.items():
        times = []
        for _ in range(ROUNDS + 1):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-m", "logparse", *args], stdout=subprocess.DEVNULL, check=True)
            times.append(time.perf_counter() - start)
        print(f"{name:20} {statistics.median(times[1:]) * 1e3:7.0f} ms")


if __name__ == "__main__":
    bench_cli()
