"""One build in several spellings gives equal records."""

from __future__ import annotations

import json
from typing import Any

import pytest
from builds import V1, V2, at, build
from hypothesis import given
from hypothesis import strategies as st

STATUS_NUMBERS = {"SUCCESS": 12, "FAILURE": 20, "INFRA_FAILURE": 36}

#: Objects whose keys the build's owner chose: protobuf does not spell them.
FREE = {"properties"}


def snake(key: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in key)


def respelled(value: Any, spell: Any, numbers: bool, strings: bool) -> Any:
    """Return a build of version 2 as another protobuf writer would write it."""
    if isinstance(value, list):
        return [respelled(v, spell, numbers, strings) for v in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for key, inner in value.items():
        made = inner if key in FREE else respelled(inner, spell, numbers, strings)
        if numbers and key == "status":
            made = STATUS_NUMBERS[inner]
        elif numbers and key == "critical":
            made = 2
        elif key in ("id", "number") and str(inner).isdigit():
            made = str(inner) if strings else int(inner)
        out[spell(key)] = made
    return out


@given(st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["bare", "wrapped", "large"]))
def test_spellings_give_equal_records(snakes: bool, numbers: bool, strings: bool, wrap: str) -> None:
    value = respelled(V2, snake if snakes else str, numbers, strings)
    if wrap != "bare":
        value = {"build": value, **({"buildLargeFields": "eJwDAAAAAAE="} if wrap == "large" else {})}
    assert build(json.loads(json.dumps(value))) == build(V2)


def test_the_wrapper_does_not_decide_the_dialect() -> None:
    assert build({"build": V2}) == build(V2)
    assert build(V1) == build({"build": V1})
    sparse = {
        "id": "8967400000000000016",
        "bucket": "luci.acme.ci",
        "status": "SCHEDULED",
        "tags": ["builder:x"],
    }
    assert (build(sparse).bucket, build(sparse).builder, build(sparse).status) == (
        "luci.acme.ci",
        "x",
        "SCHEDULED",
    )


@pytest.mark.parametrize(
    ("written", "status"),
    [(1, "SCHEDULED"), (2, "STARTED"), (12, "SUCCESS"), ("20", "FAILURE"), (36, "INFRA_FAILURE"),
     (68, "CANCELED"), ("CANCELED", "CANCELED"), (0, None), ("STATUS_UNSPECIFIED", None), (99, "99")],
)  # fmt: skip
def test_statuses(written: Any, status: str | None) -> None:
    assert build({"id": "1", "status": written}).status == status
    assert build({"id": "1", "steps": [{"status": written}]}).steps[0].status == status


@pytest.mark.parametrize(
    ("written", "critical"),
    [("YES", True), (1, True), ("NO", False), (2, False), ("UNSET", None), (0, None), (False, False)],
)
def test_critical(written: Any, critical: bool | None) -> None:
    assert build({"id": "1", "critical": written}).critical is critical


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("21600s", 21600.0), ("1.5s", 1.5), ("0.000000001s", 1e-9), (30, 30.0), ("600", 600.0), ("0s", None), (0, None),
     ({"seconds": "90", "nanos": 500_000_000}, 90.5), ("6h", None), ("1" * 5_000 + "s", None), (True, None), ([], None)],
)  # fmt: skip
def test_durations(written: Any, seconds: float | None) -> None:
    assert build({"id": "1", "executionTimeout": written}).execution_timeout_s == seconds


@pytest.mark.parametrize(
    "zero", ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z", "0001-01-01T00:00:00Z", "0001-12-31T00:00:00Z",
             "0", 0, "", "-62135596800000000", {"seconds": "0"}, {}]
)  # fmt: skip
def test_zero_times_are_unset(zero: Any) -> None:
    times = {"createTime": zero, "startTime": zero, "endTime": zero, "updateTime": zero}
    step = {"name": "a", "startTime": zero, "endTime": "2024-06-03T09:00:05Z"}
    for found in (
        build({"id": "1", **times, "steps": [step]}),
        build({"id": "1", "created_ts": zero, "started_ts": zero, "completed_ts": zero, "updated_ts": zero}),
    ):
        assert (found.created_at, found.started_at, found.completed_at, found.updated_at) == (None,) * 4
        assert [(s.started_at, s.duration_s) for s in found.steps] in ([], [(None, None)])


@pytest.mark.parametrize(
    "written", ["2024-06-03 09:00:05 UTC", "2024-06-03 09:00:05+00:00", {"seconds": 1717405205}]
)
def test_times_of_other_writers(written: Any) -> None:
    assert build({"id": "1", "start_time": written}).started_at == at("2024-06-03T09:00:05")
