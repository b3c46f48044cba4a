"""The story of one invocation: its status checks, its end, and the moments at which its page is saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from logparse.simulator.draws import Draws
from logparse.simulator.plans import ABORTED, CANCELED, FAILURE, INFRA, NO_BOT, SUCCESS, TIMEOUT, Plan
from logparse.simulator.world import Era, World

#: Where ids of invocations and of builds begin to count, in milliseconds since 1970.
_INVOCATION_EPOCH: Final = 1_420_070_400_000
_BUILD_EPOCH: Final = 1_262_304_000_000
_MS_MASK: Final = (1 << 43) - 1
#: An odd number: different suffixes for 65,536 invocations in a row.
_SUFFIX_STEP: Final = 40_503
#: The status of a build in version 2's words, by how it ended.
STATUSES: Final = {
    SUCCESS: "SUCCESS",
    FAILURE: "FAILURE",
    INFRA: "INFRA_FAILURE",
    TIMEOUT: "INFRA_FAILURE",
    NO_BOT: "INFRA_FAILURE",
    CANCELED: "CANCELED",
    ABORTED: "CANCELED",
}
#: A timer is handled up to so much before it is due: clocks of machines differ.
_EARLY_MS: Final = 6
#: The most checks of a timer before one that fails.
_MOST_CHECKS: Final = 3


class Check(NamedTuple):
    """A status check.

    Attributes
    ----------
    timer:
        The mutation in the id of the timer that started it, or None for PubSub.
    due:
        When the timer was due.
    began, answered:
        On the scheduler's clock.
    read_us:
        Buildbucket's clock when it answered.
    status:
        In version 2's words; empty where the check failed.
    next_timer, delay_s:
        The mutation of the timer that is set after it, and after how long that is due; None where none is.

    Times are milliseconds since 1970 but for `read_us`.
    """

    timer: int | None
    due: int
    began: int
    answered: int
    read_us: int
    status: str
    next_timer: int | None = None
    delay_s: int = 0


@dataclass(slots=True)
class Story:
    """An invocation from its creation to its end.

    Attributes
    ----------
    queued:
        When its first entry was written.
    answer_us:
        Buildbucket's clock when it answered the request.
    first_timer, first_delay_s:
        The mutation of the first timer, and after how long that is due.
    aborted:
        When the entry of the abort was written, or None.
    finished, finished_us:
        When its last entry was written, and the end that its duration states.
    status:
        Of the invocation.
    saved:
        How its page is saved: ``page``, ``log``, ``both``, ``early`` (before the end and after it),
        ``unfinished`` or ``missing``.
    until:
        When the page that was saved before the end was saved, or None.
    is_twice:
        Whether its build was also saved while it ran.
    """

    plan: Plan
    era: Era
    invocation_id: str
    build_id: str
    task_id: str
    queued: int
    answer_us: int = 0
    first_timer: int = 0
    first_delay_s: int = 0
    checks: list[Check] = field(default_factory=list)
    aborted: int | None = None
    finished: int = 0
    finished_us: int = 0
    status: str = ""
    saved: str = "page"
    until: int | None = None
    is_twice: bool = False
    setup_us: int = 0

    @property
    def build_status(self) -> str:
        """The status of the build at its end, in version 2's words."""
        return STATUSES[self.plan.result]

    @property
    def until_shown(self) -> int | None:
        """Up to when the files show the log, in milliseconds since 1970; None for to its end."""
        return self.until if self.saved == "unfinished" else None

    @property
    def failed_check(self) -> bool:
        """Whether a status check failed, and with it the invocation."""
        return bool(self.checks) and not self.checks[-1].status


def make_id(ms: int, epoch: int, suffix: int) -> str:
    """Return the id of an invocation or a build, which has the time of its creation.

    The time is in milliseconds since 1970. The suffix has 16 bits.
    """
    return str(((~(ms - epoch) & _MS_MASK) << 20) | (suffix << 4))


