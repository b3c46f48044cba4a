"""Saved HTML of pages: their text form, their logs and lines."""

from __future__ import annotations

import html as stdlib_html
import re
from pathlib import Path

import pytest
from saved_html import DATA, LOG_HEADING, PAGES, as_browser_saves, log_of, page, pair, read

from logparse.sources.html import to_text

JOB_PAGE = """<!DOCTYPE html>
<html><head><title>LUCI Scheduler :: pdfium :: win_xfa</title></head><body>
<ol class="breadcrumb"><li><a href="/">All projects</a></li><li><a href="/jobs/pdfium">pdfium</a></li>
<li class="active"><span title="Triggered job"></span> win_xfa</li></ol>
<div class="row"><div><b>State:</b> <span class="label">RUNNING</span></div>
<div><b>Schedule:</b> triggered</div><div><b>Next run:</b> -</div><div><b>Actions:</b></div></div>
<h4>Definition (rev abc)</h4><h5>Task</h5><pre>noop: {}</pre><h5>Triggering policy</h5><pre>kind: GREEDY</pre>
TRIAGE
<h4>Pending triggers</h4><ul><li>cron</li></ul>
<table id="invocations-table"><tr><td><a href="/jobs/pdfium/win_xfa/1">9028843112359765808</a></td>
<td><a href="https://ci.chromium.org/b/1">SUCCEEDED</a></td></tr></table></body></html>
"""


# --- pages and their logs ----------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_log_is_the_page_s_byte_for_byte(path: Path) -> None:
    html, log = pair(path)
    expected = as_browser_saves(log) if ".dom." in path.name else log
    assert log_of(html).rstrip("\n") == expected.rstrip("\n")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_log_s_lines_are_found_in_the_page(path: Path) -> None:
    html, _ = pair(path)
    source = html.split("\n")
    for number, line in enumerate(log_of(html).rstrip("\n").split("\n"), start=1):
        shown = source[number + to_text(html).log_line_shift - 1].removesuffix("</pre>")
        assert stdlib_html.unescape(re.sub(r"^.*<pre>", "", shown)) == line


def test_a_browser_s_page_equals_the_server_s() -> None:
    served, saved = to_text(read(DATA / "noop.html")), to_text(read(DATA / "noop.dom.html"))
    assert served.text == saved.text
    assert served.log_line_shift != saved.log_line_shift


def test_text_form() -> None:
    assert to_text(read(DATA / "noop.html")).text == (
        """\
All projects / flutter / amd64-generic-vm-rel / 9039385182029812240
Status: SUCCEEDED
Triggered by: -
Duration: 1 second
Actions:

Definition (rev 52e0cf22fe0c374fc836ab9b94e12eb796a6b864)

noop: <
  sleep_ms: 1
>

Incoming triggers

  • 0016a17d381568a8908e6ad156f58f323556d66b <https://chromium.googlesource.com/flutter/src/+/0016a17d381568a8908e6ad156f58f323556d66b> (32 minutes ago)

Incoming properties

{
  "branch": "refs/heads/master",
  "repository": "https://chromium.googlesource.com/flutter/src",
  "revision": "0016a17d381568a8908e6ad156f58f323556d66b"
}

Incoming tags

  • buildset:commit/git/0016a17d381568a8908e6ad156f58f323556d66b
  • buildset:commit/gitiles/chromium.googlesource.com/flutter/src/+/0016a17d381568a8908e6ad156f58f323556d66b
  • gitiles_ref:refs/heads/master

Debug log (UTC)

[19:52:18.002] New invocation is queued and will start shortly
[19:52:19.007] Starting the invocation (attempt 1)
[19:52:19.007] Running noop task for 1ms
[19:52:19.009] Invocation finished in 1.007204359s with status SUCCEEDED
"""
    )


def test_odd_job_name_link_of_the_status_and_sender_of_the_trigger() -> None:
    found = to_text(read(DATA / "odd-job-name.html"))
    assert found.title == "LUCI Scheduler :: pigweed :: Linux Tests (dbg)(1) - v2.0_x :: 9008178545223826352"
    lines = found.text.split("\n")
    assert lines[:5] == [
        "All projects / pigweed / Linux Tests (dbg)(1) - v2.0_x / 9008178545223826352",
        "Status: SUCCEEDED <https://cr-buildbucket.appspot.com/build/8842748479532903328>",
        "Triggered by: zoë@example.com",
        "Duration: 5 minutes",
        "Actions:",
    ]
    assert "  • Triggered via web UI (58 minutes ago by zoë@example.com)" in lines


