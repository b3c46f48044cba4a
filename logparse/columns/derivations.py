"""How a column comes from others: the closed set of derivations that `logparse.columns` declares.

A derivation is declared once, in the row of its column. It is evaluated here for one record, in plain
Python, and for a batch of columns, as arrays. Both give the same values.

Times are whole microseconds, from any origin that all times of a record share. Durations are seconds.
A result is null where a value that it needs is null. It is never 0 for that reason. Impossible values
are computed like all others.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

Number: TypeAlias = int | float
_US: Final = 1e6
#: Times that columns are derived from and that are not columns themselves.
MOMENTS: Final = {
    "request_asked_at": "when the request that was answered was sent",
    "request_answered_at": "when the answer to it came",
    "start_seen_at": "when the first check began that saw STARTED",
    "end_seen_at": "when the first check began that saw the last status of the build",
}


class Values(NamedTuple):
    """A column of a batch: its numbers, and which of them are null. A number that is null can be anything."""

    numbers: NDArray[Any]
    is_null: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """The seconds from one time to another."""

    end: str
    start: str

    @property
    def inputs(self) -> tuple[str, str]:
        """The columns that it comes from."""
        return self.end, self.start

    @property
    def formula(self) -> str:
        """The derivation as a reader writes it."""
        return f"{self.end} − {self.start}"

    def compute(self, end: Any, start: Any) -> Any:
        """Return the value of known inputs, numbers or arrays."""
        return (end - start) / _US


@dataclass(frozen=True, slots=True)
class Rest:
    """The seconds of a duration that are not in a part of it, to the nanosecond."""

    whole: str
    part: str

    @property
    def inputs(self) -> tuple[str, str]:
        """The columns that it comes from."""
        return self.whole, self.part

    @property
    def formula(self) -> str:
        """The derivation as a reader writes it."""
        return f"{self.whole} − {self.part}"

    def compute(self, whole: Any, part: Any) -> Any:
        """Return the value of known inputs, numbers or arrays."""
        rest = whole - part
        if isinstance(rest, (int, float)):
            return round(rest, 9)
        # numpy.round multiplies first, so that the last bit can differ from Python's.
        rest[:] = [round(value, 9) for value in rest.tolist()]
        return rest


@dataclass(frozen=True, slots=True)
class Ratio:
    """A part over a whole, which is the sum of one or more columns. It is null where the whole is 0."""

    part: str
    whole: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that it comes from."""
        return self.part, *self.whole

    @property
    def formula(self) -> str:
        """The derivation as a reader writes it."""
        whole = " + ".join(self.whole)
        return f"{self.part} / {whole if len(self.whole) == 1 else f'({whole})'}"

    def compute(self, part: Any, *whole: Any) -> Any:
        """Return the value of known inputs, numbers or arrays; None, or NaN in an array, for a whole of 0."""
        total = sum(whole[1:], start=whole[0])
        if isinstance(total, (int, float)):
            return part / total if total else None
        import numpy as np

        return np.divide(part, total, out=np.full(len(total), np.nan), where=total != 0)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A number over the rows of another table that belong to a row.

    It is null where a row that counts has a null in `column`. Without such rows the mean and the
    largest are null, and the sum is `empty`.

    Attributes
    ----------
    function:
        ``count``, ``sum``, ``largest`` or ``mean``.
    table:
        The table of the rows, or the name of the records of cuts: ``cuts``.
    column:
        The column of numbers; empty for a count.
    where:
        Names of columns, and the value that each must have for a row to count.
    empty:
        The sum over no row.
    """

    inputs: ClassVar[tuple[str, ...]] = ()
    function: Literal["count", "sum", "largest", "mean"]
    table: str
    column: str
    where: tuple[tuple[str, str | bool], ...]
    empty: int | None = 0

    @property
    def formula(self) -> str:
        """The derivation as a reader writes it."""
        tests = " and ".join(f"{name} = {_literal(value)}" for name, value in self.where)
        of = f"{self.table}.{self.column}" if self.column else self.table
        return f"{self.function}({of}{f' where {tests}' if tests else ''})"

    def of_rows(self, rows: Iterable[Any]) -> Number | None:
        """Return the value over records that have the columns as attributes."""
        chosen = [row for row in rows if all(getattr(row, name) == value for name, value in self.where)]
        return self.over([getattr(row, self.column) if self.column else row for row in chosen])

    def over(self, values: Sequence[Any]) -> Number | None:
        """Return the value over the rows that count: over their values in `column`."""
        if self.function == "count":
            return len(values)
        return None if None in values else self._over(values)

    def _over(self, numbers: Sequence[Number]) -> Number | None:
        if self.function == "sum":
            if not numbers:
                return (
                    float(self.empty) if self.empty is not None and self.column.endswith("_s") else self.empty
                )
            # Sums of whole microseconds are exact.
            return sum(round(n * _US) for n in numbers) / _US if self.column.endswith("_s") else sum(numbers)
        if not numbers:
            return None
        return max(numbers) if self.function == "largest" else round(fmean(numbers), 9)

    def of_batch(
        self,
        columns: Mapping[str, Values],
        tests: Mapping[str, NDArray[Any]],
        owners: NDArray[Any],
        size: int,
    ) -> Values:
        """Return the value for each of `size` rows.

        Parameters
        ----------
        columns:
            The column of numbers, by its name.
        tests:
            The columns of `where`, by their names, as arrays of text or truth values.
        owners:
            For each row of the other table the index of the row that it belongs to.
        size:
            How many rows get a value.
        """
        import numpy as np

        chosen = np.ones(len(owners), dtype=bool)
        for name, wanted in self.where:
            chosen &= tests[name] == wanted
        owners = owners[chosen]
        counts = np.bincount(owners, minlength=size)
        if self.function == "count":
            return Values(counts, np.zeros(size, dtype=bool))
        numbers, is_null = (part[chosen] for part in columns[self.column])
        unknown = np.bincount(owners, weights=is_null, minlength=size) > 0
        if self.function == "sum":
            unknown |= (counts == 0) & (self.empty is None)
        else:
            unknown |= counts == 0
        return Values(self._grouped(numbers, owners, size, unknown), unknown)

    def _grouped(
        self, numbers: NDArray[Any], owners: NDArray[Any], size: int, unknown: NDArray[Any]
    ) -> NDArray[Any]:
        import numpy as np

        numbers, owners = numbers[~unknown[owners]], owners[~unknown[owners]]
        if self.function == "largest":
            out = np.full(size, -np.inf)
            np.maximum.at(out, owners, numbers)
            return out
        if self.function == "sum":
            of_time = self.column.endswith("_s")
            sums = np.zeros(size, dtype=np.int64)
            np.add.at(sums, owners, np.rint(numbers * _US).astype(np.int64) if of_time else numbers)
            return sums / _US if of_time else sums
        out = np.full(size, np.nan)
        order = np.argsort(owners, kind="stable")
        starts = np.flatnonzero(np.diff(owners[order], prepend=-1))
        listed = numbers[order].tolist()
        bounds = itertools.pairwise([*starts.tolist(), len(listed)])
        out[owners[order][starts]] = [self._over(listed[begin:end]) for begin, end in bounds]
        return out


def _literal(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value


RowWise: TypeAlias = Difference | Rest | Ratio
Derivation: TypeAlias = RowWise | Aggregate


def difference(end: str, start: str) -> Difference:
    """Return the derivation of the seconds from one time to another."""
    return Difference(end, start)


def rest(whole: str, part: str) -> Rest:
    """Return the derivation of the seconds of a duration that are not in a part of it."""
    return Rest(whole, part)


def ratio(part: str, *whole: str) -> Ratio:
    """Return the derivation of a part over a whole: one column, or the sum of several."""
    return Ratio(part, whole)


def count(table: str, **where: str | bool) -> Aggregate:
    """Return the derivation of the number of rows that have the values `where`."""
    return Aggregate("count", table, "", tuple(where.items()))


def total(table: str, column: str, **where: str | bool) -> Aggregate:
    """Return the derivation of the sum over the rows that have the values `where`. Over no row it is 0."""
    return Aggregate("sum", table, column, tuple(where.items()))


def total_or_null(table: str, column: str, **where: str | bool) -> Aggregate:
    """Return the derivation of the same sum, which is null over no row."""
    return Aggregate("sum", table, column, tuple(where.items()), empty=None)


def largest(table: str, column: str, **where: str | bool) -> Aggregate:
    """Return the derivation of the largest number of the rows that have the values `where`."""
    return Aggregate("largest", table, column, tuple(where.items()))


def mean(table: str, column: str, **where: str | bool) -> Aggregate:
    """Return the derivation of the mean, to the nanosecond, of the rows that have the values `where`."""
    return Aggregate("mean", table, column, tuple(where.items()))


def value_of(derivation: RowWise, known: Mapping[str, Number | None]) -> float | None:
    """Return the value of a derivation for one record.

    Parameters
    ----------
    derivation:
        Of a column.
    known:
        The values of its inputs by name: times in whole microseconds, durations in seconds.
    """
    values = [known[name] for name in derivation.inputs]
    if None in values:
        return None
    computed: float | None = derivation.compute(*values)
    return computed


def batch_of(derivation: RowWise, known: Mapping[str, Values]) -> Values:
    """Return the values of a derivation for a batch of columns. Parameters are those of `value_of`."""
    import numpy as np

    inputs = [known[name] for name in derivation.inputs]
    is_null = np.logical_or.reduce([values.is_null for values in inputs])
    # A number that is null can be anything, so that it must not reach the arithmetic.
    numbers = derivation.compute(*(np.where(is_null, 0, values.numbers) for values in inputs))
    if isinstance(derivation, Ratio):
        is_null = is_null | np.isnan(numbers)
    return Values(numbers, is_null)
