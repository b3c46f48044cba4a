"""Settings that make every run of the tests alike."""

from __future__ import annotations

import os

from hypothesis import settings

# The caller's terminal must not color or wrap output. A backend set here would reach the notebooks' kernels
# and keep their charts from showing; without one, Matplotlib needs no display.
for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "NO_COLOR", "COLUMNS", "LINES", "MPLBACKEND"):
    os.environ.pop(name, None)

# A shared machine is slow at random, so that time is no reason to fail; CI must give one answer for one tree.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
