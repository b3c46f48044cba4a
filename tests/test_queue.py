"""The queue over time: exact sweeps, held to a count of every second."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from commands import LOGS, REAL
from hypothesis import given
from hypothesis import strategies as st

import logparse as lp
from logparse.analysis import queue
from logparse.analysis.queue import columns_of
from logparse.batches.arrow import frame
from logparse.columns import TABLES

START = datetime(2020, 11, 17, 4, 0, tzinfo=UTC)
WIDTH = 10


def at(second: float | None) -> datetime | None:
    return None if second is None else START + timedelta(seconds=second)


def builds(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return a table of builds, whose times are seconds after `START`."""
    made = []
    for number, row in enumerate(rows):
        times = {
            f"{name}_at": at(row.pop(name, None)) for name in ("created", "started", "completed", "updated")
        }
        made.append({"build_id": str(number), "builder_id": "p/ci/b", **times, **row})
    return frame(made, TABLES["builds"])


def test_three_builds_by_hand() -> None:
    data = builds(
        {"created": 0, "started": 5, "completed": 15, "bot_id": "one"},
        {"created": 2, "started": 12, "completed": 14, "bot_id": "two"},
        # It never starts: it waits until it is canceled.
        {"created": 3, "completed": 23},
    )
    made = queue(data, bucket_s=WIDTH)
    assert [*made.columns] == [column.name for column in columns_of("builder")]
    assert list(made["time"]) == [pd.Timestamp(START + timedelta(seconds=s)) for s in (0, 10, 20)]
    assert list(made["arrived"]) == [3, 0, 0]
    assert list(made["started"]) == [1, 1, 0]
    assert list(made["completed"]) == [0, 2, 1]
    # From 0 to 10 the builds wait 5, 8 and 7 s; then 2 and 10 s; then 3 s.
    assert list(made["waiting_mean"]) == [2.0, 1.2, 0.3]
    assert list(made["waiting_max"]) == [3, 2, 1]
    assert list(made["oldest_wait_s"]) == [8.0, 17.0, 20.0]
    assert list(made["running_mean"]) == [0.5, 0.7, 0.0]
    assert list(made["running_max"]) == [1, 2, 0]
    assert list(made["bots"]) == [1, 2, 0]


def test_a_build_that_has_not_ended_counts_to_the_end_of_the_table_and_to_its_timeout() -> None:
    data = builds(
        {"created": 0, "updated": 40},
        {"created": 0, "scheduling_timeout_s": 15.0},
        {"created": 0, "started": 0, "execution_timeout_s": 25.0},
    )
    made = queue(data, bucket_s=WIDTH)
    assert list(made["waiting_mean"]) == [2.0, 1.5, 1.0, 1.0]
    assert list(made["running_mean"]) == [1.0, 1.0, 0.5, 0.0]
    long = builds(
        {"created": 0}, {"created": 0, "started": 0}, {"created": 9 * 3600, "completed": 9 * 3600 + 1}
    )
    hours = queue(long)
    assert list(hours["waiting_max"]) == [1] * 6 + [1]
    assert list(hours["running_max"]) == [1] * 3 + [0] * 4


def test_a_bucket_without_anything_has_no_row() -> None:
    made = queue(
        builds({"created": 0, "started": 1, "completed": 2}, {"created": 55, "started": 56, "completed": 57}),
        bucket_s=WIDTH,
    )
    assert list(made["time"]) == [pd.Timestamp(START), pd.Timestamp(START + timedelta(seconds=50))]


def test_keys() -> None:
    data = builds(
        {"created": 0, "started": 1, "completed": 2, "requested_pool": "a", "pool": "z", "project": "x"},
        {"created": 0, "started": 1, "completed": 2, "pool": "b", "project": "x"},
        {"created": 0, "started": 1, "completed": 2},
    )
    assert list(queue(data, "pool")["pool"]) == ["a", "b"]
    assert list(queue(data, "project")["arrived"]) == [2]
    whole = queue(data, "all")
    assert list(whole["arrived"]) == [3]
    assert [*whole.columns] == [column.name for column in columns_of("all")]


def test_odd_and_unknown_times_are_left_out() -> None:
    data = builds(
        {"created": 0, "started": 1, "completed": 2},
        {"started": 1, "completed": 2},
        {"created": -1_000_000_000, "started": 1, "completed": 2},
        # Buildbucket's clock can step back a little. No time is negative.
        {"created": 1, "started": 0.5, "completed": 2},
    )
    made = queue(data, bucket_s=WIDTH)
    assert list(made["arrived"]) == [2]
    assert list(made["waiting_mean"]) == [0.1]
    assert list(made["running_mean"]) == [0.25]


