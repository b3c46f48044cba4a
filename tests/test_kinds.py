"""The table of kinds: wrong rows are errors, and a new message, kind or job kind is a row each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import logparse
from logparse.engine.effects import Effect, parse_effects
from logparse.engine.kinds import AFTER, JOB_KINDS, KINDS, PARTS, JobKind, Kind, check_jobs, check_kinds
from logparse.language.messages import MESSAGES
from logparse.records import Gitiles

CATALOGUE = {"ready": frozenset({"count"}), "failed": frozenset({"error"})}
ROWS = (Kind("ready"), Kind("failed"))


def test_each_kind_of_the_catalogue_has_a_row_and_each_row_a_kind() -> None:
    assert {message.kind for message in MESSAGES} == KINDS.keys() - {"log_cut", "log_fragment"}
    assert check_kinds(ROWS, CATALOGUE, PARTS) == {"ready": ROWS[0], "failed": ROWS[1]}


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (ROWS[:1], "the kind 'failed' has no row in the table of kinds"),
        ((*ROWS, Kind("ready")), "the kind 'ready' has two rows"),
        ((*ROWS, Kind("other")), "the catalogue has no message of the kind 'other'"),
        (
            (ROWS[0], Kind("failed", frozenset({"asleep"}))),
            "the row of the kind 'failed' names an unknown phase: 'asleep'",
        ),
        (
            (ROWS[0], Kind("failed", leads_to="over")),
            "the row of the kind 'failed' names an unknown phase: 'over'",
        ),
        (
            (ROWS[0], Kind("failed", quoted="all")),
            "the row of the kind 'failed' names an unknown set of followers: 'all'",
        ),
        (
            (ROWS[0], Kind("failed", traits=frozenset({"rare"}))),
            "the row of the kind 'failed' names an unknown trait: 'rare'",
        ),
        (
            (ROWS[0], Kind("failed", status="LOST")),
            "the row of the kind 'failed' names an unknown status: 'LOST'",
        ),
        (
            (ROWS[0], Kind("failed", effects="stop")),
            "the row of the kind 'failed': 'stop' is not an effect",
        ),
        (
            (Kind("ready", effects="cron.count=count"), ROWS[1]),
            "the row of the kind 'ready': 'cron.count=count' names an unknown part",
        ),
        (
            (Kind("ready", effects="gitiles.number=count"), ROWS[1]),
            "the row of the kind 'ready': 'gitiles.number=count' names a field that Gitiles does not have",
        ),
        (
            (Kind("ready", effects="gitiles.saved_refs=size"), ROWS[1]),
            "the row of the kind 'ready': 'gitiles.saved_refs=size' names an argument that no format of the kind has",
        ),
    ],
)
def test_a_wrong_row_is_an_error_that_names_it(rows: tuple[Kind, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match="kind") as wrong:
        check_kinds(rows, CATALOGUE, PARTS)
    assert str(wrong.value) == sentence


def test_a_wrong_job_kind_is_an_error_that_names_it() -> None:
    writers = {message.writer for message in MESSAGES}
    check_jobs(JOB_KINDS, writers)
    with pytest.raises(ValueError, match="no message by the writer 'cron' of 'timer'"):
        check_jobs([JobKind("timer", "cron")], writers)
    with pytest.raises(ValueError, match="no field 'timer' for jobs 'timer'"):
        check_jobs([JobKind("timer", "noop", "timer", Gitiles)], writers)


def test_effects_by_hand() -> None:
    text = "gitiles.saved_refs=count ?gitiles.errors+=error url_fetch.outcome=SUCCEEDED open:pubsub"
    assert parse_effects(text, frozenset({"count"}), dict(PARTS)) == (
        Effect("set", "gitiles", "saved_refs", "count", type=(int,)),
        Effect("append", "gitiles", "errors", "error", only_where_known=True, type=(list,)),
        Effect("set", "url_fetch", "outcome", "SUCCEEDED", is_constant=True, type=(str,)),
        Effect("open", value="pubsub"),
    )


def test_what_can_follow_a_quotation() -> None:
    assert "invocation_finished" in AFTER["build_request_failed"]
    assert "timer_tick" in AFTER["build_fetch_failed"] - AFTER["build_request_failed"]
    assert AFTER["build_request_rejected"] - AFTER["build_request_failed"] == {"build_answered"}
    assert AFTER["timer_fatal"] == {"invocation_finished"}


# --- additions --------------------------------------------------------------------------------

PACKAGE = Path(logparse.__file__).parent
LOG = """[10:00:00.000] New invocation is queued and will start shortly
[10:00:01.000] Starting the invocation (attempt 1)
[10:00:01.010] Mailing report to owner@example.com
[10:00:01.020] Sent 3 messages
[10:00:01.030] Invocation finished in 1.03s with status SUCCEEDED
"""
#: For each module: the text after which a row is added, and the row.
ADDITIONS = {
    "language/messages.py": (
        "_INVOCATION_BUILDBUCKET = [",
        "_INVOCATION_MAIL = [\n"
        '    _m("mail_started", "Mailing report to %s", "recipient:text", "2026-01-01", TODAY),\n'
        '    _m("mail_sent", "Sent %d messages", "count:int", "2026-01-01", TODAY),\n]\n',
    ),
    "engine/kinds.py": (
        "_TRIAGE = _plain(",
        '_MAIL = [\n    _k("mail_started", _LAUNCH, traits="launches", effects="mail.recipient=recipient"),\n'
        '    _k("mail_sent", _WORK, effects="mail.count=count"),\n]\n',
    ),
    "records/jobs.py": (
        "class Noop(Record):",
        "class Mail(Record):\n    recipient: str | None = None\n    count: int | None = None\n\n\n",
    ),
}
#: The lists in which the additions are named.
NAMED = {
    "language/messages.py": (
        '*_section("invocation", "noop"',
        '*_section("invocation", "mail", _INVOCATION_MAIL),\n    ',
    ),
    "engine/kinds.py": (
        '    JobKind("buildbucket", "buildbucket"),',
        '    JobKind("mail", "mail", "mail", Mail),\n',
    ),
    "records/__init__.py": ("    noop: Noop | None = None", "    mail: Mail | None = None\n"),
}


def test_a_new_kind_of_job_is_a_row_each_and_its_record(tmp_path: Path) -> None:
    copy = tmp_path / "logparse"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for additions in (ADDITIONS, NAMED):
        for name, (after, row) in additions.items():
            text = (copy / name).read_text()
            assert text.count(after) == 1, (name, after)
            (copy / name).write_text(text.replace(after, row + after))
    records = (copy / "records/__init__.py").read_text()
    imported = "from logparse.records.jobs import Mail as Mail\n"
    (copy / "records/__init__.py").write_text(
        records.replace(
            "from logparse.records.jobs import Noop", imported + "from logparse.records.jobs import Noop"
        )
    )
    kinds = (copy / "engine/kinds.py").read_text()
    kinds = kinds.replace("Invocation, Noop,", "Invocation, Mail, Noop,").replace(
        "*_TRIAGE)", "*_TRIAGE, *_MAIL)"
    )
    (copy / "engine/kinds.py").write_text(kinds)
    (tmp_path / "mail.log").write_text(LOG)
    script = (
        "import logparse as lp, msgspec, sys\n"
        "record = lp.parse(sys.argv[1], engine=sys.argv[2])\n"
        "print(lp.__file__)\n"
        "print(msgspec.json.encode([record.task_kind, record.mail, record.unrecognized]).decode())"
    )
    for engine in ("scanner", "grammar"):
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "mail.log"), engine],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            cwd=tmp_path,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        where, found = done.stdout.splitlines()
        assert where == str(copy / "__init__.py")
        assert json.loads(found) == ["mail", {"recipient": "owner@example.com", "count": 3}, 0]


def test_a_kind_without_a_row_cannot_be_imported(tmp_path: Path) -> None:
    copy = tmp_path / "logparse"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name, (after, row) in [
        ("language/messages.py", ADDITIONS["language/messages.py"]),
        ("language/messages.py", NAMED["language/messages.py"]),
    ]:
        text = (copy / name).read_text()
        (copy / name).write_text(text.replace(after, row + after))
    done = subprocess.run(
        [sys.executable, "-c", "import logparse.engine.kinds"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        timeout=60,
    )
    assert done.stderr.endswith("ValueError: the kind 'mail_sent' has no row in the table of kinds\n")
