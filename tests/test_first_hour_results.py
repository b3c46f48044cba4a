"""The first hour in Python: sentences for wrong arguments, results that print well, a documented API."""

from __future__ import annotations

import copy
import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from first_hour import PAGE, ROOT

import logparse as lp
from logparse import metrics, plots
from logparse.columns import TABLES

# --- wrong arguments ---------------------------------------------------------------------------


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
    call: Callable[[lp.Dataset], Any], said: str, given: lp.Dataset
) -> None:
    with pytest.raises(lp.UsageError) as caught:
        call(given)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_list_that_holds_itself_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(lp.UsageError, match="lists in lists"):
        lp.load(endless)


def test_an_unknown_table_is_a_key_error_too(given: lp.Dataset) -> None:
    with pytest.raises(KeyError):
        given.table("foo")


UNKNOWN = "_x"


def test_typing_errors_of_attributes_are_answered(given: lp.Dataset) -> None:
    for owner, name, like in (
        (given, "invocation", "invocations"),
        (given, "polsl", "polls"),
        (lp, "Datset", "Dataset"),
    ):
        with pytest.raises(AttributeError, match=f"no attribute '{name}'; did you mean '{like}'"):
            getattr(owner, name)
    with pytest.raises(AttributeError, match=r"no attribute '_x'$"):
        getattr(given, UNKNOWN)
    assert not hasattr(given, "__array__")


# --- results -----------------------------------------------------------------------------------


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


def test_a_dataset_counts_the_rows_of_its_tables(given: lp.Dataset) -> None:
    shown, html = repr(given), given._repr_html_()
    for name in TABLES:
        count = len(given.table(name))
        assert (f" {name} {count}" in shown) == (count > 0), name
        assert f">{name}</td><td>{count:,}</td>" in html
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


def test_text_compares_as_numpy_needs_it(given: lp.Dataset) -> None:
    for frame, column in (
        (given.invocations, "status"),
        (given.events, "kind"),
        (given.invocations, "bot_id"),
    ):
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
    assert given.invocations["bot_id"].isna().any()
    statuses = given.invocations["status"].sort_values().dropna().tolist()
    assert statuses == sorted(statuses)


def test_metrics_take_records(given: lp.Dataset) -> None:
    records = given.records.invocations
    for keys in ("bot", ["bot", "day"], ("status",)):
        pd.testing.assert_frame_equal(
            metrics.group_by(records, keys), metrics.group_by(given.invocations, keys)
        )
    assert metrics.totals(records[0])["invocations"].tolist() == [1]


# --- the public API ----------------------------------------------------------------------------


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
    """With the project's own settings, which are strict, and with what an earlier check of the package has cached."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    snippets = re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert snippets
    module = tmp_path / "snippets.py"
    module.write_text("\n".join(snippets), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(module)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
