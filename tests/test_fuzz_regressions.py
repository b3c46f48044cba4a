"""Inputs that broke something once, most of them found by tests/fuzz, as readable texts."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quick import quick, quick_below

import logparse as lp
from logparse.buildbucket import MAX_NESTING, decode_payload
from logparse.records import Build, Invocation, Record

FUZZ = Path(__file__).parent / "fuzz"
check: Callable[..., list[Record]] = runpy.run_path(str(FUZZ / "invariants.py"))["check"]

LAUNCH = """\
[10:00:00.000] New invocation is queued and will start shortly
[10:00:01.000] Starting the invocation (attempt 1)
"""


def read(text: str) -> list[Any]:
    return check(text.encode(), frames=True)


@pytest.mark.parametrize("seed", quick_below(500, sorted((FUZZ / "corpus").iterdir())))
def test_seeds_hold(seed: Path) -> None:
    assert check(seed.read_bytes(), frames=True)


def test_seeds_stay_small() -> None:
    assert sum(seed.stat().st_size for seed in (FUZZ / "corpus").iterdir()) < 150_000


# --- values that an output cannot hold --------------------------------------------------------


def test_half_a_surrogate_pair_in_builds_becomes_a_replacement_character() -> None:
    (build,) = read(r'{"id": "1", "builder": {}, "output": {"properties": {"a": "\ud800", "\udc00b": 1}}}')
    assert build.properties == {"a": "\ufffd", "\ufffdb": 1}


def test_whole_surrogate_pairs_and_escaped_backslashes_stay() -> None:
    (build,) = read(
        r'{"id": "1", "builder": {}, "output": {"properties": {"a": "\ud83d\ude00 \\ud800 \uD800\ud83d\ude00"}}}'
    )
    assert build.properties == {"a": "\U0001f600 \\ud800 \ufffd\U0001f600"}


def test_half_a_surrogate_pair_in_a_payload_becomes_a_replacement_character() -> None:
    (invocation,) = read(
        LAUNCH
        + '[10:00:02.000] Buildbucket request:\n{"requestId": "1", "tags": [{"key": "a\\ud800", "value": "b"}]}\n'
    )
    assert invocation.tags == ["a\ufffd:b"]
    payload = decode_payload(r'{"a": "\udfff"} behind \udfff')
    assert (payload.value, payload.tail) == ({"a": "\ufffd"}, r" behind \udfff")


@pytest.mark.parametrize("number", quick([2**63], [2**63, -(2**63) - 1, 9_999_999_999_999_999_999, 10**25]))
def test_numbers_past_64_bits_are_unknown(number: int) -> None:
    (build,) = read(
        json.dumps({"id": "1", "builder": {}, "number": number, "infra": {"swarming": {"priority": number}}})
    )
    assert (build.number, build.priority) == (None, None)


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_numbers_of_64_bits_are_read(number: int) -> None:
    (build,) = read(json.dumps({"id": "1", "builder": {}, "number": str(number)}))
    assert build.number == number


def test_huge_counts_in_timer_ids_count_nothing() -> None:
    (invocation,) = read(
        '[10:00:00.000] Handling timer "check-a" (a/b:9028843112359765808:1:1)\n'
        "--- the log has been cut here ---\n"
        f'[10:00:01.000] Handling timer "check-a" (a/b:9028843112359765808:{"9" * 20}:1)\n'
    )
    assert invocation.cuts[0].lost_polls_max is None


# --- limits -----------------------------------------------------------------------------------


def nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize("levels", [MAX_NESTING + 1, 990, 5_000, 150_000])
def test_nested_payloads_are_a_finding_that_names_the_limit(levels: int) -> None:
    (invocation,) = read(LAUNCH + f"[10:00:02.000] Buildbucket request:\n{nested(levels)}\n")
    messages = [f.message for f in invocation.findings if f.code == "payload-undecodable"]
    assert messages == [f"the payload of build_requested is JSON nested deeper than {MAX_NESTING} levels"]


def test_nested_payloads_up_to_the_limit_are_read() -> None:
    assert decode_payload(nested(MAX_NESTING)).value is not None
    assert decode_payload(f"{nested(MAX_NESTING)} and more").value is not None
    assert decode_payload("[]" * MAX_NESTING).error == "JSON, but no object"


def test_nested_properties_are_a_finding_that_names_the_limit() -> None:
    page = f"Status: FAILED\nTriggered by: -\nIncoming properties\n{nested(5_000)}\nDebug log (UTC)\n{LAUNCH}"
    (invocation,) = read(page)
    messages = [f.message for f in invocation.findings if f.code == "properties-unreadable"]
    assert messages == [f"the page's properties are JSON nested deeper than {MAX_NESTING} levels"]


def test_nested_definitions_are_a_finding_that_names_the_limit() -> None:
    page = f"Status: FAILED\nTriggered by: -\nDefinition\n{'a{' * 5_000}\nDebug log (UTC)\n{LAUNCH}"
    (invocation,) = read(page)
    messages = [f.message for f in invocation.findings if f.code == "definition-unreadable"]
    assert messages == ["line 1, column 34 of the definition: nested deeper than 16 levels"]


@pytest.mark.parametrize("levels", [MAX_NESTING, 5_000, 200_000])
def test_nested_builds_are_an_error_that_names_the_limit(levels: int) -> None:
    text = '{"id": "1", "builder": {}}\n{"id": "2", "builder": {}, "output": ' + nested(levels) + "}\n"
    for data in (lp.load(text), lp.load(builds=[text])):
        (failure,) = data.failures
        assert str(failure) == (
            f"<text>:2: holds JSON nested deeper than {MAX_NESTING} levels; no build is; leave that object out"
        )


def test_a_file_above_the_limit_is_an_error_that_names_the_option(tmp_path: Path) -> None:
    path = tmp_path / "one-line.log"
    with path.open("wb") as file:
        file.truncate(2**30)
        file.write(b"[10:00:00.000] x")
    (failure,) = lp.load(path).failures
    assert str(failure) == f"{path}: is larger than 256 MiB; raise the limit with --max-size"


def test_a_bomb_is_an_error_that_names_the_option(tmp_path: Path) -> None:
    import bz2
    import gzip

    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bz2.compress(b"[10:00:00.000] x\n" * 150_000)))
    (failure,) = lp.load(path, max_bytes=2**20).failures
    assert str(failure) == f"{path}: expands to more than 1 MiB; raise the limit with --max-size"


def test_huge_integers_are_a_finding_that_names_the_limit() -> None:
    (invocation,) = read(LAUNCH + f'[10:00:02.000] Buildbucket request:\n{{"a": {"1" * 5_000}}}\n')
    (finding,) = [f for f in invocation.findings if f.code == "payload-undecodable"]
    assert "limit (4300 digits)" in finding.message


# --- extremes that are read -------------------------------------------------------------------


@pytest.mark.parametrize(
    "duration", ["99999999999999999999h", "-99999999999999999999h", "99999999999999999999h" * 500, "0"]
)
def test_durations_past_the_calendar_leave_times_unknown(duration: str) -> None:
    (invocation,) = read(
        LAUNCH + '[10:00:02.000] Handling timer "check-a" (a/b:9028843112359765808:1:1)\n'
        f"[10:00:03.000] Invocation finished in {duration} with status FAILED\n"
    )
    assert isinstance(invocation, Invocation)
    assert invocation.status == "FAILED"


def test_times_at_the_ends_of_the_calendar() -> None:
    (build,) = read(
        json.dumps(
            {
                "id": "1",
                "builder": {},
                "createTime": "0001-01-01T00:00:00+23:59",
                "startTime": "9999-12-31T23:59:59.999999999Z",
                "steps": [
                    {"name": "a", "startTime": "1000-01-01T00:00:00Z", "endTime": "9000-01-01T00:00:00Z"}
                ],
            }
        )
    )
    assert isinstance(build, Build)
    assert build.created_at is None
    assert build.steps[0].duration_s == 252_455_616_000.0
