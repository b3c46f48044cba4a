"""The data of a report: all that its page computes from, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from logparse.analysis.specs import Specs
from logparse.columns import TABLES
from logparse.engine.checks import CODES
from logparse.errors import one_line
from logparse.lazy import numpy as np
from logparse.report import encoding
from logparse.report.encoding import Encoded
from logparse.tables.plainframes import plain_columns, plain_value

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

#: Durations of the page in whole milliseconds, and their columns.
DURATIONS: Final = {
    "wait": "scheduler_wait_s",
    "launch": "launch_s",
    "pending": "pending_s",
    "run": "run_s",
    "lag": "finish_lag_s",
    "queue": "queue_latency_s",
    "duration": "duration_s",
    "pollCost": "poll_rpc_s",
    "pollMost": "poll_rpc_max_s",
    "pollLate": "poll_lateness_mean_s",
    "startLag": "start_notify_lag_s",
    "endLag": "finish_notify_lag_s",
    "waiting": "waiting_s",
    "running": "running_s",
}
_COUNTS: Final = {
    "polls": "poll_count",
    "unchanged": "poll_unchanged",
    "notices": "notification_count",
    "attempts": "attempts",
    "number": "build_number",
    "unrecognized": "unrecognized",
    "odd": "odd",
    "repeats": "repeats",
    "line": "source_line",
}
_TEXTS: Final = {
    "builder": "builder_id",
    "bot": "bot_id",
    "pool": "pool",
    "os": "os",
    "machine": "machine_type",
    "job": "job_id",
    "kind": "task_kind",
    "status": "status",
    "buildStatus": "build_status",
    "origin": "origin",
    "cause": "cause",
    "detail": "detail",
}
#: Times, as milliseconds after the creation of the row.
_AFTER: Final = {"buildAt": "build_created_at", "startedAt": "build_started_at", "seenAt": "seen_at"}
#: Longer errors and messages are cut.
MOST_TEXT: Final = 160
#: A page has no more findings, and no more inputs that could not be read.
MOST_FINDINGS: Final = 3_000
MOST_FAILURES: Final = 500


@dataclass(frozen=True, slots=True)
class Content:
    """All that one page shows.

    Attributes
    ----------
    units:
        The rows, as `logparse.report.units` makes them.
    findings, failures:
        The tables of these names.
    specs:
        The specifications of health.
    """

    units: pd.DataFrame
    findings: pd.DataFrame
    failures: pd.DataFrame
    specs: Specs


def payload(content: Content) -> dict[str, Any]:
    """Return the data of a page."""
    units = content.units
    return {
        "count": len(units),
        "columns": _columns(units),
        "specs": _specs(units, content.specs),
        "findings": _findings(content.findings, units["invocation_id"]),
        "failures": _failures(content.failures),
    }


def as_json(data: Any) -> str:
    """Return data as JSON for an element ``script``, without characters that could end it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode("utf-8", "backslashreplace").decode()


def _columns(units: pd.DataFrame) -> dict[str, Encoded]:
    created = _milliseconds(units["created_at"])
    made = {
        "created": encoding.numbers(created),
        "invocation": encoding.ids(_list(units["invocation_id"])),
        "build": encoding.ids(_list(units["build_id"])),
        "isBuild": encoding.numbers(units["is_build"].astype(int)),
        "isLone": encoding.numbers(units["is_lone"].astype(int)),
        "truncated": encoding.numbers(_list(units["truncated"])),
    }
    made |= {name: encoding.numbers(_milliseconds(units[of]) - created) for name, of in _AFTER.items()}
    made |= {name: encoding.numbers(whole_ms(units[of])) for name, of in DURATIONS.items()}
    made |= {name: encoding.numbers(_list(units[of])) for name, of in _COUNTS.items()}
    made |= {name: encoding.codes(_list(units[of])) for name, of in _TEXTS.items()}
    made["error"] = encoding.codes([_short(error) for error in _list(units["error"])])
    links = [_link(url) for url in _list(units["build_url"])]
    made["url"] = encoding.templates(links, _list(units["build_id"]))
    made["source"] = encoding.templates(_list(units["source_file"]), _list(units["invocation_id"]))
    return made


def _list(values: pd.Series[Any]) -> list[Any]:
    return [plain_value(value) for value in values.tolist()]


def whole_ms(seconds: pd.Series[Any]) -> NDArray[Any]:
    """Return seconds as whole milliseconds; NaN is null."""
    made: NDArray[Any] = np.rint(seconds.to_numpy("float64", na_value=np.nan) * 1000)
    return made


def _milliseconds(times: pd.Series[Any]) -> NDArray[Any]:
    """Return times as whole milliseconds since 1970, rounded down; NaN is null."""
    us = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    made: NDArray[Any] = np.where(np.isnat(us), np.nan, us.astype("int64") // 1000)
    return made


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"


def _link(url: str | None) -> str | None:
    """Return an address of http or https; None for all others."""
    if url is None or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def _specs(units: pd.DataFrame, specs: Specs) -> dict[str, Any]:
    """Return the different specifications, and the places among them of those of each builder."""
    known = units.loc[units["builder_id"].notna() & units["is_build"]]
    newest = known.drop_duplicates("builder_id", keep="last")
    listed: list[dict[str, Any]] = []
    builders: dict[str, list[int]] = {}
    parts = zip(
        *(_list(newest[name]) for name in ("builder_id", "project", "bucket", "builder")), strict=True
    )
    for builder_id, project, bucket, builder in parts:
        for spec in specs.of(project, bucket, builder):
            made = {
                "name": one_line(spec.name),
                "score": spec.score,
                "days": spec.period_days,
                "over": dict(spec.thresholds),
            }
            if made not in listed:
                listed.append(made)
            builders.setdefault(one_line(builder_id), []).append(listed.index(made))
    return {"all": listed, "builders": builders}


def _findings(findings: pd.DataFrame, invocations: pd.Series[Any]) -> dict[str, Any]:
    """Return the findings with the rows of their invocations; −1 for a finding of none."""
    rows = {name: row for row, name in enumerate(_list(invocations)) if name is not None}
    kept = findings.head(MOST_FINDINGS)
    return {
        "all": len(findings),
        "code": encoding.codes(_list(kept["code"])),
        "message": encoding.codes([_short(text) for text in _list(kept["message"])]),
        "source": encoding.codes(_list(kept["source"])),
        "line": encoding.numbers(_list(kept["line"])),
        "row": encoding.numbers([rows.get(name, -1) for name in _list(kept["invocation_id"])]),
        "meanings": {code: CODES[code].meaning for code in sorted(set(_list(findings["code"])))},
    }


def _failures(failures: pd.DataFrame) -> dict[str, Any]:
    """Return the inputs that could not be read, and the parts that were skipped."""
    kept = failures.sort_values("skipped", kind="stable").head(MOST_FAILURES)
    listed = plain_columns(kept, TABLES["failures"])
    texts: dict[str, Sequence[Any]] = {
        name: [None if text is None else one_line(_short(text) or "") for text in listed[name]]
        for name in ("source", "reason", "remedy")
    }
    return {"all": len(failures), **texts, "skipped": listed["skipped"]}
