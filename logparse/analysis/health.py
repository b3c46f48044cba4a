"""The health of builders, by the rules with which Chromium marks its own.

A builder is judged by business days (UTC, by creation; Monday to Friday). A day is bad by a specification
where one of its metrics is over its threshold. A builder is unhealthy where every day of the last
business days that has builds is bad. The day of the judgement itself is left out. These facts are those of
Chromium's ``cr_builder_health``, whose percentiles are approximate where these here are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.analysis.specs import DEFAULT_SPECS, Spec, Specs
from logparse.analysis.units import known_builds
from logparse.batches.arrow import frame
from logparse.columns.column import plain as _c
from logparse.lazy import numpy as np

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

NEEDED: Final = (
    *("builder_id", "project", "bucket", "builder", "status", "created_at", "started_at", "completed_at"),
)
#: A value this near to its threshold is marked, as a share of the threshold.
_NEAR: Final = 0.02
_WEEKEND: Final = 5
_MINUTE_S: Final = 60.0

#: The metrics of a day that can have thresholds, with their meanings.
METRICS: Final = {
    "fail_rate": "builds that ended FAILURE, of all builds",
    "infra_fail_rate": "builds that ended INFRA_FAILURE, of all builds",
    "pending_p50_mins": "median time to wait for a bot, in minutes",
    "pending_p95_mins": "95th percentile of the time to wait for a bot, in minutes",
    "build_p50_mins": "median time to run, in minutes",
    "build_p95_mins": "95th percentile of the time to run, in minutes",
}

#: The columns of `health`.
HEALTH: Final = (
    _c("builder_id", "text", "project/bucket/builder"),
    _c("problem", "text", "name of the specification"),
    _c("unhealthy", "bool", "whether all days that count are bad"),
    _c("days", "int", "days that count: business days of the period with builds"),
    _c("bad_days", "int", "of these, days with a value over its threshold"),
    _c("period_days", "int", "business days of the period"),
    _c("days_left", "int", "business days until it turns unhealthy if all of them are bad; 0 if it is"),
    _c("metric", "text", "metric that is over its threshold on most days, the one nearest to it without any"),
    _c("value", "float", "value of that metric on the last day that counts"),
    _c("threshold", "float", "its threshold"),
    _c("metric_bad_days", "int", "days on which that metric is over its threshold"),
    _c("near", "bool", "whether a value of the last day is within 2 % of its threshold"),
    _c("score", "int", "score of the specification"),
    _c("contact", "text", "whom the specification names"),
)


def daily(builds: pd.DataFrame) -> pd.DataFrame:
    """Return the metrics of each builder and UTC day on which it had builds.

    Times to wait and to run count in whole seconds. A day without any start has 0 minutes of waiting, as
    Chromium counts it. Odd times are left out.

    Parameters
    ----------
    builds:
        The table `builds`.

    Returns
    -------
    DataFrame
        With the columns builder_id, project, bucket, builder, day (`datetime.date`), builds, and `METRICS`.

    Raises
    ------
    UsageError
        Where `builds` is another table.
    """
    data = known_builds(builds, "analysis.daily", NEEDED, ["created_at", "builder_id"])
    made = pd.DataFrame(
        {
            **{name: data[name] for name in ("builder_id", "project", "bucket", "builder")},
            "day": data["created_at"].dt.date,
            "fail_rate": (data["status"] == "FAILURE").astype(float),
            "infra_fail_rate": (data["status"] == "INFRA_FAILURE").astype(float),
            "pending": _minutes(data, "created_at", "started_at"),
            "build": _minutes(data, "started_at", "completed_at"),
        }
    )
    groups = made.groupby(["builder_id", "day"], sort=True)
    found = groups[["project", "bucket", "builder"]].last()
    found["builds"] = groups.size()
    for name in ("fail_rate", "infra_fail_rate"):
        found[name] = groups[name].mean()
    for name in ("pending", "build"):
        for percent in (50, 95):
            found[f"{name}_p{percent}_mins"] = groups[name].quantile(percent / 100)
    for name in ("pending_p50_mins", "pending_p95_mins"):
        found[name] = found[name].fillna(0.0)
    return found.reset_index()


def _minutes(data: pd.DataFrame, start: str, end: str) -> pd.Series[Any]:
    seconds = (data[end] - data[start]).dt.total_seconds()
    minutes: pd.Series[Any] = np.trunc(seconds) / _MINUTE_S
    return minutes


def health(builds: pd.DataFrame, *, specs: Specs = DEFAULT_SPECS, today: date | None = None) -> pd.DataFrame:
    """Return for each builder and each specification whether it is unhealthy, and how far from it.

    Parameters
    ----------
    builds:
        The table `builds`.
    specs:
        Chromium's defaults, or what `read_specs` returns.
    today:
        The day of the judgement, which is left out, as all after it. By default it is the day of the last
        build, which is seldom whole.

    Returns
    -------
    DataFrame
        With the columns of `HEALTH`; a row for each builder and specification that applies to it. Unhealthy
        ones come first, then those that turn soonest.

    Raises
    ------
    UsageError
        Where `builds` is another table.
    """
    days = daily(builds)
    if days.empty:
        return frame((), HEALTH)
    today = today or max(days["day"])
    rows = [
        _judged(builder, group, spec, today)
        for builder, group in days.groupby("builder_id", sort=True)
        for spec in specs.of(group["project"].iloc[-1], group["bucket"].iloc[-1], group["builder"].iloc[-1])
    ]
    found = [row for row in rows if row is not None]
    found.sort(key=lambda row: (not row["unhealthy"], row["days_left"], -row["score"], row["builder_id"]))
    return frame(found, HEALTH)


def business_days(today: date, number: int) -> list[date]:
    """Return the last business days before a day, the latest first."""
    found: list[date] = []
    day = today
    while len(found) < number:
        day -= timedelta(days=1)
        if day.weekday() < _WEEKEND:
            found.append(day)
    return found


class _Judged(NamedTuple):
    """One metric of a builder over its days, the latest day first."""

    name: str
    threshold: float
    values: Sequence[float]

    @property
    def bad(self) -> list[bool]:
        return [value > self.threshold for value in self.values]

    @property
    def rank(self) -> tuple[int, float]:
        """The metric with the highest rank explains the judgement."""
        share = self.values[0] / self.threshold if self.threshold else self.values[0]
        return sum(self.bad), share if share == share else 0.0


def _judged(builder: Any, group: pd.DataFrame, spec: Spec, today: date) -> dict[str, Any] | None:
    """Return the row of a builder and a specification, None where no day of the period has builds."""
    period = business_days(today, spec.period_days)
    place = {day: number for number, day in enumerate(period)}
    chosen = group[group["day"].isin(place)].sort_values("day", ascending=False)
    if chosen.empty or not spec.thresholds:
        return None
    metrics = [_Judged(name, over, chosen[name].tolist()) for name, over in spec.thresholds.items()]
    bad = np.logical_or.reduce([metric.bad for metric in metrics]).tolist()
    top = max(metrics, key=lambda metric: metric.rank)
    good = [place[day] for day, is_bad in zip(chosen["day"], bad, strict=True) if not is_bad]
    return {
        "builder_id": builder,
        "problem": spec.name,
        "unhealthy": all(bad),
        "days": len(chosen),
        "bad_days": sum(bad),
        "period_days": spec.period_days,
        # A good day leaves the period when so many further days have passed as are in front of it.
        "days_left": spec.period_days - min(good) if good else 0,
        "metric": top.name,
        "value": None if top.values[0] != top.values[0] else top.values[0],
        "threshold": top.threshold,
        "metric_bad_days": sum(top.bad),
        "near": any(abs(m.values[0] - m.threshold) <= _NEAR * m.threshold for m in metrics),
        "score": spec.score,
        "contact": spec.contact,
    }
