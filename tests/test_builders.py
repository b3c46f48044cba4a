"""One name for a builder, against the names that both dialects write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import logparse as lp
from logparse.values.builders import builder_id, split_bucket

PAGE = Path(__file__).parent / "data" / "logs" / "win_xfa_component-9028843112359765808.txt"


@pytest.mark.parametrize(
    ("project", "bucket", "name", "job", "expected"),
    [
        # Version 2.
        ("pdfium", "ci", "win", "other", "pdfium/ci/win"),
        ("chromium", "ci.shadow", "linux-rel", None, "chromium/ci.shadow/linux-rel"),
        # Version 1: the bucket's own project counts, and a bucket can hold dots.
        (None, "luci.pdfium.ci", "win", "other", "pdfium/ci/win"),
        ("other", "luci.pdfium.ci", "win", "other", "pdfium/ci/win"),
        (None, "luci.chromium.ci.shadow", "linux-rel", None, "chromium/ci.shadow/linux-rel"),
        ("tryserver", "master.tryserver.x", "win", "job", "tryserver/master.tryserver.x/win"),
        (None, "master.tryserver.x", "win", "job", "job/master.tryserver.x/win"),
        (None, "luci.odd", "win", "job", "job/luci.odd/win"),
        (None, "luci..ci", "win", "job", "job/luci..ci/win"),
        (None, "luci.p.", "win", None, "luci.p./win"),
        # Definitions.
        (None, "infra:cron", "b", "job", "infra/cron/b"),
        (None, "cron", "b", "job", "job/cron/b"),
        (None, ":cron", "b", None, ":cron/b"),
        # Parts that are not known.
        (None, "ci", "b", None, "ci/b"),
        ("p", None, "b", None, "p/b"),
        (None, None, "Win7 Tests (dbg)(1)", None, "Win7 Tests (dbg)(1)"),
        ("p", "ci", None, "job", None),
        ("p", "ci", "", "job", None),
    ],
)
def test_names(
    project: str | None, bucket: str | None, name: str | None, job: str | None, expected: str | None
) -> None:
    assert builder_id(project, bucket, name, job_project=job) == expected


def test_a_bucket_is_split_at_its_first_two_dots() -> None:
    assert split_bucket("luci.a.b.c.d") == ("a", "b.c.d")
    assert split_bucket(None) == (None, None)


def test_both_dialects_of_the_real_page_are_one_builder() -> None:
    build = {
        "id": "8863413050310585041",
        "builder": {"project": "pdfium", "bucket": "ci", "builder": "win_xfa_component"},
        "status": "SUCCESS",
        "createTime": "2021-04-01T00:00:00Z",
    }
    data = lp.load(PAGE, json.dumps(build).encode())
    assert list(data.invocations["builder_id"]) == ["pdfium/ci/win_xfa_component"]
    assert list(data.builds["builder_id"]) == ["pdfium/ci/win_xfa_component"] * 2
    assert list(data.invocations["bucket"]) == ["luci.pdfium.ci"]
    (row,) = data.builders.to_dict("records")
    assert [row[k] for k in ("builder_id", "project", "bucket", "builder", "invocations", "builds")] == [
        "pdfium/ci/win_xfa_component",
        "pdfium",
        "ci",
        "win_xfa_component",
        1,
        2,
    ]
    for table in ("polls", "attempts", "triggers"):
        rows = data.table(table)
        assert len(rows)
        assert set(rows["builder_id"]) == {"pdfium/ci/win_xfa_component"}
        assert set(rows["job_id"]) == {"pdfium/win_xfa_component"}


@pytest.mark.parametrize(
    ("bucket", "expected"), [("luci.p.ci", "p/ci/b"), ("q:cron", "q/cron/b"), ("cron", "acme/cron/b")]
)
def test_a_definition_names_a_builder_that_no_request_does(bucket: str, expected: str) -> None:
    text = (
        "Status: RUNNING\nTriggered by: -\nDuration: -\n\n"
        f'Definition (rev 1)\n\nbuildbucket: <\n  bucket: "{bucket}"\n  builder: "b"\n>\n\nDebug log (UTC)\n\n'
        "[04:33:59.100] New invocation is queued and will start shortly\n"
        "[04:34:00.203] Starting the invocation (attempt 1)\n"
        '[04:34:10.000] Handling timer "t" (acme/job:9028843112359765808:2:0)\n'
    )
    found = lp.parse(text)
    assert (found.job_id, found.builder_id) == ("acme/job", expected)
