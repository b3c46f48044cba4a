"""Run the command that the arguments are; write its processor time, wall time and peak memory to stderr."""

from __future__ import annotations

import resource
import subprocess
import sys
import time


def main() -> int:
    """Run the command, write ``cpu wall peak`` in seconds and bytes, return its exit code."""
    start = time.perf_counter()
    code = subprocess.run(sys.argv[1:], check=False).returncode
    wall = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Linux counts ru_maxrss in KiB, macOS in bytes.
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"\n{used.ru_utime + used.ru_stime:.3f} {wall:.3f} {peak}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
