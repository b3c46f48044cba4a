"""Columns as small JSON: numbers as base64 of typed arrays, texts as codes into a list of words.

Each encoded column is an object. ``type`` names the array: ``i1``, ``i2``, ``i4``, ``f8`` for numbers,
``u1``, ``u2``, ``u4`` for codes, ``u8`` for ids. ``data`` is base64 of little-endian values. In a column of
numbers the least value of the type, or NaN, is null. In a column of codes 0 is null, and a code n is the
word n − 1 of ``words``. In a column of ids 0 is null.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from logparse.errors import one_line
from logparse.lazy import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: An encoded column.
Encoded: TypeAlias = dict[str, Any]

_WHOLE: Final = ("i1", "i2", "i4")
_MOST_ID: Final = 2**63


def numbers(values: Iterable[float | None]) -> Encoded:
    """Return whole numbers, of which None and NaN are null, in the narrowest type that holds them."""
    wanted = np.array([np.nan if value is None else value for value in values], dtype="f8")
    known = wanted[~np.isnan(wanted)]
    for name in _WHOLE:
        null = np.iinfo(name).min
        if not len(known) or (null < known.min() and known.max() < -null):
            return _encoded(name, np.where(np.isnan(wanted), null, wanted))
    return _encoded("f8", wanted)


def codes(values: Iterable[str | None]) -> Encoded:
    """Return texts as codes into a sorted list of the different ones. Control characters are escaped."""
    listed = list(values)
    shown = {value: one_line(value) for value in set(listed) if value is not None}
    return _coded([None if value is None else shown[value] for value in listed])


def _coded(values: Sequence[str | None]) -> Encoded:
    words = sorted({value for value in values if value is not None})
    place = {word: number for number, word in enumerate(words, 1)}
    name = next(name for name in ("u1", "u2", "u4") if len(words) <= np.iinfo(name).max)
    made = [0 if value is None else place[value] for value in values]
    return {**_encoded(name, np.array(made, dtype="u8")), "words": words}


def ids(values: Iterable[str | None]) -> Encoded:
    """Return ids: as numbers of 64 bits where all are plain numbers, else as codes."""
    listed = list(values)
    if not all(value is None or _is_plain_id(value) for value in listed):
        return codes(listed)
    return _encoded("u8", np.array([int(value or 0) for value in listed], dtype="u8"))


def templates(values: Sequence[str | None], keys: Sequence[str | None]) -> Encoded:
    """Return texts that contain a key of their row, as codes of the texts without it.

    U+0001 replaces the key. It is in no other text, because control characters are escaped.
    """
    made: list[str | None] = []
    for value, key in zip(values, keys, strict=True):
        parts = (value or "").split(key) if key else [value or ""]
        made.append(None if value is None else "\x01".join(map(one_line, parts)))
    return _coded(made)


def _is_plain_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and text[0] != "0" and len(text) < 20 and int(text) < _MOST_ID


def _encoded(name: str, values: NDArray[Any]) -> Encoded:
    data = values.astype(f"<{name}").tobytes()
    return {"type": name, "data": base64.b64encode(data).decode("ascii")}
