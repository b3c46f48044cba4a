"""Bars over time: on a terminal only, with any name."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

#: A Tuesday.
START = datetime(2026, 8, 4, 4, tzinfo=UTC)
BARS = "▁▂▃▄▅▆▇█"


@pytest.fixture
def builds(tmp_path: Path) -> Path:
    """A file of builds: on each of four days two more than on the day before, of which one fails on the last."""
    lines: list[dict[str, Any]] = []
    for day in range(4):
        for number in range(2 * day + 1):
            created = START + timedelta(days=day, minutes=number)
            started = created + timedelta(minutes=day)
            lines.append(
                {
                    "id": f"88{len(lines):0>17}",
                    "builder": {"project": "p", "bucket": "ci", "builder": "b\x1b[31m"},
                    "status": "FAILURE" if (day, number) == (2, 0) else "SUCCESS",
                    "createTime": created.isoformat(),
                    "startTime": started.isoformat(),
                    "endTime": (started + timedelta(minutes=10)).isoformat(),
                }
            )
    path = tmp_path / "builds.json"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("args", "bars"),
    [
        (["summarize", "--by", "day"], "builds by day ▂▄▆█"),
        (["queue", "--by", "all", "--bucket", "1d"], "oldest wait, all: ▁▃▆█"),
        (["queue", "--by", "builder", "--bucket", "1d"], "oldest wait, p/ci/b\\x1b[31m: ▁▃▆█"),
        (["failures", "--by", "day"], "failed by day, 2026-08-04 to 2026-08-07 ▁▁█▁"),
        (["health"], "▁▁█▁"),
    ],
)
def test_bars(
    args: list[str], bars: str, builds: Path, on_terminal: Callable[..., Any], cli: Callable[..., Any]
) -> None:
    code, shown = on_terminal(args[0], builds, *args[1:])
    assert code == 0
    assert bars in shown
    done = cli(args[0], builds, *args[1:])
    assert done.code == 0
    assert not set(done.out) & set(BARS)


def test_no_bars_in_ascii(builds: Path, on_terminal: Callable[..., Any]) -> None:
    _, shown = on_terminal("failures", builds, "--by", "day", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert "failed by day" not in shown
    assert not set(shown) & set(BARS)