def test_outgoing_triggers() -> None:
    text = to_text(read(DATA / "gitiles-outgoing.html")).text
    _, _, outgoing = text.partition("Outgoing triggers\n\n")
    assert "  • cron:v1:3 (40 minutes ago)\n" in text
    assert outgoing.partition("\n\n")[0].count("  • 000000000000000000000000000000decadf9223 <https://") == 3


def test_unfinished_invocation() -> None:
    text = to_text(read(DATA / "unfinished.html")).text
    assert "\nStatus: STARTING\n" in text
    assert text.count("[07:42:") == 2


def test_triage_block_stays_in_the_log() -> None:
    assert log_of(read(DATA / "triage-block.html")).startswith("Debug output from the triage procedure:\n---")


def test_carriage_returns_of_the_log_stay() -> None:
    assert "\r\n" in log_of(read(DATA / "crlf-2026.html"))


def test_page_without_sections() -> None:
    html = re.sub(r"<h4>Definition.*?(?=<h4>Debug)", "", read(DATA / "noop.html"), flags=re.DOTALL)
    text = to_text(html).text
    assert "Definition" not in text
    assert text.startswith("All projects / flutter")
    assert "\nActions:\n\nDebug log (UTC)\n\n[19:52:18.002] New" in text


def test_page_cut_off_before_the_log() -> None:
    html = read(DATA / "noop.html").partition("<h4>Debug log")[0]
    found = to_text(html)
    assert found.kind == "invocation"
    assert found.text.rstrip("\n").endswith("  • gitiles_ref:refs/heads/master")
    assert found.log_line_shift == 0


@pytest.mark.parametrize("keep", [0, 300, 3000, 5000, 5800, 6000, 6200])
def test_truncated_page(keep: int) -> None:
    whole = to_text(read(DATA / "noop.html"))
    part = to_text(read(DATA / "noop.html")[:keep])
    assert part.kind in ("invocation", "other")
    if LOG_HEADING in part.text:
        assert whole.text.startswith(part.text)


def test_title_stands_in_for_a_missing_breadcrumb() -> None:
    assert to_text(page("x")).text.startswith("All projects / p / j / 9028843112359765808\n\nDebug log")


def test_empty_log() -> None:
    assert log_of(page("")) == ""
    assert log_of(page("").replace("<pre></pre>", "")) == ""


# --- other kinds -------------------------------------------------------------------------------


def test_job_page_without_a_triage_log() -> None:
    found = to_text(JOB_PAGE.replace("TRIAGE", ""))
    assert (found.kind, found.text, found.log_line_shift) == ("job", "", 0)
    assert found.title == "LUCI Scheduler :: pdfium :: win_xfa"


@pytest.mark.parametrize("heading", ["<h5>Last triage (3 minutes ago)</h5>", ""])
def test_job_page_with_a_triage_log(heading: str) -> None:
    log = "[000 ms] Starting\n[012 ms] Pending triggers set: 0 &lt;items&gt;\n"
    html = JOB_PAGE.replace("TRIAGE", f"{heading}<div>stale!</div>\n<pre>{log}</pre>")
    found = to_text(html)
    assert (found.kind, found.text) == ("job", stdlib_html.unescape(log))
    assert html.split("\n")[found.log_line_shift].endswith("[000 ms] Starting")


@pytest.mark.parametrize(
    "html",
    [
        "",
        "plain text",
        "<html><title>LUCI Scheduler</title><table id=jobs-table></table>",
        "<html><title>LUCI Scheduler :: p :: j</title><h3>Success</h3>",
        "<html><title>\nLUCI Scheduler\n :: p :: j :: 9028843112359765808</title><b>No such invocation</b>",
        "<html><title>A forum</title><h4>Debug log</h4><pre>[00:00:00.000] mine</pre>",
        "<html><title>A shop</title><table id=invocations-table></table>",
        '<html><svg><title>LUCI Scheduler :: p</title></svg><b>Status:</b> up<pre class="x">y</pre>',
    ],
)
def test_other_pages(html: str) -> None:
    found = to_text(html)
    assert (found.kind, found.text, found.log_line_shift) == ("other", "", 0)


def test_title_is_decoded_and_collapsed() -> None:
    assert to_text("<title>\n a &amp;\n b </title><title>c</title>").title == "a & b"
    assert to_text("<title> </title>").title is None


