"""Ids that carry time, against what the engine and Buildbucket knew, and against hand-made ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logparse.values.ids import (
    TimerId,
    build_created_us,
    invocation_created_us,
    parse_timer_id,
    split_job_id,
)

TRUTHS = sorted((Path(__file__).parent / "data" / "logs").glob("*/*.truth.json"))


def us(moment: str) -> int:
    return (datetime.fromisoformat(moment) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def read(path: Path) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return truth


def test_the_real_page() -> None:
    """Its first entry is of 04:33:59.106, and Buildbucket says created_ts 1605587640426630."""
    assert invocation_created_us("9028843112359765808") == us("2020-11-17T04:33:59.089Z")
    created = build_created_us("8863413050310585040")
    assert created is not None
    assert 0 <= 1_605_587_640_426_630 - created < 1000


@pytest.mark.parametrize("path", TRUTHS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_the_samples(path: Path) -> None:
    truth = read(path)
    created = invocation_created_us(truth["invocation_id"])
    assert created is not None
    assert abs(us(truth["started"]) - created) < 1_000_000
    if "build_id" in truth and "build_created" in truth:
        created = build_created_us(truth["build_id"])
        assert created is not None
        assert abs(us(truth["build_created"]) - created) < 1_000_000


def test_there_are_samples() -> None:
    assert sum("build_created" in read(path) for path in TRUTHS) > 30


def test_the_first_and_the_last_millisecond() -> None:
    top = (1 << 63) - 1
    assert invocation_created_us(str(top)) == us("2015-01-01T00:00:00Z")
    assert invocation_created_us(str(top - 1)) == us("2015-01-01T00:00:00Z")
    assert invocation_created_us(str(top - (1 << 20))) == us("2015-01-01T00:00:00.001Z")
    # Builds count from 2010, and none is older than the scheduler.
    years = (us("2015-01-01T00:00:00Z") - us("2010-01-01T00:00:00Z")) // 1000
    assert build_created_us(str(top - (years << 20))) == us("2015-01-01T00:00:00Z")
    assert build_created_us(str(top - ((years - 1) << 20))) is None
    end = (us("2050-01-01T00:00:00Z") - us("2015-01-01T00:00:00Z")) // 1000
    assert invocation_created_us(str(top - (end << 20))) == us("2050-01-01T00:00:00Z")
    assert invocation_created_us(str(top - ((end + 1) << 20))) is None
    assert invocation_created_us(str(top - (1 << 62))) is None  # the highest bit of the milliseconds


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "0",
        "12345",
        "-9028843112359765808",
        "+9028843112359765808",
        "9028843112359765808 ",
        "9_028_843_112_359_765_808",
        "٩028843112359765808",
        "²028843112359765808",
        "0x7d4cbb33c6c31b30",
        "9223372036854775808",  # 1 << 63
        "18446744073709551615",
        "9" * 30,
        "1000000000000000",
    ],
)
def test_other_ids_tell_no_time(identifier: str) -> None:
    assert invocation_created_us(identifier) is None
    assert build_created_us(identifier) is None


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2049, 12, 31), timezones=st.just(UTC)),
    st.integers(0, (1 << 20) - 1),
)
def test_any_time_is_found_in_its_id(moment: datetime, suffix: int) -> None:
    ms = (moment - datetime(2015, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    identifier = ~(ms << 20 | suffix) & ((1 << 63) - 1)
    assert invocation_created_us(str(identifier)) == us("2015-01-01T00:00:00Z") + ms * 1000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p/j:123:4:0", TimerId("p/j", "123", 4, 0)),
        (
            "pdfium/Win7 Tests (dbg)(1):9028843112359765808:12:3",
            TimerId("pdfium/Win7 Tests (dbg)(1)", "9028843112359765808", 12, 3),
        ),
        ("p/a:b:1:2:3", TimerId("p/a:b", "1", 2, 3)),
        ("p/j:1:2", None),
        ("p/j:1:2:x", None),
        ("p/j:1:-2:3", None),
        ("p/j:١:2:3", None),
        ("p/j:1:2:3 ", None),
        ("p/j:1:2:" + "3" * 21, None),
        ("", None),
    ],
)
def test_timer_ids(text: str, expected: TimerId | None) -> None:
    assert parse_timer_id(text) == expected


@given(st.text(), st.integers(0, 10**19), st.integers(0, 10**9), st.integers(0, 10**9))
def test_timer_ids_survive_writing_and_reading(job: str, invocation: int, mutation: int, index: int) -> None:
    text = f"{job}:{invocation}:{mutation}:{index}"
    assert parse_timer_id(text) == TimerId(job, str(invocation), mutation, index)


@pytest.mark.parametrize(
    ("job_id", "parts"),
    [("p/j", ("p", "j")), ("p/a/b", ("p", "a/b")), ("j", (None, "j")), ("/j", ("", "j")), ("", (None, ""))],
)
def test_job_ids(job_id: str, parts: tuple[str | None, str]) -> None:
    assert split_job_id(job_id) == parts
