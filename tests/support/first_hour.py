"""The inputs of the first hour in Python."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LOGS = ROOT / "tests" / "data" / "logs"
PAGE = LOGS / "win_xfa_component-9028843112359765808.txt"

BUILDS = ROOT / "tests" / "data" / "builds" / "linux-rel-8927206632544641856.json"
