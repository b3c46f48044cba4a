"""Arrays with a type, for the checker of types: NumPy is imported late and has none there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def array(values: Any) -> NDArray[Any]:
    """Return an array as it is."""
    made: NDArray[Any] = values
    return made
