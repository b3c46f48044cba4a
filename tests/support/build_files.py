"""Files of builds."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import logparse as lp

CASES = Path(__file__).parent.parent / "data" / "cases"
LOGS = Path(__file__).parent.parent / "data" / "logs"


def load(text: str) -> lp.Dataset:
    """Return what a text holds, which must be the same as an input, with --builds, and beside a log."""
    text = text if text.endswith("\n") else f"{text}\n"
    found = lp.load(text)
    joined = lp.load(builds=[text])
    beside = lp.load(LOGS / "v2-2021-06" / "success_pubsub_0.log", text)
    for other in (joined, beside):
        assert [str(f) for f in other.failures] == [str(f) for f in found.failures]
        assert [str(f) for f in other.records.skipped] == [str(f) for f in found.records.skipped]
    pd.testing.assert_frame_equal(joined.builds, found.builds)
    assert set(found.builds["build_id"]) <= set(beside.builds["build_id"])
    assert len(beside.invocations) == 1
    return found


def problems(data: lp.Dataset) -> list[tuple[int | None, str]]:
    return [(f.line, f.cause) for f in data.failures]
