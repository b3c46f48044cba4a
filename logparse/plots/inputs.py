"""The data of a chart: records or frames, checked and as frames, and the names of rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd
from msgspec import structs

from logparse.batches.arrow import frame
from logparse.columns import TABLES
from logparse.errors import UsageError, choices
from logparse.plots import texts
from logparse.records import Build, Invocation, Poll
from logparse.tables import taken
from logparse.tables.rows import build_row, invocation_row
from logparse.values.builders import builder_id

#: Durations of the named columns below the first, and of any column above the second, are odd. They
#: are left out and counted. Differences between two clocks may be a little below zero.
_LEAST_S: Final = -1.0
_MOST_S: Final = 10 * 365.25 * 86400
_NEVER_NEGATIVE: Final = frozenset({"run_s", "pending_s", "duration_s"})
_FINISHED: Final = ("SUCCEEDED", "FAILED", "OVERRUN", "ABORTED")


def odd(column: str, value: float) -> bool:
    """Return whether a duration is impossible."""
    return not value <= _MOST_S or (column in _NEVER_NEGATIVE and value < _LEAST_S) or value < -_MOST_S


def odd_ones(column: str, values_s: pd.Series[float]) -> pd.Series[bool]:
    """Return which durations of a column are odd; unknown ones are not."""
    return pd.Series(
        [value == value and odd(column, value) for value in values_s], index=values_s.index, dtype=bool
    )


# --- frames from the input --------------------------------------------------------------------


def invocations(given: object, chart: str, needed: Iterable[str] = ()) -> pd.DataFrame:
    """Return the table ``invocations``, a row of it, or records as a frame that has the needed columns."""
    if isinstance(given, pd.Series):
        given = given.to_frame().T
    if not isinstance(given, pd.DataFrame):
        return taken.invocations(given, f"plots.{chart}", needed)
    return taken.checked(given, f"plots.{chart}", "invocations", needed).reset_index(drop=True)


def polls(given: object, chart: str, needed: Iterable[str]) -> pd.DataFrame:
    """Return the table ``polls``, or records, or the checks of invocations, as a frame with the columns."""
    if not isinstance(given, pd.DataFrame):
        rows: list[dict[str, Any]] = []
        for record in taken.records(given, (Poll, Invocation), f"plots.{chart}", "polls"):
            parts, number = (
                (record.polls, record.invocation_id) if isinstance(record, Invocation) else ([record], None)
            )
            rows += [{**structs.asdict(part), "invocation_id": number} for part in parts]
        given = frame(rows, TABLES["polls"])
    return taken.checked(given, f"plots.{chart}", "polls", needed).reset_index(drop=True)


def builds(given: object, chart: str, needed: Iterable[str]) -> pd.DataFrame:
    """Return the table ``builds``, or records, or the builds of invocations, as a frame with the columns."""
    if not isinstance(given, pd.DataFrame):
        rows = []
        for record in taken.records(given, (Build, Invocation), f"plots.{chart}", "builds"):
            if isinstance(record, Build):
                rows.append(build_row(record, None))
            elif record.build is not None:
                rows.append(build_row(record.build, record))
        given = frame(rows, TABLES["builds"])
    return taken.checked(given, f"plots.{chart}", "builds", needed).reset_index(drop=True)


def one(given: object, chart: str) -> dict[str, Any] | None:
    """Return the only invocation given, by column and None where unknown; None where there is none."""
    if isinstance(given, Invocation):
        return invocation_row(given)
    data = invocations(given, chart)
    if len(data) > 1:
        raise UsageError(
            f"plots.{chart}() draws one invocation and got {len(data)}",
            remedy="choose one, as frame.iloc[[0]], or draw all with plots.phase_breakdown()",
        )
    return None if data.empty else values(data.iloc[0])


def values(row: pd.Series[Any]) -> dict[str, Any]:
    """Return a row by column, None where unknown."""
    return {
        str(name): None if pd.api.types.is_scalar(value) and pd.isna(value) else value
        for name, value in row.items()
    }


# --- columns ----------------------------------------------------------------------------------


def numbers(data: pd.DataFrame, column: str, chart: str) -> pd.Series[float]:
    """Return a column of durations as floats."""
    try:
        return pd.to_numeric(data[column]).astype("Float64").astype("float64")
    except (TypeError, ValueError):
        raise _wrong_type(data, column, chart, "numbers of seconds") from None


def times(data: pd.DataFrame, column: str, chart: str) -> pd.Series[Any]:
    """Return a column of times in UTC; times without a time zone are read as UTC."""
    given = data[column]
    if given.isna().all():
        return pd.Series(pd.NaT, index=given.index, dtype="datetime64[us, UTC]")
    texts_inside = any(isinstance(value, (str, int, float)) for value in given.dropna().head(1))
    try:
        if not texts_inside:
            return pd.to_datetime(given, utc=True)
    except (TypeError, ValueError):
        pass
    raise _wrong_type(data, column, chart, "times")


def _wrong_type(data: pd.DataFrame, column: str, chart: str, wanted: str) -> UsageError:
    kind = type(data[column].dropna().iloc[0]).__name__
    return UsageError(
        f"plots.{chart}() needs {wanted} in the column {column}, which holds values of type {kind}",
        remedy="pass a frame as lp.load returns it",
    )


def duration(row: Mapping[str, Any], column: str, chart: str) -> float | None:
    """Return a duration of a row in seconds; None where unknown or missing."""
    value = row.get(column)
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise UsageError(
            f"plots.{chart}() needs numbers of seconds in {column}, not {type(value).__name__}",
            remedy="pass a row as lp.load returns it",
        ) from None
    return None if math.isnan(number) else number


def unfinished(data: pd.DataFrame) -> pd.Series[bool]:
    """Return which invocations have not ended, as far as their status is known."""
    if "status" not in data.columns:
        return pd.Series(False, index=data.index)
    return data["status"].notna() & ~data["status"].isin(_FINISHED)


def check_metric(data: pd.DataFrame, metric: object, chart: str) -> None:
    """Raise an error that names the choices if `metric` is not a column of seconds of the frame."""
    if not isinstance(metric, str) or not metric.endswith("_s") or metric not in data.columns:
        known = [str(name) for name in data.columns if str(name).endswith("_s")]
        remedy = f"choose metric={choices(known)}" if known else "pass the table invocations"
        raise UsageError(f"plots.{chart}() finds no column of seconds named {metric!r}", remedy=remedy)


# --- names ------------------------------------------------------------------------------------


def builder_names(data: pd.DataFrame) -> pd.Series[Any]:
    """Return the name of each row's builder, null where unknown. All charts use this name.

    It is the column ``builder_id`` where the frame has one, else it is made of project, bucket and builder.
    """
    if "builder_id" in data.columns:
        return data["builder_id"].astype("string")
    parts = data.reindex(columns=["project", "bucket", "builder"]).astype(object)
    known = parts.where(parts.notna(), None)
    names = [builder_id(*(None if part is None else str(part) for part in row)) for row in known.to_numpy()]
    return pd.Series(names, index=data.index, dtype="string")


def row_names(data: pd.DataFrame) -> list[tuple[str, str]]:
    """Return for each row the job, else the builder, and the end of the id that distinguishes rows."""
    empty: Sequence[Any] = [None] * len(data)
    jobs = list(data["job_id"]) if "job_id" in data.columns else empty
    ids = list(data["invocation_id"]) if "invocation_id" in data.columns else empty
    names = []
    for job, builder, number in zip(jobs, builder_names(data), ids, strict=True):
        name = next((str(part) for part in (job, builder) if not pd.isna(part)), "unknown job")
        end = "" if pd.isna(number) else f" …{texts.clean(str(number)[-6:])}"
        names.append((name, end))
    return names


def of(count: int, whole: int, words: str) -> list[str]:
    """Return a note about data left out, as ``3 of 18 without a known bot``; none if `count` is 0."""
    return [f"{count:,} of {whole:,} {words}"] if count else []


def words(metric: str) -> str:
    """Return a column of seconds in words, for labels: ``queue latency``."""
    return texts.short(metric.removesuffix("_s").replace("_", " "), 40)


def notes(
    data: pd.DataFrame,
    nameless: pd.Series[bool],
    said: str,
    metric: str,
    values: pd.Series[float],
    odd: pd.Series[bool],
) -> list[str]:
    """Return notes about the rows that a chart of a duration leaves out. Each row is in one note.

    Parameters
    ----------
    data:
        All rows.
    nameless, said:
        Which rows have no group, and the words for it.
    metric, values:
        The column, and its values in seconds.
    odd:
        Which of the values are odd.
    """
    whole = len(data)
    unmeasured, waiting = ~nameless & values.isna(), unfinished(data)
    column = words(metric)
    return [
        *of(int(nameless.sum()), whole, said),
        *of(int((unmeasured & ~waiting).sum()), whole, f"without a known {column}"),
        *of(int((unmeasured & waiting).sum()), whole, f"unfinished and without a known {column}"),
        *of(int((~nameless & odd).sum()), whole, f"with an odd {column}"),
    ]
