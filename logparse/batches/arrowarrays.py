"""Arrays of Arrow from lists and from arrays of numpy, and back.

Arrow's own functions for this import pandas first, which takes longer than reading a thousand pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from logparse.lazy import pyarrow as pa
from logparse.lazy import pyarrow_compute as pc

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

#: pyarrow has no type hints.
Array: TypeAlias = Any
DataType: TypeAlias = Any


def from_numbers(numbers: NDArray[Any], type_: DataType, is_null: NDArray[np.bool_] | None = None) -> Array:
    """Return numbers, truth values, or times in microseconds since 1970, as an array of a type."""
    if pa.types.is_boolean(type_):
        data = np.packbits(numbers.astype(bool), bitorder="little")
    else:
        data = np.ascontiguousarray(numbers, dtype=np.float64 if pa.types.is_floating(type_) else np.int64)
    return pa.Array.from_buffers(type_, len(numbers), [_validity(is_null), pa.py_buffer(data)])


def from_values(values: Sequence[Any], type_: DataType) -> Array:
    """Return a list as an array of a type; None is null. Times are microseconds since 1970."""
    if pa.types.is_string(type_):
        return from_texts(values)
    kind = np.float64 if pa.types.is_floating(type_) else np.int64
    if None not in values:
        return from_numbers(np.array(values, dtype=kind), type_)
    is_null = np.fromiter((value is None for value in values), dtype=bool, count=len(values))
    return from_numbers(
        np.array([0 if value is None else value for value in values], dtype=kind), type_, is_null
    )


def from_texts(texts: Sequence[str | None]) -> Array:
    """Return texts as an array; None is null."""
    if None in texts:
        is_null = np.fromiter((text is None for text in texts), dtype=bool, count=len(texts))
        texts = [text or "" for text in texts]
    else:
        is_null = None
    known = cast("Sequence[str]", texts)
    together = "".join(known)
    if together.isascii():
        data, sizes = together.encode("ascii"), map(len, known)
    else:
        encoded = [text.encode() for text in known]
        data, sizes = b"".join(encoded), map(len, encoded)
    return _text(data, np.fromiter(sizes, dtype=np.int64, count=len(known)), is_null)


def from_bytes(texts: Sequence[bytes] | NDArray[np.uint8]) -> Array:
    """Return texts in UTF-8 as an array: a list of bytes, or an array of bytes with a text in each row."""
    if isinstance(texts, np.ndarray):
        rows, size = texts.shape
        return _text(np.ascontiguousarray(texts), np.full(rows, size), None)
    return _text(b"".join(texts), np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)), None)


def from_places(data: bytes, begins: NDArray[Any], ends: NDArray[Any]) -> Array:
    """Return parts of bytes in UTF-8 as an array of texts. The parts are in order and do not overlap."""
    offsets = np.column_stack((begins, ends)).astype(np.int32).ravel()
    # Between two texts is one that is not taken.
    both = pa.Array.from_buffers(
        pa.string(), max(len(offsets) - 1, 0), [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    return both.take(from_numbers(np.arange(0, len(offsets), 2), pa.int64()))


def joined(*parts: Array, between: str = "", null: str | None = None) -> Array:
    """Return the texts of several arrays put together.

    Parameters
    ----------
    parts:
        Arrays, and scalars of Arrow. At least one is an array.
    between:
        The text between two parts.
    null:
        The text in the place of null; by default a text with a null part is null.
    """
    how = (
        {"null_handling": "emit_null"}
        if null is None
        else {"null_handling": "replace", "null_replacement": null}
    )
    # A scalar of Arrow's own, because making one of a text would import pandas.
    return pc.binary_join_element_wise(*parts, constant(between, pa.string(), 1)[0], **how)


def constant(value: Any, type_: DataType, size: int) -> Array:
    """Return an array with one value again and again."""
    if isinstance(value, str):
        data = value.encode()
        return _text(data * size, np.full(size, len(data)), None)
    return from_numbers(np.full(size, value), type_)


def numbers_of(array: Array) -> NDArray[Any]:
    """Return the numbers, or the microseconds, of an array. One that is null can be anything."""
    kind = np.float64 if pa.types.is_floating(array.type) else np.int64
    found: NDArray[Any] = np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]
    return found


def nulls_of(array: Array) -> NDArray[np.bool_] | None:
    """Return which values of an array are null, None where none is."""
    if not array.null_count:
        return None
    bits = np.unpackbits(np.frombuffer(array.buffers()[0], np.uint8), bitorder="little")
    is_null: NDArray[np.bool_] = bits[array.offset : array.offset + len(array)] == 0
    return is_null


def _text(data: Any, sizes: NDArray[Any], is_null: NDArray[np.bool_] | None) -> Array:
    offsets = np.zeros(len(sizes) + 1, dtype=np.int32)
    np.cumsum(sizes, out=offsets[1:])
    buffers = [_validity(is_null), pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(sizes), buffers)


def _validity(is_null: NDArray[np.bool_] | None) -> Any:
    if is_null is None or not is_null.any():
        return None
    return pa.py_buffer(np.packbits(~is_null, bitorder="little"))
