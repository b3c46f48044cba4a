"""Rows of one table that rows of another name by an id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
else:
    from logparse.lazy import pandas as pd


def is_among(ids: pd.Series[Any], others: pd.Series[Any]) -> NDArray[Any]:
    """Return for each id whether it is among others.

    Columns of text in Arrow's memory are looked up as objects here, which is many times as fast.
    """
    found: NDArray[Any] = pd.Index(ids.to_numpy(object)).isin(others.to_numpy(object))
    return found


def looked_up(ids: pd.Series[Any], table: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return the first row of a table with each id in the column `key`, null where there is none.

    The result has the index of `ids` and the columns of the table, with their types.
    """
    known = table[table[key].notna()]
    known = known[~pd.Index(known[key].to_numpy(object)).duplicated()].reset_index(drop=True)
    places = pd.Index(known[key].to_numpy(object)).get_indexer(pd.Index(ids.to_numpy(object)))
    found: pd.DataFrame = known.reindex(places).set_axis(ids.index)
    return found
