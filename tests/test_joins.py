"""One thing counts once: copies of an invocation, in any order."""

from __future__ import annotations

import json
import random
import re
import shutil
from itertools import permutations
from pathlib import Path

import msgspec
import pytest
from joined import (
    BUILDS,
    CASES,
    DATA,
    DONE,
    ID,
    LOG,
    LOGS,
    MONDAY,
    PAGE,
    RUNNING,
    TIMER,
    TUESDAY,
    codes,
    one,
    queued,
    text,
    v2,
)
from msgspec import structs

import logparse as lp
from logparse.batches.batch import Row
from logparse.columns import TABLES
from logparse.joining.joins import join
from logparse.joining.merge import Copy
from logparse.reading import read_parts
from logparse.records import Bot, Build
from logparse.sources import Source
from logparse.tables.rows import Records, rows

# --- one invocation, several copies ------------------------------------------------------------


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


# --- which copy counts -------------------------------------------------------------------------


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
