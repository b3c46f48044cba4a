"""Seams: what several builds, copies and groups add up to, and lists of builds with gaps."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

import logparse as lp

DATA = Path(__file__).parent / "data"
CASES = DATA / "cases"

#: An id of 2024-06-03T09:00:00Z.
ID = "8911593901609975807"
TAGS = [
    {"key": "scheduler_invocation_id", "value": ID},
    {"key": "scheduler_job_id", "value": "acme/job"},
]
#: A build's id of 2024-06-03T09:00:02Z. A smaller one is of a later time.
BUILD_ID = 8746163838866423807


def v2(age: int = 0, **more: Any) -> dict[str, Any]:
    """A build of acme/ci/b that ran for 4 seconds."""
    return {
        "id": str(BUILD_ID - age),
        "builder": {"project": "acme", "bucket": "ci", "builder": "b"},
        "status": "SUCCESS",
        "createTime": "2024-06-03T09:00:02Z",
        "startTime": "2024-06-03T09:00:05Z",
        "endTime": "2024-06-03T09:00:09Z",
        **more,
    }


def both_doors(text: str) -> list[lp.Dataset]:
    """What a text is as an input and as a file of builds."""
    return [lp.load(text.encode()), lp.load(builds=[text.encode()])]


# --- lists with gaps --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([v2(0), None, v2(1)]),
        json.dumps([None, v2(0), 3, v2(1)]),
        json.dumps([[v2(0)], [None, v2(1)]]),
        json.dumps({"builds": [None, v2(0), v2(1)]}),
        json.dumps({"responses": [{"getBuild": v2(0)}, None, {"getBuild": v2(1)}]}, indent=2),
        json.dumps([v2(0), -1.5e3, v2(1)]),
        json.dumps([True, 'a \\ " b', v2(0), v2(1)]),
    ],
)
def test_a_list_with_an_element_that_is_not_an_object_keeps_its_builds(text: str) -> None:
    for data in both_doors(text):
        assert set(data.builds["build_id"]) == {str(BUILD_ID), str(BUILD_ID - 1)}
        assert data.failures == []
        (note,) = data.records.skipped
        assert note.cause.startswith("elements of lists that are not builds: ")


def test_a_warning_in_brackets_is_not_a_list() -> None:
    text = f"[2024, warning] no cache\n{json.dumps(v2(0))}\n[09:00:00.000] x\n{json.dumps(v2(1))}\n"
    for data in both_doors(text):
        assert len(data.builds) == 2
        assert (data.failures, len(data.records.skipped)) == ([], 1)


@pytest.mark.parametrize("text", ['"id","json"\n', json.dumps(json.dumps(v2())), "[null]", "x\ty\n"])
def test_a_file_of_builds_without_builds_is_a_failure(text: str) -> None:
    for data in both_doors(text):
        assert len(data.failures) == 1
        assert len(data.builds) == 0


# --- names of builders ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("builder", "expected"),
    [
        ({"bucket": "ci", "builder": "b"}, "ci/b"),
        ({"builder": "b"}, "b"),
        ({"project": "p", "builder": "b"}, "p/b"),
        ({"project": "p", "bucket": "ci.shadow", "builder": "b"}, "p/ci.shadow/b"),
        ({"project": "p", "bucket": "ci"}, None),
    ],
)
def test_a_part_that_version_2_leaves_out_is_not_the_jobs(
    builder: dict[str, str], expected: str | None
) -> None:
    data = lp.load(json.dumps(v2(builder=builder, tags=TAGS)).encode())
    for table in (data.invocations, data.builds):
        (found,) = table["builder_id"].astype(object).where(table["builder_id"].notna(), None)
        assert found == expected


# --- builds that name one invocation ----------------------------------------------------------


def test_without_times_the_earliest_build_is_that_of_the_earliest_id() -> None:
    """A build's id is smaller the later it was created."""
    first, retry = (v2(age, tags=TAGS, createTime=None) for age in (0, 10**9))
    for texts in ((first, retry), (retry, first)):
        data = lp.load(*(json.dumps(build).encode() for build in texts))
        assert list(data.invocations["build_id"]) == [first["id"]]
        assert list(data.findings["code"]) == ["tag-copied"]


def test_an_id_of_a_day_later_shows_a_copied_tag() -> None:
    later = v2(25 * 3_600_000 << 20, tags=TAGS, createTime=None)
    data = lp.load(json.dumps(later).encode())
    assert len(data.invocations) == 0
    assert list(data.findings["code"]) == ["tag-copied"]


# --- odd values of invocations that only builds show ------------------------------------------


def test_an_odd_end_is_not_when_a_group_was_last_seen() -> None:
    odd = v2(1, tags=[{"key": "scheduler_invocation_id", "value": str(int(ID) - (1000 << 20))}])
    odd["endTime"] = "2074-01-01T00:00:00Z"
    data = lp.load(json.dumps([v2(0, tags=TAGS), odd]).encode())
    (group,) = data.builders.to_dict("records")
    assert (group["invocations"], group["succeeded"], group["odd"], group["busy_s"]) == (2, 2, 1, 4.0)
    assert group["last_seen"].isoformat() == "2024-06-03T09:00:09+00:00"