def unfold(world: World, plan: Plan, draws: Draws, fixed: Draws) -> Story:
    """Return the story of an invocation.

    Parameters
    ----------
    draws:
        For its checks.
    fixed:
        For all that does not depend on its build. Each invocation takes as many numbers from it.
    """
    suffix = plan.number * _SUFFIX_STEP & 0xFFFF
    story = Story(
        plan,
        world.era(plan.created),
        make_id(plan.created, _INVOCATION_EPOCH, suffix),
        make_id(plan.asked_us // 1000, _BUILD_EPOCH, suffix) if plan.launched else "",
        f"{fixed.digits(8)}{fixed.digits(7)}0",
        plan.created + fixed.between(4, 40),
    )
    setup = draws.of(world.spreads.setup)
    if plan.launched:
        _check_all(world, story, draws)
        if plan.started_us is not None:
            story.setup_us = min(setup, (plan.ended_us - plan.started_us) // 2)
    else:
        story.finished, story.status = plan.attempts[-1].answered, "FAILED"
    story.finished_us = story.finished * 1000 + draws.below(1000)
    _save(world, story, fixed)
    return story


# --- status checks ----------------------------------------------------------------------------


def _check_all(world: World, story: Story, draws: Draws) -> None:
    """Add all checks, until one sees the end, one fails, or a user aborts the invocation."""
    plan = story.plan
    now = plan.attempts[-1].answered
    story.answer_us = plan.asked_us + draws.below(now * 1000 - plan.asked_us)
    notices = _notices(world, story, draws)
    failing = draws.between(1, _MOST_CHECKS) if draws.happens(world.fleet.rates.check_failed) else 0
    mutation = 3 * len(plan.attempts) - 1
    story.first_timer, story.first_delay_s = mutation, _delay_s(story.era, draws)
    timer, due = mutation, now + story.first_delay_s * 1000
    aborts = plan.stopped_ms if plan.result == ABORTED else None
    timed = 0
    while True:
        handled = due + draws.of(world.spreads.lateness) // 1000 - draws.below(_EARLY_MS + 1)
        is_notice = bool(notices) and notices[0] < handled
        began = max(notices.pop(0) if is_notice else handled, now)
        if aborts is not None and aborts <= began:
            _abort(story, max(aborts, now), draws)
            return
        rpc = 20 + draws.of(world.spreads.check) // 1000
        now, mutation = began + rpc, mutation + 1
        read_us = began * 1000 + draws.below(rpc * 1000)
        timed += not is_notice
        if not is_notice and timed == failing:
            story.checks.append(Check(timer, due, began, now, read_us, ""))
            story.finished, story.status = now, "FAILED"
            return
        status = _status_at(plan, read_us)
        is_end = status not in ("SCHEDULED", "STARTED")
        if is_notice or is_end:
            story.checks.append(Check(None if is_notice else timer, due, began, now, read_us, status))
        else:
            delay = _delay_s(story.era, draws)
            story.checks.append(Check(timer, due, began, now, read_us, status, mutation, delay))
            timer, due = mutation, now + delay * 1000
        if is_end:
            _finish(story, now)
            return


def _delay_s(era: Era, draws: Draws) -> int:
    """Return after how long the next timer is due. The scheduler of version 2 draws it."""
    return 60 if era.checks == 1 else draws.between(60, 600)


def _status_at(plan: Plan, us: int) -> str:
    """Return the build's status at a time. An aborted build ends after the last check."""
    if us >= plan.ended_us and plan.result != ABORTED:
        return STATUSES[plan.result]
    return "STARTED" if plan.started_us is not None and us >= plan.started_us else "SCHEDULED"


def _notices(world: World, story: Story, draws: Draws) -> list[int]:
    """Return when notifications of the build's start and of its end arrive, those that are not lost."""
    plan, earliest = story.plan, story.plan.attempts[-1].answered
    changes = [plan.started_us, plan.ended_us if plan.result != ABORTED else None]
    arrivals = []
    for change in changes:
        if change is None:
            continue
        start, end, share = world.lossy
        is_lost = draws.happens(world.fleet.rates.lost_notification)
        if start <= change // 1000 < end:
            is_lost |= draws.happens(share)
        is_late = draws.happens(world.fleet.rates.late_notification)
        lag = draws.of(world.spreads.late_notification if is_late else world.spreads.notification)
        if not is_lost:
            # A notification that comes before the launch is saved is handled right after that.
            arrivals.append(max((change + lag) // 1000 + 1, earliest))
    return sorted(arrivals)


def _abort(story: Story, at: int, draws: Draws) -> None:
    """End the invocation by a user's abort: the scheduler cancels the build."""
    took = draws.between(30, 400)
    story.aborted, story.finished, story.status = at, at + took, "ABORTED"
    story.plan.ended_us = at * 1000 + took * 800
    if story.plan.started_us is not None and story.plan.started_us >= story.plan.ended_us:
        story.plan.started_us = story.plan.bot = None


def _finish(story: Story, at: int) -> None:
    status = {"SUCCESS": "SUCCEEDED", "CANCELED": "ABORTED" if story.era.checks == 2 else "FAILED"}
    story.finished, story.status = at, status.get(story.build_status, "FAILED")


# --- saving -----------------------------------------------------------------------------------


def _save(world: World, story: Story, draws: Draws) -> None:
    """Decide how the page and the build are saved."""
    rates, u = world.fleet.rates, draws.random()
    for saved, rate in (
        ("unfinished", rates.unfinished),
        ("early", rates.saved_early),
        ("both", rates.page_and_log),
        ("log", rates.log_only),
        ("missing", rates.page_missing),
    ):
        if u < rate:
            story.saved = saved
            break
        u -= rate
    if story.saved == "missing" and not story.plan.launched:
        story.saved = "page"
    moment = draws.random()
    if story.saved in ("unfinished", "early"):
        story.until = story.queued + int((story.finished - story.queued) * moment)
    is_twice = draws.happens(rates.build_twice)
    story.is_twice = is_twice and story.plan.started_us is not None
