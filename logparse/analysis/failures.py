"""Why invocations and builds failed: causes, what they cost, and builds that came near their timeout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from logparse.batches.arrow import frame
from logparse.columns.column import plain as _c
from logparse.records.odd import without_odd
from logparse.tables import taken
from logparse.tables.plainframes import plain_rows

if TYPE_CHECKING:
    import pandas as pd

OF_INVOCATIONS: Final = (
    *("status", "build_id", "build_status", "infra_reason", "error", "aborted_by", "canceled_by", "run_s"),
    *("created_at", "builder_id", "bot_id", "build_url", "invocation_id", "duration_s", "finished_at"),
)
OF_BUILDS: Final = (
    *("build_id", "invocation_id", "status", "infra_reason", "error", "canceled_by", "run_s", "created_at"),
    *("builder_id", "bot_id", "url", "completed_at", "execution_timeout_s", "timeout_used", "started_at"),
)
_FAILED: Final = frozenset({"FAILED", "ABORTED", "OVERRUN"})
_FAILED_BUILDS: Final = frozenset({"FAILURE", "INFRA_FAILURE", "CANCELED"})
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
    runs = taken.checked(invocations, "analysis.failures", "invocations", OF_INVOCATIONS)
    alone = taken.checked(builds, "analysis.failures", "builds", OF_BUILDS)
    alone = alone[alone["invocation_id"].isna() & ~alone["build_id"].isin(runs["build_id"])]
    found: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
    for row in [*_of_invocations(runs), *_of_builds(alone)]:
        found.setdefault((row["cause"], row["detail"]), []).append(row)
    total = sum(map(len, found.values()))
    rows = [_summary(cause, detail, group, total) for (cause, detail), group in found.items()]
    rows.sort(key=lambda row: (-row["failed"], -row["bot_hours"], row["cause"], row["detail"] or ""))
    return frame(rows, FAILURES)


def _of_invocations(runs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    data = without_odd(runs[runs["status"].isin(_FAILED)])
    for row in plain_rows(data[list(OF_INVOCATIONS)]):
        cause, detail = _cause(row)
        yield {**row, "cause": cause, "detail": detail, "link": row["build_url"] or row["invocation_id"]}


def _of_builds(builds: pd.DataFrame) -> Iterator[dict[str, Any]]:
    data = without_odd(builds[builds["status"].isin(_FAILED_BUILDS)])
    for row in plain_rows(data[list(OF_BUILDS)]):
        told = {**row, "build_status": row["status"], "aborted_by": None, "status": "FAILED"}
        cause, detail = _cause(told)
        yield {**told, "cause": cause, "detail": detail, "link": row["url"] or row["build_id"]}


def _cause(row: dict[str, Any]) -> tuple[str, str | None]:
    """Return the cause of a failure, and its detail."""
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
    checked = taken.checked(builds, "analysis.near_timeout", "builds", OF_BUILDS)
    data = without_odd(checked)
    data = data[data["run_s"].notna() & data["timeout_used"].notna() & data["builder_id"].notna()]
    rows: list[dict[str, Any]] = []
    for builder, group in data.groupby("builder_id", sort=True):
        known = plain_rows(group[list(OF_BUILDS)])
        runs = sorted(known, key=lambda run: (run["timeout_used"], run["build_id"]))
        near = sum(run["timeout_used"] > NEAR_TIMEOUT for run in runs)
        if near:
            rows.append(
                {
                    "builder_id": builder,
                    "builds": len(runs),
                    "near": near,
                    "timeout_used_max": runs[-1]["timeout_used"],
                    "execution_timeout_s": min(run["execution_timeout_s"] for run in runs),
                    "example": runs[-1]["url"] or runs[-1]["build_id"],
                }
            )
    rows.sort(key=lambda row: (-row["timeout_used_max"], row["builder_id"]))
    return frame(rows, NEAR)
