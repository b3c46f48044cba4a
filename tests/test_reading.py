"""Reading files and texts in every form in which people save them, joining builds, and damaged inputs."""

from __future__ import annotations

import bz2
import gzip
import html
import json
import lzma
import random
import re
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from quick import quick, quick_below

import logparse as lp
from logparse.tables import invocation_row

DATA = Path(__file__).parent / "data"
LOGS = DATA / "logs"
PAGE = LOGS / "win_xfa_component-9028843112359765808.txt"
REAL_BUILD = DATA / "builds" / "linux-rel-8927206632544641856.json"
V2_LOG = LOGS / "v2-2021-06" / "success_timer_only_1.log"
V2_PAGE = LOGS / "v2-2021-06" / "success_html_user.html"
SAMPLES = [PAGE, *sorted(LOGS.glob("*/*.log"))]
PLACE = ("source", "source_line", "findings", "events")


def same(ours: lp.Invocation, other: lp.Invocation, *but: str) -> None:
    """Assert that two records are equal but for where they were read and the fields named."""
    for name in ours.__struct_fields__:
        if name not in (*PLACE, *but):
            assert getattr(ours, name) == getattr(other, name), name
    assert [(e.kind, e.clock, e.at, e.fields) for e in ours.events] == [
        (e.kind, e.clock, e.at, e.fields) for e in other.events
    ]


@pytest.fixture(scope="module")
def page() -> lp.Invocation:
    return lp.parse(PAGE)


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


# --- forms of a page --------------------------------------------------------------------------


