"""Builds read with logs and alone, and the tables that result."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from quick import quick
from saved import DATA, SAMPLES, V2_LOG

import logparse as lp

REAL_BUILD = DATA / "builds" / "linux-rel-8927206632544641856.json"


# --- builds ------------------------------------------------------------------------------------


def build_of(path: Path) -> dict[str, Any]:
    """What `bb get -A -json` would print for the build of a log, with a bot and steps made up."""
    logged = lp.parse(path).build
    assert logged is not None
    assert logged.created_at is not None
    day = logged.created_at.strftime("%Y-%m-%d")
    return {
        "id": logged.id,
        "builder": {"project": logged.project, "bucket": "ci", "builder": logged.builder},
        "number": 4711,
        "status": "SUCCESS",
        "createTime": logged.created_at.isoformat().replace("+00:00", "Z"),
        "startTime": f"{day}T23:00:00.250Z",
        "endTime": f"{day}T23:10:00.750Z",
        "updateTime": f"{day}T23:10:01Z",
        "infra": {
            "swarming": {
                "taskId": "53b8f7c2a1d0e010",
                "botDimensions": [
                    {"key": "id", "value": "vm-7"},
                    {"key": "os", "value": "Linux"},
                    {"key": "os", "value": "Ubuntu-18.04"},
                    {"key": "cores", "value": "8"},
                    {"key": "pool", "value": "ci"},
                ],
            }
        },
        "steps": [
            {"name": "setup", "status": "SUCCESS", "startTime": f"{day}T23:00:01Z", "endTime": f"{day}T23:00:03.5Z"},
            {"name": "compile", "status": "SUCCESS", "startTime": f"{day}T23:00:04Z", "endTime": f"{day}T23:09:04Z"},
            {"name": "compile|ninja", "status": "FAILURE", "startTime": f"{day}T23:00:05Z", "endTime": f"{day}T23:09:00Z", "summaryMarkdown": "x"},
            {"name": "never ran", "status": "CANCELED"},
        ],
    }  # fmt: skip


OTHER: dict[str, Any] = {
    "id": "8800000000000000001",
    "builder": {"project": "p", "bucket": "b", "builder": "alone"},
    "status": "FAILURE",
}


def write_builds(path: Path, builds: list[dict[str, Any]], form: str) -> Path:
    if form == "indented":
        path.write_text("\n".join(json.dumps(b, indent=2) for b in builds))
    elif form == "lines":
        path.write_text("".join(json.dumps(b) + "\n" for b in builds))
    elif form == "list":
        path.write_text(json.dumps(builds, indent=1))
    else:
        path.write_bytes(gzip.compress("".join(json.dumps(b) + "\n" for b in builds).encode()))
    return path


@pytest.mark.parametrize("form", quick(["lines"], ["indented", "lines", "list", "gzip"]))
def test_builds_add_what_the_log_lacks(tmp_path: Path, form: str) -> None:
    build = build_of(V2_LOG)
    path = write_builds(tmp_path / "builds.json", [build, OTHER], form)
    before, found = lp.load(V2_LOG), lp.load(V2_LOG, builds=[path])
    assert found.failures == []
    (old,), (row,) = before.invocations.to_dict("records"), found.invocations.to_dict("records")
    assert pd.isna(old["bot_id"])
    assert (row["bot_id"], row["swarming_task_id"], row["build_number"]) == ("vm-7", "53b8f7c2a1d0e010", 4711)
    assert row["run_s"] == 600.5
    assert row["overhead_s"] == pytest.approx(row["duration_s"] - 600.5, abs=1e-9)
    assert (row["bucket"], row["build_url"], row["status"]) == (
        old["bucket"],
        old["build_url"],
        old["status"],
    )
    builds = found.builds.set_index("build_id")
    assert list(builds.index) == [build["id"], OTHER["id"]]
    assert builds.loc[build["id"], "invocation_id"] == row["invocation_id"]
    assert pd.isna(builds.loc[OTHER["id"], "invocation_id"])
    assert (builds.loc[build["id"], "os"], builds.loc[build["id"], "cores"]) == ("Ubuntu-18.04", 8)
    assert builds.loc[build["id"], "source"] == str(path)
    steps = found.steps
    assert list(steps["name"]) == ["setup", "compile", "compile|ninja", "never ran"]
    assert list(steps["index"]) == [0, 1, 2, 3]
    assert steps["parent"].isna().tolist() == [True, True, False, True]
    assert steps["parent"][2] == "compile"
    assert steps["duration_s"].tolist()[:3] == [2.5, 540.0, 535.0]
    assert pd.isna(steps["duration_s"][3])
    (bot,) = found.bots.to_dict("records")
    assert (bot["bot_id"], bot["invocations"], bot["busy_s"], bot["os"]) == ("vm-7", 1, 600.5, "Ubuntu-18.04")
    assert set(found.builders["builder"]) == {row["builder"], "alone"}


def test_builds_alone() -> None:
    for found in (lp.load(REAL_BUILD), lp.load(builds=[REAL_BUILD])):
        assert (len(found.invocations), found.failures) == (0, [])
        (row,) = found.builds.to_dict("records")
        assert row["build_id"] == "8927206632544641856"
        value = json.loads(REAL_BUILD.read_text(encoding="utf-8"))
        assert len(found.steps) == len(value["steps"])
        assert set(found.steps["build_id"]) == {"8927206632544641856"}
        (bot,) = found.bots.to_dict("records")
        assert (bot["invocations"], bot["builds"], bot["bot_id"]) == (0, 1, row["bot_id"])
        assert bot["busy_s"] == row["run_s"]


def test_a_build_that_is_given_twice_is_counted_once(tmp_path: Path) -> None:
    path = write_builds(tmp_path / "b.json", [OTHER, OTHER], "lines")
    assert len(lp.load(path, path, builds=[path]).builds) == 1


def test_builds_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"a": 1}\n')
    found = lp.load(V2_LOG, builds=[path])
    assert [f.cause for f in found.failures] == ["holds no builds"]
    assert len(found.invocations) == 1


# --- the result --------------------------------------------------------------------------------


def test_a_dataset_names_its_tables() -> None:
    found = lp.load(V2_LOG)
    pd.testing.assert_frame_equal(found.table("polls"), found.polls)
    for name in ("poll", "", "records", "__class__"):
        with pytest.raises(KeyError):
            found.table(name)
    assert repr(found).startswith(
        "<Dataset: 1 invocation, 0 other builds, 0 failures; rows of tables: invocations 1,"
    )


@pytest.mark.slow
def test_the_order_of_files_changes_no_metric() -> None:
    paths = SAMPLES[:40]
    one, other = lp.load(*paths), lp.load(*reversed(paths))
    for name in ("bots", "builders", "jobs"):
        pd.testing.assert_frame_equal(one.table(name), other.table(name))
    rows = [t.invocations.sort_values("source").reset_index(drop=True) for t in (one, other)]
    pd.testing.assert_frame_equal(rows[0], rows[1])
