"""Hostile markup: any markup is read, in linear time."""

from __future__ import annotations

import html as stdlib_html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear import Case, assert_linear, repeated
from quick import quick
from saved_html import DATA, LOG_HEADING, PAGES, as_browser_saves, log_of, page, read

from logparse.errors import InputError, LogparseError
from logparse.sources import html as module
from logparse.sources.html import is_html, split_pages, to_text

MARKUP = """
<pre>|</pre>|<h4>|</h4>|Debug log (UTC)|Status:|<b>|</b>|<a href='|<a href="x">|</a>|<ul>|<ol class=breadcrumb>|<li>|</li>
</ul>|<svg>|</svg>|<button>|</button>|<title>|LUCI Scheduler :: |</title>|<!--|-->|<!doctype html>|<html>|</html>
<script>|</script>|<textarea>|<![CDATA[|]]>|&|&amp;|&#0;|&#x110000;|&#99999999999;|&amp|<|>|"|'|=|/| |<br>|<div>|</div>
</|<?|<plaintext>|<table id=invocations-table>|<h5>Last triage|[000 ms] |<pre """
SOUP = st.lists(
    st.sampled_from([*re.split(r"[|\n]", MARKUP), "\n", "\r", "\0", "\ud800"]) | st.text(max_size=5),
    max_size=40,
).map("".join)


@given(SOUP | st.text())
def test_anything_goes(text: str) -> None:
    found = to_text(text)
    assert found.kind in ("invocation", "job", "other")
    assert 0 <= found.log_line_shift <= text.count("\n")
    is_html(text)
    pages = split_pages(text)
    assert "".join(html for _, html in pages) == text
    assert [line for line, _ in pages] == sorted(line for line, _ in pages)


@given(SOUP)
def test_anything_in_the_log_of_a_page(text: str) -> None:
    found = to_text(page(text))
    assert found.kind == "invocation"
    assert LOG_HEADING in found.text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_escaped_log_comes_back(log: str) -> None:
    assert log_of(page("\n" + stdlib_html.escape(log))) == log.replace("\0", "\ufffd")


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1)),
    st.lists(
        st.sampled_from(
            ["<span>", "</span>", "<font a='>'>", "<!-- -->", "<b>", "</i>", "<script><</script>"]
        ),
        min_size=1,
    ),
)
def test_tags_within_the_log_change_nothing(pieces: list[str], tags: list[str]) -> None:
    marked = "".join(stdlib_html.escape(p) + tags[n % len(tags)] for n, p in enumerate(pieces))
    assert log_of(page("\n" + marked)) == "".join(pieces)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_lexbor_reads_the_same_from_the_page_itself(path: Path) -> None:
    from selectolax.lexbor import LexborHTMLParser

    html = as_browser_saves(read(path))
    text = to_text(html).text
    pres = LexborHTMLParser(html).css("pre")
    assert pres
    assert all(node.text() in text for node in pres)
    assert text.endswith(pres[-1].text())


BEFORE: dict[str, Callable[[int], str]] = {
    **{
        piece: repeated(piece)
        for piece in (
            "<div>",
            "<b>",
            "<ul>",
            "<svg>",
            "<button><select>",
            "<table><tr><td>",
            "</div></b></li></x>",
            "<!-- -->",
        )
    },
    "other fonts": lambda size: "".join(f"<font size={n}><p>" for n in range(size)),
    "attributes": lambda size: "<div " + "".join(f'a{n}="x" ' for n in range(size)) + ">",
    "an attribute": repeated("x", "<div a='", "'>"),
}
BEHIND = ("<a ", '<a b="', "<!--", "<!", "<script>", "</", "<a =", "<pre>", "<", "&#", "</pre")


@pytest.mark.untraced
@pytest.mark.parametrize("name", quick(["<div>", "attributes", "an attribute"], BEFORE))
def test_hostile_markup_before_the_page(name: str) -> None:
    whole = read(DATA / "noop.html")
    text = to_text(whole).text

    def run(junk: str) -> None:
        assert to_text(junk + whole).text == text

    assert_linear(Case(name, BEFORE[name], run, 100_000 if "attribute" in name else 30_000))


@pytest.mark.untraced
@pytest.mark.parametrize("junk", BEHIND)
def test_hostile_markup_behind_the_page(junk: str) -> None:
    whole = read(DATA / "noop.html")
    text = to_text(whole).text

    def run(html: str) -> None:
        assert to_text(html).text == text
        assert len(split_pages(html)) == 1

    assert_linear(Case(junk, repeated(junk, whole), run, 100_000))


@pytest.mark.parametrize("tag", ["<li>", "<pre></pre>", "<h4></h4>", "<p>x", "&<i>"])
def test_too_many_elements(tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ELEMENTS", 1000)
    with pytest.raises(InputError, match="more than 1000 elements"):
        to_text("<ul>" * (tag == "<li>") + tag * 2000)
    assert issubclass(InputError, LogparseError)


@pytest.mark.untraced
def test_large_log() -> None:
    def run(log: str) -> None:
        assert log_of(page(log)) == stdlib_html.unescape(log)

    line = "[19:52:18.002] A &lt;line&gt; with &#34;quotes&#34;\n"
    assert_linear(Case("lines", repeated(line), run, 50_000))
