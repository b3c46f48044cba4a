"""The page of a report in a browser: numbers after a choice, tables, the address, keyboard, hostile names."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hostile import NAMES, builder_id
from reports import Fleet, Shown, content_of

import logparse as lp
from logparse import metrics
from logparse.analysis import failures, health, queue
from logparse.output.words import duration
from logparse.tables.plainframes import plain_rows

pytestmark = pytest.mark.slow

Show = Callable[..., Shown]
FROM, TO = "2021-03-08T00:00Z", "2021-03-16T12:00Z"
RANGE = f"from={FROM}&to={TO}"
STATISTICS = ("p50", "p90", "max")


def within(data: pd.DataFrame, column: str = "created_at") -> pd.DataFrame:
    return data[(data[column] >= pd.Timestamp(FROM)) & (data[column] < pd.Timestamp(TO))]


def in_ms(data: pd.DataFrame) -> pd.DataFrame:
    """Return invocations with their durations rounded as in the page."""
    names = ("run_s", "queue_latency_s", "poll_rpc_s")
    return data.assign(**{name: data[name].round(3) for name in names if name in data})


def number(text: str) -> float | None:
    return float(text) if text else None


def assert_same(shown: str, expected: Any) -> None:
    known = None if pd.isna(expected) else float(expected)
    found = number(shown)
    assert (found is None) == (known is None), (shown, expected)
    if found is not None and known is not None:
        assert math.isclose(found, known, rel_tol=1e-9, abs_tol=1e-9), (shown, expected)


def columns_of(name: str) -> dict[str, str]:
    """Return the page's columns of a table of groups, and those of the metrics."""
    same = {f"{metric}_{stat}_s": f"{metric}_{stat}_s" for metric in ("run",) for stat in ("p50", "p90")}
    counts = {"runs": "invocations", "failed": "failed", "success_rate": "success_rate", "busy_s": "busy_s"}
    if name == "bot":
        return {**same, **counts, "utilization": "utilization"}
    more = {f"queue_latency_{stat}_s": f"queue_latency_{stat}_s" for stat in ("p50", "p90")}
    return {**same, **counts, **more, "run_max_s": "run_max_s"}


# --- numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["builder", "bot"])
@pytest.mark.parametrize("hash_", ["", RANGE])
def test_statistics_equal_those_of_the_library(fleet: Fleet, show: Show, name: str, hash_: str) -> None:
    chosen = within(fleet.invocations) if hash_ else fleet.invocations
    expected = metrics.group_by(metrics.with_bots(in_ms(chosen), fleet.builds), name).set_index(f"{name}_id")
    rows = show(fleet.path, hash_).rows(f"{name}s")
    assert {row[f"{name}_id"] for row in rows} == set(expected.index)
    assert len(rows) > 5
    for row in rows:
        for shown, of in columns_of(name).items():
            assert_same(row[shown], expected.loc[row[f"{name}_id"], of])


def test_filters_choose_the_runs_that_count(fleet: Fleet, show: Show) -> None:
    shown = show(fleet.path)
    data = fleet.content.units
    pool, builder = "example.linux", "example/ci/linux-rel"
    shown.choose(f"{RANGE}&pool={pool}&builder={builder}&builder=example/ci/docs&status=FAILED")
    chosen = within(data)
    chosen = chosen[(chosen.pool == pool) & chosen.builder_id.isin([builder, "example/ci/docs"])]
    chosen = chosen[chosen.status == "FAILED"]
    rows = shown.rows("runs")
    assert {row["id"] for row in rows} == set(chosen.invocation_id)
    assert 0 < len(rows) < len(data)
    text = shown.page.locator("#selected").inner_text()
    assert text.startswith(f"{len(rows)} of 10,000 runs")
    assert "status: FAILED" in text


def test_health_equals_that_of_the_library(fleet: Fleet, show: Show) -> None:
    for hash_, builds in (("", fleet.builds), (RANGE, within(fleet.builds))):
        judged = health(builds)
        assert len(judged) > 5
        bad = set(judged[judged["unhealthy"]]["builder_id"])
        close = set(judged[judged["near"] | (judged["days_left"] <= 1)]["builder_id"]) - bad
        assert bad or hash_
        rows = show(fleet.path, hash_).rows("builders")
        assert {row["builder_id"] for row in rows if row["health"] == "unhealthy"} == bad
        assert {row["builder_id"] for row in rows if row["health"] == "near"} == close