def test_no_builds() -> None:
    for empty in (pd.DataFrame(), builds(), builds({"started": 1})):
        made = queue(empty)
        assert made.empty
        assert [*made.columns] == [column.name for column in columns_of("builder")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"by": "bot"}, "'bot' is not a key"),
        ({"bucket_s": 0}, "a bucket of 0 s"),
        ({"bucket_s": 1e9}, "a bucket of 1e"),
        ({"bucket_s": 1}, "longer buckets"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], said: str) -> None:
    data = builds(
        {"created": 0, "started": 1, "completed": 2}, {"created": 3e7, "started": 3e7, "completed": 3e7}
    )
    with pytest.raises(lp.UsageError, match=said):
        queue(data, **arguments)


def test_another_table_is_refused() -> None:
    with pytest.raises(lp.UsageError, match="builds"):
        queue(lp.load(REAL).polls)


# --- held to a count of every second ------------------------------------------------------------

SPANS = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.one_of(st.none(), st.integers(0, 25)),
        st.integers(0, 25),
        st.sampled_from(["one", "two", None]),
    ),
    min_size=1,
    max_size=6,
)


def brute(spans: list[tuple[int, int | None, int, str | None]]) -> dict[int, dict[str, float]]:
    """Return the same by looking at each second: all times are whole seconds."""
    waits = [(c, c + (w if w is not None else r)) for c, w, r, _ in spans]
    runs = [(c + w, c + w + r, bot) for c, w, r, bot in spans if w is not None]
    made: dict[int, dict[str, float]] = {}
    for bucket in range(0, 120, WIDTH):
        seconds = range(bucket, bucket + WIDTH)
        waiting = [sum(s <= t < e for s, e in waits) for t in seconds]
        running = [sum(s <= t < e for s, e, _ in runs) for t in seconds]
        ages = [min(e, bucket + WIDTH) - s for s, e in waits if s < e and s < bucket + WIDTH and e > bucket]
        row: dict[str, float] = {
            "arrived": sum(c in seconds for c, _, _, _ in spans),
            "started": sum(s in seconds for s, _, _ in runs),
            "completed": sum((c + (w or 0) + r) in seconds for c, w, r, _ in spans),
            "waiting_mean": sum(waiting) / WIDTH,
            "waiting_max": max(waiting),
            "oldest_wait_s": max(ages, default=0),
            "running_mean": sum(running) / WIDTH,
            "running_max": max(running),
            "bots": len({b for s, e, b in runs if b and s < e and s < bucket + WIDTH and e > bucket}),
        }
        if any(row[name] for name in ("arrived", "started", "completed", "waiting_max", "running_max")):
            made[bucket] = row
    return made


@given(SPANS)
def test_a_count_of_every_second(spans: list[tuple[int, int | None, int, str | None]]) -> None:
    rows = [
        {
            "created": c,
            "started": None if w is None else c + w,
            "completed": c + (w or 0) + r,
            "bot_id": bot,
        }
        for c, w, r, bot in spans
    ]
    made = queue(builds(*rows), bucket_s=WIDTH)
    found = {
        int((row["time"] - pd.Timestamp(START)).total_seconds()): {
            name: 0.0 if pd.isna(row[name]) else float(row[name]) for name in made.columns[2:]
        }
        for row in made.to_dict("records")
    }
    assert found == brute(spans)


# --- the command --------------------------------------------------------------------------------


def test_the_command_as_csv_and_json(cli: Callable[..., Any]) -> None:
    done = cli("queue", LOGS / "v1-2020-11", "--by", "all", "--bucket", "1d", "--format", "csv")
    assert done.code == 0
    expected = queue(lp.load(LOGS / "v1-2020-11").builds, "all", bucket_s=86_400)
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [int(row["arrived"]) for row in rows] == list(expected["arrived"])
    assert [float(row["waiting_mean"]) for row in rows] == list(expected["waiting_mean"])
    done = cli("queue", REAL, "--by", "pool", "--format", "json")
    (row,) = map(json.loads, done.out.splitlines())
    # The build of the real page waited 4.323291 s.
    assert (row["time"], row["oldest_wait_s"], row["bots"]) == ("2020-11-17T04:00:00.000000Z", 4.323291, 1)


def test_a_table_shows_the_longest_waits(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = cli("queue", LOGS / "v1-2020-11", "--top", "3")
    assert done.code == 0
    assert "3 of" in done.err
    lines = done.out.splitlines()
    assert lines[0].split()[:4] == ["builder", "time", "(UTC)", "oldest"]
    assert len(lines) == 2 + 3 + 1
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("bucket", ["0", "-1h", "fast", ""])
def test_a_wrong_bucket(bucket: str, cli: Callable[..., Any]) -> None:
    assert cli("queue", REAL, f"--bucket={bucket}").code == 2