def test_a_queue_latency_with_an_odd_wait_is_left_out() -> None:
    """The start is odd, and the queue latency ends with it."""
    odd = v2(1, tags=[{"key": "scheduler_invocation_id", "value": str(int(ID) - (1000 << 20))}])
    odd["startTime"] = "2024-06-03T07:00:00Z"
    data = lp.load(json.dumps([v2(0, tags=TAGS), odd]).encode())
    (group,) = data.builders.to_dict("records")
    assert (group["queue_latency_mean_s"], group["queue_latency_max_s"]) == (5.0, 5.0)
    assert sorted(data.invocations["queue_latency_s"]) == [-7201.0, 5.0]


def test_a_queue_latency_beside_an_odd_creation_of_the_build_counts() -> None:
    """The build's creation is odd, and the queue latency does not depend on it."""
    odd = v2(0, tags=TAGS, createTime="2024-06-03T10:00:00Z")
    (group,) = lp.load(json.dumps(odd).encode()).builders.to_dict("records")
    assert (group["queue_latency_mean_s"], group["odd"]) == (5.0, 1)


def test_a_finding_about_an_invocation_from_a_build_has_its_line() -> None:
    odd = v2(0, tags=TAGS, startTime="2024-06-03T08:00:00Z")
    data = lp.load((json.dumps(v2(5)) + "\n" + json.dumps(odd) + "\n").encode())
    (found,) = data.findings.to_dict("records")
    assert (found["code"], found["line"], found["invocation_id"]) == ("odd-value", 2, ID)


# --- logs whose build names the invocation ----------------------------------------------------

LOG = CASES / "builds-file-older-than-log.log"


def test_a_log_without_an_id_has_the_one_that_its_build_names() -> None:
    """The log's beginning, which has the request, is lost."""
    whole = LOG.read_text()
    tail = whole[whole.index("[09:00:02.000] Scheduled build:") :]
    build = json.dumps(
        v2(0, tags=[TAGS[0], {"key": "scheduler_job_id", "value": "acme/probe-linux"}])
    ).encode()
    pairs: list[list[str | bytes]] = [[tail, build], [build, tail]]
    for inputs in pairs:
        (row,) = lp.load(*inputs).invocations.to_dict("records")
        assert (row["invocation_id"], row["id_from"], row["job_id"]) == (ID, "tag", "acme/probe-linux")
        assert (row["origin"], row["status"], row["duration_s"]) == ("both", "SUCCEEDED", 127.0)
        assert (row["queue_latency_s"], row["launch_wait_s"]) == (5.0, 2.0)
    given: list[str | bytes] = [tail, whole, build]
    for three in permutations(given):
        (row,) = lp.load(*three).invocations.to_dict("records")
        assert (row["invocation_id"], row["repeats"], row["attempts"]) == (ID, 1, 1)


def test_a_logs_own_build_names_the_invocation() -> None:
    page = (DATA / "logs" / "win_xfa_component-9028843112359765808.txt").read_text()
    end = page[page.rindex("[", 0, page.rindex("Buildbucket build:")) :]
    found = lp.parse(end)
    assert (found.invocation_id, found.id_from) == ("9028843112359765808", "tag")
    assert found.job_id == "pdfium/win_xfa_component"


def test_copies_that_name_two_builds_do_not_mix_them() -> None:
    """The copy that counts names no build, and each of two others names another one."""
    start = LOG.read_text()[: LOG.read_text().index("[09:00:02.000] Scheduled build:")]
    finished = (
        start + "[09:00:02.000] Fatal error when launching - boom\n"
        "[09:00:03.000] Invocation finished in 3s with status FAILED\n"
    )
    first, second = (
        start + "[09:00:02.000] Scheduled build:\n" + json.dumps(build, indent=2) + "\n"
        for build in (
            v2(0, number=7, status="SCHEDULED", startTime=None, endTime=None),
            v2(9, status="SCHEDULED", startTime=None, endTime=None, viewUrl="https://other/"),
        )
    )
    for inputs in permutations((finished, first, second)):
        data = lp.load(*inputs)
        (row,) = data.invocations.to_dict("records")
        assert (row["status"], row["repeats"]) == ("FAILED", 2)
        (build,) = data.builds.to_dict("records")
        assert (build["build_id"] == str(BUILD_ID)) == (build["build_number"] == 7)
        assert list(data.findings["code"]).count("copies-disagree") == 0


def test_a_disagreement_of_two_logs_names_both(tmp_path: Path) -> None:
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    first.write_text(LOG.read_text())
    second.write_text(LOG.read_text().replace('"number": 5', '"number": 6'))
    (found,) = lp.load(second, first).findings.to_dict("records")
    assert found["code"] == "copies-disagree"
    for path, number in ((first, 5), (second, 6)):
        assert f"{number} in {path}" in found["message"]
