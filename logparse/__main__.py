"""``python -m logparse``, and the script ``logparse``: the command line."""

from __future__ import annotations

import sys

try:
    import gc
    import signal
except KeyboardInterrupt:
    sys.exit(130)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and exit.

    An interrupt while modules are imported ends the process at once, without a traceback.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Records live until the end, so that garbage collections find nothing, and took a third of the time.
    gc.set_threshold(1_000_000, 20, 100)
    try:
        from logparse.cli import main as run
    except OSError as error:
        # No module can be opened where the system has no file descriptor left.
        sys.exit(f"logparse: {error.filename or 'import'}: {error.strerror or error}")
    run()


if __name__ == "__main__":
    main()