# --- what browsers and extensions do -----------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("\nfirst", "first"),
        ("\r\nfirst", "first"),
        ("\n\nfirst", "\nfirst"),
        ("a&#13;\nb", "a\r\nb"),
        ("a\r\nb\rc", "a\r\nb\rc"),
        ("a&#0;b\0c", "a\ufffdb\ufffdc"),
        ("&lt;b&gt; &#34;&#43;&#39; &amp;amp; &nbsp;&eacute;&#x1F600;", "<b> \"+' &amp; \xa0é😀"),
        ("a < b <3 << c", "a < b <3 << c"),
        ("<<i>b>x", "<b>x"),
        ("&am<i></i>p;", "&amp;"),
        ("&#6<i></i>5;", "\x065;"),
        ('<font color="red">[1]</font> <span a=">">two</span><wbr>three', "[1] twothree"),
        ('see <a href="http://x/">http://x/</a>', "see http://x/"),
        ("a<br>b<BR/>c", "a\nb\nc"),
        ("<br>a", "\na"),
        ("<span>\na</span>", "\na"),
        ("<!-- c -->\na", "\na"),
        ("a<script>alert('<pre>')</script>b<style>pre {}</style>c", "abc"),
        ("<button>Copy</button>a<svg><path/><svg></svg><text>t</text></svg>b", "ab"),
        ("a<button>Copy", "a"),
        ("<h4>Debug log (UTC)</h4><ul><li>a</ul><pre>b<b>c", "Debug log (UTC)abc"),
        ("a\x1b[0m\x85\u2028\ufeff\x01b", "a\x1b[0m\x85\u2028\ufeff\x01b"),
    ],
)
def test_content_of_pre(source: str, expected: str) -> None:
    assert log_of(page(source)) == expected


@pytest.mark.parametrize(
    "pre", ["<PRE>", '<pre class="a > b" data-x=\'"\' hidden>', "<pre\n style=x >", "<pre/>"]
)
def test_forms_of_the_tag(pre: str) -> None:
    html = page("[1]\n[2]", pre=pre)
    assert log_of(html) == "[1]\n[2]"
    assert html.split("\n")[to_text(html).log_line_shift].endswith(">[1]")


def test_newline_behind_the_tag_counts_for_the_lines() -> None:
    html = page("\r\n[1]\n[2]")
    assert html.split("\n")[to_text(html).log_line_shift] == "[1]"


def test_upper_case_and_wrapped_page_reads_the_same() -> None:
    html = read(DATA / "odd-job-name.html")
    before, pre, after = html.partition("<h4>Definition")
    before = re.sub(r"</?[a-z0-9]+", lambda match: match[0].upper(), before)
    junk = '<div id="ext" data-x="<h4>Debug log (UTC)</h4>"><style>b {}</style><span>\n</span></div>'
    after = after.replace("<pre>", f'{junk}<ext-frame><PRE style="x">').replace(
        "</pre>", "</PRE></ext-frame>"
    )
    after = after.replace("<h4>", '<h4 class="x"><span>').replace("</h4>", '</span><a href="#x"></a></h4>')
    changed = before.replace("<BODY", f"<BODY>{junk}<NAV") + junk + pre + after
    assert to_text(changed).text == to_text(html).text


def test_modal_dialog_and_unknown_headings_are_passed_over() -> None:
    before = "<h4>Pausing</h4><b>Provide a reason</b><pre>not this</pre><h2>What</h2>"
    assert log_of(page("this", before)) == "this"


def test_first_of_repeated_sections_counts() -> None:
    assert log_of(page("first</pre><h4>Debug log (UTC)</h4><pre>second")) == "first"


def test_list_that_was_never_closed() -> None:
    html = read(DATA / "noop.html").replace("<body", "<ul><li><ul><body")
    assert to_text(html).text == to_text(read(DATA / "noop.html")).text


@pytest.mark.parametrize(
    ("href", "shown"),
    [
        ('"https://x/?a=1&amp;b=&lt;2 3&#xA0;"', " <https://x/?a=1&b=%3C2%203%C2%A0>"),
        ("'https://x/\"'", ' <https://x/">'),
        ("https://x/", " <https://x/>"),
        ('"#ZgotmplZ"', ""),
        ('" JavaScript:alert(1)"', ""),
        ('""', ""),
    ],
)
def test_links(href: str, shown: str) -> None:
    before = f"<h4>Incoming triggers</h4><ul><li><span>\n <a title='href=no' HREF = {href}>a\n b</a>\n</span>\n (now)</ul>"
    assert f"\n  • a b{shown} (now)\n" in to_text(page("", before)).text