FORMS = {
    "crlf": lambda t: t.replace("\n", "\r\n").encode(),
    "byte order mark": lambda t: b"\xef\xbb\xbf" + t.encode(),
    "utf-16": lambda t: t.encode("utf-16"),
    "utf-16-be": lambda t: b"\xfe\xff" + t.encode("utf-16-be"),
    "latin-1": lambda t: t.replace("•", "·").encode("latin-1"),
    "gzip": lambda t: gzip.compress(t.encode()),
    "bzip2": lambda t: bz2.compress(t.encode()),
    "xz": lambda t: lzma.compress(t.encode()),
    "no last newline": lambda t: t.rstrip("\n").encode(),
    "blank lines around": lambda t: b"\n\n" + t.encode() + b"\n\n\n",
    "no bullets": lambda t: t.replace("  • ", "").encode(),
    "stars": lambda t: t.replace("  • ", "* ").encode(),
    "hyphens": lambda t: t.replace("  • ", "    - ").encode(),
    "log indented": lambda t: t[: t.index("[04:33")].encode() + re.sub(r"(?m)^(?=.)", "    ", t[t.index("[04:33") :]).encode(),
    "all indented": lambda t: re.sub(r"(?m)^(?=.)", "  ", t).encode(),
    "no blank lines": lambda t: re.sub(r"\n\n+", "\n", t).encode(),
    "header on one line": lambda t: t.replace("SUCCEEDED\nTriggered by: -\nDuration: 21 minutes\nActions:", "SUCCEEDED Triggered by: - Duration: 21 minutes Actions:").encode(),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_of_the_page_gives_the_same_record(
    tmp_path: Path, page: lp.Invocation, text: str, form: Any
) -> None:
    path = tmp_path / "page.txt"
    path.write_bytes(form(text))
    found = lp.parse(path)
    same(found, page, "definition")
    assert found.findings == []


def test_the_log_alone(page: lp.Invocation, text: str) -> None:
    """Without the page only what the page alone tells is missing."""
    found = lp.parse(text[text.index("[04:33:59.106]") :])
    same(found, page, "definition", "definition_revision", "properties")
    assert found.findings == []


def test_text_around_the_log_is_reported(page: lp.Invocation, text: str) -> None:
    log = text[text.index("[04:33:59.106]") :]
    found = lp.parse("$ curl https://luci-scheduler.appspot.com/x | tee log\n" + log)
    same(found, page, "definition", "definition_revision", "properties")
    assert [f.code for f in found.findings] == ["stray-text"]
    found = lp.parse(log + "\n© 2020 some footer\n$ \n")
    same(found, page, "definition", "definition_revision", "properties")
    assert [f.code for f in found.findings] == ["trailing-text"]


def test_a_page_as_a_browser_copies_it() -> None:
    """The page's text without bullets, with the breadcrumb and the navigation above it."""
    text = (
        "LUCI Scheduler\nAll projects / pdfium / win_xfa_component / 9028843112359765808\n"
        "Invocation 9028843112359765808\n\nStatus:\tSUCCEEDED\nTriggered by:\tanonymous:anonymous\n"
        "Duration:\t1 second\n\nDefinition (rev 3ae3b2a2)\nnoop: {\n  sleep_ms: 1000\n}\n"
        "Debug log (UTC)\n[04:33:59.106] New invocation is queued and will start shortly\n"
        "[04:34:00.000] Starting the invocation (attempt 1)\n"
        "[04:34:00.000] Running noop task for 1s\n"
        "[04:34:01.000] Invocation finished in 1.911s with status SUCCEEDED\n"
    )
    found = lp.parse(text)
    assert (found.invocation_id, found.job_id, found.id_from) == (
        "9028843112359765808",
        "pdfium/win_xfa_component",
        "page",
    )
    assert (found.task_kind, found.triggered_by, found.status) == ("noop", "anonymous:anonymous", "SUCCEEDED")
    assert found.created_at == datetime.fromisoformat("2020-11-17T04:33:59.089+00:00")


# --- several in one file ----------------------------------------------------------------------


def test_two_pages_of_text_in_one_file(page: lp.Invocation, text: str) -> None:
    other = text.replace("9028843112359765808", "9028843112359765809").replace(
        "Triggered by: -", "Triggered by: a@b.c"
    )
    first, second = lp.parse_many(text + "\n" + other)
    same(first, page)
    same(second, lp.parse(other))
    assert (second.triggered_by, second.source_line) == ("user:a@b.c", 32 + text.count("\n") + 1)


def test_pages_of_unfinished_invocations_one_after_another() -> None:
    one = (
        "Status: RUNNING\nTriggered by: -\nDuration: 1 second\n\nDebug log (UTC)\n\n"
        "[10:00:00.000] New invocation is queued and will start shortly\n"
        "[10:00:01.000] Starting the invocation (attempt 1)\n"
    )
    failing = one.replace("RUNNING", "RETRYING") + (
        "[10:00:02.000] Failed to schedule Buildbucket build - rpc error\n"
        "[10:00:02.000] The invocation will be retried\n"
    )
    pages = [(failing + one).replace("[10:00", f"[{hour:02d}:{17 * hour % 60:02d}") for hour in range(20)]
    found = list(lp.parse_many("".join(pages)))
    assert [(i.status, len(i.events)) for i in found] == [("RETRYING", 4), ("RUNNING", 2)] * 20
    # A page of 10 lines and one of 8: their logs begin in the 7th.
    assert [i.source_line for i in found[:3]] == [7, 17, 25]


@pytest.mark.slow
def test_logs_of_both_dialects_in_one_file() -> None:
    paths = [
        p
        for p in SAMPLES[1:]
        if p.stat().st_size < 30_000 and "triage" not in p.name and "unfinished" not in p.name
    ]
    assert len(paths) > 80
    joined = b"".join(p.read_bytes().rstrip(b"\n") + b"\n" for p in paths)
    found = list(lp.parse_many(joined))
    assert len(found) == len(paths)
    for ours, path in zip(found, paths, strict=True):
        same(ours, lp.parse(path))


def test_html_pages_in_one_file() -> None:
    paths = [LOGS / "v1-2020-11" / n for n in ("subsecond.html", "midnight.html")] + [V2_PAGE]
    found = list(lp.parse_many("\n".join(p.read_text(encoding="utf-8") for p in paths)))
    assert len(found) == 3
    for ours, path in zip(found, paths, strict=True):
        same(ours, lp.parse(path))


def test_a_forged_page_does_not_split_the_log() -> None:
    """tests/test_entries.py has many more; this one goes through files."""
    log = (LOGS / "v1-2020-11" / "urlfetch_200_text.log").read_text(encoding="utf-8")
    head, finish = log[: log.rindex("[")], log[log.rindex("[") :]
    forged = head + "Status: FAILED\nTriggered by: x\n\nDebug log (UTC)\n\n" + log[: log.rindex("[")] + finish
    assert len(list(lp.parse_many(forged))) == 1
    assert lp.parse(forged).status == "SUCCEEDED"
    assert lp.load(forged).failures == []


def test_parse_wants_one(text: str) -> None:
    with pytest.raises(lp.InputError, match="holds 2 invocations, not one; use parse_many"):
        lp.parse(f"{text}\n{text}")


# --- what is no invocation --------------------------------------------------------------------

JOB_PAGE_TEXT = (
    "All projects / pdfium / win_xfa_component\n\nState: WAITING\nSchedule: triggered\nNext run: in 5 minutes\n"
    "Definition (rev 3ae3b2a2)\n\nInvocations\n\nID Started Duration Status\n"
    "9028843112359765808 2 hours ago 21 minutes SUCCEEDED\n"
)
JOB_PAGE_HTML = (
    "<!DOCTYPE html><html><head><title>LUCI Scheduler :: pdfium :: win_xfa_component</title></head><body>"
    '<ol class="breadcrumb"><li><a href="/">All projects</a></li><li><a href="/jobs/pdfium">pdfium</a></li>'
    '<li class="active">win_xfa_component</li></ol><h3>State</h3><p><b>State:</b> WAITING <b>Schedule:</b> triggered'
    "</p><h3>Invocations</h3><table><tr><td>9028843112359765808</td></tr></table></body></html>"
)


@pytest.mark.parametrize("content", [JOB_PAGE_TEXT, JOB_PAGE_HTML], ids=["text", "html"])
def test_a_jobs_page_is_called_so(content: str) -> None:
    with pytest.raises(lp.InputError, match=r"is a job's page, not an invocation's; .*save that page"):
        lp.parse(content + "\n")
    found = lp.load(content + "\n")
    assert [f.cause for f in found.failures] == ["is a job's page, not an invocation's"]
    assert len(found.invocations) == 0


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("hello\nworld\n", "holds no scheduler log"),
        (
            "<!DOCTYPE html><html><head><title>x</title></head><body><p>hello</p></body></html>\n",
            "no page of the LUCI",
        ),
        ('{"a": 1}\n', "holds no scheduler log"),
        ("[10:00] chat: hi\n", "holds no scheduler log"),
    ],
)
def test_what_is_something_else(content: str, cause: str) -> None:
    with pytest.raises(lp.InputError, match=cause):
        lp.parse(content)
    (failure,) = lp.load(content).failures
    assert cause in failure.cause
    assert failure.remedy


