"""The tables of statistics: one row for each bot, builder and job."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from logparse.columns.builds import BUILDS
from logparse.columns.column import Column
from logparse.columns.column import derived as _d
from logparse.columns.column import plain as _c
from logparse.columns.derivations import ratio

_STATISTICS: Final = ("mean", "p50", "p75", "p90", "p95", "p99", "max")


def _statistics(metric: str, what: str) -> Iterable[Column]:
    stem = metric.removesuffix("_s")
    for name in _STATISTICS:
        words = {"mean": "mean", "max": "largest"}.get(name, f"{name[1:]}th percentile of")
        yield _c(f"{stem}_{name}_s", "float", f"{words} {what}")


def _group(*keys: Column, after: Iterable[Column] = ()) -> tuple[Column, ...]:
    return (
        *keys,
        _c("invocations", "int", "how many invocations"),
        _c("succeeded", "int", "that ended SUCCEEDED"),
        _c("failed", "int", "that ended FAILED or OVERRUN"),
        _d("success_rate", ratio("succeeded", "succeeded", "failed")),
        _c("busy_s", "float", "sum of run_s"),
        _c(
            "utilization",
            "float",
            "busy_s over the span from first_seen to last_seen; null under 10 runs or 24 hours",
        ),
        *_statistics("run_s", "run_s"),
        *_statistics("queue_latency_s", "queue_latency_s"),
        _c("poll_count", "int", "sum of poll_count"),
        _c("poll_rpc_s", "float", "sum of poll_rpc_s"),
        _c("first_seen", "time", "earliest creation"),
        _c("last_seen", "time", "latest finish, or creation of what has not finished"),
        *after,
        _c("aborted", "int", "that ended ABORTED; neither a success nor a failure"),
        _c("unfinished", "int", "that have not ended"),
        _c("builds", "int", "builds, those without an invocation included"),
        _c("odd", "int", "sum of odd: impossible values that these statistics leave out"),
    )


BOTS: Final = _group(
    _c("bot_id", "text", "Swarming bot"),
    after=[c for c in BUILDS if c.name in ("pool", "os", "cpu", "cores", "machine_type", "zone")],
)
BUILDERS: Final = _group(
    _c("builder_id", "text", "project/bucket/builder, one name in both dialects of Buildbucket"),
    _c("project", "text", "LUCI project, as the newest record writes it"),
    _c("bucket", "text", "Buildbucket's bucket, as the newest record writes it"),
    _c("builder", "text", "Buildbucket's builder, as the newest record writes it"),
)
JOBS: Final = _group(_c("job_id", "text", "project/job"))
