"""When entries were written: days for clocks that have none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import logparse as lp
from logparse.engine.dating import date_entries
from logparse.engine.entries import split_invocations
from logparse.engine.facts import Facts
from logparse.engine.timeline import Timeline
from logparse.language import scanner
from logparse.values.clock import from_datetime
from logparse.values.gonotation import format_duration


def invocation_id(moment: datetime) -> str:
    """As the scheduler makes it: the complement of milliseconds since 2015, 20 bits shifted."""
    ms = (moment - datetime(2015, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return str(~(ms << 20 | 0x12345) & (1 << 63) - 1)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


def clock(at: datetime) -> str:
    return at.strftime("[%H:%M:%S.") + f"{at.microsecond // 1000:03d}] "


def log(*entries: tuple[datetime, str]) -> str:
    return "".join(f"{clock(at)}{text}\n" for at, text in entries)


def timer(identifier: str, mutation: int, verb: str = "Handling") -> str:
    return f'{verb} timer "check" (p/j:{identifier}:{mutation}:0)' + (
        " after 1m0s" if verb == "Scheduling" else ""
    )


def life(created: datetime, *after: timedelta, status: str = "SUCCEEDED", drop: slice | None = None) -> str:
    """An invocation that schedules a timer `after` each of those times and then finishes with the last one."""
    identifier = invocation_id(created)
    entries = [
        (created, "New invocation is queued and will start shortly"),
        (created + timedelta(seconds=1), "Starting the invocation (attempt 1)"),
        *((created + a, timer(identifier, n, "Scheduling")) for n, a in enumerate(after, 2)),
    ]
    if drop is not None:
        del entries[drop]
    duration = format_duration(after[-1].total_seconds())
    entries.append((created + after[-1], f"Invocation finished in {duration} with status {status}"))
    return log(*entries)


H, M, S = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)

CREATED = [
    "2020-11-17T04:33:59.089",
    "2020-11-17T23:59:59.500",
    "2020-02-28T23:59:58",
    "2020-02-29T12:00:00",
    "2019-02-28T23:30:00",
    "2020-12-31T23:59:59.999",
    "2021-01-01T00:00:00",
    "2016-06-30T23:59:59",
]
LIVES = {
    "at once": (2 * S,),
    "over one midnight": (2 * S, 3 * H, 12 * H, 23 * H, 25 * H),
    "over two midnights": (2 * S, *(n * 5 * H for n in range(1, 11))),
    "ten days": tuple(n * 11 * H for n in range(1, 22)),
}


@pytest.mark.parametrize("created", CREATED)
@pytest.mark.parametrize("after", LIVES.values(), ids=LIVES)
def test_every_entry_has_its_day(created: str, after: tuple[timedelta, ...]) -> None:
    start = moment(created)
    found = lp.parse(life(start, *after))
    assert found.created_at == start
    assert found.launched_at == start + S
    assert found.finished_at == start + after[-1]
    assert [e.at for e in found.events] == [start, start + S, *(start + a for a in after), start + after[-1]]
    assert found.findings == []


@pytest.mark.parametrize("days", [1, 2, 9])
def test_the_stated_duration_tells_how_many_midnights_idle_days_hid(days: int) -> None:
    """Timers of a day or more: from clocks alone 30 hours look like 6."""
    start = moment("2020-11-17T04:00:00")
    after = (2 * S, days * 24 * H + 6 * H, days * 24 * H + 7 * H)
    found = lp.parse(life(start, *after))
    assert [e.at for e in found.events][2:] == [*(start + a for a in after), start + after[-1]]
    assert found.finished_at == start + after[-1]
    assert found.findings == []


@pytest.mark.parametrize("back_ms", [1, 6, 250, 4_000, 60_000, 14 * 60_000])
def test_a_small_step_back_is_another_machines_clock(back_ms: int) -> None:
    start = moment("2020-11-17T00:00:00.100") if back_ms > 250 else moment("2020-11-16T23:59:30")
    identifier = invocation_id(start)
    later = start + 30 * S + timedelta(milliseconds=50)
    found = lp.parse(
        log(
            (start, "New invocation is queued and will start shortly"),
            (start + S, "Starting the invocation (attempt 1)"),
            (later, timer(identifier, 2, "Scheduling")),
            (later - timedelta(milliseconds=back_ms), timer(identifier, 3, "Scheduling")),
            (later + M, timer(identifier, 4, "Scheduling")),
        )
    )
    assert [e.at for e in found.events][2:] == [
        later,
        later - timedelta(milliseconds=back_ms),
        later + M,
    ]


def test_a_step_back_over_midnight() -> None:
    """00:00:00.002, then 23:59:59.998 of the day before."""
    start = moment("2020-12-31T23:59:00")
    identifier = invocation_id(start)
    midnight = moment("2021-01-01T00:00:00")
    ms = timedelta(milliseconds=1)
    found = lp.parse(
        log(
            (start, "New invocation is queued and will start shortly"),
            (start + S, "Starting the invocation (attempt 1)"),
            (midnight + 2 * ms, timer(identifier, 2, "Scheduling")),
            (midnight - 2 * ms, timer(identifier, 3, "Scheduling")),
            (midnight + 5 * ms, timer(identifier, 4, "Scheduling")),
        )
    )
    assert [e.at for e in found.events][2:] == [midnight + 2 * ms, midnight - 2 * ms, midnight + 5 * ms]


def test_a_step_back_of_hours_is_midnight() -> None:
    start = moment("2020-11-17T20:00:00")
    found = lp.parse(life(start, 2 * S, 19 * H, 30 * H))
    assert [e.at for e in found.events][-3:] == [start + 19 * H, start + 30 * H, start + 30 * H]


def test_lateness_keeps_its_sign() -> None:
    start = moment("2020-11-17T23:58:59.994")
    identifier = invocation_id(start)
    due = start + S + M
    text = log(
        (start, "New invocation is queued and will start shortly"),
        (start + S, "Starting the invocation (attempt 1)"),
        (start + S, f'Scheduling timer "check-buildbucket-build-status" (p/j:{identifier}:2:0) after 1m0s'),
        (
            due - timedelta(milliseconds=6),
            f'Handling timer "check-buildbucket-build-status" (p/j:{identifier}:2:0)',
        ),
        (due + S, "Build status: STARTED"),
    )
    (poll,) = lp.parse(text).polls
    assert (poll.due_at, poll.lateness_s, poll.rpc_s) == (due, -0.006, 1.006)


# --- logs that lack a part --------------------------------------------------------------------


def test_a_lost_head() -> None:
    """Saved from the middle: the id tells when it was created, and the finish ties the rest to that."""
    start = moment("2020-11-17T22:00:00")
    found = lp.parse(life(start, *(n * 3 * H for n in range(1, 12)), drop=slice(0, 11)))
    assert (found.created_at, found.launched_at, found.attempt_count) == (start, None, None)
    assert [e.at for e in found.events] == [start + 30 * H, start + 33 * H, start + 33 * H]
    assert found.finished_at == start + 33 * H


def test_a_lost_head_and_a_lost_end() -> None:
    """The first timer behind the creation is the best guess that there is."""
    start = moment("2020-11-17T22:00:00")
    identifier = invocation_id(start)
    found = lp.parse(log((start + 3 * H, timer(identifier, 8)), (start + 4 * H, timer(identifier, 9))))
    assert [e.at for e in found.events] == [start + 3 * H, start + 4 * H]
    assert found.created_at == start
    assert found.finished_at is None


def test_lines_lost_in_the_middle_with_two_days() -> None:
    """A check every half an hour; 50 hours are missing, of which the clocks show two."""
    start = moment("2020-11-17T04:00:00")
    after = tuple(n * 30 * M for n in range(1, 121))
    found = lp.parse(life(start, *after, drop=slice(12, 112)))
    kept = (*after[:10], *after[110:])
    assert [e.at for e in found.events][2:-1] == [start + a for a in kept]
    assert found.events[-1].at == found.finished_at == start + 60 * H
    assert found.findings == []


def test_an_unfinished_log() -> None:
    start = moment("2020-11-17T23:59:00")
    identifier = invocation_id(start)
    found = lp.parse(
        log(
            (start, "New invocation is queued and will start shortly"),
            (start + S, "Starting the invocation (attempt 1)"),
            (start + 2 * M, timer(identifier, 2, "Scheduling")),
        )
    )
    assert [e.at for e in found.events] == [start, start + S, start + 2 * M]
    assert (found.finished_at, found.duration_s, found.status) == (None, None, "RUNNING")


# --- which day --------------------------------------------------------------------------------

NOOP = (
    "[23:59:58.000] New invocation is queued and will start shortly\n"
    "[23:59:59.000] Starting the invocation (attempt 1)\n"
    "[23:59:59.000] Running noop task for 2s\n"
    "[00:00:01.000] Invocation finished in 3s with status SUCCEEDED\n"
)


def test_without_any_date() -> None:
    found = lp.parse(NOOP)
    assert [e.at for e in found.events] == [None] * 4
    assert [e.clock for e in found.events] == ["23:59:58.000", "23:59:59.000", "23:59:59.000", "00:00:01.000"]
    assert [e.offset_s for e in found.events] == [0.0, 1.0, 1.0, 3.0]
    assert (found.created_at, found.launched_at, found.finished_at) == (None, None, None)
    assert (found.duration_s, found.scheduler_wait_s, found.status) == (3.0, 1.0, "SUCCEEDED")
    assert [f.code for f in found.findings] == ["no-date"]


def test_the_caller_tells_the_day() -> None:
    found = lp.parse(NOOP, date=date(2020, 2, 28))
    assert found.created_at == moment("2020-02-28T23:59:58")
    assert found.launched_at == moment("2020-02-28T23:59:59")
    # 2020 is a leap year.
    assert found.finished_at == moment("2020-02-29T00:00:01")
    assert found.findings == []
    assert lp.load(NOOP, date=date(2020, 2, 28)).invocations["created_at"][0] == moment("2020-02-28T23:59:58")


def test_an_id_is_better_than_the_callers_day() -> None:
    start = moment("2020-11-17T04:33:59")
    assert lp.parse(life(start, 2 * S), date=date(1999, 1, 1)).created_at == start


def test_buildbuckets_own_times_tell_the_day() -> None:
    """A version 2 log that lost its request and all timers; the build was created a second behind midnight."""
    text = (
        "[23:59:58.000] New invocation is queued and will start shortly\n"
        "[23:59:59.000] Starting the invocation (attempt 1)\n"
        '[00:00:01.200] Scheduled build:\n{\n  "id": "1",\n  "status": "SCHEDULED",\n'
        '  "createTime": "2021-01-01T00:00:01.100000Z"\n}\n'
    )
    found = lp.parse(text)
    assert found.created_at == moment("2020-12-31T23:59:58")
    assert found.launch_s == 2.1


def test_a_build_id_tells_the_day() -> None:
    """Build 8863413050310585040 was created on 2020-11-17 at 04:34:00.426 by its own id."""
    text = (
        "[04:33:59.000] New invocation is queued and will start shortly\n"
        "[04:34:00.000] Starting the invocation (attempt 1)\n"
        "[04:34:02.132] Task URL: https://ci.chromium.org/b/8863413050310585040\n"
    )
    found = lp.parse(text)
    assert found.created_at == moment("2020-11-17T04:33:59")
    assert found.build is not None
    assert found.build.id == "8863413050310585040"


def test_the_file_name_tells_the_day(tmp_path: Path) -> None:
    start = moment("2022-03-04T23:59:57.990")
    path = tmp_path / f"noop-{invocation_id(start)}.log"
    path.write_text(NOOP, encoding="utf-8")
    found = lp.parse(path)
    assert (found.created_at, found.id_from) == (start, "file name")
    assert found.launched_at == moment("2022-03-04T23:59:59")
    assert found.finished_at == start + 3 * S
    assert [f.code for f in found.findings] == ["id-from-file-name"]


# --- the class --------------------------------------------------------------------------------


def timeline(text: str) -> Timeline:
    (entries,) = split_invocations(scanner.split_log(text), scanner.match)
    return Timeline(entries)


def test_offsets_count_from_the_midnight_before_the_first_entry() -> None:
    found = timeline(NOOP)
    day = 86_400_000_000
    assert found.offsets == [day - 2_000_000, day - 1_000_000, day - 1_000_000, day + 1_000_000]
    assert found.has_head
    assert (found.base_us, found.at_us(found.first_offset), found.offset_of(5)) == (None, None, None)
    assert found.at_us(None) is None
    found.base_us = from_datetime(moment("2020-11-17T00:00:00"))
    assert found.at_us(found.first_offset) == from_datetime(moment("2020-11-17T23:59:58"))
    assert found.offset_of(found.at_us(7)) == 7


def test_an_entry_without_a_clock_has_no_time() -> None:
    found = timeline('  "tail": 1\n}\n[04:00:00.000] Handling timer "t" (p/j:9028843112359765808:9:0)\n')
    assert found.offsets == [None, 4 * 3_600_000_000]
    assert not found.has_head
    assert not Timeline([]).has_head
    assert Timeline([]).first_offset is None
    date_entries(Timeline([]), [], Facts(), 0, None)


def test_hidden_days_move_all_entries_behind_them() -> None:
    found = timeline(NOOP)
    before, day = list(found.offsets), 86_400_000_000
    found.hide({1: 2, 3: 3})
    moved = [(o or 0) - (b or 0) for o, b in zip(found.offsets, before, strict=True)]
    assert moved == [0, 2 * day, 2 * day, 3 * day]


def test_a_creation_right_before_midnight_and_a_first_entry_right_behind() -> None:
    start = moment("2020-12-31T23:59:59.998")
    timer_line = timer(invocation_id(start), 2, "Scheduling")
    found = lp.parse(
        "[00:00:00.004] New invocation is queued and will start shortly\n"
        f"[00:00:01.000] Starting the invocation (attempt 1)\n[00:00:02.000] {timer_line}\n"
    )
    assert found.events[0].at == moment("2021-01-01T00:00:00.004")
