"""Pages that are read many at once give the same tables as pages that are read alone."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path

import pytest
from generate import Generator
from oracle_mutants import mutant

import logparse as lp
from logparse import loading
from logparse.batches.batch import Batch, rows_of
from logparse.bulk import read_pages
from logparse.errors import InputError
from logparse.joining import pagebatch
from logparse.joining.merge import Copy
from logparse.joining.pagebatch import OF_PAGES
from logparse.reading import read_parts
from logparse.sources import Found, Source, find, open_found
from logparse.tables.rows import Records, batches, rows

LOGS = Path(__file__).parent / "data" / "logs"
GIVEN = sorted(path for path in LOGS.rglob("*") if path.suffix in (".log", ".txt"))
REAL = LOGS / "win_xfa_component-9028843112359765808.txt"
SUCCESS = LOGS / "v2-2021-06" / "success_html_user.log"


def found_files(folder: Path, texts: Sequence[bytes]) -> list[Found]:
    """Write files, and return them as inputs."""
    names = []
    for number, text in enumerate(texts):
        path = folder / f"{number:04}.txt"
        path.write_bytes(text)
        names.append(path)
    return [file for file in find(names) if isinstance(file, Found)]


def alone(file: Found) -> Copy | None:
    """Return the one invocation of a file as it is read alone, None where it does not hold just one."""
    source = open_found(file)
    assert isinstance(source, Source)
    try:
        parts = read_parts(source)
    except InputError:
        return None
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Copy) else None


def cells(batches: Iterable[Batch]) -> list[dict[str, str]]:
    """Return rows with the text of each cell: equal values of other types print otherwise, 1 and True."""
    return [{name: repr(value) for name, value in row.items()} for row in rows_of(batches)]


def check(files: Sequence[Found]) -> int:
    """Compare all files that are read at once with the same read alone. Return how many these are."""
    taken = 0
    for file, row in zip(files, read_pages(files, 1 << 28, OF_PAGES), strict=True):
        if row is None:
            continue
        taken += 1
        other = alone(file)
        assert other is not None, file.name
        assert other.record.findings == [], file.name
        for table in OF_PAGES:
            made = cells(pagebatch.taken([row], table))
            assert made == cells(batches(Records([other.record]), table)), (file.name, table)
    return taken


def are_read_alone(files: Sequence[Found], max_bytes: int = 1 << 28) -> bool:
    return read_pages(files, max_bytes, ["invocations"]) == [None] * len(files)


def generated(number: int, v2: float) -> list[bytes]:
    """Return pages of both dialects."""
    shares = {name: share for name, share in (("v1", 1 - v2), ("v2", v2)) if share}
    return [text.encode() for text, _ in Generator(5, shares).pages(number)]


def test_given_logs_are_read_the_same(tmp_path: Path) -> None:
    files = found_files(tmp_path, [path.read_bytes() for path in GIVEN])
    # Of these logs many quote errors, or are cut, so that they are read alone.
    assert check(files) >= 45


@pytest.mark.parametrize("v2", [0, 1])
def test_generated_pages_are_all_read_at_once(v2: float, tmp_path: Path) -> None:
    files = found_files(tmp_path, generated(40, v2))
    assert check(files) == 40


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))])
def test_mutants_are_read_the_same(seed: int, tmp_path: Path) -> None:
    texts = [REAL.read_bytes(), SUCCESS.read_bytes(), *generated(4, 0), *generated(4, 1)]
    texts += [path.read_bytes() for path in GIVEN if path.stem.startswith(("success", "newyear", "final"))]
    source = random.Random(seed)
    files = found_files(tmp_path, [mutant(source, texts)[1] for _ in range(150)])
    assert check(files) >= 15


DEEP = b"[" * 300 + b"]" * 300
#: A value of a build that no table has.
UNUSED = b'"canary_preference": "PROD"'
#: The first member of JSON that is inside of JSON.
INNER = b'"{\\"properties\\": {'
HEAD = b"Status: RUNNING\nTriggered by: -\n\nDebug log (UTC)\n\n"
FIRST = b"[10:00:00.000] New invocation is queued and will start shortly\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no log\n", id="no log"),
        pytest.param(HEAD + FIRST + b"[10:00:01.000] No such message\n", id="unknown entry"),
        pytest.param(HEAD + FIRST.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(HEAD + FIRST.replace(b"\n", b" \n"), id="trailing blank"),
        pytest.param(HEAD + FIRST + b"--- the log has been cut here ---\n" + FIRST, id="cut"),
        pytest.param(HEAD + FIRST + FIRST, id="two invocations"),
        pytest.param(HEAD.replace(b"-", "\u00a0".encode()) + FIRST, id="non-breaking space"),
        pytest.param(HEAD + FIRST + b"\xff\n", id="not UTF-8"),
        pytest.param(HEAD.replace(b"-", b"[10:00:00.000]") + FIRST, id="a time in the head"),
        pytest.param(gzip.compress(HEAD + FIRST, mtime=0), id="compressed"),
        pytest.param(b"<html>" + FIRST, id="HTML"),
        pytest.param(REAL.read_bytes().replace(b"9028843112359765808", b"12"), id="an id without a time"),
        pytest.param(REAL.read_bytes().replace(b":5:0) after", b":6:0) after"), id="another timer"),
        pytest.param(
            REAL.read_bytes().replace(b"Build 8863413050310585040: status", b"Build 1: status", 1),
            id="another build",
        ),
        pytest.param(REAL.read_bytes().replace(b"win_xfa_component:", b"w" * 950 + b":"), id="a long title"),
        pytest.param(REAL.read_bytes().replace(UNUSED, b'"a": ' + DEEP), id="deep JSON"),
        pytest.param(
            REAL.read_bytes().replace(INNER, INNER[:3] + b'a\\": ' + DEEP + b", " + INNER[2:]),
            id="deep JSON in JSON",
        ),
        pytest.param(REAL.read_bytes().replace(UNUSED, b'"createdTs": "1"'), id="another spelling"),
        pytest.param(REAL.read_bytes().replace(UNUSED, b'"number": 5'), id="a key of version 2"),
        pytest.param(
            REAL.read_bytes().replace(b"pdfium/win_xfa_component", b"pdfium/" + b"w" * 2_000), id="a long job"
        ),
        pytest.param(REAL.read_bytes().replace(b"21m2.49", b"48h21m2.49"), id="another duration"),
    ],
)
def test_other_pages_are_read_alone(text: bytes, tmp_path: Path) -> None:
    assert are_read_alone(found_files(tmp_path, [text]))


def test_a_file_larger_than_the_limit_is_read_alone(tmp_path: Path) -> None:
    files = found_files(tmp_path, [REAL.read_bytes()])
    size = REAL.stat().st_size
    assert are_read_alone(files, size - 1)
    assert not are_read_alone(files, size)


def test_a_log_that_has_not_ended(tmp_path: Path) -> None:
    lines = REAL.read_bytes().splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if line.startswith(b"["))
    # Each beginning of the log is the log of an invocation that still runs.
    texts = [b"".join(lines[:end]) for end in range(first + 1, len(lines))]
    # Where the log ends within a payload, the page is read alone.
    assert check(found_files(tmp_path, texts)) > 80


def test_a_file_that_has_changed_says_so(tmp_path: Path) -> None:
    files = found_files(tmp_path, [REAL.read_bytes()])
    (row,) = read_pages(files, 1 << 28, ["invocations"])
    assert row is not None
    assert files[0].path is not None
    Path(files[0].path).write_text("nothing")
    # A table that was asked for is kept. The others need the file.
    assert len(cells(pagebatch.taken([row], "invocations"))) == 1
    with pytest.raises(InputError, match="changed while"):
        list(pagebatch.taken([row], "events"))
    with pytest.raises(InputError, match="changed while"):
        row.record()


@pytest.mark.parametrize("jobs", [1, 2])
def test_tables_do_not_depend_on_how_files_are_read(
    jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [*generated(20, 0.5), *(path.read_bytes() for path in GIVEN[::8])]
    # Copies, and one that was saved earlier.
    texts += [texts[0], texts[1], texts[0][:-200]]
    found_files(tmp_path, texts)
    at_once = lp.load(tmp_path, jobs=jobs)
    monkeypatch.setattr(loading, "_MANY", 10**9)
    one_by_one = lp.load(tmp_path, jobs=1)
    for table in ("invocations", "events", "polls", "attempts", "builds", "triggers", "findings", "failures"):
        assert [*rows(at_once.gathered, table)] == [*rows(one_by_one.gathered, table)], table
    assert at_once.invocations["repeats"].sum() == 3


@pytest.mark.parametrize("table", ["invocations", "builds", "polls", "events"])
def test_plain_pages_are_exported_without_pandas(table: str, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    found_files(tmp_path / "pages", generated(40, 0.5))
    script = (
        "import io, sys; from logparse.loading import gather; from logparse.tables.rows import batches;"
        "from logparse.columns import TABLES; from logparse.output.writers import write_csv;"
        f"data = gather([{str(tmp_path / 'pages')!r}], jobs=1, tables=[{table!r}]);"
        f"write_csv(batches(data.gathered, {table!r}), TABLES[{table!r}], io.StringIO());"
        "print(len(data.gathered.held.rows), 'pandas' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["40", "False"]


def test_a_dataset_can_be_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found_files(tmp_path, generated(40, 0.5))
    monkeypatch.setattr(loading, "_MOST_IN_MEMORY", 0)
    data = lp.load(tmp_path, jobs=1)
    again = deepcopy(data)
    for table in OF_PAGES:
        assert [*rows(again.gathered, table)] == [*rows(data.gathered, table)], table


def test_records_are_made_of_rows_on_demand(tmp_path: Path) -> None:
    files = found_files(tmp_path, generated(20, 0.5))
    data = lp.load(tmp_path, jobs=1)
    assert len(data.gathered.held.rows) == 20
    made = {record.source: record for record in data.records.invocations}
    assert data.gathered.held.rows == []
    for file in files:
        other = alone(file)
        assert other is not None
        assert made[file.name] == other.record.whole()


def test_invocations_of_one_build_become_records(tmp_path: Path) -> None:
    text = REAL.read_bytes()
    # Another invocation with the same build: the table of builds has it once.
    other = text.replace(b"9028843112359765808", b"9028843112359765792")
    found_files(tmp_path, [text, other, *generated(20, 0)])
    data = lp.load(tmp_path, jobs=1)
    assert len(data.invocations) == 22
    assert len(data.builds) == 21
    assert data.builds["build_id"].is_unique
