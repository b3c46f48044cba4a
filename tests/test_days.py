"""Midnights that a gap between two entries hides: every time that is taken from an entry has the right day."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import logparse as lp
from logparse.values.days import Bound, common_day, settle
from logparse.values.gonotation import format_duration

CASES = Path(__file__).parent / "data" / "cases"
DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
MARKER = "--- the log has been cut here ---\n"
BUILD = "8754721477317623807"


def invocation_id(moment: datetime) -> str:
    """As the scheduler makes it: the complement of milliseconds since 2015, 20 bits shifted."""
    ms = (moment - datetime(2015, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return str(~(ms << 20 | 0x12345) & (1 << 63) - 1)


@dataclass
class Story:
    """One invocation with a build, as the engine would log it. `pauses` lengthens gaps by name."""

    dialect: str
    pauses: dict[str, timedelta]
    cuts: bool = False
    ids: bool = True
    stamps: bool = True
    start: datetime = datetime(2021, 2, 27, 21, 0, tzinfo=UTC)
    now: datetime = field(init=False)
    text: str = ""
    times: list[datetime] = field(default_factory=list)
    cut_after: list[int] = field(default_factory=list)
    handled: list[datetime] = field(default_factory=list)
    answered: list[datetime] = field(default_factory=list)
    due: list[datetime | None] = field(default_factory=list)
    build: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = self.start
        self.identifier = invocation_id(self.start)
        self.mutation = 1
        self.tell()

    def write(self, text: str) -> None:
        self.text += f"[{self.now:%H:%M:%S}.{self.now.microsecond // 1000:03d}] {text}\n"
        self.times.append(self.now)

    def wait(self, step: timedelta, pause: str = "") -> None:
        extra = self.pauses.get(pause, timedelta(0))
        self.now += step + extra
        if extra and self.cuts:
            self.text += MARKER
            self.cut_after.append(len(self.times) - 1)

    def timer(self, verb: str) -> str:
        """Each check has a timer with an id, but in logs that shall have none."""
        name = f" (acme/linux:{self.identifier}:{self.mutation}:0)" if self.ids else ""
        return f'{verb} timer "check-build"{name}'

    def schedule(self) -> None:
        if self.ids:
            self.mutation += 1
            self.write(f"{self.timer('Scheduling')} after 1m0s")
            self.next_due = self.now + MINUTE

    def answer(self, status: str, **times: datetime) -> str:
        self.build.update(times)
        known: dict[str, Any] = {"id": BUILD, "status": status}
        for name, moment in self.build.items() if self.stamps else ():
            if self.dialect == "v2":
                known[f"{name}Time"] = moment.isoformat().replace("+00:00", "Z")
            else:
                key = {"create": "created_ts", "start": "started_ts", "end": "completed_ts"}[name]
                known[key] = str((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))
        if self.dialect == "v2":
            return json.dumps(known, indent=2)
        known |= {"status": "COMPLETED", "result": status} if status == "SUCCESS" else {}
        return json.dumps({"build": known}, indent=2)

    def status(self, status: str) -> None:
        outcome = f'status "{status}", result "", failure_reason "", cancelation_reason ""'
        self.write(f"Build {BUILD}: {outcome}" if self.dialect == "v1" else f"Build status: {status}")
        self.answered.append(self.now)

    def check(self, status: str) -> None:
        """A check that a timer starts; in a log without ids no timers are logged."""
        if not self.ids:
            return
        self.write(self.timer("Handling"))
        self.handled.append(self.now)
        self.due.append(self.next_due)
        self.wait(SECOND / 4)
        self.status(status)
        self.schedule()

    def notify(self) -> None:
        self.write("Received PubSub notification, asking Buildbucket for the build status")
        self.handled.append(self.now)
        self.due.append(None)
        self.wait(SECOND / 4)

    def tell(self) -> None:
        v1 = self.dialect == "v1"
        self.write("New invocation is queued and will start shortly")
        self.wait(SECOND, "launch")
        self.write("Starting the invocation (attempt 1)")
        named = {"client_operation_id" if v1 else "requestId": self.identifier} if self.ids else {"x": 1}
        self.write(f"Buildbucket request:\n{json.dumps(named, indent=2)}")
        self.wait(SECOND / 2)
        created = self.answer("SCHEDULED", create=self.now - SECOND / 5)
        self.write(f"{'Buildbucket response' if v1 else 'Scheduled build'}:\n{created}")
        self.schedule()
        self.wait(MINUTE)
        self.check("SCHEDULED")
        self.wait(20 * SECOND, "start")
        self.notify()
        self.build["start"] = self.now - SECOND
        self.status("STARTED")
        self.wait(40 * SECOND)
        self.check("STARTED")
        self.wait(MINUTE, "middle")
        self.check("STARTED")
        self.wait(20 * SECOND, "end")
        self.notify()
        final = self.answer("SUCCESS", end=self.now - SECOND)
        self.write(f"{'Buildbucket build' if v1 else 'Build'}:\n{final}")
        self.answered.append(self.now)
        self.wait(SECOND / 2)
        length = format_duration((self.now - self.start).total_seconds())
        self.write(f"Invocation finished in {length} with status SUCCEEDED")


def assert_told(story: Story, found: lp.Invocation) -> None:
    """All times of a record are the story's, which knows them without any log."""
    assert [e.at for e in found.events if e.kind != "log_cut"] == story.times
    assert [p.handled_at for p in found.polls] == story.handled
    assert [p.answered_at for p in found.polls] == story.answered
    assert [p.due_at for p in found.polls] == story.due
    late = [
        None if d is None else (h - d).total_seconds() for h, d in zip(story.handled, story.due, strict=True)
    ]
    assert [p.lateness_s for p in found.polls] == late
    assert {p.rpc_s for p in found.polls} == {0.25}
    (attempt,) = found.attempts
    assert (attempt.started_at, attempt.duration_s) == (story.times[1], 0.5)
    assert (found.created_at, found.launched_at) == (story.start, story.times[1])
    assert found.finished_at == story.now
    if story.stamps:
        assert found.launch_s == pytest.approx(0.3, abs=1e-9)
        assert found.finish_notify_lag_s == pytest.approx(0.75, abs=1e-9)
        assert found.run_s == (story.build["end"] - story.build["start"]).total_seconds()
    lost = [(story.times[n + 1] - story.times[n]).total_seconds() for n in story.cut_after]
    assert [c.lost_s for c in found.cuts] == lost
    # The timer of the last check was due long before the end that a notification told.
    unfired = {"timer-never-fired"} if story.ids and "end" in story.pauses and not story.cuts else set()
    assert {f.code for f in found.findings} == unfired | ({"log-cut"} if lost else set())


