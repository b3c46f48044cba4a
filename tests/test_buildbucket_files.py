"""Files of builds in every shape, whole and broken."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build_files import CASES, LOGS, load, problems
from hypothesis import given
from hypothesis import strategies as st
from quick import quick

import logparse as lp
from logparse import sources
from logparse.buildbucket import MAX_NESTING, read_build, read_builds
from logparse.buildbucket.files import MOST_BROKEN
from logparse.records import Build

V2: dict[str, Any] = {
    "id": "8753000000000000001",
    "builder": {"project": "acme", "bucket": "ci", "builder": "probe {linux"},
    "status": "SUCCESS",
    "createTime": "2024-03-05T10:00:00Z",
    "startTime": "2024-03-05T10:00:10Z",
    "endTime": "2024-03-05T10:05:10Z",
    "infra": {"swarming": {"botDimensions": [{"key": "id", "value": 'a "}]{[ bot'}]}},
    "tags": [{"key": "a", "value": "b"}, {"key": "c", "value": "d"}],
}
V1: dict[str, Any] = {
    "id": "8967400000000000016",
    "bucket": "luci.acme.ci",
    "status": "COMPLETED",
    "result": "SUCCESS",
    "created_ts": "1506353897028510",
    "parameters_json": '{"builder_name": "probe-linux"}',
    "tags": ["builder:probe-linux"],
}


def v2(number: int) -> dict[str, Any]:
    return {**copy.deepcopy(V2), "id": str(8753000000000000000 + number)}


def ids(data: lp.Dataset) -> list[int]:
    """Return the last digits of the ids, sorted."""
    return sorted(int(i) % 1_000 for i in data.builds["build_id"])


# --- shapes ------------------------------------------------------------------------------------


SHAPES: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "lines": lambda b: "".join(json.dumps(x) + "\n" for x in b),
    "compact lines": lambda b: "".join(json.dumps(x, separators=(",", ":")) + "\n" for x in b),
    "indented": lambda b: "\n".join(json.dumps(x, indent=2) for x in b),
    "tabs": lambda b: "\n".join(json.dumps(x, indent="\t") for x in b),
    "indented by nothing": lambda b: "\n".join(json.dumps(x, indent=0) for x in b),
    "list": lambda b: json.dumps(b),
    "indented list": lambda b: json.dumps(b, indent=2),
    "nested lists": lambda b: json.dumps([b[:1], [b[1:]], []], indent=1),
    "search": lambda b: json.dumps({"builds": b}, indent=2),
    "search of version 1": lambda b: json.dumps({"etag": '"x"', "kind": "buildbucket#x", "builds": b, "etag2": "y"}),
    "batch": lambda b: json.dumps({"responses": [{"getBuild": x} for x in b]}, indent=2),
    "batch of searches": lambda b: json.dumps({"responses": [{"searchBuilds": {"builds": b}}, {"searchBuilds": {}}]}),
    "batch of requests": lambda b: json.dumps({"responses": [{"scheduleBuild": b[0]}, *({"cancelBuild": x} for x in b[1:])]}),
    "snake batch": lambda b: json.dumps({"responses": [{"search_builds": {"builds": b}}]}),
    "members in another order": lambda b: json.dumps({"x": {"y": 1}, "builds": b}),
    "notifications": lambda b: "\n".join(json.dumps({"build": x, "buildLargeFields": "eJwD"}) for x in b),
    "answers": lambda b: "\n".join(")]}'\n" + json.dumps({"build": x}, indent=2) for x in b),
    "list in a list of one line each": lambda b: "[\n" + ",\n".join(json.dumps(x) for x in b) + "\n]\n",
    "javascript": lambda b: "[" + ", ".join(json.dumps(x, indent=2) for x in b) + "]",
}  # fmt: skip
BEFORE = {
    "nothing": "",
    "mark": "\ufeff",
    "blank lines": "\n\n  \n",
    "prefix": ")]}'\n",
    "prefix on the line": ")]}'",
    "warning": "WARNING: credentials are about to expire\n",
    "warnings": "[W2024-03-05T10:00:00.000000Z 1234 0 auth.go:12] token\n{x} is not JSON: see https://x\n",
}


@pytest.mark.parametrize("before", [b for b in BEFORE if b != "warnings"])
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape: str, before: str) -> None:
    builds = [v2(1), V1, v2(3)]
    text = BEFORE[before] + SHAPES[shape](builds)
    found = [b for b in read_builds(sources.from_text(text)) if isinstance(b, Build)]
    expected = []
    for value in builds:
        made = read_build(value)
        assert made is not None
        made.source = "<text>"
        expected.append(made)
    lines = [b.source_line for b in found]
    assert lines == sorted(n for n in lines if n is not None)
    for build in found:
        build.source_line = None
    assert found == expected


@pytest.mark.parametrize("shape", quick(list(SHAPES)[::4], SHAPES))
def test_shapes_through_every_door(shape: str) -> None:
    data = load(SHAPES[shape]([v2(1), V1, v2(3)]))
    assert (ids(data), data.failures, data.records.skipped) == ([1, 3, 16], [], [])


@given(
    st.lists(st.sampled_from([v2(1), v2(2), V1, {"build": v2(3)}, {"build": V1}]), min_size=1, max_size=4),
    st.data(),
)
def test_one_file_of_many_shapes(builds: list[dict[str, Any]], data: st.DataObject) -> None:
    bare = st.sampled_from(sorted(SHAPES.keys() - {"notifications", "answers"}))
    parts = [SHAPES[data.draw(bare)]([b]) for b in builds]
    text = "\n".join(parts)
    found = list(read_builds(sources.from_text(text)))
    assert [b.id for b in found if isinstance(b, Build)] == [(b.get("build") or b)["id"] for b in builds]
    assert not [e for e in found if isinstance(e, lp.InputError)]


def test_each_build_has_its_line() -> None:
    text = SHAPES["indented list"]([v2(1), v2(2)])
    lines = [i for i, line in enumerate(text.split("\n"), 1) if line == "  {"]
    assert [b.source_line for b in read_builds(sources.from_text(text)) if isinstance(b, Build)] == lines


def test_lines_that_are_not_json_are_noted() -> None:
    text = f"WARNING: a\nwarning: b [c] {{d}}\n{json.dumps(v2(1))}\n[W2024 x] late\n{json.dumps(v2(2))}\n"
    data = load(text)
    assert (ids(data), data.failures) == ([1, 2], [])
    assert [str(s) for s in data.records.skipped] == ["<text>:1: lines that are not JSON: 3, the first here"]


@pytest.mark.parametrize(
    "member", quick(["nextPageToken"], ["nextPageToken", "next_page_token", "next_cursor"])
)
@pytest.mark.parametrize("first", [False, True])
def test_more_pages_of_a_search_are_noted(member: str, first: bool) -> None:
    for token, noted in (("CgY=", 1), ("", 0)):
        members = {member: token, "builds": [v2(1)]} if first else {"builds": [v2(1)], member: token}
        data = load(json.dumps(members))
        assert (ids(data), data.failures) == ([1], [])
        assert [s.cause for s in data.records.skipped] == [
            "is a page of a search, and more builds follow"
        ] * noted


# --- what is not a build -----------------------------------------------------------------------


def test_failed_requests_are_named() -> None:
    answers = [
        {"getBuild": v2(1)},
        {"error": {"code": 5, "message": "requested resource not found"}},
        {"getBuild": v2(2)},
    ]
    data = load(json.dumps({"responses": answers}, indent=1))
    line = json.dumps({"responses": answers[:1]}, indent=1).count("\n")
    assert ids(data) == [1, 2]
    assert problems(data) == [(line, "holds a failed request (code 5: requested resource not found)")]


def test_a_batch_of_failed_requests_alone() -> None:
    text = json.dumps({"error": {"reason": "BUILD_NOT_FOUND", "message": "no\nbuild"}})
    assert problems(lp.load(text + "\n")) == [(1, "holds a failed request (code BUILD_NOT_FOUND: no)")]


def test_objects_that_are_not_builds_are_named_once() -> None:
    text = "\n".join(
        map(
            json.dumps,
            [{}, {"id": "5", "number": 7, "title": "an issue"}, v2(1), {"id": "8753000000000000002"}],
        )
    )
    data = load(text + "\n")
    assert ids(data) == [1]
    assert problems(data) == [(2, "holds a JSON object that is not a build and 1 more below")]


@pytest.mark.parametrize(
    "value",
    [{"id": "8753000000000000002", "status": "STARTED"}, {"id": 8753000000000000002, "number": 4},
     {"id": "8753000000000000002", "tags": []}, {"id": "2", "builder": {}}, {"id": "2", "created_ts": "5"},
     {"id": "2", "create_time": "2024-03-05T10:00:00Z"}, {"build": {"id": "2"}}],
)  # fmt: skip
def test_few_fields_make_a_build(value: dict[str, Any]) -> None:
    assert ids(load(json.dumps(value) + "\n")) == [2]


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1},
        {"id": "x", "status": "SUCCESS"},
        {"id": 12, "status": "ok", "tags": []},
        {"builder": {}},
        {"builds": []},
        {},
    ],
)
def test_json_of_another_kind(value: dict[str, Any]) -> None:
    text = json.dumps(value) + "\n"
    assert [f.cause for f in lp.load(text).failures] == ["holds no scheduler log and no build"]
    assert [f.cause for f in lp.load(builds=[text]).failures] == ["holds no builds"]


def test_in_a_walk_other_json_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}\n')
    (tmp_path / "b.json").write_text('{"error": {"code": 1}}\n')
    (tmp_path / "c.json").write_text('{// comment\n"a": 1}\n')
    (tmp_path / "d.json").write_text(json.dumps(v2(1)))
    data = lp.load(tmp_path)
    assert (ids(data), data.failures) == ([1], [])
    assert [Path(str(s.source)).name for s in data.records.skipped] == ["a.json", "b.json", "c.json"]


# --- broken files ------------------------------------------------------------------------------


#: Ways to break the second of four builds, in its JSON. None stays a build.
BREAKS: dict[str, Callable[[str], str]] = {
    "no value": lambda t: t.replace('"SUCCESS"', "", 1),
    "no quote": lambda t: t.replace('"SUCCESS"', '"SUCCESS', 1),
    "no comma": lambda t: t.replace('"SUCCESS",', '"SUCCESS"', 1),
    "a brace too few": lambda t: t.replace("}", "", 1),
    "a bracket too few": lambda t: "".join(t.rsplit("]", 1)),
    "the last brace lost": lambda t: t.rstrip()[:-1],
    "a brace too many": lambda t: t.replace('"SUCCESS"', '"SUCCESS"}', 1),
    "cut in half": lambda t: t[: len(t) // 2],
    "huge number": lambda t: t.replace('"SUCCESS"', "1" * 5_000, 1),
    "deep": lambda t: t.replace('"SUCCESS"', "[" * 3_000 + "]" * 3_000, 1),
}
LINED = ("lines", "compact lines", "indented", "tabs", "indented list", "list in a list of one line each", "search",
         "javascript")  # fmt: skip

#: Where all builds are on one line, an object that lost its end takes the next one with it.
ONE_LINE = ("list", "batch of searches")


def broken_second(shape: str, how: str) -> str:
    text = SHAPES[shape]([v2(1), v2(2), v2(3), v2(4)])
    start = text.rindex("{", 0, text.index("000002"))
    second = text.rindex("{", 0, text.index("000003"))
    end = text.rindex("}", start, second) + 1
    return text[:start] + BREAKS[how](text[start:end]) + text[end:]


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("shape", quick(LINED[:2], LINED))
def test_a_broken_build_costs_only_itself(shape: str, how: str) -> None:
    text = broken_second(shape, how)
    data = lp.load(text)
    assert ids(data) == [1, 3, 4]
    (failure,) = data.failures
    assert failure.line == text.count("\n", 0, text.rindex("{", 0, text.index("000002"))) + 1


@pytest.mark.parametrize("how", [h for h in BREAKS if h not in ("no quote", "cut in half")])
@pytest.mark.parametrize("shape", ONE_LINE)
def test_a_broken_build_in_one_line_costs_only_itself(shape: str, how: str) -> None:
    data = lp.load(broken_second(shape, how) + "\n")
    assert ids(data) == [1, 3, 4]
    assert len(data.failures) == 1


def test_a_cut_file_has_one_error() -> None:
    for shape in (*LINED, *ONE_LINE):
        text = SHAPES[shape]([v2(1), v2(2)])
        cut = text[: text.index('"tags"', text.index("000002"))]
        data = lp.load(cut + "\n")
        assert (shape, ids(data)) == (shape, [1])
        (failure,) = data.failures
        assert failure.cause.endswith("and nothing from this line on is read")
        assert failure.line == text.count("\n", 0, text.rindex("{", 0, text.index("000002"))) + 1


def test_a_list_that_ends_too_early_is_named() -> None:
    data = load(f"[{json.dumps(v2(1))},\n{json.dumps(v2(2))}\n")
    assert ids(data) == [1, 2]
    assert [f.cause for f in data.failures] == ["ends before its list ends"]


def test_a_file_that_is_given_up_says_from_where() -> None:
    text = json.dumps(v2(1)) + "\n" + '{"id": }\n' * (MOST_BROKEN + 5) + json.dumps(v2(2)) + "\n"
    data = lp.load(text)
    assert (ids(data), len(data.failures)) == ([1], MOST_BROKEN + 1)
    last = data.failures[-1]
    assert (last.line, last.cause.endswith(", and nothing from this line on is read")) == (
        MOST_BROKEN + 2,
        True,
    )


def test_nesting_up_to_the_limit_is_read() -> None:
    levels = MAX_NESTING - 3
    deep = (
        '{"id": "8753000000000000001", "builder": {}, "output": {"properties": {"a": '
        + "[" * levels
        + "]" * levels
        + "}}}\n"
    )
    assert ids(load(deep)) == [1]


# --- logs and pages ----------------------------------------------------------------------------


def test_a_fragment_that_begins_with_json_is_a_log() -> None:
    (found,) = lp.parse_many(CASES / "fragment-at-brace.log")
    assert (found.status, found.duration_s) == ("SUCCEEDED", 127.0)
    # The JSON is the rest of an entry of this log, so that the log begins with it.
    assert found.source_line == 1
    assert [(e.kind, e.line) for e in found.events] == [("log_fragment", 1), ("invocation_finished", 15)]
    assert "log-fragment" in {finding.code for finding in found.findings}
    assert "stray-text" not in {finding.code for finding in found.findings}
    data = lp.load(CASES / "fragment-at-brace.log")
    assert (len(data.invocations), data.failures) == (1, [])


def test_a_log_is_not_a_file_of_builds() -> None:
    path = LOGS / "v2-2021-06" / "success_pubsub_0.log"
    data = lp.load(builds=[path])
    assert [str(f) for f in data.failures] == [
        f"{path}: is a log, not a file of builds; name it without --builds"
    ]
    assert len(data.builds) == 0
