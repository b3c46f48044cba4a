"""Tables to draw: of any number of rows, of names that a log may hold, and of few known values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from logparse.batches.arrow import frame
from logparse.columns import TABLES

START = datetime(2021, 3, 1, tzinfo=UTC)
PHASES = ("scheduler_wait_s", "launch_s", "pending_s", "run_s", "finish_lag_s")
#: Names that a log may hold: long, of several scripts, with control and direction marks, formulas, glyphs missing.
HOSTILE = (
    "x" * 300,
    "$\\frac{1}{0}$ and $x^2$",
    "$",
    "שלום עולם/بناء " * 5,
    "\x1b[31mred\x00\n\r\t\u202e\u2066name",
    "漢字 🚀 \ud800",
    "%s {0} \\n \\textbf{x} _a^b",
    " ",
)
_STATUSES = ("SUCCESS", "SUCCESS", "FAILURE", "INFRA_FAILURE", "CANCELED")


class Tables(NamedTuple):
    """The tables that charts are drawn from."""

    invocations: pd.DataFrame
    polls: pd.DataFrame
    builds: pd.DataFrame


def table(name: str, *rows: dict[str, Any]) -> pd.DataFrame:
    """Return a table of which only these values are known."""
    unknown = dict.fromkeys((column.name for column in TABLES[name]), None)
    return frame([{**unknown, **row} for row in rows], TABLES[name])


def invocations(count: int, names: tuple[str, ...] = ("p/a", "p/b", "q/c")) -> pd.DataFrame:
    """Return a table of `count` invocations, one every seven hours, with spread durations."""
    random = np.random.default_rng(1)
    rows = []
    for i in range(count):
        parts = dict(zip(PHASES, random.lognormal((0, -1, 2, 6, 0), 1.0), strict=True))
        name = names[i % len(names)]
        rows.append(
            {
                **parts,
                "invocation_id": f"9{i:018d}" if names[0][0] == "p" else name,
                "job_id": name,
                "project": "p",
                "bucket": "ci",
                "builder": name,
                "builder_id": name,
                "bot_id": name,
                "status": "FAILED" if i % 4 == 3 else "SUCCEEDED",
                "error": name if i % 4 == 3 else None,
                "created_at": START + timedelta(hours=7 * i),
                "duration_s": sum(parts.values()),
                "queue_latency_s": sum(parts[phase] for phase in PHASES[:3]),
            }
        )
    return table("invocations", *rows)


def polls(count: int, number: str = "1") -> pd.DataFrame:
    """Return a table of `count` status checks, one a minute."""
    random = np.random.default_rng(2)
    rows = []
    for i in range(count):
        due, late = START + timedelta(minutes=i), float(random.normal(0.1, 0.05))
        rows.append(
            {
                "invocation_id": number,
                "seq": i + 1,
                "source": "pubsub" if i % 10 == 9 else "timer",
                "due_at": None if i % 10 == 9 else due,
                "handled_at": due + timedelta(seconds=late),
                "lateness_s": None if i % 10 == 9 else late,
                "rpc_s": None if i % 50 == 20 else float(random.lognormal(-1, 0.5)),
            }
        )
    return table("polls", *rows)


def builds(count: int, names: tuple[str, ...] = ("p/a", "p/b", "q/c")) -> pd.DataFrame:
    """Return a table of `count` builds, one every nine minutes, on a bot for each name."""
    random = np.random.default_rng(3)
    rows = []
    for i in range(count):
        created, name = START + timedelta(minutes=9 * i), names[i % len(names)]
        started = created + timedelta(seconds=float(random.lognormal(2, 1)))
        rows.append(
            {
                "build_id": f"8{i:018d}",
                "builder_id": name,
                "bot_id": name,
                "pool": name,
                "status": _STATUSES[i % len(_STATUSES)],
                "created_at": created,
                "started_at": started,
                "completed_at": started + timedelta(seconds=float(random.lognormal(6, 0.7))),
            }
        )
    return table("builds", *rows)


def tables(count: int, names: tuple[str, ...] = ("p/a", "p/b", "q/c")) -> Tables:
    """Return tables of `count` rows."""
    return Tables(invocations(count, names), polls(count), builds(count, names))