HIDDEN = {
    "none": {},
    "the first gap": {"launch": DAY},
    "the first gap, three days": {"launch": 3 * DAY},
    "before the start": {"start": DAY},
    "a middle gap": {"middle": 2 * DAY + 5 * HOUR},
    "the last gap": {"end": DAY},
    "the last gap, 9 days": {"end": 9 * DAY + 3 * HOUR},
    "first and last": {"launch": DAY, "end": 2 * DAY},
    "first, start and last": {"launch": 2 * DAY + HOUR, "start": DAY, "end": 3 * DAY + 7 * HOUR},
}  # fmt: skip


@pytest.mark.parametrize("cuts", [False, True], ids=["whole", "cut"])
@pytest.mark.parametrize("dialect", ["v1", "v2"])
@pytest.mark.parametrize("pauses", HIDDEN.values(), ids=HIDDEN)
def test_hidden_days_with_ids_and_timestamps(pauses: dict[str, timedelta], dialect: str, cuts: bool) -> None:
    if not cuts:
        # Between two anchors the widest gap hides days, so that it has to be the widest by the clocks.
        pauses = {gap: pause + (2 * HOUR if gap != "launch" else DAY - DAY) for gap, pause in pauses.items()}
    story = Story(dialect, pauses, cuts=cuts)
    assert_told(story, lp.parse(story.text))


@pytest.mark.parametrize("cuts", [False, True], ids=["whole", "cut"])
@pytest.mark.parametrize("dialect", ["v1", "v2"])
@pytest.mark.parametrize("name", [name for name in HIDDEN if name != "a middle gap"])
def test_hidden_days_without_ids(name: str, dialect: str, cuts: bool) -> None:
    """Buildbucket's timestamps are on both sides of each gap, and the duration settles the rest."""
    story = Story(dialect, HIDDEN[name], cuts=cuts, ids=False)
    assert_told(story, lp.parse(story.text))


@pytest.mark.parametrize("dialect", ["v1", "v2"])
@pytest.mark.parametrize("gap", ["launch", "start", "middle", "end"])
@pytest.mark.parametrize("days", [1, 4])
def test_where_only_the_total_is_known_the_cut_hid_it(gap: str, days: int, dialect: str) -> None:
    """The cut's gap is a short one by the clocks."""
    story = Story(dialect, {gap: days * DAY}, cuts=True, stamps=False)
    assert_told(story, lp.parse(story.text))


