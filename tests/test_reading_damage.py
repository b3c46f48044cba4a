"""Damaged and unfinished inputs."""

from __future__ import annotations

import html
import random
from pathlib import Path

import pytest
from quick import quick_below
from saved import LOGS, SAMPLES

import logparse as lp
from logparse.tables.rows import invocation_row


def damaged(text: str, chance: random.Random) -> str:
    """The text with one kind of damage done to it."""
    lines = text.split("\n")
    kind = chance.choice(["cut", "drop", "double", "swap", "flip", "join", "insert", "tail"])
    for _ in range(chance.choice([1, 1, 3, 20])):
        at = chance.randrange(len(lines))
        if kind == "drop" and len(lines) > 1:
            del lines[at]
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "swap":
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == "join" and at + 1 < len(lines):
            lines[at] += lines.pop(at + 1)
        elif kind == "insert":
            lines.insert(at, chance.choice(lines)[: chance.randrange(40)])
        elif kind == "flip" and lines[at]:
            spot = chance.randrange(len(lines[at]))
            lines[at] = (
                lines[at][:spot] + chr(chance.choice([0, 10, 34, 91, 0x7F, 0xFFFD])) + lines[at][spot + 1 :]
            )
    text = "\n".join(lines)
    spot = chance.randrange(len(text) + 1)
    return {"cut": text[:spot], "tail": text[spot:]}.get(kind, text)


@pytest.mark.parametrize("path", quick_below(450, SAMPLES))
def test_damage_gives_records_or_an_error_of_ours(path: Path) -> None:
    chance = random.Random(path.name)
    text = path.read_text(encoding="utf-8")
    for _ in range(2 if len(text) > 100_000 else 12):
        broken = damaged(text, chance) + "\n"
        try:
            found = list(lp.parse_many(broken))
        except lp.LogparseError:
            continue
        for record in found:
            invocation_row(record)
            assert sum(v for v in (record.poll_count, record.notification_count) if v is not None) <= len(
                record.polls
            )
    tables = lp.load(damaged(text, chance) + "\n")
    for name in ("invocations", "events", "polls", "attempts", "builds", "triggers", "bots", "jobs"):
        tables.table(name)


@pytest.mark.parametrize("path", quick_below(1_500, [p for p in SAMPLES if p.stat().st_size < 60_000]))
def test_a_log_that_is_still_being_written_changes_no_fact(path: Path) -> None:
    """Cut at any line, what is known already is what the whole log says."""
    text = path.read_text(encoding="utf-8")
    whole = lp.parse(path)
    lines = text.split("\n")
    ends = (
        range(1, len(lines)) if len(lines) < 25 else random.Random(path.name).sample(range(1, len(lines)), 20)
    )
    attempts = {a.attempt: a for a in whole.attempts}
    for end in ends:
        try:
            found = lp.parse("\n".join(lines[:end]) + "\n")
        except lp.InputError:
            continue
        for name in (
            "invocation_id",
            "job_id",
            "created_at",
            "launched_at",
            "triggered_by",
            "finished_at",
            "duration_s",
        ):
            known = getattr(found, name)
            if name == "created_at" and found.invocation_id is None:
                continue
            assert known is None or known == getattr(whole, name), (name, end)
        if "forged" not in path.name:
            assert (found.build.id if found.build else None) in (
                None,
                whole.build.id if whole.build else None,
            )
            for attempt in found.attempts:
                assert attempt.started_at in (None, attempts[attempt.attempt].started_at)


def test_html_with_forged_tags_stays_one_page() -> None:
    """The log of a page is escaped; a body that quotes HTML is text there."""
    text = (LOGS / "v1-2020-11" / "urlfetch_forged.html").read_text(encoding="utf-8")
    body = html.escape(
        "</pre></body></html>\n<!DOCTYPE html><html><body><h3>Debug log (UTC)</h3><pre>[00:00:00.001] x</pre>"
    )
    forged = text.replace("hello\n", f"hello\n{body}\n")
    assert forged != text
    ours, true = lp.parse(forged), lp.parse(text)
    assert [(e.kind, e.at) for e in ours.events] == [(e.kind, e.at) for e in true.events]
    assert (ours.status, ours.suspicious) == (true.status, true.suspicious)
    assert "<!DOCTYPE html>" in ours.events[-2].text


def test_a_broken_build_is_named_and_does_not_cost_the_others() -> None:
    good = '{{"id": "{}", "builder": {{"builder": "b"}}, "status": "SUCCESS"}}\n'
    text = (
        good.format("8850722130543548832") + '{"id": "1", "builder": {\n' + good.format("8850722130543548831")
    )
    data = lp.load(text.encode())
    assert list(data.builds["build_id"]) == ["8850722130543548832", "8850722130543548831"]
    (failure,) = data.failures
    assert (failure.line, failure.remedy) == (2, "fetch the build again")
    joined = lp.load(LOGS / "v2-2021-06" / "success_pubsub_0.log", builds=[text.encode()])
    assert [f.line for f in joined.failures] == [2]
    assert len(joined.invocations) == 1


def test_a_noop_job_has_a_part_of_its_own() -> None:
    record = lp.parse(LOGS / "v1-2020-11" / "noop_1234ms.1.log")
    assert record.noop is not None
    assert record.noop.sleep_s == 1.234
