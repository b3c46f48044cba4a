"""Whether a text is HTML, and where its pages begin."""

from __future__ import annotations

import html as stdlib_html

import pytest
from saved_html import PAGES, log_of, pair, read

from logparse.sources.html import is_html, split_pages, to_text


@pytest.mark.parametrize(
    "start",
    [
        "<!DOCTYPE html>",
        "\ufeff\n \n<!doctype HTML PUBLIC>",
        "<html lang=en>",
        "<HTML>",
        "<!-- saved from url=(0073)https://x -->\n<html>",
        "<!-- a --> <!-- b -->\n<!doctype html>",
        '<?xml version="1.0"?>\n<!DOCTYPE html>',
        "<head>",
    ],
)
def test_is_html(start: str) -> None:
    assert is_html(start + "x" * 10_000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "[00:00:00.000] 500\n<!doctype html>\n<html></html>",
        "Status: FAILED\n<html>",
        "Debug output from the triage procedure:\n<html>",
        "All projects / <html>",
        "<htmlx>",
        "<!-- a -->" * 500 + "<html>",
        "<!--" * 2000,
        "<pre>",
    ],
)
def test_is_not_html(text: str) -> None:
    assert not is_html(text)


def test_sample_pages_are_html_and_logs_are_not() -> None:
    for path in PAGES:
        html, log = pair(path)
        assert is_html(html)
        assert not is_html(log)
        assert split_pages(html) == [(0, html)]


def test_split_pages() -> None:
    whole = [read(path) for path in PAGES]
    found = split_pages("".join(whole))
    assert [to_text(html).text for _, html in found] == [to_text(html).text for html in whole]
    lines = "".join(whole).split("\n")
    for line, html in found:
        assert lines[line].endswith(html.partition("\n")[0])
        log_line = lines[line + to_text(html).log_line_shift]
        assert log_line.endswith(stdlib_html.escape(log_of(html).partition("\n")[0]))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("<html>a</html>\n<html>b</html>", 2),
        ("<!doctype html><html>a<!doctype html><html>b", 2),
        ("<!doctype html>a\n<!doctype html>b", 2),
        ("<html><html></html>", 1),
        ("<!doctype html><html><script>'</html><!doctype html><html>'</script></html>", 1),
        ('<!doctype html><html><p title="</html><!doctype html><html>"></html>', 1),
        ("<!doctype html><html><!-- <!doctype html><html> --></html>", 1),
        ("no page", 1),
        ("", 1),
    ],
)
def test_number_of_pages(text: str, count: int) -> None:
    assert len(split_pages(text)) == count
