"""One thing counts once: copies, joins in any order, and invocations that only builds show."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from msgspec import structs

import logparse as lp
from logparse.checks import CODES
from logparse.columns import TABLES
from logparse.joins import join
from logparse.merge import Copy
from logparse.reading import read_parts
from logparse.records import Bot, Build
from logparse.sources import Source
from logparse.tables import Records, Row, rows

DATA = Path(__file__).parent / "data"
LOGS, CASES = DATA / "logs", DATA / "cases"
PAGE = LOGS / "win_xfa_component-9028843112359765808.txt"
MONDAY, TUESDAY = (CASES / f"same-build-twice.{day}.json" for day in ("1-monday", "2-tuesday"))
LOG, BUILDS = (CASES / f"builds-file-older-than-log.{end}" for end in ("log", "builds.json"))

#: An id of 2024-06-03T09:00:00Z.
ID = "8911593901609975807"
CREATED = "2024-06-03T09:00:0{}.000000Z"


def one(data: pd.DataFrame) -> dict[str, Any]:
    (row,) = data.to_dict("records")
    return {str(k): None if v is pd.NA or v is pd.NaT or v != v else v for k, v in row.items()}


def codes(data: lp.Dataset) -> list[str]:
    return sorted(data.table("findings")["code"])


def v2(age: int, **more: Any) -> dict[str, Any]:
    """A build of acme/ci/b that the scheduler started for the invocation `ID`."""
    return {
        "id": str(8746163838866423807 - age),
        "builder": {"project": "acme", "bucket": "ci", "builder": "b"},
        "status": "SUCCESS",
        "createTime": CREATED.format(2),
        "startTime": CREATED.format(5),
        "endTime": CREATED.format(9),
        "tags": [
            {"key": "scheduler_invocation_id", "value": ID},
            {"key": "scheduler_job_id", "value": "acme/job"},
        ],
        **more,
    }


def text(*builds: dict[str, Any]) -> bytes:
    return "".join(json.dumps(build) + "\n" for build in builds).encode()


def queued(*lines: str) -> str:
    """A log without an id that begins at 09:00."""
    first = "[09:00:00.000] New invocation is queued and will start shortly\n"
    return first + "".join(f"{line}\n" for line in lines)


# --- one build, several records ---------------------------------------------------------------


@pytest.mark.parametrize("order", [(MONDAY, TUESDAY), (TUESDAY, MONDAY)])
def test_the_newer_record_of_a_build_counts(order: Sequence[Path]) -> None:
    for data in (
        lp.load(*order),
        lp.load(builds=order),
        lp.load(order[0], builds=[order[1]]),
        lp.load(order[1], builds=[order[0]]),
    ):
        row = one(data.builds)
        assert (row["status"], row["run_s"], row["repeats"], row["origin"]) == ("SUCCESS", 300.0, 1, "build")
        (group,) = data.builders.to_dict("records")
        assert (group["succeeded"], group["busy_s"], group["builds"]) == (1, 300.0, 1)
        assert codes(data) == []


def test_an_old_builds_file_adds_to_a_log_and_takes_nothing_from_it() -> None:
    alone = one(lp.load(LOG).invocations)
    assert (alone["bot_id"], alone["origin"]) == (None, "log")
    for data in (lp.load(LOG, BUILDS), lp.load(BUILDS, LOG), lp.load(LOG, builds=[BUILDS])):
        row = one(data.invocations)
        assert (row["build_status"], row["bot_id"], row["status"]) == ("SUCCESS", "vm-acme-9", "SUCCEEDED")
        assert (row["run_s"], row["finish_notify_lag_s"], row["launch_wait_s"]) == (120.0, 0.0, 2.0)
        assert row["build_completed_at"] == alone["build_completed_at"]
        assert (row["origin"], row["repeats"]) == ("both", 0)
        assert data.records.builds == []
        assert one(data.builds)["origin"] == "both"


def test_records_of_a_build_fill_each_other() -> None:
    steps = [{"name": "s", "status": "SUCCESS"}]
    old = v2(0, tags=[], updateTime=CREATED.format(3), steps=steps, number=7, status="STARTED", endTime=None)
    bot = {"swarming": {"botDimensions": [{"key": "id", "value": "vm"}]}}
    middle = v2(0, tags=[], updateTime=CREATED.format(4), infra=bot, status="STARTED", endTime=None)
    final = v2(0, tags=[], startTime=None)
    for given in permutations([old, middle, final]):
        data = lp.load(*(text(build) for build in given))
        row = one(data.builds)
        assert (row["status"], row["build_number"], row["bot_id"], row["run_s"]) == ("SUCCESS", 7, "vm", 4.0)
        assert (row["repeats"], list(data.steps["name"]), codes(data)) == (2, ["s"], [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"number": 8}, "number is 7"),
        ({"createTime": CREATED.format(1)}, "created is 2024-06-03T09:00:02Z"),
        ({"startTime": CREATED.format(4)}, "started is 2024-06-03T09:00:05Z"),
        ({"status": "FAILURE"}, "status is SUCCESS"),
        ({"endTime": CREATED.format(8)}, "end is 2024-06-03T09:00:09Z"),
        # What can change is no contradiction, and what one of them does not know.
        ({"status": "STARTED", "endTime": None}, None),
        ({"number": None}, None),
        ({"createTime": "2024-06-03T09:00:02.000001Z"}, None),
        ({"summaryMarkdown": "other"}, None),
    ],
)
def test_records_that_disagree_are_named(change: dict[str, Any], said: str | None) -> None:
    newer = v2(0, tags=[], number=7, updateTime=CREATED.format(9))
    data = lp.load(text(newer, {**newer, "updateTime": CREATED.format(8), **change}))
    assert len(data.builds) == 1
    found = data.table("findings").to_dict("records")
    assert [f["code"] for f in found] == ["copies-disagree"] * bool(said)
    if said:
        assert said in found[0]["message"]
        assert (found[0]["source"], found[0]["line"]) == ("<text>", 1)


def test_a_log_and_a_build_that_disagree_are_named() -> None:
    build = json.loads(BUILDS.read_text()) | {"number": 6}
    data = lp.load(LOG, text(build))
    (found,) = data.table("findings").to_dict("records")
    assert (found["code"], found["invocation_id"], found["source"]) == ("copies-disagree", ID, str(LOG))
    assert f"number is 5 in {LOG}, 6 in <text>:1" in found["message"]
    assert one(data.invocations)["build_number"] == 5


def test_the_double_with_an_impossible_run() -> None:
    data = lp.load(CASES / "build_ends_before_it_starts.json")
    assert (len(data.builds), one(data.builds)["repeats"]) == (1, 1)
    assert codes(data) == ["copies-disagree", "copies-disagree", "odd-value"]
    row = one(data.builders)
    assert (row["busy_s"], row["run_max_s"], row["succeeded"]) == (None, None, 1)


# --- one invocation, several copies -----------------------------------------------------------


@pytest.mark.slow
def test_all_given_inputs_are_as_many_invocations_as_scenarios() -> None:
    inputs = [p for p in LOGS.rglob("*") if p.suffix in (".log", ".html", ".txt")]
    scenarios = {p.with_name(p.name.removesuffix(p.suffix).removesuffix(".dom")) for p in inputs}
    data = lp.load(LOGS)
    assert len(inputs) > len(scenarios) > 100
    assert len(data.invocations) == len(scenarios)
    assert data.invocations["repeats"].sum() == len(inputs) - len(scenarios)
    assert codes(data).count("copies-disagree") == 0


def tables(records: Records) -> dict[str, list[Row]]:
    names = [name for name in TABLES if name not in ("bots", "builders", "jobs")]
    return {name: list(rows(records, name)) for name in names}


def stored_builds() -> list[Build]:
    """Records of the builds that logs ask for, of other copies of their tags, and of builds alone."""
    found: list[Build] = []
    for path in sorted((LOGS / "v2-2021-06").glob("*.log")):
        logged = lp.parse(path).build
        if logged is not None and logged.created_at is not None:
            for status, bot in (("STARTED", "vm-1"), ("FAILURE", None)):
                more = Build(
                    id=logged.id, status=status, bot=Bot(id=bot) if bot else None, source="b", source_line=1
                )
                found.append(more)
            found.append(
                structs.replace(found[-1], id=logged.id[:-1] + "7", tags=[f"scheduler_invocation_id:{ID}"])
            )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("keep", [False, True])
def test_any_order_of_inputs_gives_the_same_tables(keep: bool) -> None:
    copies = []
    for path in LOGS.rglob("*"):
        if path.suffix in (".log", ".html", ".txt"):
            source = Source(str(path), path.read_text("utf-8", "replace"), "utf-8", "\n")
            copies += [part for part in read_parts(source) if isinstance(part, Copy)]
    builds = stored_builds()
    shuffled = random.Random(7)
    expected: dict[str, list[Row]] = {}
    for _ in range(3):
        shuffled.shuffle(copies)
        shuffled.shuffle(builds)
        joined = join(copies, builds, keep=keep)
        found = tables(
            Records(joined.invocations, joined.builds, findings=joined.findings, keeps_copies=keep)
        )
        assert found == (expected or found)
        expected = found
    assert any(row["origin"] == "both" and row["repeats"] for row in expected["invocations"])
    found_codes = {row["code"] for row in expected["findings"]}
    assert "tag-copied" in found_codes
    # Only where copies are put together they are compared.
    assert ("copies-disagree" in found_codes) is not keep


def test_any_grouping_of_inputs_gives_the_same_tables(tmp_path: Path) -> None:
    """Arguments, folders and ``builds`` in other orders, and folders of other names."""
    inputs = [LOG, BUILDS, MONDAY, TUESDAY, CASES / "by-bot-left-out.json"]
    stems = (
        "abort_running",
        "custom_mode1",
        "noop_1234ms.1",
        "subsecond",
        "triage_block_bad_repo",
        "midnight",
    )
    inputs += [p for stem in stems for p in (LOGS / "v1-2020-11").glob(f"{stem}.*") if p.suffix != ".json"]
    broken = tmp_path / "broken.json"
    broken.write_bytes(text(v2(1)) + b'{"id": "1", "builder": {')
    inputs.append(broken)
    shuffled = random.Random(5)
    expected: dict[str, list[Row]] = {}
    for number in range(4):
        shuffled.shuffle(inputs)
        places: list[Path] = []
        for folder in range(3):
            (tmp_path / f"{number}" / f"{folder}").mkdir(parents=True)
        for path in inputs:
            place = tmp_path / f"{number}" / f"{shuffled.randrange(3)}" / path.name
            shutil.copy(path, place)
            places.append(place if shuffled.random() < 0.5 else place.parent)
        builds = [
            p for p in places if p.suffix == ".json" and p.name != "broken.json" and shuffled.random() < 0.5
        ]
        given = list(dict.fromkeys(p for p in places if p not in builds))
        rest = [p for p in given if p.parent not in given]
        builds = [p for p in builds if p.parent not in given]
        found = json.loads(msgspec.json.encode(tables(lp.load(*rest, builds=builds).records)))
        for rows_of in found.values():
            for row in rows_of:
                for name in ("source", "source_file", "message"):
                    if row.get(name):
                        row[name] = re.sub(rf"{re.escape(str(tmp_path))}/\d/\d/", "", row[name])
        # The truth files of a folder are skipped where a folder is named.
        found["failures"] = [row for row in found["failures"] if not row["skipped"]]
        assert found == (expected or found)
        expected = found
    assert len(expected["failures"]) == 1
    assert len(expected["invocations"]) > len(stems)


def test_every_copy_is_a_row_where_duplicates_are_kept() -> None:
    html, log = (LOGS / "v1-2020-11" / f"midnight.{end}" for end in ("html", "log"))
    data = lp.load(html, log, duplicates="keep")
    assert list(data.invocations["repeats"]) == [1, 1]
    assert set(data.invocations["source"]) == {str(html), str(log)}
    assert len(data.builds) == 2
    merged = lp.load(html, log)
    assert len(data.events) == 2 * len(merged.events)
    row = one(merged.invocations)
    # Both have finished and as many entries, so that the page counts.
    assert (row["source"], row["repeats"], row["origin"]) == (str(html), 1, "log")
    builds = lp.load(MONDAY, TUESDAY, duplicates="keep").builds
    assert sorted(builds["status"]) == ["STARTED", "SUCCESS"]
    assert list(builds["repeats"]) == [1, 1]


def test_an_unknown_word_for_duplicates_names_the_choices() -> None:
    with pytest.raises(lp.LogparseError, match="duplicates='drop' is not known; choose 'merge' or 'keep'"):
        lp.load(PAGE, duplicates="drop")  # type: ignore[arg-type] # what a user mistypes


# --- which copy counts ------------------------------------------------------------------------

RUNNING = "[09:00:01.000] Starting the invocation (attempt 1)"
TIMER = f'[09:00:03.000] Handling timer "t" (acme/job:{ID}:2:0)'
DONE = "[09:00:05.000] Invocation finished in 5s with status SUCCEEDED"
HEAD = "Status: RUNNING\nTriggered by: user:a@b.c\nDuration: 1 second\n\nDebug log (UTC)\n\n"


def test_a_finished_copy_counts_and_an_earlier_one_fills() -> None:
    early = HEAD + queued(RUNNING, TIMER)
    late = queued(RUNNING, TIMER, DONE)
    assert lp.parse(late).triggered_by is None
    for given in ((early, late), (late, early)):
        data = lp.load(*given)
        row = one(data.invocations)
        assert (row["status"], row["duration_s"], row["repeats"]) == ("SUCCEEDED", 5.0, 1)
        assert row["triggered_by"] == "user:a@b.c"
        assert len(data.events) == 4


def test_counts_of_a_log_that_was_saved_too_early_are_not_the_invocations() -> None:
    poll = [
        "[09:00:03.000] Received PubSub notification, asking Buildbucket for the build status",
        "[09:00:03.100] Build status: STARTED",
    ]
    early = queued(RUNNING, TIMER, *poll)
    late = queued(RUNNING, TIMER, "--- the log has been cut here ---", DONE)
    assert lp.parse(early).notification_count == 1
    row = one(lp.load(early, late).invocations)
    assert (row["status"], row["truncated"], row["notification_count"]) == ("SUCCEEDED", True, None)


def test_ids_of_two_jobs_are_two_invocations() -> None:
    other = queued(RUNNING, TIMER.replace("acme/job", "acme/other"), DONE)
    data = lp.load(queued(RUNNING, TIMER, DONE), other)
    assert sorted(data.invocations["job_id"]) == ["acme/job", "acme/other"]
    assert set(data.invocations["repeats"]) == {0}


def test_a_log_without_an_id_belongs_to_what_goes_on_from_it() -> None:
    first, second = queued(RUNNING), queued(RUNNING, TIMER, DONE)
    unrelated = queued("[09:00:02.000] Starting the invocation (attempt 1)")
    later = first.replace("09:00:00.000", "09:00:00.001")
    for given in permutations([first, second, unrelated, later]):
        data = lp.load(*given)
        assert sorted(data.invocations["repeats"]) == [0, 0, 1]
        named = data.invocations[data.invocations["invocation_id"].notna()]
        assert list(named["repeats"]) == [1]


def test_a_log_without_an_id_gets_the_id_and_the_day_of_a_page_that_was_saved_before_it_ended() -> None:
    """The page is that of a noop job, whose log names no id."""
    whole = (DATA / "html" / "noop.html").read_text("utf-8")
    log = (DATA / "html" / "noop.log").read_text("utf-8")
    (end,) = (line for line in log.splitlines() if "Invocation finished" in line)
    early = whole.replace("\n" + end, "").replace("SUCCEEDED", "RUNNING")
    complete, nameless = lp.parse(whole), lp.parse(log)
    assert (nameless.invocation_id, nameless.created_at) == (None, None)
    assert (lp.parse(early).status, lp.parse(early).finished_at) == ("RUNNING", None)
    for given in ((early, log), (log, early)):
        (found,) = lp.load(*given).records.invocations
        assert (found.invocation_id, found.job_id) == (complete.invocation_id, complete.job_id)
        assert (found.status, found.repeats) == ("SUCCEEDED", 1)
        assert (found.created_at, found.finished_at) == (complete.created_at, complete.finished_at)
        assert found.scheduler_wait_s == complete.scheduler_wait_s
        assert [e.at for e in found.events] == [e.at for e in complete.events]


# --- invocations that only builds show --------------------------------------------------------


def test_a_build_with_the_schedulers_tags_makes_an_invocation() -> None:
    """By hand: created at 09:00:00 by the id, the build at :02, started at :05, ended at :09."""
    given = text(v2(1, number=3, infra={"swarming": {"botDimensions": [{"key": "id", "value": "vm"}]}}))
    for data in (lp.load(given), lp.load(builds=[given])):
        row = one(data.invocations)
        created = pd.Timestamp("2024-06-03T09:00:00Z")
        assert (row["invocation_id"], row["id_from"], row["created_at"]) == (ID, "tag", created)
        assert (row["job_id"], row["project"], row["job"]) == ("acme/job", "acme", "job")
        assert (row["status"], row["task_kind"], row["origin"]) == ("SUCCEEDED", "buildbucket", "build")
        assert (row["launch_wait_s"], row["pending_s"], row["run_s"], row["queue_latency_s"]) == (2, 3, 4, 5)
        assert (row["bot_id"], row["builder_id"], row["build_number"]) == ("vm", "acme/ci/b", 3)
        assert (row["source"], row["source_line"], row["repeats"]) == ("<text>", 1, 0)
        unknown = [
            *("scheduler_wait_s", "launch_s", "finished_at", "duration_s", "attempts", "trigger_count"),
            *(
                "poll_count",
                "poll_unchanged",
                "poll_rpc_s",
                "notification_count",
                "unrecognized",
                "truncated",
            ),
        ]
        assert {name for name in unknown if row[name] is not None} == set()
        build = one(data.builds)
        assert (build["invocation_id"], build["source_file"], build["source_line"]) == (ID, "<text>", 1)
        assert (one(data.bots)["invocations"], one(data.jobs)["job_id"]) == (1, "acme/job")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("SUCCESS", "SUCCEEDED"),
        ("FAILURE", "FAILED"),
        ("INFRA_FAILURE", "FAILED"),
        ("CANCELED", "ABORTED"),
        ("SCHEDULED", "RUNNING"),
        ("STARTED", "RUNNING"),
    ],
)
def test_the_status_of_an_invocation_by_its_build(status: str, expected: str) -> None:
    assert one(lp.load(text(v2(1, status=status))).invocations)["status"] == expected


def test_a_canceled_build_of_version_1_is_a_failed_invocation() -> None:
    build = {
        "id": "8746163838866423806",
        "bucket": "luci.acme.ci",
        "status": "COMPLETED",
        "result": "CANCELED",
        "cancelation_reason": "CANCELED_EXPLICITLY",
        "created_ts": "1717405202000000",
        "parameters_json": json.dumps({"builder_name": "b"}),
        "tags": [f"scheduler_invocation_id:{ID}", "scheduler_job_id:acme/job"],
    }
    row = one(lp.load(text(build)).invocations)
    assert (row["status"], row["build_status"], row["builder_id"]) == ("FAILED", "CANCELED", "acme/ci/b")
    assert (row["launch_wait_s"], row["queue_latency_s"]) == (2.0, None)


def test_of_builds_with_the_same_tags_the_earliest_has_the_invocation() -> None:
    """A retry from the page copies all tags of the first build."""
    first, retry = (
        v2(2),
        v2(1, createTime="2024-06-03T15:00:00Z", startTime="2024-06-03T15:00:01Z", endTime=None),
    )
    for given in ((first, retry), (retry, first)):
        data = lp.load(text(*given))
        row = one(data.invocations)
        assert (row["build_id"], row["queue_latency_s"]) == (first["id"], 5.0)
        known = data.builds.set_index("build_id")["invocation_id"]
        assert known[first["id"]] == ID
        assert pd.isna(known[retry["id"]])
        (found,) = data.table("findings").to_dict("records")
        assert found["code"] == "tag-copied"
        assert found["line"] == given.index(retry) + 1
        assert f"build {retry['id']} has the tags of invocation {ID}" in found["message"]


@pytest.mark.parametrize(
    ("created", "is_its"), [("2024-06-04T09:00:00Z", True), ("2024-06-04T09:00:01Z", False)]
)
def test_a_build_of_a_day_later_has_copied_its_tags(created: str, is_its: bool) -> None:
    data = lp.load(text(v2(1, createTime=created, startTime=None, endTime=None)))
    assert (len(data.invocations), codes(data)) == ((1, []) if is_its else (0, ["tag-copied"]))
    assert len(data.builds) == 1


def test_the_build_that_a_log_names_is_its_build() -> None:
    logged = json.loads(BUILDS.read_text())
    tags = [
        {"key": "scheduler_invocation_id", "value": ID},
        {"key": "scheduler_job_id", "value": "acme/probe-linux"},
    ]
    earlier = v2(5, createTime=CREATED.format(1), tags=tags)
    for given in ((LOG, text(earlier)), (text(earlier), LOG)):
        data = lp.load(*given)
        row = one(data.invocations)
        assert (row["build_id"], row["origin"]) == (logged["id"], "log")
        assert codes(data) == ["tag-copied"]
        assert logged["id"] in data.table("findings")["message"][0]
        assert pd.isna(data.builds.set_index("build_id")["invocation_id"][earlier["id"]])


def test_a_log_that_names_no_build_has_the_one_that_names_it() -> None:
    log = queued(RUNNING, TIMER, DONE)
    for given in ((log, text(v2(1), v2(2))), (text(v2(2), v2(1)), log)):
        data = lp.load(*given)
        row = one(data.invocations)
        assert (row["build_id"], row["origin"], row["status"]) == (v2(2)["id"], "both", "SUCCEEDED")
        assert (row["launch_s"], row["pending_s"], row["run_s"], row["launch_wait_s"]) == (1.0, 3.0, 4.0, 2.0)
        assert codes(data) == ["tag-copied"]


def test_a_build_of_another_job_with_the_same_id_is_another_invocation() -> None:
    other = v2(1)
    other["tags"] = [other["tags"][0], {"key": "scheduler_job_id", "value": "acme/other"}]
    data = lp.load(LOG, text(other))
    assert sorted(data.invocations["job_id"]) == ["acme/other", "acme/probe-linux"]
    assert codes(data) == []


@pytest.mark.parametrize("value", ["", "1", "x", "99999999999999999999", "8" * 19 + " "])
def test_a_tag_that_is_not_an_id_makes_no_invocation(value: str) -> None:
    data = lp.load(text(v2(1, tags=[{"key": "scheduler_invocation_id", "value": value}])))
    assert (len(data.invocations), len(data.builds), codes(data)) == (0, 1, [])


# --- groups and tables ------------------------------------------------------------------------


def test_groups_count_alike_by_every_way() -> None:
    """One build has no bot and none has an invocation."""
    data = lp.load(CASES / "by-bot-left-out.json", text(v2(1)), PAGE)
    for key, table in (("bot", "bots"), ("builder", "builders"), ("job", "jobs")):
        grouped = lp.metrics.group_by(data.invocations, key, builds=data.builds)
        shared = list(grouped.columns)
        expected = data.table(table)[shared]
        pd.testing.assert_frame_equal(grouped, expected, check_dtype=False)
    units = lp.metrics.with_builds(data.invocations, data.builds)
    # Without a bot are the invocation of a build, and one build of its own.
    assert lp.metrics.left_out(units, "bot") == (1, 1)
    assert lp.metrics.left_out(units, "day") == (0, 1)
    assert lp.metrics.left_out(units, "builder") == (0, 0)


@pytest.mark.parametrize("by", ["bot", "day"])
def test_what_no_group_has_is_said(by: str, cli: Callable[..., Any]) -> None:
    done = cli("summarize", CASES / "by-bot-left-out.json", "--by", by)
    assert done.out.startswith("3 builds: 2 succeeded, 1 unfinished\n")
    assert f"1 build without a known {by} not in the table\n" in done.out
    assert "without a log" not in done.out


def test_source_and_line_are_a_key_of_invocations() -> None:
    both = f"{PAGE.read_text('utf-8')}\n{(LOGS / 'v1-2020-11' / 'midnight.log').read_text('utf-8')}"
    data = lp.load(both, BUILDS, LOG)
    key = ["source", "source_line"]
    assert not data.invocations.duplicated(key).any()
    known = data.invocations.set_index(key)["invocation_id"]
    for name in ("events", "polls", "attempts", "triggers", "builds", "steps", "unrecognized"):
        table = data.table(name)
        assert {"source_file", "source_line"} <= set(table.columns)
        if "invocation_id" in table:
            for row in table[table["invocation_id"].notna()].to_dict("records"):
                assert known[row["source_file"], row["source_line"]] == row["invocation_id"]


def test_failures_have_a_table(tmp_path: Path, cli: Callable[..., Any]) -> None:
    (tmp_path / "x.json").write_bytes(text(v2(1)) + b"{" + text(v2(2)))
    (tmp_path / "notes.txt").write_text("nothing\n")
    data = lp.load(tmp_path, tmp_path / "missing")
    found = data.table("failures")
    assert list(found.columns) == ["source", "reason", "remedy", "skipped", "line"]
    told = {(Path(r["source"]).name, r["skipped"]) for r in found.to_dict("records")}
    assert {("missing", False), ("notes.txt", True), ("x.json", False)} <= told
    assert isinstance(data.failures, list)
    report = json.loads(cli("check", tmp_path, "--format", "json").out)
    assert [f["reason"] for f in report["failures"]] == [
        f.cause for f in data.failures if "missing" not in str(f)
    ]
    assert all(f["cause"] == f["reason"] for f in report["failures"])
    assert [Path(f["source"]).name for f in report["skipped"]] == ["notes.txt"]
    lines = cli("export", tmp_path, "--table", "failures").out.splitlines()
    assert lines[0] == "source,reason,remedy,skipped,line"


def test_findings_have_a_table(cli: Callable[..., Any]) -> None:
    data = lp.load(CASES / "build_ends_before_it_starts.json")
    assert set(data.findings["code"]) <= set(CODES)
    done = cli("export", CASES / "build_ends_before_it_starts.json", "--table", "findings")
    assert done.out.startswith("source,line,code,message,invocation_id\n")
    assert done.out.count("\n") == 1 + len(data.findings)
