"""Durations, bars and tables as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

import logparse as lp
from logparse.output.card import card
from logparse.output.overview import overview
from logparse.output.terminal import printed, to_ascii
from logparse.output.timeline import timeline
from logparse.output.words import (
    bar,
    count,
    duration,
    in_one_style,
    moment,
    short_duration,
    shortened,
)
from logparse.records import Event, Invocation


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (None, "–", "–"),
        (float("nan"), "–", "–"),
        (0.0, "0.000 s", "0.00 s"),
        (0.22363, "0.224 s", "0.22 s"),
        (5.660921, "5.661 s", "5.66 s"),
        (9.9949, "9.995 s", "9.99 s"),
        (9.996, "9.996 s", "10.0 s"),
        (48.422, "48.422 s", "48.4 s"),
        (59.9994, "59.999 s", "1m 00s"),
        (59.9996, "1m 00.000s", "1m 00s"),
        (-0.006, "-0.006 s", "-0.01 s"),
        (119.9999, "2m 00.000s", "2m 00s"),
        (1255.841972, "20m 55.842s", "20m 56s"),
        (3599.9, "59m 59.900s", "1h 00m"),
        (3599.9999, "1h 00m 00s", "1h 00m"),
        (97270.0, "27h 01m 10s", "27h 01m"),
        (-90.0, "-1m 30.000s", "-1m 30s"),
    ],
)
def test_durations(seconds: float | None, long: str, short: str) -> None:
    assert duration(seconds) == long
    assert short_duration(seconds) == short


def test_durations_of_a_line_have_one_style() -> None:
    assert in_one_style(["0.22 s", "5.66 s"]) == ["0.22 s", "5.66 s"]
    assert in_one_style(["5.66 s", "1m 48s", "–", "7h 01m"]) == ["5.66s", "1m 48s", "–", "7h 01m"]


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("luci.chromium.ci/Build-Mac-Clang-x86_64-Debug", 24, "luci.chromi…x86_64-Debug"),
        ("short", 5, "short"),
        ("longer", 5, "lo…er"),
        ("abcdef", 1, "…"),
        ("機械機械", 6, "機…械"),
        ("", 3, ""),
    ],
)
def test_names_are_shortened_in_their_middle(text: str, width: int, short: str) -> None:
    assert shortened(text, width) == short


def test_moments() -> None:
    at = datetime(2020, 11, 17, 4, 33, 59, 89999, UTC)
    assert moment(at) == "2020-11-17 04:33:59.089"
    assert moment(at, date=False) == "04:33:59.089"
    assert moment(None) == "–"


@pytest.mark.parametrize("width", [8, 10, 60])
@pytest.mark.parametrize("unicode", [True, False])
def test_bars_stay_in_their_line(width: int, unicode: bool) -> None:
    for first in (-1.0, 0.0, 0.001, 0.499, 0.5, 0.999, 1.0, 2.0):
        for last in (first, first + 0.0001, first + 0.3, 1.0, 9.0):
            drawn = bar(first, max(first, last), width, unicode=unicode)
            assert 1 <= len(drawn) <= width
            # What is there is seen.
            assert drawn.strip()
            assert drawn.isascii() or unicode
    assert bar(0, 1, 8) == "█" * 8
    assert bar(0.5, 1, 8) == "    ████"
    assert bar(0, 1 / 16, 8) == "▌"


def test_counts() -> None:
    assert [count(n, "check") for n in (0, 1, 2)] == ["0 checks", "1 check", "2 checks"]
    assert count(2, "entry", "entries") == "2 entries"


HOSTILE = "\x1b[2J\x1b]0;x\x07\r\n\t\x9b31m\u202e[bold]red[/bold] :smile:"


def row(**more: Any) -> dict[str, Any]:
    names = (
        "queue_latency_p50_s",
        "queue_latency_p90_s",
        "run_p50_s",
        "run_p90_s",
        "run_max_s",
        "poll_rpc_s",
    )
    known = {
        "invocations": 1,
        "succeeded": 1,
        "failed": 0,
        "aborted": 0,
        "unfinished": 0,
        "poll_count": 0,
        "builds": 1,
        **dict.fromkeys(names),
    }
    return {**known, "group bot": "g", **more}


def test_hostile_names_in_tables() -> None:
    text = printed(
        overview(None, [row(**{"group bot": HOSTILE})], ["bot"], width=120), styled=True, width=120
    )
    bare = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert all(c.isprintable() or c == "\n" for c in bare)
    assert "\\x1b[2J" in bare
    assert "[bold]red[/bold] :smile:" in bare


def test_hostile_text_on_cards_and_timelines() -> None:
    invocation = Invocation(
        invocation_id=HOSTILE,
        job_id=HOSTILE,
        status=HOSTILE,
        triggered_by=HOSTILE,
        builder=HOSTILE,
        source=HOSTILE,
    )
    event = Event(seq=1, line=1, clock="00:00:00.000", kind="x", text=HOSTILE + "\nmore\x1b[2J")
    for text in (
        printed(card(invocation, width=100), styled=False, width=100),
        "\n".join(line.plain for line in timeline([event], full=True)),
    ):
        assert all(c.isprintable() or c == "\n" for c in text)


def test_what_is_unknown_is_a_dash_and_an_empty_column_is_none() -> None:
    groups = [row(run_p50_s=1.0), row(**{"group bot": "h"})]
    text = printed(overview(None, groups, ["bot"], width=100), styled=False, width=100)
    assert text.splitlines()[0] == "no invocations"
    assert text.splitlines()[2].split() == ["bot", "runs", "ok", "failed", "run", "p50", "polls"]
    assert text.splitlines()[-1].split() == ["h", "1", "1", "0", "–", "0"]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_wide_characters_and_big_numbers_fit(width: int) -> None:
    from rich.cells import cell_len

    groups = [
        row(**{"group bot": "機械" * 30}, invocations=12_345_678, queue_latency_p50_s=1e7, run_p50_s=1e7)
    ]
    text = printed(overview(None, groups, ["bot"], width=width), styled=False, width=width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "12\u202f345\u202f678" in text
    assert to_ascii(text).replace("機", "").replace("械", "").isascii()


def test_records_in_notebooks_are_escaped() -> None:
    invocation = Invocation(job_id="<script>alert(1)</script>", tags=["</td><img src=x onerror=y>"])
    html = invocation._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html
    frame = lp.load("[00:00:00.000] <script>alert(1)</script>\n").events.to_html()
    assert "<script" not in frame
