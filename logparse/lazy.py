"""Modules that take long to import, imported when something of them is first used.

They are global names, unlike an import within a function, so that `typing.get_type_hints` can resolve
annotations that use them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final


class Lazy:
    """A module that is imported at the first access to an attribute."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(import_module(self._name), attribute)
        setattr(self, attribute, value)
        return value


duckdb: Final = Lazy("duckdb")
numpy: Final = Lazy("numpy")
pandas: Final = Lazy("pandas")
# pyarrow has no type hints. Without an import statement, strict checks of users' code do not complain.
pyarrow: Final = Lazy("pyarrow")
pyarrow_compute: Final = Lazy("pyarrow.compute")
pyarrow_parquet: Final = Lazy("pyarrow.parquet")
scipy_special: Final = Lazy("scipy.special")
