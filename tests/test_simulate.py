"""Simulated files are read as they are: every cell of the truth against the tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated import BUSY, fleet_of, misread, simulated, truth

import logparse as lp
from logparse.engine.rules import BROKEN
from logparse.engine.search import Search
from logparse.language import scanner
from logparse.simulator.fleet import PLANTS

#: The dialects, and a first day of each. Within four days of the mixed one both of its changes are.
DIALECTS = {"v1": "2020-11-16", "v2": "2026-08-03", "auto": "2021-03-08"}


@pytest.fixture(scope="module", params=DIALECTS)
def fleet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, lp.Dataset]:
    """A folder in which all happens that can, with everything planted, and the tables that are read from it."""
    folder = tmp_path_factory.mktemp("simulated") / "fleet"
    start = DIALECTS[request.param]
    simulated(folder, BUSY, invocations=60, days=6, seed=5, plant=PLANTS, start=start, dialect=request.param)
    return folder, lp.load(folder, jobs=1)


def test_every_cell_is_read_as_it_is(fleet: tuple[Path, lp.Dataset]) -> None:
    folder, data = fleet
    assert len(data.invocations) == 60
    assert misread(truth(folder, "invocations"), data.invocations, folder) == []
    assert misread(truth(folder, "builds"), data.builds, folder) == []


def test_nothing_is_doubtful_and_no_input_fails(fleet: tuple[Path, lp.Dataset]) -> None:
    _, data = fleet
    assert not len(data.findings)
    assert data.invocations.unrecognized.sum() == data.invocations.suspicious.sum() == 0
    assert not data.failures


def test_all_that_can_happen_happens(fleet: tuple[Path, lp.Dataset]) -> None:
    """Else the comparison would say nothing about it."""
    _, data = fleet
    found = data.invocations
    assert set(found.status) >= {"SUCCEEDED", "FAILED", "ABORTED", "RUNNING"}
    assert set(found.build_status.dropna()) == {"SUCCESS", "FAILURE", "INFRA_FAILURE", "CANCELED"}
    assert set(found.infra_reason.dropna()) >= {"canceled", "no_bot_in_time", "execution_timeout", "other"}
    assert set(found.origin) == {"log", "build", "both"}
    assert found.attempts.max() > 1
    assert found.trigger_count.max() == 6
    assert found.repeats.max() == 1
    assert found.triggered_by.notna().any()
    assert found.aborted_by.notna().any()
    assert (found.poll_count > found.poll_unchanged).any()
    assert found.error.str.contains("code = NotFound|Error 404").any()
    assert data.builds.repeats.max() == 1


@pytest.mark.parametrize(("dialect", "hours"), [("v1", 11), ("v2", 90)])
def test_logs_that_the_scheduler_cut(dialect: str, hours: int, tmp_path: Path) -> None:
    """Version 1 checks every minute, so that its logs pass the limit after hours, and not after days."""
    folder, run = tmp_path / "long", f"{{ median_s = {hours * 3600}.0, sigma = 0.05 }}"
    fleet = fleet_of("linux-fuzz-long", weight="1", run=run)
    simulated(folder, fleet, invocations=2, days=2, dialect=dialect, seed=4)
    data = lp.load(folder, jobs=1)
    told = truth(folder, "invocations")
    assert misread(told, data.invocations, folder) == []
    assert told.truncated.any()
    assert told.cut_polls_max.max() > 10
    assert set(data.findings.code) == {"log-cut"}
    sizes = [path.stat().st_size for path in folder.glob("*/logs/*")]
    assert all(size <= 200_000 for size in sizes)


#: Names that have to be taken apart from other text, and users of other forms.
ODD = """
[project]
name = "a-b_c"
repository = "x/y.z/w_1"
[load]
users = ["bob", "anonymous:anonymous", "project:a-b", "user:o.neil+luci@example.com"]
manual = 0.4
[rates]
aborted = 0.3
unfinished = 0.2
[[pool]]
name = "Pool of (many) bots"
os = ["X"]
cpu = ["y"]
cores = 1
machine_type = "m: 1/2"
zone = "z"
prefix = "a b "
bots = 3
utilization = 0.5
[[builder]]
name = "Win7 Tests (dbg)(1)"
pool = "Pool of (many) bots"
weight = 1
run = { median_s = 200, sigma = 1 }
broken = 0.1
failed = 0.1
infra_failed = 0.1
scheduling_timeout_s = 600
execution_timeout_s = 900
priority = 1
[[step]]
name = "a: (b) + c"
share = 1
"""


def test_odd_names(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    simulated(folder, ODD, invocations=30, days=2, start="2021-03-11")
    data = lp.load(folder, jobs=1)
    assert misread(truth(folder, "invocations"), data.invocations, folder) == []
    assert misread(truth(folder, "builds"), data.builds, folder) == []
    assert not len(data.findings)


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_many_attempts_with_many_triggers(dialect: str, tmp_path: Path) -> None:
    """Requests are repeated in the log, which still has all of them."""
    folder = tmp_path / "many"
    fleet = "[load]\ncommits = 200\nmost_triggers = 255\n[rates]\nlaunch_retried = 1\n"
    simulated(folder, fleet, invocations=5, days=2, dialect=dialect)
    data = lp.load(folder, jobs=1)
    assert misread(truth(folder, "invocations"), data.invocations, folder) == []
    assert data.invocations.attempts.max() == 9
    assert data.invocations.trigger_count.max() > 20
    assert not data.invocations.truncated.any()


def test_no_entry_breaks_a_rule(fleet: tuple[Path, lp.Dataset]) -> None:
    """The search's best reading has no penalty of a broken rule, and takes every block for an entry."""
    folder, _ = fleet
    logs = sorted(folder.glob("*/logs/*.log"))
    assert logs
    for path in logs:
        blocks = scanner.parse_page(path.read_text(encoding="utf-8")).blocks
        best = Search(blocks, scanner.match, 16).best()
        assert best.penalty < BROKEN, path
        assert best.absorbed == 0, path


def test_the_comparison_sees_a_wrong_cell(fleet: tuple[Path, lp.Dataset]) -> None:
    folder, data = fleet
    told = truth(folder, "invocations")
    row = told.index[told.poll_count.notna()][0]
    told.loc[row, "poll_count"] += 1
    found = misread(told, data.invocations, folder)
    assert [(one[0], one[1]) for one in found] == [(told.invocation_id[row], "poll_count")]