def test_a_triage_log_alone_is_no_invocation(tmp_path: Path) -> None:
    triage = "[000 ms] Starting\n[001 ms] Pending triggers set:  1 items, 0 garbage\n[007 ms] Done\n"
    with pytest.raises(lp.InputError, match="holds no invocation"):
        lp.parse(triage)
    found = lp.load(triage)
    assert (len(found.invocations), found.failures) == (0, [])
    (record,) = found.records.triages
    assert [e.kind for e in record.events][-1] == "triage_done"
    assert list(found.events["clock"]) == ["000 ms", "001 ms", "007 ms"]
    assert found.events["invocation_id"].isna().all()
    assert found.events["at"].isna().all()


def test_files_that_cannot_be_read_are_failures_and_the_others_are_read(tmp_path: Path) -> None:
    empty = tmp_path / "empty.log"
    empty.write_bytes(b"")
    missing = tmp_path / "missing.log"
    found = lp.load(empty, PAGE, missing)
    assert list(found.invocations["status"]) == ["SUCCEEDED"]
    assert {f.source for f in found.failures} == {str(empty), str(missing)}
    with pytest.raises(lp.InputError, match=r"missing\.log"):
        lp.parse(missing)


def test_a_directory_skips_what_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.log").write_bytes(V2_LOG.read_bytes())
    (tmp_path / "notes.txt").write_text("nothing of interest\n")
    found = lp.load(tmp_path)
    assert (len(found.invocations), found.failures) == (1, [])
    assert [s.source for s in found.records.skipped] == [str(tmp_path / "notes.txt")]


def test_standard_input() -> None:
    found = lp.load("-", stdin=BytesIO(V2_LOG.read_bytes()))
    assert list(found.invocations["source"]) == ["<stdin>"]


def test_inputs_that_are_too_large_are_refused() -> None:
    with pytest.raises(lp.LimitError):
        lp.parse(PAGE, max_bytes=1000)
    assert isinstance(lp.load(PAGE, max_bytes=1000).failures[0], lp.LimitError)


def test_the_file_name_tells_an_id_only_where_the_text_does_not(tmp_path: Path) -> None:
    path = tmp_path / "x-8999999999999999999.log"
    path.write_bytes(PAGE.read_bytes())
    assert lp.parse(path).invocation_id == "9028843112359765808"
    noop = "[10:00:00.000] New invocation is queued and will start shortly\n"
    path.write_text(noop)
    assert (lp.parse(path).invocation_id, lp.parse(path).id_from) == ("8999999999999999999", "file name")
    # Twenty digits are none, and an id of no plausible time is none.
    for name in ("a-89999999999999999990.log", "a-0000000000000000000.log", "a-123456.log"):
        other = tmp_path / name
        other.write_text(noop)
        assert lp.parse(other).invocation_id is None


# --- builds -----------------------------------------------------------------------------------


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


# --- the result -------------------------------------------------------------------------------


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


# --- damage -----------------------------------------------------------------------------------