@pytest.mark.parametrize("dialect", ["v1", "v2"])
@pytest.mark.parametrize("gap", ["launch", "start", "middle", "end"])
@pytest.mark.parametrize("days", [1, 4])
def test_where_only_the_total_is_known_the_widest_gap_hid_it(gap: str, days: int, dialect: str) -> None:
    story = Story(dialect, {gap: days * DAY + 4 * HOUR}, stamps=False)
    assert_told(story, lp.parse(story.text))


@pytest.mark.parametrize("cuts", [False, True], ids=["whole", "cut"])
@pytest.mark.parametrize("gap", ["launch", "start", "end"])
def test_the_callers_day_and_the_duration(gap: str, cuts: bool) -> None:
    story = Story("v2", {gap: 2 * DAY + 3 * HOUR}, cuts=cuts, ids=False, stamps=False)
    # The build's id shows when it was created, so that it is changed to one that does not.
    text = story.text.replace(BUILD, "77")
    found = lp.parse(text, date=date(2021, 2, 27))
    assert_told(story, found)
    undated = lp.parse(text)
    assert undated.created_at is None
    assert [e.offset_s for e in undated.events] == [e.offset_s for e in found.events]
    assert [p.rpc_s for p in undated.polls] == [p.rpc_s for p in found.polls]


def test_a_timer_is_never_handled_days_early() -> None:
    """Asked for after 30 hours, handled after 30 hours and a second, with nothing else to tell."""
    text = (
        "[04:00:00.000] New invocation is queued and will start shortly\n"
        "[04:00:01.000] Starting the invocation (attempt 1)\n"
        '[04:00:02.000] Scheduling timer "check-build" (p/j:9028843112359765808:2:0) after 54h0m0s\n'
        '[10:00:03.000] Handling timer "check-build" (p/j:9028843112359765808:2:0)\n'
        "[10:00:04.000] Build status: STARTED\n"
    )
    (poll,) = lp.parse(text).polls
    assert (poll.lateness_s, poll.rpc_s) == (1.0, 1.0)


def test_one_wrong_timestamp_does_not_move_a_log() -> None:
    """The final build's end is a year off: the id, the creation and the duration agree with each other."""
    story = Story("v2", {})
    text = story.text.replace('"endTime": "2021', '"endTime": "2022')
    found = lp.parse(text)
    assert [e.at for e in found.events] == story.times
    assert [f.code for f in found.findings] == ["id-time-mismatch"]


def test_a_build_made_by_an_earlier_request_is_older_than_its_answer() -> None:
    """The answer holds a build that was created 14 hours before it: that is no reason to add a day."""
    story = Story("v2", {})
    text = story.text.replace('"createTime": "2021-02-27T21', '"createTime": "2021-02-27T07')
    found = lp.parse(text)
    assert [e.at for e in found.events] == story.times
    assert found.findings == []


@pytest.mark.parametrize(
    ("name", "end", "cut_s"),
    [
        ("gap-over-24h-cut.log", datetime(2024, 3, 2, 3, 0, 5, tzinfo=UTC), [104_403.0]),
        ("gap-24h-which-midnight.log", datetime(2024, 5, 2, 0, 0, 4, tzinfo=UTC), []),
    ],
)
def test_cases(name: str, end: datetime, cut_s: list[float]) -> None:
    found = lp.parse(CASES / name)
    (poll,) = found.polls
    assert (poll.handled_at, poll.answered_at, found.finish_notify_lag_s) == (end, end, 0.0)
    assert [c.lost_s for c in found.cuts] == cut_s
    assert "id-time-mismatch" not in {f.code for f in found.findings}


# --- cuts after which nothing names a day -----------------------------------------------------

NUMBER = invocation_id(datetime(2021, 2, 27, 21, 0, tzinfo=UTC))


