"""A column of a table, and the two ways to declare one. The tables are in `logparse.columns`."""

from __future__ import annotations

from dataclasses import dataclass

from logparse.columns.derivations import Aggregate, Derivation


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name:
        As in frames, files and the command line.
    type:
        ``text``, ``int``, ``float``, ``bool``, ``time`` or ``json`` (text that holds JSON).
    meaning:
        One sentence; the unit is in the name.
    path:
        Attribute of the record that fills it, where that is not the name: ``build.number``.
    empty_is_null:
        Whether an empty list or object means that the value is not known.
    derive:
        How it comes from other columns, or None for a column that is read. The inputs are columns of
        the table, or moments of `logparse.columns.derivations.MOMENTS`.
    """

    name: str
    type: str
    meaning: str
    path: str = ""
    empty_is_null: bool = False
    derive: Derivation | None = None

    @property
    def unit(self) -> str | None:
        """The unit of its numbers: ``s`` for seconds, None for counts, ratios and all else."""
        return "s" if self.type == "float" and self.name.endswith("_s") else None

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes to follow from the record to the value."""
        return tuple((self.path or self.name).split("."))


def plain(name: str, type_: str, meaning: str, path: str = "") -> Column:
    """Return a column that is read. Parameters are those of `Column`."""
    return Column(name, type_, meaning, path)


def derived(name: str, derive: Derivation, more: str = "", *, meaning: str = "") -> Column:
    """Return a derived column. Its meaning is its formula, followed by `more`, where none is given.

    Its type is ``int`` for counts and sums of whole numbers, and ``float`` for all else.
    """
    is_whole = isinstance(derive, Aggregate) and not derive.column.endswith("_s")
    return Column(name, "int" if is_whole else "float", meaning or derive.formula + more, derive=derive)
