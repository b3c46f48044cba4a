"""Why invocations and builds failed: causes, what they cost, and builds that came near their timeout."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from logparse.analysis.units import known_builds, units
from logparse.batches.arrow import frame
from logparse.columns.column import plain as _c
from logparse.records.odd import without_odd
from logparse.tables.plainframes import declared, plain_rows

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

#: The columns of invocations that failures are explained with.
NEEDED: Final = (
    *("status", "build_id", "build_status", "infra_reason", "error", "aborted_by", "canceled_by", "run_s"),
    *("created_at", "builder_id", "bot_id", "build_url", "invocation_id", "duration_s", "finished_at"),
    *("build_started_at", "build_completed_at"),
)
OF_BUILDS: Final = (
    *("build_id", "builder_id", "run_s", "created_at", "started_at", "completed_at"),
    *("url", "execution_timeout_s", "timeout_used"),
)
#: The statuses of invocations that failed or were aborted.
FAILED: Final = frozenset({"FAILED", "ABORTED", "OVERRUN"})
_HOUR_S: Final = 3_600.0
#: A run that took this share of its execution timeout is near it.
NEAR_TIMEOUT: Final = 0.8
_MOST_DETAIL: Final = 100
#: Parts of errors that differ from one failure to the next: hexadecimal ids, numbers, times, addresses.
_VARYING_RE: Final = re.compile(
    r"0x[0-9a-fA-F]++|\b[0-9a-f]{12,}+\b|\b[0-9]++(?:\.[0-9]++)*+(?:(?:ms|µs|us|ns|s|m|h)(?![a-z]))?+"
)
_BLANKS_RE: Final = re.compile(r"\s++")

#: Each cause, with its meaning.
CAUSES: Final = {
    "no_bot_in_time": "no bot took the build before its scheduling timeout",
    "execution_timeout": "the build ran until its execution timeout",
    "infrastructure": "the infrastructure failed while the build ran, or before it",
    "canceled": "the build was canceled",
    "aborted": "the invocation was aborted",
    "launch": "the scheduler could not launch the build or the task",
    "overrun": "the job was due again while an invocation of it was still running",
    "build": "the build itself failed",
    "unknown": "nothing says why",
}

#: The columns of `failures`.
FAILURES: Final = (
    _c("cause", "text", f"one of {', '.join(CAUSES)}"),
    _c("detail", "text", "the error, without what differs from one to the next; who canceled or aborted"),
    _c("failed", "int", "invocations, and builds without one, that ended so"),
    _c("share", "float", "of all that failed"),
    _c("bot_hours", "float", "hours that bots ran for them"),
    _c("builders", "int", "builders"),
    _c("bots", "int", "bots"),
    _c("first_seen", "time", "earliest creation"),
    _c("last_seen", "time", "latest creation"),
    _c("example", "text", "the latest one: its build's URL, else the id of the invocation"),
)
#: The columns of `near_timeout`.
NEAR: Final = (
    _c("builder_id", "text", "project/bucket/builder"),
    _c("builds", "int", "builds that ran and have an execution timeout"),
    _c("near", "int", f"of these, builds that took more than {NEAR_TIMEOUT:.0%} of it, or all"),
    _c("timeout_used_max", "float", "largest share of the timeout that a build took"),
    _c("execution_timeout_s", "float", "the shortest timeout"),
    _c("example", "text", "URL of the build that took the largest share"),
)


def failures(invocations: pd.DataFrame, builds: pd.DataFrame) -> pd.DataFrame:
    """Return why invocations, and builds without one, failed: a row for each cause and detail.

    An aborted or canceled one counts as well. Hours of bots leave out odd durations (`logparse.records.odd`).

    Parameters
    ----------
    invocations, builds:
        The tables of these names.

    Returns
    -------
    DataFrame
        With the columns of `FAILURES`. The most frequent come first.

    Raises
    ------
    UsageError
        Where an argument is another table.
    """
    found: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
    for row in failed_rows(units(invocations, builds, NEEDED, "analysis.failures")[list(NEEDED)]):
        found.setdefault((row["cause"], row["detail"]), []).append(row)
    total = sum(map(len, found.values()))
    rows = [_summary(cause, detail, group, total) for (cause, detail), group in found.items()]
    rows.sort(key=lambda row: (-row["failed"], -row["bot_hours"], row["cause"], row["detail"] or ""))
    return frame(rows, FAILURES)


def failed_rows(data: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows of what `units` gives that failed or were aborted, with cause, detail and a link."""
    cleaned = without_odd(data[data["status"].isin(FAILED)])
    for row in plain_rows(cleaned):
        cause, detail = cause_of(row)
        link = row["build_url"] or row["invocation_id"] or row["build_id"]
        yield {**row, "cause": cause, "detail": detail, "link": link}


