"""Pages for periods, and their index: written again from a timer, without a loss."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reports import LOGS, decoded

import logparse as lp

REAL = LOGS / "win_xfa_component-9028843112359765808.txt"
FOLDER = LOGS / "v1-2020-11"


@pytest.fixture
def logs(inside: Path) -> Path:
    """Logs of two months: the real page of November 2020, and some of other months."""
    shutil.copytree(FOLDER, inside / "logs", ignore=shutil.ignore_patterns("*.json", "long_*"))
    shutil.copy(REAL, inside / "logs")
    return inside / "logs"


def ids_of(path: Path) -> set[str]:
    return set(decoded(path.read_text(encoding="utf-8"))["invocation"]) - {None}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_each_run_is_in_the_page_of_its_period(logs: Path, inside: Path) -> None:
    data = lp.load(logs)
    for every, form in (("day", "%Y-%m-%d"), ("week", "%G-W%V"), ("month", "%Y-%m")):
        written = lp.report.write_periods(data, inside / every, every)  # type: ignore[arg-type]
        dated = data.invocations[data.invocations.created_at.notna()]
        expected = dated.groupby(dated.created_at.dt.strftime(form)).invocation_id.apply(
            lambda found: set(found.dropna())
        )
        assert len(expected) > 2
        undated = {"report-undated.html"} if len(dated) < len(data.invocations) else set()
        assert set(written.written) == {f"report-{period}.html" for period in expected.index} | undated
        for period, ids in expected.items():
            assert ids_of(inside / every / f"report-{period}.html") == ids
        counted = sum(
            len(decoded((inside / every / name).read_text(encoding="utf-8"))["created"])
            for name in written.written
        )
        assert counted == len(data.invocations)


def test_the_real_page_is_in_the_47th_week(inside: Path) -> None:
    written = lp.report.write_periods(lp.load(REAL), "site", "week")
    assert written.written == ("report-2020-W47.html",)
    index = (inside / "site" / "index.html").read_text(encoding="utf-8")
    assert "<a href='report-2020-W47.html'>2020-W47</a>" in index
    assert "<td class='number'>5.66 s</td><td class='number'>20m 56s</td>" in index


def test_a_second_run_changes_nothing(cli: Callable[..., Any], logs: Path, inside: Path) -> None:
    first = cli("report", logs, "--every", "month", "--into", "site")
    assert first.code == 0
    before = contents(inside / "site")
    times = {path.name: path.stat().st_mtime_ns for path in (inside / "site").iterdir()}
    again = cli("report", logs, "--every", "month", "--into", "site")
    assert again.out.startswith(f"0 pages written in site, {len(before) - 1} as before")
    assert contents(inside / "site") == before
    assert {path.name: path.stat().st_mtime_ns for path in (inside / "site").iterdir()} == times


def test_a_page_grows_with_its_period(cli: Callable[..., Any], logs: Path, inside: Path) -> None:
    kept = inside / "later.txt"
    shutil.move(logs / REAL.name, kept)
    cli("report", logs, "--every", "month", "--into", "site")
    before = contents(inside / "site")
    shutil.move(kept, logs / REAL.name)
    done = cli("report", logs, "--every", "month", "--into", "site")
    assert done.code == 0
    after = contents(inside / "site")
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"report-2020-11.html", "index.html"}
    assert "9028843112359765808" in ids_of(inside / "site" / "report-2020-11.html")


def test_pages_of_inputs_that_are_gone_are_kept(cli: Callable[..., Any], logs: Path, inside: Path) -> None:
    runs = lp.load(logs).invocations
    runs = runs[runs.created_at.notna() & runs.invocation_id.notna()]
    months = runs.created_at.dt.strftime("%Y-%m")
    month = months.value_counts().index[0]
    several = runs[months == month]
    assert len(several) > 1
    one, page = several.iloc[0], f"report-{month}.html"
    cli("report", logs, "--every", "month", "--into", "site")
    before = contents(inside / "site")
    done = cli("report", one.source, "--every", "month", "--into", "site")
    assert done.code == 0
    assert f"site/{page} has more runs than the inputs have now, and was kept" in done.err
    assert contents(inside / "site") == before
    forced = cli("report", one.source, "--every", "month", "--into", "site", "--force")
    assert forced.code == 0
    assert ids_of(inside / "site" / page) == {one.invocation_id}
    assert set(contents(inside / "site")) == set(before)


@pytest.mark.parametrize("name", ["report-2020-11.html", "index.html"])
def test_files_of_others_are_kept(cli: Callable[..., Any], inside: Path, name: str) -> None:
    (inside / "site").mkdir()
    (inside / "site" / name).write_text("<p>mine</p>", encoding="utf-8")
    done = cli("report", REAL, "--every", "month", "--into", "site")
    assert done.code == 1
    assert done.err == f"logparse: site/{name}: exists, and is not a report; overwrite it with --force\n"
    assert contents(inside / "site") == {name: b"<p>mine</p>"}
    assert cli("report", REAL, "--every", "month", "--into", "site", "--force").code == 0
    assert b"mine" not in contents(inside / "site")[name]


def test_a_file_is_no_folder(cli: Callable[..., Any], inside: Path) -> None:
    (inside / "site").write_text("mine", encoding="utf-8")
    done = cli("report", REAL, "--every", "day", "--into", "site")
    assert (done.code, (inside / "site").read_text(encoding="utf-8")) == (1, "mine")
    assert "is a file, not a directory; name another with --into" in done.err


def test_the_index_shows_hostile_summaries_as_text(cli: Callable[..., Any], inside: Path) -> None:
    site = inside / "site"
    site.mkdir()
    mark = '<meta name="generator" content="logparse report">'
    summary = (
        '{"period":"<img src=x>","runs":1,"succeeded":0,"failed":0,"aborted":0,'
        '"first":"<b>2020","last":null,"queue_p50_ms":null,"run_p50_ms":null}'
    ).replace('"', "&quot;")
    for name, text in {
        "report-2019-01.html": f'{mark}<meta name="logparse-summary" content="{summary}">',
        "report-2019-02.html": f'{mark}<meta name="logparse-summary" content="not JSON">',
        "report-2019-03.html": '<meta name="logparse-summary" content="{}">',
        "report-2019-04.html": "",
    }.items():
        (site / name).write_text(text, encoding="utf-8")
    assert cli("report", REAL, "--every", "month", "--into", "site").code == 0
    index = (site / "index.html").read_text(encoding="utf-8")
    assert "<img" not in index
    assert "&lt;img src=x&gt;" in index
    assert "report-2020-11.html" in index
    assert not any(f"report-2019-0{number}" in index for number in (2, 3, 4))


def test_inputs_that_cannot_be_read_are_in_the_index(cli: Callable[..., Any], inside: Path) -> None:
    (inside / "broken<b>.gz").write_bytes(b"\x1f\x8b not gzip")
    done = cli("report", REAL, "broken<b>.gz", "--every", "week", "--into", "site")
    assert done.code == 1
    index = (inside / "site" / "index.html").read_text(encoding="utf-8")
    assert "Inputs that could not be read" in index
    assert "broken&lt;b&gt;.gz" in index
    assert "broken<b>" not in index


def test_a_wrong_period_is_refused(inside: Path) -> None:
    with pytest.raises(lp.UsageError, match="'year' is not a period; choose from day, week, month"):
        lp.report.write_periods(lp.load(REAL), "site", "year")  # type: ignore[arg-type]
    assert list(inside.iterdir()) == []