def test_builders_are_not_judged_by_some_of_their_builds(fleet: Fleet, show: Show) -> None:
    rows = show(fleet.path, "status=FAILED").rows("builders")
    assert rows
    assert {row["health"] for row in rows} == {""}


def test_causes_of_failures_equal_those_of_the_library(fleet: Fleet, show: Show) -> None:
    expected = failures(within(fleet.invocations), fleet.builds.head(0))
    rows = show(fleet.path, RANGE).rows("failures")
    found = {(row["cause"], row["detail"]): row for row in rows}
    assert len(found) == len(expected) > 3
    for row in plain_rows(expected):
        shown = found[row["cause"], row["detail"] or ""]
        assert int(shown["failed"]) == row["failed"]
        assert (int(shown["builders"]), int(shown["bots"])) == (row["builders"], row["bots"])
        assert math.isclose(float(shown["share"]), row["share"])
        assert math.isclose(float(shown["bot_hours"]), row["bot_hours"], abs_tol=1e-4)


def test_the_queue_over_time_equals_that_of_the_library(fleet: Fleet, show: Show) -> None:
    expected = queue(fleet.builds, "all", bucket_s=86_400).set_index("time")
    shown = show(fleet.path)
    shown.page.locator("#depth-chart summary").click()
    lines = shown.page.locator("#depth-chart tbody tr").all_inner_texts()
    assert len(lines) == len(expected) == 29
    for line in lines:
        day, running, waiting = line.split("\t")
        row = expected.loc[pd.Timestamp(day, tz="UTC")]
        assert float(running) == pytest.approx(
            row.running_mean, abs=0.0051 if row.running_mean < 10 else 0.051
        )
        assert float(waiting) == pytest.approx(row.waiting_mean, abs=0.0051)


def test_polling_equals_the_sums(fleet: Fleet, show: Show) -> None:
    chosen = within(fleet.invocations)
    chosen = chosen[chosen.poll_count.notna()]
    rows = show(fleet.path, RANGE).rows("polling")
    groups = in_ms(chosen).groupby("builder_id")
    for row in rows:
        group = groups.get_group(row["builder_id"])
        assert int(row["poll_count"]) == group.poll_count.sum()
        assert float(row["poll_rpc_s"]) == pytest.approx(group.poll_rpc_s.sum())
        assert int(row["notification_count"]) == group.notification_count.sum()
    assert len(rows) == len(groups)


def test_runs_that_have_not_ended_are_counted_beside(
    given_data: lp.Dataset, given_page: Path, show: Show
) -> None:
    data = content_of(given_data).units
    is_open = ~data.status.isin(["SUCCEEDED", "FAILED", "ABORTED", "OVERRUN"])
    waiting = int((is_open & data.build_started_at.isna()).sum())
    running = int((is_open & data.build_started_at.notna() & data.run_s.isna()).sum())
    assert waiting > 0
    tiles = show(given_page).page.locator("#tiles").inner_text()
    assert f"{data.queue_latency_s.notna().sum():,} known, {waiting} still waiting" in tiles
    assert (f"{running} still running" in tiles) == (running > 0)


def test_lone_builds_count_as_in_the_library(given_data: lp.Dataset, given_page: Path, show: Show) -> None:
    expected = metrics.group_by(
        in_ms(given_data.invocations), "builder", builds=in_ms(given_data.builds)
    ).set_index("builder_id")
    rows = show(given_page).rows("builders")
    assert {row["builder_id"] for row in rows} == set(expected.index)
    for row in rows:
        group = expected.loc[row["builder_id"]]
        lone = given_data.builds[
            given_data.builds.invocation_id.isna() & (given_data.builds.builder_id == row["builder_id"])
        ]
        assert int(row["runs"]) == group.invocations + len(lone)
        assert int(row["failed"]) == group.failed
        assert_same(row["run_p50_s"], group.run_p50_s)
        assert_same(row["queue_latency_p90_s"], group.queue_latency_p90_s)


# --- choosing ---------------------------------------------------------------------------------


