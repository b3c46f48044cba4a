"""The order of the entries of plain pages, and where in a page its parts are.

A plain page has one attempt, whose request Buildbucket answered, then status checks, and it can have an end.
No entry of it can quote text from outside. Its entries are written as one text, a letter an entry, and one
regular expression says which orders are plain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.bulk.scan import ANSWER_1, ANSWER_2, BUILD_1, BUILD_2, OTHER, REQUEST, Entries, Pack
from logparse.engine.kinds import KINDS, OWN_INVOCATIONS
from logparse.language import scanner
from logparse.language.messages import Context

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

#: The letters of other entries: the first one, the start of attempt 1, who triggered the invocation, one that
#: changes nothing, and one that is not plain.
QUEUED, STARTED, TRIGGERED, INERT, ODD = b"qtgix"
#: First the launch, then status checks that are answered, then a check that no letter answers, then the end.
_ORDER_RE: Final = re.compile(
    rb"q[ig]*+(t)[ig]*+(r)(?:"
    rb"(a)(u)(S?(?:HT?BS?|NBS?)*+)((?:HT?|N)?+)(f)?+|"
    rb"(A)(u)(S?(?:HBS?|NBS?)*+)((?:H|N)?+)(F)?+)(e)?+"
)
_PAYLOADS: Final = (REQUEST, ANSWER_1, ANSWER_2, BUILD_1, BUILD_2)
#: Writers of the entries of plain pages.
_WRITERS: Final = frozenset({"engine", "buildbucket"})
#: A format with a shorter beginning can mean something else after some entries.
_LEAST_PREFIX: Final = 3
#: So many texts are remembered. A page with a longer one is read alone.
_REMEMBERED: Final = 4_096
_LONGEST: Final = 1_000


class _Letters(dict[bytes, int]):
    """The letters of texts of one line that many pages have."""

    def __missing__(self, text: bytes) -> int:
        if len(text) > _LONGEST:
            return ODD
        if len(self) >= _REMEMBERED:
            self.clear()
        self[text] = letter = _letter_of(text)
        return letter


_letters: Final = _Letters()


def _letter_of(text: bytes) -> int:
    """Return how an entry of one line is read, by its whole text."""
    try:
        found = scanner.match(text.decode(), Context())
    except UnicodeDecodeError:
        return ODD
    if found is None or found.message.after or len(found.message.prefix) < _LEAST_PREFIX:
        return ODD
    message, kind = found.message, KINDS[found.message.kind]
    if message.outside or message.writer not in _WRITERS:
        return ODD
    if kind.name == "invocation_queued":
        return QUEUED
    if kind.name == "attempt_started":
        is_first = found.fields.get("attempt") == 1 and message.since >= OWN_INVOCATIONS
        return STARTED if is_first else ODD
    if kind.name == "invocation_triggered":
        return TRIGGERED
    changes = kind.effects or kind.leads_to or kind.quoted or kind.status or kind.phases is None
    return ODD if changes else INERT


@lru_cache(maxsize=_REMEMBERED)
def triggered_by(text: bytes) -> str | None:
    """Return the identity that an entry names as the one that triggered the invocation."""
    found = scanner.match(text.decode(), Context())
    return str(found.fields["triggered_by"]) or None if found is not None else None


class Plain(NamedTuple):
    """The pages in which the entries are in a plain order; arrays have a value a page.

    Attributes
    ----------
    page:
        The number of the file.
    triggered:
        The last entry that says who triggered the invocation. Like all that follow, it is -1 where there is
        none.
    started, request, answer, url, build, finish:
        The entries of the launch, of the whole build, and of the end.
    checks, open, after:
        The entries at which the status checks begin, at which the check without an answer begins, and after
        them.
    version:
        Of the dialect of the answer.
    """

    page: NDArray[np.int64]
    triggered: NDArray[np.int64]
    started: NDArray[np.int64]
    request: NDArray[np.int64]
    answer: NDArray[np.int64]
    url: NDArray[np.int64]
    checks: NDArray[np.int64]
    open: NDArray[np.int64]
    after: NDArray[np.int64]
    build: NDArray[np.int64]
    finish: NDArray[np.int64]
    version: NDArray[np.int64]

    def chosen(self, rows: NDArray[Any]) -> Plain:
        """Return the pages that a mask or a list of indices names."""
        return Plain(*(column[rows] for column in self))


def find_plain(pack: Pack, entries: Entries) -> Plain:
    """Return the plain pages. The letters of other entries of one line are found as well."""
    letter = entries.letter
    others = np.flatnonzero((letter == OTHER) & entries.is_one_line)
    data = pack.data
    places = zip(entries.text[others].tolist(), entries.end[others].tolist(), strict=True)
    letter[others] = [_letters[data[begin:end]] for begin, end in places]
    is_shown = np.isin(letter, np.array(_PAYLOADS, np.uint8))
    letter[entries.ends_blank | (entries.is_one_line == is_shown)] = ODD
    text = letter.tobytes()
    first: list[int] = entries.first.tolist()
    found: list[tuple[int, ...]] = []
    for page in np.flatnonzero(~pack.odd & (np.diff(entries.first) > 0)).tolist():
        order = _ORDER_RE.fullmatch(text, first[page], first[page + 1])
        if order is not None:
            triggered = text.rfind(TRIGGERED, order.start(), order.start(2))
            found.append((page, triggered, *_parts(order)))
    table = np.array(found, dtype=np.int64).reshape(-1, len(Plain._fields))
    return Plain(*table.T)


def _parts(order: re.Match[bytes]) -> Sequence[int]:
    """Return the attributes of `Plain` after the first two."""
    at = order.start
    base = 3 if order[3] is not None else 8
    return (
        at(1),
        at(2),
        at(base),
        at(base + 1),
        at(base + 2),
        at(base + 3),
        order.end(base + 3),
        at(base + 4),
        at(13),
        1 if base == 3 else 2,
    )
