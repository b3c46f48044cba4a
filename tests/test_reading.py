"""Reading files and texts in every form in which people save them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from saved import LOGS, PAGE, SAMPLES, V2_LOG

import logparse as lp

V2_PAGE = LOGS / "v2-2021-06" / "success_html_user.html"

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


# --- forms of a page ---------------------------------------------------------------------------


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
    tmp_path: Path, page: lp.Invocation, page_text: str, form: Any
) -> None:
    path = tmp_path / "page.txt"
    path.write_bytes(form(page_text))
    found = lp.parse(path)
    same(found, page, "definition")
    assert found.findings == []


def test_the_log_alone(page: lp.Invocation, page_text: str) -> None:
    """Without the page only what the page alone tells is missing."""
    found = lp.parse(page_text[page_text.index("[04:33:59.106]") :])
    same(found, page, "definition", "definition_revision", "properties")
    assert found.findings == []


def test_text_around_the_log_is_reported(page: lp.Invocation, page_text: str) -> None:
    log = page_text[page_text.index("[04:33:59.106]") :]
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


# --- several in one file -----------------------------------------------------------------------


def test_two_pages_of_text_in_one_file(page: lp.Invocation, page_text: str) -> None:
    other = page_text.replace("9028843112359765808", "9028843112359765809").replace(
        "Triggered by: -", "Triggered by: a@b.c"
    )
    first, second = lp.parse_many(page_text + "\n" + other)
    same(first, page)
    same(second, lp.parse(other))
    assert (second.triggered_by, second.source_line) == ("user:a@b.c", 32 + page_text.count("\n") + 1)


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
    """tests/test_entries_forged.py has many more. This one reads files."""
    log = (LOGS / "v1-2020-11" / "urlfetch_200_text.log").read_text(encoding="utf-8")
    head, finish = log[: log.rindex("[")], log[log.rindex("[") :]
    forged = head + "Status: FAILED\nTriggered by: x\n\nDebug log (UTC)\n\n" + log[: log.rindex("[")] + finish
    assert len(list(lp.parse_many(forged))) == 1
    assert lp.parse(forged).status == "SUCCEEDED"
    assert lp.load(forged).failures == []


def test_parse_wants_one(page_text: str) -> None:
    with pytest.raises(lp.InputError, match="holds 2 invocations, not one; use parse_many"):
        lp.parse(f"{page_text}\n{page_text}")


# --- what is no invocation ---------------------------------------------------------------------


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
            "not one of the LUCI",
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