def cause_of(row: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the cause of a failure, of `CAUSES`, and its detail.

    Parameters
    ----------
    row:
        Of the table `invocations`, with status, build_status, infra_reason, error, aborted_by, canceled_by.
    """
    reason, build = row["infra_reason"], row["build_status"]
    if row["status"] == "OVERRUN":
        return "overrun", None
    if row["aborted_by"] is not None:
        return "aborted", row["aborted_by"]
    if reason in ("no_bot_in_time", "execution_timeout"):
        return reason, None
    if reason == "canceled" or build == "CANCELED":
        return "canceled", row["canceled_by"]
    if reason is not None or build == "INFRA_FAILURE":
        return "infrastructure", normal_error(row["error"])
    if build == "FAILURE":
        return "build", normal_error(row["error"])
    if build is None and row["error"] is not None:
        return "launch", normal_error(row["error"])
    return "unknown", normal_error(row["error"])


def normal_error(error: str | None) -> str | None:
    """Return an error with ``#`` in the place of numbers, times and hexadecimal ids."""
    if error is None:
        return None
    text = _BLANKS_RE.sub(" ", _VARYING_RE.sub("#", error)).strip()
    return text if len(text) <= _MOST_DETAIL else f"{text[: _MOST_DETAIL - 1]}…"


def _summary(cause: str, detail: str | None, group: list[dict[str, Any]], total: int) -> dict[str, Any]:
    dated = [row for row in group if row["created_at"] is not None]
    dated.sort(key=lambda row: (row["created_at"], row["link"] or ""))
    times = [row["created_at"] for row in dated]
    return {
        "cause": cause,
        "detail": detail,
        "failed": len(group),
        "share": len(group) / total,
        "bot_hours": sum(round((row["run_s"] or 0.0) * 1e6) for row in group) / 1e6 / _HOUR_S,
        "builders": len({row["builder_id"] for row in group} - {None}),
        "bots": len({row["bot_id"] for row in group} - {None}),
        "first_seen": times[0] if times else None,
        "last_seen": times[-1] if times else None,
        "example": (dated or group)[-1]["link"],
    }


def near_timeout(builds: pd.DataFrame) -> pd.DataFrame:
    """Return the builders of which builds came near their execution timeout, the nearest first.

    Parameters
    ----------
    builds:
        The table `builds`.

    Returns
    -------
    DataFrame
        With the columns of `NEAR`. Builders without such a build are left out.

    Raises
    ------
    UsageError
        Where `builds` is another table.
    """
    data = known_builds(builds, "analysis.near_timeout", OF_BUILDS, ["run_s", "timeout_used", "builder_id"])
    runs = data.sort_values(["timeout_used", "build_id"], kind="stable")
    runs = runs.assign(near=(runs["timeout_used"] > NEAR_TIMEOUT).astype("int64"))
    groups = runs.groupby("builder_id", sort=True)
    most = groups.tail(1).set_index("builder_id")
    found = pd.DataFrame(
        {
            "builds": groups.size(),
            "near": groups["near"].sum(),
            "timeout_used_max": most["timeout_used"],
            "execution_timeout_s": groups["execution_timeout_s"].min(),
            "example": most["url"].fillna(most["build_id"]),
        }
    ).reset_index()
    found = found[found["near"] > 0]
    order = found.sort_values(["timeout_used_max", "builder_id"], ascending=[False, True])
    return declared(order, NEAR)
