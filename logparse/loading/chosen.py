"""Filters of a dataset: the invocations and builds that one chooses, and their days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from logparse.batches.arrow import RecordBatch, to_frame
from logparse.lazy import pyarrow as pa
from logparse.lazy import pyarrow_compute as pc
from logparse.loading.dataset import Sizes
from logparse.records import Invocation
from logparse.store.reading import ALL_DAYS, Days, Store

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

OF_BUILDS: Final = ("builds", "steps")
#: The columns of the table `builds` that `logparse.metrics.with_builds` needs in any case.
_OF_UNITS: Final = ("build_id", "invocation_id")
#: The columns of builds that become other columns of rows of `with_builds`.
_NAMED_OTHERWISE: Final = {"finished_at": "completed_at"}
_BLANK: Final = "\0"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The invocations and builds of a dataset that a filter chose.

    Attributes
    ----------
    places:
        Of invocations: texts of the id and the place.
    ids, sources:
        The ids of invocations, and the sources of those without an id.
    builds:
        The ids of their builds, and of the builds without an invocation that were chosen.
    build_places:
        Texts of the places of these builds without an invocation.
    sizes:
        How many there are.
    days, build_days:
        The days on which the invocations were created, and all these builds.
    """

    places: Any
    ids: Any
    sources: Any
    builds: Any
    build_places: Any
    sizes: Sizes
    days: Days
    build_days: Days


def choose(store: Store, condition: str) -> Chosen:
    """Return the invocations and builds of a dataset that a filter chooses.

    Raises
    ------
    UsageError
        Where the condition is not a filter.
    """
    from logparse.analysis import parse_filter
    from logparse.metrics import with_builds

    chosen = parse_filter(condition)
    first, last = chosen.created
    days = Days(first and first.date(), last and last.date(), undated=first is None and last is None)
    needed = {*chosen.columns, *_UNIT_COLUMNS}
    invocations = to_frame(store.table("invocations", [*needed], days))
    of_builds = {*(_NAMED_OTHERWISE.get(name, name) for name in needed), *_OF_UNITS}
    builds = to_frame(store.table("builds", [*of_builds], days))
    units = with_builds(invocations, builds)
    kept = units[chosen.rows(units)]
    alone = kept["invocation_id"].isna() & kept["source"].isna()
    logs, others = kept[~alone], kept[alone]
    alone_ids = set(others["build_id"])
    rows = builds[builds["build_id"].isin(alone_ids)]
    nameless = logs.loc[logs["invocation_id"].isna(), "source"]
    return Chosen(
        places=_texts(logs, "source"),
        ids=_array(logs["invocation_id"].dropna()),
        sources=_array(nameless.dropna()),
        builds=_array(pd.concat([logs["build_id"], others["build_id"]]).dropna()),
        build_places=_texts(rows.assign(invocation_id=None), "source_file"),
        sizes=Sizes(len(logs), int((logs["origin"] == "build").sum()), len(others), 0),
        days=days,
        build_days=_build_days(days, logs),
    )


#: The columns of the table `invocations` that choosing needs.
_UNIT_COLUMNS: Final = (
    *("invocation_id", "source", "source_line", "source_file", "origin", "build_id", "created_at"),
    *("build_created_at",),
)
#: The columns of tables that show whether a row is chosen.
KEYS: Final = {
    **dict.fromkeys(OF_BUILDS, ("build_id",)),
    "invocations": ("invocation_id", "source", "source_line"),
    "findings": ("invocation_id", "source", "line"),
    **dict.fromkeys(
        ("events", "polls", "attempts", "triggers", "unrecognized"),
        ("invocation_id", "source_file", "source_line"),
    ),
}


def is_chosen(batch: RecordBatch, table: str, chosen: Chosen) -> Any:
    """Return for each row of a table whether it is chosen."""
    if table in OF_BUILDS:
        return pc.is_in(batch["build_id"], value_set=chosen.builds)
    places = _place_texts(*(batch[name] for name in KEYS[table]))
    if table != "findings":
        return pc.is_in(places, value_set=chosen.places)
    of_invocation = pc.is_in(batch["invocation_id"], value_set=chosen.ids)
    nameless = pc.and_(
        pc.is_null(batch["invocation_id"]),
        pc.or_(
            pc.is_in(batch["source"], value_set=chosen.sources),
            pc.is_in(places, value_set=chosen.build_places),
        ),
    )
    return pc.or_(of_invocation, nameless)


def _place_texts(ids: Any, sources: Any, lines: Any) -> Any:
    """Return ids and places as one text each."""
    texts = [pc.fill_null(part, "") for part in (ids, sources, pc.cast(lines, pa.string()))]
    return pc.binary_join_element_wise(*texts, _BLANK)


def _texts(rows: pd.DataFrame, source: str) -> Any:
    """Return the ids and places of rows of a frame as one text each."""
    return _place_texts(
        _array(rows["invocation_id"]),
        _array(rows[source]),
        pa.array(rows["source_line"].astype("Int64"), pa.int64()),
    )


def _array(values: pd.Series[Any]) -> Any:
    return pa.array(values, pa.string(), from_pandas=True)


def _build_days(days: Days, logs: pd.DataFrame) -> Days:
    """Return the days of invocations, and of their builds, which can be created later or before."""
    created = logs["build_created_at"].dropna()
    if days == ALL_DAYS or created.empty:
        return days._replace(undated=True)
    first, last = created.min().date(), created.max().date()
    return Days(
        days.first and min(days.first, first),
        days.last and max(days.last, last),
        undated=True,
    )


def has(chosen: Chosen, invocations: Sequence[Invocation]) -> list[bool]:
    """Return for each record of an invocation whether it is chosen."""
    texts = _place_texts(
        pa.array([one.invocation_id for one in invocations], pa.string()),
        pa.array([one.source for one in invocations], pa.string()),
        pa.array([one.source_line for one in invocations], pa.int64()),
    )
    found: list[bool] = pc.is_in(texts, value_set=chosen.places).to_pylist()
    return found
