"""Owners: which team a builder belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from logparse.batches.arrow import text_type
from logparse.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd


class Owners:
    """The teams that own builders, by patterns of builder ids.

    In a pattern ``*`` is any text, also none: ``chromium/ci/*``. A pattern fits whole ids, and case counts.
    Of several patterns that fit a builder, the first one counts.

    Parameters
    ----------
    teams:
        The team of each pattern, in the order in which patterns are tried.

    Raises
    ------
    UsageError
        Where a pattern or a team is not a text, or empty.
    """

    def __init__(self, teams: Mapping[str, str]) -> None:
        for pattern, team in teams.items():
            words: tuple[object, ...] = (pattern, team)
            if not all(isinstance(word, str) and word for word in words):
                raise UsageError(
                    f"the owner {team!r} of {pattern!r} is not a text",
                    remedy='write it as "chromium/ci/*" = "team"',
                )
        self._teams = [(pattern.split("*"), team) for pattern, team in teams.items()]

    def __bool__(self) -> bool:
        return bool(self._teams)

    def of(self, builder_id: str) -> str | None:
        """Return the team that owns a builder, None where no pattern fits."""
        return next((team for parts, team in self._teams if _fits(builder_id, parts)), None)

    def column(self, builder_ids: pd.Series[Any]) -> pd.Series[Any]:
        """Return the team of each builder of a column; null where it has none or is not known."""
        known = {builder: self.of(builder) for builder in builder_ids.dropna().unique().tolist()}
        return builder_ids.map(known).astype(text_type())


def _fits(text: str, parts: Iterable[str]) -> bool:
    """Whether a text is the parts of a pattern, with any text between two of them."""
    first, *rest = parts
    if not rest:
        return text == first
    *middle, last = rest
    if not text.startswith(first):
        return False
    at = len(first)
    for part in middle:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(last) and len(text) - len(last) >= at
