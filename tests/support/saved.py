"""The given logs as people save them, and records to compare."""

from __future__ import annotations

from pathlib import Path

DATA = Path(__file__).parent.parent / "data"
LOGS = DATA / "logs"
PAGE = LOGS / "win_xfa_component-9028843112359765808.txt"

V2_LOG = LOGS / "v2-2021-06" / "success_timer_only_1.log"

SAMPLES = [PAGE, *sorted(LOGS.glob("*/*.log"))]