def test_a_drag_over_the_bars_chooses_a_range(fleet: Fleet, show: Show) -> None:
    shown = show(fleet.path)
    box = shown.page.locator("#brush svg").bounding_box()
    assert box is not None
    mouse = shown.page.mouse

    def drag(start: float, end: float) -> None:
        assert box is not None
        mouse.move(box["x"] + box["width"] * start, box["y"] + 25)
        mouse.down()
        mouse.move(box["x"] + box["width"] * (start + end) / 2, box["y"] + 25)
        mouse.move(box["x"] + box["width"] * end, box["y"] + 25)
        mouse.up()

    shown.after(lambda: drag(0.25, 0.5))
    shown.page.wait_for_timeout(200)
    chosen = dict(part.split("=") for part in shown.hash().replace("%3A", ":").split("&"))
    first, last = pd.Timestamp(chosen["from"]), pd.Timestamp(chosen["to"])
    data = fleet.invocations
    expected = data[(data.created_at >= first) & (data.created_at < last)]
    assert {row["id"] for row in shown.rows("runs")} == set(expected.invocation_id)
    assert 6 <= (last - first) / pd.Timedelta(days=1) <= 8
    count = len(expected)
    assert shown.page.locator("#selected").inner_text().startswith(f"{count:,} of 10,000 runs")
    shown.after(lambda: shown.page.locator("#reset").click())
    assert shown.hash() == ""


def test_the_fields_choose_a_range_in_utc(fleet: Fleet, show: Show) -> None:
    shown = show(fleet.path, timezone_id="Asia/Kolkata", locale="de-DE")
    shown.after(lambda: shown.page.locator("#range-from").fill("2021-03-08T00:00"))
    shown.after(lambda: shown.page.locator("#range-to").fill("2021-03-16T12:00"))
    assert shown.hash().replace("%3A", ":") == RANGE
    assert {row["id"] for row in shown.rows("runs")} == set(within(fleet.invocations).invocation_id)


def test_the_address_holds_what_is_chosen(fleet: Fleet, show: Show) -> None:
    shown = show(fleet.path)
    shown.choose(f"{RANGE}&status=ABORTED")
    page = shown.page
    page.locator("#builders-table thead button", has_text="Failed").click()
    page.locator("#runs-find").fill("linux-rel aborted")
    before = shown.hash()
    other = show(fleet.path, before)
    assert other.hash() == before
    for table in ("builders", "runs"):
        assert other.csv(table) == shown.csv(table)
    assert other.page.locator("#runs-find").input_value() == "linux-rel aborted"
    sorted_by = other.page.locator("#builders-table th[aria-sort=descending]")
    assert sorted_by.inner_text().startswith("Failed")


@pytest.mark.parametrize(
    "hash_",
    [
        "from=yesterday&to=&sort.builders=nothing&builder=&x=1&=&%E0%A4%A",
        "find.__proto__=x&sort.__proto__=y&sort.constructor=z&find.toString=x",
    ],
)
def test_an_address_that_cannot_be_read_chooses_all(fleet: Fleet, show: Show, hash_: str) -> None:
    shown = show(fleet.path, hash_)
    assert shown.page.locator("#selected").inner_text().startswith("All 10,000 runs")
    assert shown.page.evaluate("({}).find === undefined && ({}).sort === undefined") is True


@pytest.mark.parametrize("hash_", ["from=2030-01-01T00:00Z", "from=2021-03-20T00:00Z&to=2021-03-10T00:00Z"])
def test_a_range_without_runs_shows_without_an_error(fleet: Fleet, show: Show, hash_: str) -> None:
    shown = show(fleet.path, hash_)
    assert shown.page.locator("#selected").inner_text().startswith("0 of 10,000 runs")
    assert "No value is known" in shown.page.locator("#queue-chart").inner_text()


def test_links_to_sections_keep_what_is_chosen(fleet: Fleet, show: Show) -> None:
    shown = show(fleet.path, "status=FAILED")
    shown.page.locator(".sections a", has_text="Polling").click()
    assert shown.hash() == "status=FAILED"
    assert shown.page.evaluate("document.activeElement.id") == "polling-heading"
    top: float = shown.page.evaluate("document.getElementById('polling').getBoundingClientRect().top")
    bottom: float = shown.page.evaluate("document.getElementById('selection').getBoundingClientRect().bottom")
    assert bottom <= top < 400


def test_a_choice_of_nothing_is_said(fleet: Fleet, show: Show) -> None:
    shown = show(fleet.path, "builder=not/a/builder")
    assert shown.page.locator("#selected").inner_text().startswith("0 of 10,000 runs")
    assert "No run is selected." in shown.page.locator("#failures-chart").inner_text()
    assert "Nothing is selected" in shown.page.locator("#runs-table").inner_text()


def test_a_page_of_nothing_shows_without_an_error(tmp_path: Path, show: Show) -> None:
    with pytest.warns(lp.InputWarning):
        html = lp.report.page(lp.load(tmp_path))
    path = tmp_path / "empty.html"
    path.write_text(html, encoding="utf-8")
    assert show(path).page.locator("#selected").inner_text() == "All 0 runs"