def running_log(delays: list[int], lost: int, last: str) -> str:
    """An unfinished log, cut in its checks: those with `delays` in seconds are before the cut, `lost` more in it.

    The first timer is scheduled at 21:00:02 on 27 February 2021, and the log goes on at `last`.
    """
    now = datetime(2021, 2, 27, 21, 0, 2, tzinfo=UTC)
    lines = [
        "[21:00:00.000] New invocation is queued and will start shortly",
        "[21:00:01.000] Starting the invocation (attempt 1)",
    ]
    for mutation, delay in enumerate(delays, 2):
        timer = f'timer "check-buildbucket-build-status" (p/j:{NUMBER}:{mutation}:0)'
        lines.append(f"[{now:%H:%M:%S}.000] Scheduling {timer} after {delay // 60}m{delay % 60}s")
        now += timedelta(seconds=delay)
        if mutation <= len(delays):
            lines += [f"[{now:%H:%M:%S}.000] Handling {timer}", f"[{now:%H:%M:%S}.000] Build status: STARTED"]
    timer = f'timer "check-buildbucket-build-status" (p/j:{NUMBER}:{len(delays) + 1 + lost}:0)'
    lines += [MARKER.rstrip("\n"), f"[{last}] Handling {timer}", f"[{last}] Build status: STARTED"]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("lost", "last", "end"),
    [
        # A check a minute: 90 are an hour and a half, 1,530 a day more, 4,410 three days more.
        (90, "22:30:02.000", datetime(2021, 2, 27, 22, 30, 2, tzinfo=UTC)),
        (1_530, "22:30:02.000", datetime(2021, 2, 28, 22, 30, 2, tzinfo=UTC)),
        (4_410, "22:30:02.000", datetime(2021, 3, 2, 22, 30, 2, tzinfo=UTC)),
        # A notification is a check between the minutes.
        (1_533, "22:30:02.000", datetime(2021, 2, 28, 22, 30, 2, tzinfo=UTC)),
        # After midnight: 300 are five hours, 1,740 a day and five hours.
        (300, "02:00:02.000", datetime(2021, 2, 28, 2, 0, 2, tzinfo=UTC)),
        (1_740, "02:00:02.000", datetime(2021, 3, 1, 2, 0, 2, tzinfo=UTC)),
    ],
)
def test_the_checks_that_a_cut_took_out_show_its_days(lost: int, last: str, end: datetime) -> None:
    found = lp.parse(running_log([60], lost, last))
    (cut,) = found.cuts
    assert found.events[-1].at == end
    # The last entry before the cut is from 21:00:02.
    assert cut.lost_s == (end - datetime(2021, 2, 27, 21, 0, 2, tzinfo=UTC)).total_seconds()
    assert cut.lost_polls_max == lost
    assert found.polls[-1].handled_at == end


def test_checks_at_random_times_show_days_where_enough_of_them_are_seen() -> None:
    """In the mean one in 330 s: 262 are 24 hours. Of two delays one does not know the mean."""
    delays = [60, 600, 330, 150, 510, 240, 420, 90, 570, 300, 360, 120, 540, 330, 330]
    assert sum(delays) == 15 * 330
    # They end with a timer of 21:00:02 + 4,620 s = 22:17:02; the log goes on half an hour later, or a day more.
    for lost, days in [(6, 0), (268, 1)]:
        found = lp.parse(running_log(delays, lost, "22:47:02.000"))
        assert [c.lost_s for c in found.cuts] == [days * 86_400 + 1_800.0]
    (cut,) = lp.parse(running_log([60, 600], 268, "22:47:02.000")).cuts
    assert cut.lost_s is not None
    assert cut.lost_s < 86_400


def test_impossible_numbers_of_timers_move_nothing() -> None:
    found = lp.parse(running_log([60], 2**40, "22:30:02.000"))
    assert [c.lost_s for c in found.cuts] == [5_400.0]


# --- the search -------------------------------------------------------------------------------


def test_days_that_all_evidence_allows() -> None:
    assert common_day([Bound(0, 3, 3, 1), Bound(4, 2, None, 1), Bound(5, None, 9, 1)]) == 3
    assert common_day([Bound(0, None, 9, 1)]) == 9
    assert common_day([Bound(0, 3, 3, 1), Bound(4, 4, None, 1)]) is None
    assert common_day([]) is None


def test_days_are_hidden_in_the_cheapest_gap_between_two_anchors() -> None:
    bounds = [Bound(0, 7, 7, 100), Bound(3, 9, 9, 100)]
    assert settle([0, 5, 2, 4], bounds) == (2, [7, 7, 9, 9])
    assert settle([0, 5, 2, 1], [*bounds, Bound(2, None, 8, 100)]) == (1, [7, 7, 7, 9])
    # One bound against two: the lighter one is broken.
    assert settle([0, 5, 2, 4], [*bounds, Bound(1, 12, 12, 50)]) == (52, [7, 7, 9, 9])


def test_days_never_fall() -> None:
    cost, days = settle([0, 1, 1], [Bound(0, 5, 5, 10), Bound(2, 2, 2, 30)])
    assert (cost, days) == (10, [2, 2, 2])


def test_a_thousand_wrong_dates_cost_no_time() -> None:
    bounds = [Bound(point, point * 37 % 1009, None, 1) for point in range(5000)]
    _, days = settle([1] * 5000, bounds)
    assert len(days) == 5000
    assert days == sorted(days)
