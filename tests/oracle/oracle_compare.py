"""Comparing two results cell by cell, and the list of differences that are on purpose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

#: No more characters of a value are shown.
_SHOWN: Final = 200


@dataclass(frozen=True)
class Difference:
    """One cell, or one whole row or table, that two results do not share. Rows count from 0."""

    table: str
    row: int | None
    column: str | None
    old: str | None
    new: str | None

    def __str__(self) -> str:
        place = [self.table, *([] if self.row is None else [f"row {self.row}"]), *filter(None, [self.column])]
        return f"{', '.join(place)}: {_short(self.old)} became {_short(self.new)}"


@dataclass(frozen=True)
class OnPurpose:
    """A kind of difference that is wanted: its code, whether a difference is of it, and the reason."""

    code: str
    holds: Callable[[Difference], bool]
    reason: str


def _is_rounding(one: Difference) -> bool:
    """Return whether a sum of seconds lost a rounding error: it is less than a microsecond."""
    if one.table != "invocations" or one.column != "cut_s" or one.old is None or one.new is None:
        return False
    old, new = (float(cell.removeprefix("float:")) for cell in (one.old, one.new))
    return abs(old - new) < 1e-6


#: Messages with new words: the old ones and the new ones.
_REWORDED: Final = (
    ("but no page of the LUCI Scheduler", "but not one of the LUCI Scheduler"),
    ("no id and no timestamp tells the day", "no id and no timestamp gives the day"),
    (" s, the clock tells ", " s, the clock shows "),
    ("stands only in the file's name", "is only in the file's name"),
    ("text:behind ", "text:after "),
)


def _is_reworded(one: Difference) -> bool:
    """Return whether a message has the new words instead of the old ones, and is the same otherwise."""
    text = one.old or ""
    for before, after in _REWORDED:
        text = text.replace(before, after)
    return text != one.old and text == one.new


#: All differences from the oracle that are on purpose.
ON_PURPOSE: Final[tuple[OnPurpose, ...]] = (
    OnPurpose("exact-sum", _is_rounding, "cut_s is summed in whole microseconds; it was a sum of floats"),
    OnPurpose("reworded", _is_reworded, "the message is in plainer words"),
)


def _short(value: str | None) -> str:
    shown = "null" if value is None else ascii(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}… ({len(shown):,} characters)"


def _table(name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    if old["columns"] != new["columns"]:
        yield Difference(name, None, "columns", str(old["columns"]), str(new["columns"]))
        return
    columns = [column.partition(" ")[0] for column in old["columns"]]
    for row, (before, after) in enumerate(zip_longest(old["rows"], new["rows"])):
        if before is None or after is None:
            yield Difference(name, row, None, _row(before), _row(after))
        elif before != after:
            for column, left, right in zip(columns, before, after, strict=True):
                if left != right:
                    yield Difference(name, row, column, left, right)


def _row(row: list[str | None] | None) -> str:
    return "no row" if row is None else f"a row {row}"


def differences(
    old: dict[str, Any], new: dict[str, Any], purposes: Sequence[OnPurpose] = ON_PURPOSE
) -> list[Difference]:
    """Return what two results do not share, without what is on purpose."""
    found: list[Difference] = []
    if old["error"] != new["error"]:
        found.append(Difference("error", None, None, old["error"], new["error"]))
    elif old["warnings"] != new["warnings"]:
        found.append(Difference("warnings", None, None, str(old["warnings"]), str(new["warnings"])))
    if old["error"] is None and new["error"] is None:
        for name in dict.fromkeys([*old["tables"], *new["tables"]]):
            if name in old["tables"] and name in new["tables"]:
                found += _table(name, old["tables"][name], new["tables"][name])
            else:
                had, has = (("table" if name in side["tables"] else "no table") for side in (old, new))
                found.append(Difference(name, None, None, had, has))
    return [one for one in found if not any(purpose.holds(one) for purpose in purposes)]


def missing_rows(
    singles: Sequence[dict[str, Any]], batch: dict[str, Any], tables: Sequence[str]
) -> list[Difference]:
    """Return the rows that differ between a batch and the union of its inputs, each read alone."""
    found = []
    for name in tables:
        alone = Counter(tuple(row) for single in singles for row in single["tables"][name]["rows"])
        together = Counter(tuple(row) for row in batch["tables"][name]["rows"])
        found += [Difference(name, None, None, _row(list(row)), "no row") for row in alone - together]
        found += [Difference(name, None, None, "no row", _row(list(row))) for row in together - alone]
    return found
