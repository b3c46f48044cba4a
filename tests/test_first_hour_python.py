"""The first hour in Python: every shape of input, sentences for wrong arguments, results that print well."""

from __future__ import annotations

import copy
import gzip
import inspect
import io
import re
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logparse as lp
from logparse import grammar, metrics, plots, scanner
from logparse.columns import TABLES

ROOT = Path(__file__).parent.parent
LOGS = ROOT / "tests" / "data" / "logs"
PAGE = LOGS / "win_xfa_component-9028843112359765808.txt"
PAGE_ID = "9028843112359765808"
BUILDS = ROOT / "tests" / "data" / "builds" / "linux-rel-8927206632544641856.json"
UNDATED = "[10:00:00.000] New invocation is queued and will start shortly\n"
UNDATED += "[10:00:00.500] Starting the invocation (attempt 1)\n"


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    """A working directory with two logs at two depths, a note and a file of builds."""
    (tmp_path / "logs" / "deep").mkdir(parents=True)
    (tmp_path / "logs" / "page.txt").write_text(text, encoding="utf-8")
    (tmp_path / "logs" / "deep" / "undated.log").write_text(UNDATED, encoding="utf-8")
    (tmp_path / "logs" / "notes.md").write_text("# a note\n", encoding="utf-8")
    (tmp_path / "builds.json").write_bytes(BUILDS.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def data() -> lp.Dataset:
    return lp.load(LOGS / "v1-2020-11", PAGE, builds=BUILDS)


def ids(found: lp.Dataset) -> set[str]:
    return set(found.invocations["invocation_id"].dropna())


# --- shapes of input --------------------------------------------------------------------------

SHAPES: dict[str, Callable[[], Any]] = {
    "str": lambda: "logs/page.txt",
    "path": lambda: Path("logs/page.txt"),
    "list": lambda: ["logs/page.txt"],
    "tuple of paths": lambda: (Path("logs/page.txt"),),
    "generator": lambda: (name for name in ["logs/page.txt"]),
    "set": lambda: {"logs/page.txt"},
    "list in a list": lambda: [["logs/page.txt"], []],
    "series": lambda: pd.Series(["logs/page.txt"]),
    "array": lambda: np.array(["logs/page.txt"]),
    "pattern": lambda: "logs/*.txt",
    "pattern as path": lambda: Path("logs") / "*.txt",
    "deep pattern": lambda: "**/*.txt",
    "text": lambda: PAGE.read_text(encoding="utf-8"),
    "bytes": lambda: PAGE.read_bytes(),
    "bytearray": lambda: bytearray(PAGE.read_bytes()),
    "StringIO": lambda: io.StringIO(PAGE.read_text(encoding="utf-8")),
    "BytesIO": lambda: io.BytesIO(PAGE.read_bytes()),
    "compressed BytesIO": lambda: io.BytesIO(gzip.compress(PAGE.read_bytes())),
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_function_takes_every_shape(shape: Callable[[], Any]) -> None:
    assert lp.parse(shape()).invocation_id == PAGE_ID
    assert [found.invocation_id for found in lp.parse_many(shape())] == [PAGE_ID]
    found = lp.load(shape())
    assert (ids(found), found.failures) == ({PAGE_ID}, [])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("mode", ["r", "rb"])
def test_open_files_are_read_under_their_name_and_stay_open(mode: str) -> None:
    encoding = None if "b" in mode else "utf-8"
    with open("logs/page.txt", mode, encoding=encoding) as file:
        assert lp.parse(file).source == "logs/page.txt"
        assert not file.closed
    with open("logs/page.txt", mode, encoding=encoding) as file:
        assert ids(lp.load(file)) == {PAGE_ID}
    with gzip.open("page.gz", "wb") as out:
        out.write(PAGE.read_bytes())
    with gzip.open("page.gz") as packed:
        assert ids(lp.load(packed)) == {PAGE_ID}


def test_open_files_that_cannot_be_read_are_failures(folder: Path) -> None:
    with open(folder / "logs" / "page.txt", "rb") as closed:
        assert closed.readable()
    with open(folder / "w", "w") as writing, open(folder / "u", "w+b") as packed:
        packed.write(gzip.compress(b"x"))
        packed.seek(0)
        as_text = io.TextIOWrapper(packed, encoding="utf-8")
        found = lp.load(closed, writing, as_text, "logs/page.txt")
    assert sorted(str(failure) for failure in found.failures) == [
        f"{folder}/logs/page.txt: cannot be read (read of closed file); open it for reading",
        f'{folder}/u: cannot be read as utf-8; open it with open(path, "rb")',
        f"{folder}/w: cannot be read (not readable); open it for reading",
    ]
    assert ids(found) == {PAGE_ID}


@pytest.mark.parametrize("make", [io.StringIO, lambda text: io.BytesIO(text.encode())])
def test_the_limit_counts_for_open_files(make: Callable[[str], Any], text: str) -> None:
    (failure,) = lp.load(make(text), max_bytes=1000).failures
    assert isinstance(failure, lp.LimitError)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "builds",
    ["builds.json", Path("builds.json"), ["builds.json"], "*.json", ("builds.json",), BUILDS.read_bytes()],
    ids=["str", "path", "list", "pattern", "tuple", "bytes"],
)
def test_builds_take_the_same_shapes(builds: Any) -> None:
    found = lp.load("logs", builds=builds)
    assert found.failures == []
    assert list(found.builds["build_id"]) == ["8863413050310585040", "8927206632544641856"]


@pytest.mark.usefixtures("folder")
def test_builds_can_be_none_or_all_there_is() -> None:
    assert ids(lp.load("logs", builds=None)) == {PAGE_ID}
    assert len(lp.load(builds="builds.json").builds) == 1


def test_a_text_without_a_line_end_is_not_taken_for_a_path() -> None:
    assert lp.parse("[10:00:00.000] Starting the invocation (attempt 1)").events[0].kind == "attempt_started"
    build = '{"id": "8850722130543548832", "builder": {"builder": "b"}, "status": "SUCCESS"}'
    assert list(lp.load(build).builds["build_id"]) == ["8850722130543548832"]


def test_a_file_with_signs_of_a_pattern_in_its_name_is_read(tmp_path: Path, text: str) -> None:
    for name in ("a[1].txt", "what?.txt"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert lp.parse(tmp_path / name).source == str(tmp_path / name)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("pattern", ["**", "logs/**", "logs*", "logs/*", "**/*.[tl]*"])
def test_a_pattern_reads_each_file_once(pattern: str) -> None:
    found = lp.load(pattern, duplicates="keep")
    assert sorted(str(s) for s in found.invocations["source"]) == ["logs/deep/undated.log", "logs/page.txt"]


@pytest.mark.usefixtures("folder")
def test_many_arguments_count_together() -> None:
    assert len(lp.load("logs/page.txt", ["logs/deep"], "nothing").invocations) == 2


@pytest.mark.parametrize("day", ["2020-11-17", " 2020-11-17 ", date(2020, 11, 17), datetime(2020, 11, 17, 9)])
def test_a_day_is_a_date_or_text(day: Any) -> None:
    first = datetime(2020, 11, 17, 10, tzinfo=UTC)
    assert lp.parse(UNDATED, date=day).created_at == first
    assert lp.load(UNDATED, date=day).invocations["created_at"][0] == pd.Timestamp(first)


@pytest.mark.parametrize("engine", ["scanner", "grammar", scanner, grammar])
def test_an_engine_is_a_name_or_a_module(engine: Any, text: str) -> None:
    assert lp.parse(text, engine=engine) == lp.parse(text)
    assert ids(lp.load(text, engine=engine)) == {PAGE_ID}


# --- wrong arguments --------------------------------------------------------------------------

TAKES = "takes paths, texts, open files and lists of these, not "
#: Without types, because the arguments are wrong.
API: Any = lp
WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "nothing": (lambda d: API.load(), 'load() got no input; name a file or a directory, as lp.load("logs")'),
    "None": (lambda d: API.load(None), f"load() {TAKES}NoneType"),
    "number": (lambda d: API.load(3), f"load() {TAKES}int"),
    "mapping": (lambda d: API.load({"a": 1}), f"load() {TAKES}dict"),
    "frame": (lambda d: API.load(d.invocations), f"load() {TAKES}DataFrame"),
    "Dataset": (lambda d: API.load(d), f"load() {TAKES}Dataset"),
    "None in a list": (lambda d: API.load([None]), f"load() {TAKES}NoneType"),
    "builds": (lambda d: API.load("x", builds=3), f"load() {TAKES}int"),
    "parse": (lambda d: API.parse(None), f"parse() {TAKES}NoneType"),
    "parse_many": (lambda d: API.parse_many(3), f"parse_many() {TAKES}int"),
    "day": (lambda d: API.load("x", date="17.11.2020"), "date='17.11.2020' is not a day; write it as date=\"2020-"),
    "type of day": (lambda d: API.parse("x", date=3), "date=3 is not a day"),
    "NaT": (lambda d: API.parse("x", date=pd.NaT), "is not a day"),
    "engine": (lambda d: API.load("x", engine="foo"), "engine='foo' is not known; choose 'scanner' or 'grammar'"),
    "module": (lambda d: API.parse_many("x", engine=re), "choose 'scanner' or 'grammar'"),
    "duplicates": (lambda d: API.load("x", duplicates="drop"), "choose 'merge' or 'keep'"),
    "limit": (lambda d: API.load("x", max_bytes="1 MB"), "max_bytes='1 MB' is not a number of bytes"),
    "no limit": (lambda d: API.parse("x", max_bytes=0), "pass a whole number above 0"),
    "table": (lambda d: d.table("foo"), "'foo' is not a table; choose from invocations, events, polls"),
    "nearly a table": (lambda d: d.table("invocation"), "did you mean 'invocations'?"),
    "type of table": (lambda d: d.table(["polls"]), "is not a table; choose from"),
    "stored table": (lambda d: API.read_tables("x", "poll"), "did you mean 'polls'?"),
    "stored folder": (lambda d: API.read_tables(d), "takes the path of a folder, not Dataset"),
    "group": (lambda d: API.metrics.group_by(d.invocations, "x"), "'x' is not a key to group by; choose from builder, bot"),
    "nearly a group": (lambda d: API.metrics.group_by(d.invocations, ["bots"]), "did you mean 'bot'?"),
    "type of group": (lambda d: API.metrics.group_by(d.invocations, 3), "3 is not a key"),
    "no group": (lambda d: API.metrics.group_by(d.invocations, []), "no key to group by; choose from builder"),
    "time zone": (lambda d: API.metrics.group_by(d.invocations, "day", tz=3), "3 is not a time zone"),
    "groups of a Dataset": (lambda d: API.metrics.group_by(d, "bot"), "not Dataset; pass its table, as data.invocations"),
    "groups of a path": (lambda d: API.metrics.group_by("logs", "bot"), "or records of type Invocation, not str"),
    "groups of polls": (lambda d: API.metrics.group_by(d.polls, "bot"), "lacks created_at, finished_at, build_id"),
    "other builds": (lambda d: API.metrics.group_by(d.invocations, "bot", builds=d.polls), "of the table builds"),
    "list of builds": (lambda d: API.metrics.with_bots(d.invocations, []), "takes the table builds, not list"),
    "totals": (lambda d: API.metrics.totals(d.polls), "metrics.totals() needs the columns"),
    "left_out": (lambda d: API.metrics.left_out(3, "bot"), "not int"),
    "group_table": (lambda d: API.metrics.group_table(d.invocations, d.builds, "bot"), "did you mean 'bots'?"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_gets_a_sentence(
    call: Callable[[lp.Dataset], Any], said: str, data: lp.Dataset
) -> None:
    with pytest.raises(lp.UsageError) as caught:
        call(data)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_list_that_holds_itself_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(lp.UsageError, match="lists in lists"):
        lp.load(endless)


def test_an_unknown_table_is_a_key_error_too(data: lp.Dataset) -> None:
    with pytest.raises(KeyError):
        data.table("foo")


UNKNOWN = "_x"


def test_typing_errors_of_attributes_are_answered(data: lp.Dataset) -> None:
    for owner, name, like in (
        (data, "invocation", "invocations"),
        (data, "polsl", "polls"),
        (lp, "Datset", "Dataset"),
    ):
        with pytest.raises(AttributeError, match=f"no attribute '{name}'; did you mean '{like}'"):
            getattr(owner, name)
    with pytest.raises(AttributeError, match=r"no attribute '_x'$"):
        getattr(data, UNKNOWN)
    assert not hasattr(data, "__array__")


# --- inputs that hold nothing, or too much ----------------------------------------------------

NOTHING: dict[str, tuple[Any, str]] = {
    "typo": ("typo", "not everything was read: typo: does not exist; check the path"),
    "pattern": ("*.log", "not everything was read: *.log: matches no file; check the pattern"),
    "empty bytes": (b"", "not everything was read: <text>: is empty"),
    "empty str": ("", "an empty path names no file"),
    "empty list": ([], "nothing was read: the list of inputs is empty"),
    "path as bytes": (b"logs/page.txt", "logs/page.txt: bytes are a text, not a path; pass the path as str"),
    "no log": (Path("logs/notes.md"), "logs/notes.md: holds no scheduler log"),
    "NUL": ("a\0*", "a\\x00*: cannot be read"),
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("given", "said"), NOTHING.values(), ids=NOTHING)
def test_load_warns_of_what_it_could_not_read(given: Any, said: str) -> None:
    with pytest.warns(lp.InputWarning, match=re.escape(said)) as warned:
        found = lp.load(given)
    assert [warning.filename for warning in warned] == [__file__]
    assert len(found.invocations) == 0
    assert issubclass(lp.InputWarning, UserWarning)


def test_one_warning_names_the_first_failures(folder: Path) -> None:
    with pytest.warns(lp.InputWarning) as warned:
        lp.load("logs", [f"typo-{number}" for number in range(5)])
    (warning,) = warned
    assert "typo-0: does not exist" in str(warning.message)
    assert str(warning.message).endswith("and 2 more in the result's failures")


def test_a_directory_without_logs_is_named(folder: Path) -> None:
    with pytest.warns(
        lp.InputWarning, match="nothing was read: no input holds a log or a build; .* the 1 that"
    ):
        lp.load(_only_notes(folder))


def _only_notes(folder: Path) -> Path:
    (folder / "docs").mkdir()
    (folder / "docs" / "notes.md").write_text("# a note\n", encoding="utf-8")
    return folder / "docs"


@pytest.mark.usefixtures("folder", "recwarn")
def test_what_is_read_gives_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    lp.load("logs", builds="builds.json")
    assert list(recwarn) == []


@pytest.mark.usefixtures("folder")
def test_parse_says_how_many_there_are_and_what_to_call(text: str) -> None:
    with pytest.raises(lp.InputError) as caught:
        lp.parse("logs")
    assert str(caught.value) == (
        "logs: holds 2 invocations in 2 files, not one;"
        " use parse_many for the record of each, or load for tables"
    )
    Path("two.txt").write_text(f"{text}\n{text}\n{text}", encoding="utf-8")
    with pytest.raises(lp.InputError, match=r"^two\.txt: holds 3 invocations, not one; use parse_many"):
        lp.parse("two.txt")
    with pytest.raises(lp.InputError, match=r"^the input: holds 2 invocations in 2 files"):
        lp.parse(["logs/page.txt", "logs/deep"])
    assert lp.parse("logs/deep").source == "logs/deep/undated.log"


def test_parse_many_skips_what_load_skips(folder: Path) -> None:
    (folder / "logs" / "builds.json").write_bytes(BUILDS.read_bytes())
    (folder / "logs" / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    assert [found.source for found in lp.parse_many("logs")] == ["logs/deep/undated.log", "logs/page.txt"]
    with pytest.raises(lp.InputError, match=r"logs/notes\.md: holds no scheduler log"):
        list(lp.parse_many("logs/notes.md"))
    with pytest.raises(lp.InputError, match="docs: holds no invocation"):
        list(lp.parse_many(_only_notes(folder)))


def test_parse_many_opens_files_when_they_are_needed(folder: Path) -> None:
    def paths() -> Iterator[str]:
        yield "logs/page.txt"
        yield "typo"

    found = lp.parse_many(paths())
    assert next(found).invocation_id == PAGE_ID
    with pytest.raises(lp.InputError, match="typo: does not exist"):
        next(found)


# --- results ----------------------------------------------------------------------------------


def test_failures_print_with_their_file() -> None:
    failures = lp.load("typo").failures
    assert repr(failures) == "[InputError('typo: does not exist; check the path')]"
    assert repr(copy.deepcopy(failures)) == repr(failures)


def test_records_print_strings_with_quotes() -> None:
    assert (
        repr(lp.Commit(ref="refs/heads/main", revision="1")) == "Commit(ref='refs/heads/main', revision='1')"
    )
    assert repr(lp.Bot(id="it's\n")) == 'Bot(id="it\'s\\n")'
    assert "invocation_id='9028843112359765808', " in repr(lp.parse(PAGE))
    long = repr(lp.Commit(ref="x" * 500))
    assert len(long) < 150
    assert long.endswith("…)")


def test_a_dataset_counts_the_rows_of_its_tables(data: lp.Dataset) -> None:
    shown = repr(data)
    for name in TABLES:
        count = len(data.table(name))
        assert (f" {name} {count}" in shown) == (count > 0), name
        assert f">{name}</td><td>{count:,}</td>" in data._repr_html_()
    assert "1 other build, 0 failures;" in shown


def test_the_html_view_escapes_failures() -> None:
    shown = lp.load(*(f"a<script>{number}" for number in range(30)))._repr_html_()
    assert "<script>" not in shown
    assert "<li>a&lt;script&gt;0: does not exist; check the path</li>" in shown
    assert "and 10 more in <code>failures</code>" in shown


def test_frames_are_the_callers_own() -> None:
    found, other = lp.load(PAGE), lp.load(PAGE)
    for name in TABLES:
        frame = found.table(name)
        for column in frame.columns:
            if len(frame):
                frame[column].array[0] = None
            frame[column] = pd.Series([None] * len(frame), dtype=object)
        frame["more"] = 1
        frame.pop(frame.columns[0])
    for name in TABLES:
        pd.testing.assert_frame_equal(found.table(name), other.table(name))


def test_text_compares_as_numpy_needs_it(data: lp.Dataset) -> None:
    for frame, column in ((data.invocations, "status"), (data.events, "kind"), (data.invocations, "bot_id")):
        known = frame[column].dropna().iloc[0]
        expected = [
            value == known for value in frame[column].astype(object).where(frame[column].notna(), None)
        ]
        same = frame[column] == known
        assert same.dtype == np.dtype(bool)
        assert np.where(same, 1, 0).tolist() == [int(value) for value in expected]
        assert (~same).tolist() == [not value for value in expected]
        assert (frame[column].to_numpy() == known).tolist() == expected
        assert len(frame[same]) == sum(expected)
    assert data.invocations["bot_id"].isna().any()
    statuses = data.invocations["status"].sort_values().dropna().tolist()
    assert statuses == sorted(statuses)


def test_metrics_take_records(data: lp.Dataset) -> None:
    records = data.records.invocations
    for keys in ("bot", ["bot", "day"], ("status",)):
        pd.testing.assert_frame_equal(
            metrics.group_by(records, keys), metrics.group_by(data.invocations, keys)
        )
    assert metrics.totals(records[0])["invocations"].tolist() == [1]


# --- the public API ---------------------------------------------------------------------------


def test_public_names_are_there_sorted_and_documented() -> None:
    assert lp.__all__ == sorted(lp.__all__)
    assert len(set(lp.__all__)) == len(lp.__all__)
    assert set(lp.__all__) <= set(dir(lp))
    for name in lp.__all__:
        value = getattr(lp, name)
        assert isinstance(value, str) or len(inspect.getdoc(value) or "") > 20, name


@pytest.mark.parametrize("function", [lp.load, lp.parse, lp.parse_many, lp.read_tables, lp.Dataset.table])
def test_docstrings_say_what_goes_in_and_what_comes_out(function: Callable[..., Any]) -> None:
    text = inspect.getdoc(function) or ""
    for heading in ("Parameters", "Raises"):
        assert f"\n{heading}\n---" in text
    assert re.search(r"\n(Returns|Yields)\n---", text)
    for name in inspect.signature(function).parameters:
        assert name == "self" or re.search(rf"^([a-z_]+, )*{name}(, [a-z_]+)*:$", text, re.MULTILINE), name


def _public(module: ModuleType, names: list[str]) -> Iterator[tuple[str, Any]]:
    for name in names:
        value = getattr(module, name)
        yield f"{module.__name__}.{name}", value
        if inspect.isclass(value):
            for part, member in vars(value).items():
                function = member.fget if isinstance(member, property) else member
                if inspect.isfunction(function) and not part.startswith("_"):
                    yield f"{module.__name__}.{name}.{part}", function


def test_type_hints_can_be_resolved() -> None:
    own = [
        name
        for name, value in vars(metrics).items()
        if inspect.isfunction(value) and value.__module__ == metrics.__name__ and not name.startswith("_")
    ]
    assert {"group_by", "totals", "with_bots"} <= set(own)
    for module, names in ((lp, lp.__all__), (metrics, own), (plots, plots.__all__)):
        for label, value in _public(module, names):
            if callable(value):
                assert isinstance(typing.get_type_hints(value), dict), label
    assert typing.get_type_hints(lp.Dataset.table)["return"] is pd.DataFrame


def test_the_module_imports_pandas_late() -> None:
    code = "import sys, logparse as lp; lp.parse(sys.argv[1]); lp.load; sys.exit(bool({'pandas', 'pyarrow'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code, str(PAGE)], cwd=ROOT).returncode == 0


@pytest.mark.slow
def test_the_snippet_of_the_readme_passes_mypy(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    snippets = re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert snippets
    (tmp_path / "snippet.py").write_text("\n".join(snippets), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "snippet.py"],
        cwd=tmp_path,
        env={"MYPYPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
