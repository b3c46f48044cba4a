"""Commands on datasets print what they print for the logs, and read only what they need."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import LOGS, REAL
from datasets import added, differing

import logparse as lp
from logparse.store.manifest import Part
from logparse.store.reading import Store

#: Builds without an invocation, one of them without a time.
BUILDS = """\
{"id": "8780000000000000001", "builder": {"project": "p", "bucket": "b", "builder": "x"}, "status": "FAILURE",
 "createTime": "2023-05-01T10:00:00Z", "startTime": "2023-05-01T10:00:05Z", "endTime": "2023-05-01T10:10:00Z",
 "steps": [{"name": "test", "status": "FAILURE"}], "infra": {"swarming": {"botDimensions": [{"key": "id", "value": "bot-1"}]}}}
{"id": "8780000000000000002", "builder": {"project": "p", "bucket": "b", "builder": "y"}, "status": "SUCCESS",
 "createTime": "2023-05-03T10:00:00Z", "startTime": "2023-05-03T10:00:05Z", "endTime": "2023-05-03T09:00:00Z"}
{"id": "17", "builder": {"project": "p", "bucket": "b", "builder": "x"}, "status": "STARTED"}
"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real page, logs of March 2021, a triage log, and builds."""
    folder = tmp_path_factory.mktemp("inputs") / "in"
    shutil.copytree(LOGS / "mixed-2021-03", folder)
    shutil.copy(REAL, folder)
    (folder / "builds.json").write_text(BUILDS)
    (folder / "notes.txt").write_text("not a log\n")
    (folder / "undated.log").write_text(
        "[10:00:00.000] Starting the invocation (attempt 1)\n[10:00:01.000] Something new\n"
    )
    return folder


@pytest.fixture(scope="module")
def logs(inputs: Path) -> lp.Dataset:
    return lp.load(inputs, jobs=1)


@pytest.fixture(scope="module")
def dataset(inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset") / "data"
    added([inputs], folder)
    return folder


FILTERS = (
    "status=FAILED",
    "created_at>=2021-03-01 and created_at<2021-03-20",
    "created_at<2021-01-01 or created_at>=2023-05-02",
    "build_id is null",
    "run_s>60 or status=RUNNING",
    "not builder=x and created_at>2023-01-01",
    "created_at is null",
)


@pytest.mark.parametrize("condition", FILTERS)
def test_a_filter_chooses_the_same_rows(logs: lp.Dataset, dataset: Path, condition: str) -> None:
    expected, found = logs.where(condition), lp.load(dataset).where(condition)
    differ = differing(expected, found)
    assert differ == []
    assert found.sizes == expected.sizes
    assert found.counts() == expected.counts()


def test_filters_can_follow_each_other(logs: lp.Dataset, dataset: Path) -> None:
    found = lp.load(dataset).where("status=SUCCEEDED").where("created_at>=2021-01-01 or builder=x")
    expected = logs.where("status=SUCCEEDED and (created_at>=2021-01-01 or builder=x)")
    assert differing(expected, found) == []


COMMANDS = (
    ("summarize", "--by", "status"),
    ("summarize", "--format", "json", "--slowest", "3"),
    ("summarize", "--since", "2021-03-01", "--until", "2021-04-01"),
    ("summarize", "--where", "invocation_id=9028843112359765808"),
    ("export", "--table", "invocations"),
    ("export", "--table", "polls", "--format", "jsonl"),
    ("export", "--table", "jobs"),
    ("queue", "--by", "all", "--bucket", "1d"),
    ("failures",),
    ("health",),
    ("show", "--since", "2021-01-01", "--full"),
    ("show", "--format", "json"),
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_commands_print_the_same(
    cli: Callable[..., Any], inputs: Path, dataset: Path, arguments: tuple[str, ...]
) -> None:
    command, *options = arguments
    expected = cli(command, inputs, *options)
    found = cli(command, dataset, *options)
    assert found.out == expected.out
    assert found.code == expected.code
    assert expected.out


def test_a_dataset_does_not_name_again_what_was_skipped(cli: Callable[..., Any], dataset: Path) -> None:
    assert cli("summarize", dataset).err == ""
    skipped = lp.load(dataset).table("failures")
    assert "notes.txt" in [Path(source).name for source in skipped[skipped.skipped].source]


def test_check_names_the_same_findings(cli: Callable[..., Any], inputs: Path, dataset: Path) -> None:
    # Findings about builds without a log come last for logs, and with their days for a dataset.
    expected, found = cli("check", inputs), cli("check", dataset)
    assert sorted(found.out.splitlines()) == sorted(expected.out.splitlines())
    assert "odd-value: build 8780000000000000002: run_s" in found.out
    told, said = (json.loads(cli("check", place, "--format", "json").out) for place in (inputs, dataset))
    for report in (told, said):
        report["findings"].sort(key=repr)
        report["codes"] = sorted(report["codes"].items())
    assert said == told
    assert cli("check", dataset, "--strict").code == cli("check", inputs, "--strict").code == 3


def test_since_and_until_count_by_creation(cli: Callable[..., Any], inputs: Path, dataset: Path) -> None:
    for place in (inputs, dataset):
        text = cli(
            "export", place, "--until", "2020-12-01", "--table", "invocations", "--format", "jsonl"
        ).out
        assert [json.loads(line)["invocation_id"] for line in text.splitlines()] == ["9028843112359765808"]
        # The creation, 04:33:59.089, is not before itself.
        exact = "2020-11-17T04:33:59.089"
        assert cli("export", place, "--since", exact, "--until", "2020-12-01").out.count("\n") == 2
        assert cli("export", place, "--until", exact).out == ""
        assert "fits the filter created_at>='" in cli("summarize", place, "--since", "-1h").err
    assert cli("summarize", inputs, "--since", "yesterday").code == 2


def test_only_the_days_and_columns_are_read(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, str | None, int]] = []
    original = Store._part

    def noted(self: Store, part: Part, columns: Any) -> Any:
        read.append((part.table, part.day, len(columns)))
        return original(self, part, columns)

    monkeypatch.setattr(Store, "_part", noted)
    data = lp.load(dataset)
    assert {count for _, _, count in read} <= {1, 2}
    read.clear()
    data.frame("invocations", ["run_s", "status"])
    assert {count for _, _, count in read} == {2}
    read.clear()
    chosen = data.where("created_at>=2020-11-17 and created_at<2020-11-18 and status=SUCCEEDED")
    assert len(chosen.polls) == 22
    assert {(table, day) for table, day, _ in read} == {
        (table, "2020-11-17") for table in ("invocations", "builds", "polls")
    }


def test_records_are_made_of_few_invocations_only(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = lp.load(dataset).where("invocation_id=9028843112359765808")
    (record,) = chosen.records.invocations
    assert record.events == lp.parse(REAL).events
    monkeypatch.setattr("logparse.loading.saved._MOST_RECORDS", 3)
    with pytest.raises(lp.UsageError, match="records of 14 invocations and builds"):
        lp.load(dataset).records  # noqa: B018 - a property that raises
