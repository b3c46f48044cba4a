"""Planted anomalies show in the tables, and queues arise from load."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from simulated import simulated, truth

import logparse as lp
from logparse.simulator.fleet import PLANTS

#: A Monday, so that two weeks have both of each weekday.
START = "2026-08-03"
DAYS = 14
#: The middle, from which on anomalies of a day are planted.
MIDDLE = pd.Timestamp("2026-08-10", tz="UTC")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("simulated") / "plain"
    simulated(folder, invocations=1000, days=DAYS, start=START, tables_only=True)
    return truth(folder, "invocations")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "planted"
    simulated(folder, invocations=1000, days=DAYS, start=START, tables_only=True, plant=PLANTS)
    return folder


@pytest.fixture(scope="module")
def planted(folder: Path) -> pd.DataFrame:
    return truth(folder, "invocations")


def of(frame: pd.DataFrame, builder: str) -> pd.DataFrame:
    return frame[(frame.builder == builder) & (frame.build_status == "SUCCESS")]


def test_a_slow_bot_takes_longer(plain: pd.DataFrame, planted: pd.DataFrame) -> None:
    def ratio(frame: pd.DataFrame) -> float:
        found = of(frame, "linux-asan")
        is_slow = found.bot_id == "linux-001"
        assert is_slow.sum() > 10
        return float(found.run_s[is_slow].median() / found.run_s[~is_slow].median())

    assert 0.8 < ratio(plain) < 1.25
    assert 1.5 < ratio(planted) < 2.2


def test_a_builder_regresses_on_a_day(plain: pd.DataFrame, planted: pd.DataFrame) -> None:
    def ratio(frame: pd.DataFrame) -> float:
        found = of(frame, "linux-rel")
        found = found[found.bot_id != "linux-001"]
        is_later = found.created_at >= MIDDLE
        return float(found.run_s[is_later].median() / found.run_s[~is_later].median())

    assert 0.9 < ratio(plain) < 1.1
    assert 1.2 < ratio(planted) < 1.5


def test_notifications_are_lost_on_some_days(plain: pd.DataFrame, planted: pd.DataFrame) -> None:
    def share(frame: pd.DataFrame, day: int) -> float:
        found = frame[frame.status == "SUCCEEDED"]
        start = MIDDLE + pd.Timedelta(days=day)
        found = found[
            (found.build_started_at >= start) & (found.build_completed_at < start + pd.Timedelta(days=3))
        ]
        return float(found.notification_count.mean())

    assert share(plain, 0) > 1.6
    assert share(planted, -3) > 1.6
    # Two of a build, of which 30 % come.
    assert 0.3 < share(planted, 0) < 0.9


def test_a_starved_pool_waits(plain: pd.DataFrame, planted: pd.DataFrame) -> None:
    def waits(frame: pd.DataFrame) -> pd.Series[float]:
        return frame[frame.requested_pool == "example.mac"].pending_s.dropna()

    assert waits(planted).quantile(0.9) > 3 * waits(plain).quantile(0.9)
    assert waits(planted).median() > 60


def test_a_builder_is_flaky(plain: pd.DataFrame, planted: pd.DataFrame) -> None:
    def failed(frame: pd.DataFrame) -> float:
        return float((frame[frame.builder == "linux-dbg"].build_status == "FAILURE").mean())

    assert failed(plain) < 0.13
    assert 0.2 < failed(planted) < 0.45


def test_the_folder_names_what_is_planted(folder: Path) -> None:
    said = json.loads((folder / "SYNTHETIC.json").read_text("utf-8"))["planted"]
    assert set(said) == {name.replace("-", "_") for name in PLANTS}
    assert said["slow_bot"] == {"pool": "example.linux", "factor": 1.8, "bot": "linux-001"}
    assert said["regression"] == {"builder": "linux-rel", "day": 8, "factor": 1.35}


def test_a_plant_changes_neither_invocations_nor_commits(plain: pd.DataFrame, planted: pd.DataFrame) -> None:
    same = ["invocation_id", "created_at", "builder", "revision", "triggered_by"]
    pd.testing.assert_frame_equal(plain[same], planted[same])


def test_queues_arise_from_load(plain: pd.DataFrame) -> None:
    """A bot runs one build at a time; with an idle bot a build waits for seconds, else for the end of another."""
    runs = plain.dropna(subset=["bot_id", "build_completed_at"]).sort_values("build_started_at")
    for _, of_bot in runs.groupby("bot_id"):
        assert (
            of_bot.build_started_at.iloc[1:].to_numpy() >= of_bot.build_completed_at.iloc[:-1].to_numpy()
        ).all()
    assert plain.pending_s.median() < 60
    assert plain.pending_s.quantile(0.99) > 300


def test_commits_come_by_day_and_week(plain: pd.DataFrame) -> None:
    by_weekday = plain.created_at.dt.day_of_week.value_counts()
    by_hour = plain.created_at.dt.hour.value_counts()
    assert by_weekday[[5, 6]].max() < by_weekday[[0, 1, 2, 3, 4]].min()
    assert by_hour[[14, 15, 16, 17]].min() > by_hour[[2, 3, 4]].max()
    assert len(plain) == 1000
    assert plain.created_at.dt.normalize().nunique() == DAYS


def test_triggers_are_folded_into_one_build(plain: pd.DataFrame) -> None:
    """A builder that is started rarely gets more commits at once."""
    mean = plain.groupby("builder").trigger_count.mean()
    assert mean["docs"] > mean["linux-rel"] > 1


def test_another_seed_is_another_fleet(tmp_path: Path) -> None:
    found = []
    for seed in (1, 2):
        simulated(tmp_path / str(seed), invocations=20, seed=seed, tables_only=True)
        found.append(set(truth(tmp_path / str(seed), "invocations").invocation_id))
    assert not found[0] & found[1]


def test_plants_are_named_or_refused(tmp_path: Path) -> None:
    with pytest.raises(lp.UsageError, match="did you mean 'slow-bot'"):
        simulated(tmp_path / "x", invocations=1, plant="slow-bots")
