"""Which of the plain pages must be read alone after all.

A page is read alone where it can have a finding, an odd value, or an entry of which the day is doubtful. The
rules are those of `logparse.engine.checks`, `logparse.records.odd` and `logparse.engine.dating`, for pages of
which each entry is known. Where a rule here is not the same as there, it takes fewer pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from logparse.buildbucket import Request
from logparse.bulk.table import Invocations
from logparse.columns.derivations import Values
from logparse.engine.checks import DURATION_SLACK_S, TIMER_SLACK_S
from logparse.engine.replay import SAME_EXCHANGE_US
from logparse.engine.timeline import STEP_BACK_US
from logparse.records.odd import EARLIEST, LEAST_S, MOST_S
from logparse.values.clock import DAY_US, from_datetime
from logparse.values.ids import LATEST_US

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

Rows = Any
_EARLIEST_US: Final = from_datetime(EARLIEST)
#: The durations that can be odd.
_JUDGED: Final = ("duration_s", "pending_s", "run_s")
_MOST_NUMBER: Final = 2**63


def doubtful(made: Invocations) -> NDArray[np.bool_]:
    """Return which invocations must be read alone."""
    found: NDArray[np.bool_] = (
        made.odd | _ids(made) | _payloads(made) | _days(made) | _end(made) | _head(made) | _odd_values(made)
    )
    return found


def _flags(made: Invocations, flags: Iterable[bool]) -> NDArray[np.bool_]:
    return np.fromiter(flags, dtype=bool, count=made.size)


def _ids(made: Invocations) -> Rows:
    """Return the rows whose page, request and build name different things, or not enough."""
    rows = zip(made.created_at, made.requests, made.heads, made.launched["id"], made.built["id"], strict=True)
    return _flags(
        made,
        (
            at is None
            or launched != built
            or not one.job_id
            or not one.tags
            or (head.breadcrumb is not None and _differ(head.breadcrumb, one))
            for at, one, head, launched, built in rows
        ),
    )


def _differ(breadcrumb: tuple[str, str, str], request: Request) -> bool:
    """Whether a head names another invocation or job than the request."""
    project, job, identifier = breadcrumb
    return (f"{project}/{job}", identifier) != (request.job_id, request.invocation_id)


def _payloads(made: Invocations) -> Rows:
    """Return the rows with JSON that is unusual, or that must be known for a commit."""
    heads = zip(made.heads, made.requests, strict=True)
    found = _flags(made, (head.has_properties and request.commit is None for head, request in heads))
    found |= _flags(made, (status is None for status in made.built["status"]))
    for builds in (made.launched, made.built):
        # A number that 64 bits cannot hold is a finding.
        found |= _flags(
            made, (one is not None and not -_MOST_NUMBER <= one < _MOST_NUMBER for one in builds.stated)
        )
        found[builds.odd] = True
    return found


def _days(made: Invocations) -> Rows:
    """Return the rows in which a time of Buildbucket does not agree with the day that the id says."""
    us, plain, base, is_first = made.reading.entries.us, made.plain, made.base, made.is_first
    answer, whole = made.clocks
    none = np.zeros(made.size, dtype=bool)
    # Version 1 states Buildbucket's clock. In version 2 the build was created by the request before.
    exact = np.where(is_first, answer.numbers, made.launched_created.numbers)
    answered = us[plain.answer]
    found = is_first & (answer.is_null | whole.is_null)
    found |= _nearest_day(exact, answered) != made.day
    apart = (answered % DAY_US - exact + DAY_US // 2) % DAY_US - DAY_US // 2
    found |= ~is_first & (np.abs(apart) > SAME_EXCHANGE_US)
    shown = np.where(made.is_shown, us[plain.build], 0)
    found |= is_first & made.is_shown & (_nearest_day(whole.numbers, shown) != made.day)
    moments = [*made.build_times.values(), made.updated]
    latest = np.max([np.where(one.is_null, 0, one.numbers) for one in moments], axis=0)
    found |= ~is_first & made.is_shown & (shown + base + STEP_BACK_US < latest)
    for one in (*moments, Values(exact, none)):
        found |= ~one.is_null & ((one.numbers < _EARLIEST_US) | (one.numbers > LATEST_US))
    checks = made.checks
    found[checks.owner[(checks.due >= 0) & (checks.due - checks.handled > STEP_BACK_US)]] = True
    return found


def _nearest_day(us: NDArray[Any], offset: NDArray[Any]) -> NDArray[Any]:
    """Return the day since 1970 on which an offset is nearest to a time."""
    days: NDArray[Any] = (us - offset + DAY_US // 2) // DAY_US
    return days


def _end(made: Invocations) -> Rows:
    """Return the rows in which the end does not agree with the clock or with the timers."""
    ended, checks = made.is_finished, made.checks
    finish = np.where(ended, made.reading.entries.us[made.plain.finish], 0)
    apart = made.duration_us - (finish + made.base - made.created)
    found = ended & (np.abs(apart) > DURATION_SLACK_S * 1e6)
    last = np.full(made.size, -1)
    np.maximum.at(last, checks.owner, checks.handled)
    found |= ended & (made.unhandled >= 0) & (last >= 0) & (last - made.unhandled > TIMER_SLACK_S * 1e6)
    return found


def _head(made: Invocations) -> Rows:
    """Return the rows whose head does not agree with the log."""
    return _flags(
        made,
        (
            (head.status is not None and page.status is not None and head.status != page.status)
            or (head.status_url is not None and head.status_url != page.url)
            for head, page in zip(made.heads, made.pages, strict=True)
        ),
    )


def _odd_values(made: Invocations) -> Rows:
    found = np.zeros(made.size, dtype=bool)
    for name in _JUDGED:
        values = made.measures[name]
        found |= ~values.is_null & ~((values.numbers >= LEAST_S) & (values.numbers <= MOST_S))
    return found