# --- tables -----------------------------------------------------------------------------------


def test_tables_sort_with_unknown_values_last(given_page: Path, show: Show) -> None:
    shown = show(given_page)
    button = shown.page.locator("#builders-table thead button", has_text="Run p50")
    for sign in (-1, 1):
        button.click()
        texts = [row["run_p50_s"] for row in shown.rows("builders")]
        known = [float(text) for text in texts if text]
        assert known == sorted(known, reverse=sign < 0)
        assert texts[len(known) :] == [""] * (len(texts) - len(known))
        assert 0 < len(known) < len(texts)
    header = shown.page.locator("#builders-table th[aria-sort]")
    assert (header.count(), header.get_attribute("aria-sort")) == (1, "ascending")


def test_tables_show_more_on_demand(fleet: Fleet, show: Show) -> None:
    table = show(fleet.path).page.locator("#runs-table")
    assert table.locator("tbody tr").count() == 20
    table.locator("button.more").click()
    assert table.locator("tbody tr").count() == 70


def test_a_run_shows_its_phases(fleet: Fleet, show: Show) -> None:
    shown = show(fleet.path)
    whole = fleet.invocations[fleet.invocations.finish_lag_s.notna() & fleet.invocations.launch_s.notna()]
    run = whole.iloc[len(whole) // 2]
    shown.page.locator("#runs-find").fill(run.invocation_id)
    shown.page.locator("#runs-table tbody button").click()
    text = shown.page.locator("#runs-table td.detail").inner_text()
    for name in ("scheduler_wait_s", "launch_s", "pending_s", "run_s", "finish_lag_s", "duration_s"):
        assert duration(round(run[name], 3)).replace("-", "−") in text, name
    assert run.build_id in text
    assert run.bot_id in text
    link = shown.page.locator("#runs-table td.detail a")
    assert (link.get_attribute("href"), link.get_attribute("rel")) == (run.build_url, "noopener noreferrer")


# --- hostile names ----------------------------------------------------------------------------


def test_hostile_names_are_text(hostile_page: Path, show: Show) -> None:
    shown = show(hostile_page)
    page = shown.page
    assert page.locator("img, iframe, object, main script").count() == 0
    shown_names = [name.replace("\u202e", "\\u202e") for name in NAMES]
    for table in ("builders", "bots"):
        text = page.locator(f"#{table}-table").inner_text()
        assert all(name in text for name in shown_names)
    for index in range(len(NAMES)):
        page.locator("#runs-table tbody button").nth(index).click()
    addresses = page.locator("main a[target=_blank]").evaluate_all("all => all.map((one) => one.href)")
    assert addresses
    assert {address.partition(":")[0] for address in addresses} <= {"http", "https"}
    page.locator("#pick-builder summary").click()
    assert page.locator("#pick-builder label").count() == len(NAMES)
    choices = page.locator("#pick-builder fieldset input")
    for name in shown_names:
        words = choices.evaluate_all("all => all.map((one) => one.dataset.word)")
        shown.after(choices.nth(words.index(builder_id(name))).click)
    assert page.locator("#selected").inner_text().startswith(f"All {len(NAMES)} runs")


def test_cells_of_csv_are_no_formulas(hostile_page: Path, show: Show) -> None:
    bots = {row["bot_id"] for row in show(hostile_page).rows("bots")}
    expected = {name.replace("\u202e", "\\u202e") for name in NAMES}
    guarded = {"=HYPERLINK": "'=HYPERLINK", "'quoted": "''quoted"}
    for begin, safe in guarded.items():
        (name,) = (one for one in expected if one.startswith(begin))
        expected = (expected - {name}) | {safe + name.removeprefix(begin)}
    assert bots == expected


def test_cells_of_csv_are_guarded_as_in_the_library(fleet: Fleet, show: Show) -> None:
    """The page's own function is in the script, which runs here once more as a classic one."""
    from logparse.output.cells import guarded
    from logparse.report import document

    texts = ["=1", "+1", "-1", "@x", " =1", "\u00a0=1", "\t1", "\uff1d1", "\ufe631", "'x", "x=1", "", " x"]
    texts += ["\u200b-1", "\r1", "é=", "(=1)", '"=1']
    module = document._asset("numbers.js").replace("export ", "")
    page = show(fleet.path).page
    found = page.evaluate(f"(texts) => {{ {module}; return texts.map(csvCell); }}", texts)

    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in '",\r\n') else text

    assert found == [quoted(guarded(text)) for text in texts]