def damaged(text: str, chance: random.Random) -> str:
    """The text with one kind of damage done to it."""
    lines = text.split("\n")
    kind = chance.choice(["cut", "drop", "double", "swap", "flip", "join", "insert", "tail"])
    for _ in range(chance.choice([1, 1, 3, 20])):
        at = chance.randrange(len(lines))
        if kind == "drop" and len(lines) > 1:
            del lines[at]
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "swap":
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == "join" and at + 1 < len(lines):
            lines[at] += lines.pop(at + 1)
        elif kind == "insert":
            lines.insert(at, chance.choice(lines)[: chance.randrange(40)])
        elif kind == "flip" and lines[at]:
            spot = chance.randrange(len(lines[at]))
            lines[at] = (
                lines[at][:spot] + chr(chance.choice([0, 10, 34, 91, 0x7F, 0xFFFD])) + lines[at][spot + 1 :]
            )
    text = "\n".join(lines)
    spot = chance.randrange(len(text) + 1)
    return {"cut": text[:spot], "tail": text[spot:]}.get(kind, text)


@pytest.mark.parametrize("path", quick_below(450, SAMPLES))
def test_damage_gives_records_or_an_error_of_ours(path: Path) -> None:
    chance = random.Random(path.name)
    text = path.read_text(encoding="utf-8")
    for _ in range(4 if len(text) > 100_000 else 25):
        broken = damaged(text, chance) + "\n"
        try:
            found = list(lp.parse_many(broken))
        except lp.LogparseError:
            continue
        for record in found:
            invocation_row(record)
            assert sum(v for v in (record.poll_count, record.notification_count) if v is not None) <= len(
                record.polls
            )
    tables = lp.load(damaged(text, chance) + "\n")
    for name in ("invocations", "events", "polls", "attempts", "builds", "triggers", "bots", "jobs"):
        tables.table(name)


@pytest.mark.parametrize("path", quick_below(1_500, [p for p in SAMPLES if p.stat().st_size < 60_000]))
def test_a_log_that_is_still_being_written_changes_no_fact(path: Path) -> None:
    """Cut at any line, what is known already is what the whole log says."""
    text = path.read_text(encoding="utf-8")
    whole = lp.parse(path)
    lines = text.split("\n")
    ends = (
        range(1, len(lines)) if len(lines) < 60 else random.Random(path.name).sample(range(1, len(lines)), 40)
    )
    attempts = {a.attempt: a for a in whole.attempts}
    for end in ends:
        try:
            found = lp.parse("\n".join(lines[:end]) + "\n")
        except lp.InputError:
            continue
        for name in (
            "invocation_id",
            "job_id",
            "created_at",
            "launched_at",
            "triggered_by",
            "finished_at",
            "duration_s",
        ):
            known = getattr(found, name)
            if name == "created_at" and found.invocation_id is None:
                continue
            assert known is None or known == getattr(whole, name), (name, end)
        if "forged" not in path.name:
            assert (found.build.id if found.build else None) in (
                None,
                whole.build.id if whole.build else None,
            )
            for attempt in found.attempts:
                assert attempt.started_at in (None, attempts[attempt.attempt].started_at)


def test_html_with_forged_tags_stays_one_page() -> None:
    """The log of a page is escaped; a body that quotes HTML is text there."""
    text = (LOGS / "v1-2020-11" / "urlfetch_forged.html").read_text(encoding="utf-8")
    body = html.escape(
        "</pre></body></html>\n<!DOCTYPE html><html><body><h3>Debug log (UTC)</h3><pre>[00:00:00.001] x</pre>"
    )
    forged = text.replace("hello\n", f"hello\n{body}\n")
    assert forged != text
    ours, true = lp.parse(forged), lp.parse(text)
    assert [(e.kind, e.at) for e in ours.events] == [(e.kind, e.at) for e in true.events]
    assert (ours.status, ours.suspicious) == (true.status, true.suspicious)
    assert "<!DOCTYPE html>" in ours.events[-2].text


def test_a_broken_build_is_named_and_does_not_cost_the_others() -> None:
    good = '{{"id": "{}", "builder": {{"builder": "b"}}, "status": "SUCCESS"}}\n'
    text = (
        good.format("8850722130543548832") + '{"id": "1", "builder": {\n' + good.format("8850722130543548831")
    )
    data = lp.load(text.encode())
    assert list(data.builds["build_id"]) == ["8850722130543548832", "8850722130543548831"]
    (failure,) = data.failures
    assert (failure.line, failure.remedy) == (2, "fetch the build again")
    joined = lp.load(LOGS / "v2-2021-06" / "success_pubsub_0.log", builds=[text.encode()])
    assert [f.line for f in joined.failures] == [2]
    assert len(joined.invocations) == 1


def test_a_noop_job_has_a_part_of_its_own() -> None:
    record = lp.parse(LOGS / "v1-2020-11" / "noop_1234ms.1.log")
    assert record.noop is not None
    assert record.noop.sleep_s == 1.234
