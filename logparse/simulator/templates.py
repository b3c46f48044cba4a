"""Entries of logs, made from the catalogue's formats and checked against the rules.

A `Line` is a message of the catalogue, of which the arguments that do not change are filled in once. A
`Log` takes lines in turn. Before it takes one, it asks the engine's rules (`logparse.engine.rules`) whether
such an entry can follow. So the simulator writes no sequence that the parser does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from logparse.engine.kinds import KINDS
from logparse.engine.rules import Sign, transition
from logparse.engine.state import Place
from logparse.language.message import TODAY, Message, Value
from logparse.language.messages import MESSAGES
from logparse.values.clock import DAY_MS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC).date()
#: A message is a key by its identity: its hash would be computed from all its parts each time.
_NUMBERS: Final = {id(message): number for number, message in enumerate(MESSAGES)}
_MINUTES: Final = tuple(f"[{n // 60:02d}:{n % 60:02d}:" for n in range(1440))
_SECONDS: Final = tuple(f"{n:02d}." for n in range(60))
_MILLISECONDS: Final = tuple(f"{n:03d}] " for n in range(1000))


def in_use(kind: str, day: int, *fields: str, start: str = "") -> Message | None:
    """Return the format that the scheduler used on a day for a kind of message, or None where it had none.

    Parameters
    ----------
    day:
        In days since 1970.
    fields:
        Names of arguments that the format must have: several formats of a kind can be in use.
    start:
        The beginning of the text, where that is the only difference.
    """
    written = (_EPOCH + timedelta(days=day)).isoformat()
    for message in MESSAGES:
        if (
            message.kind == kind
            and message.since <= written
            and (message.until == TODAY or written < message.until)
        ):
            names = {field.name for field in message.fields}
            if names.issuperset(fields) and message.format.startswith(start):
                return message
    return None


class Line:
    """A message whose other arguments are known.

    Parameters
    ----------
    message:
        Of the catalogue.
    known:
        The arguments that do not change.
    attempt, status:
        The number of an attempt and the status that it states, if any.

    Attributes
    ----------
    text:
        For the operator ``%``: it takes the other arguments, in their order, as text in Go's notation.
    """

    __slots__ = ("key", "message", "sign", "text")
    _keys: Final[dict[tuple[int, int, str | None], int]] = {}

    def __init__(
        self,
        message: Message,
        known: Mapping[str, Value] | None = None,
        *,
        attempt: int = 1,
        status: str | None = None,
    ) -> None:
        self.message = message
        self.sign = Sign(message, attempt, status)
        self.text = "".join(_pieces(message, known or {}))
        self.key = self._keys.setdefault((_NUMBERS[id(message)], attempt, status), len(self._keys))


def _pieces(message: Message, known: Mapping[str, Value]) -> Iterator[str]:
    for part in message.parts:
        if isinstance(part, str):
            yield part.replace("%", "%%")
        elif part.name in known:
            yield part.type.format(known[part.name]).replace("%", "%%")
        else:
            yield "%s"


class BrokenRuleError(AssertionError):
    """An entry that the engine would not have written there. It is a fault of the simulator."""


class _Node:
    """A place in the engine's state machine, and the places that lines lead to."""

    __slots__ = ("next", "place")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.next: dict[int, _Node] = {}


class Machine:
    """The engine's state machine. Each transition is computed and checked once."""

    def __init__(self) -> None:
        self._nodes: dict[Place, _Node] = {}
        self.first = self._node(Place())

    def _node(self, place: Place) -> _Node:
        return self._nodes.setdefault(place, _Node(place))

    def step(self, node: _Node, line: Line) -> _Node:
        """Return the place after an entry, and remember it.

        Raises
        ------
        BrokenRuleError
            Where the entry breaks a rule, cannot be in that phase, or is one that the engine writes rarely.
        """
        found = transition(node.place, line.sign)
        phases = KINDS[line.message.kind].phases
        wrong = found.broken or found.least or found.is_rare or found.is_further
        if wrong or (phases is not None and node.place.phase not in phases):
            raise BrokenRuleError(f"{line.message.kind} after {node.place}")
        node.next[line.key] = self._node(found.after)
        return node.next[line.key]


#: One for the process: transitions depend on nothing else.
_MACHINE: Final = Machine()


class Log:
    """The entries of an invocation, in the pieces in which the engine saves them.

    Attributes
    ----------
    parts:
        The text of each entry, with its clock and its line end.
    clocks:
        When each entry was written, in milliseconds since 1970.
    saves:
        After how many entries, and when, the log was saved.
    mutations:
        Of entries that name a timer: their index and the mutation in the timer's id.
    """

    __slots__ = ("_clock", "_ms", "_node", "clocks", "mutations", "parts", "saves")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.clocks: list[int] = []
        self.saves: list[tuple[int, int]] = []
        self.mutations: list[tuple[int, int]] = []
        self._node = _MACHINE.first
        self._ms, self._clock = -1, ""

    def add(self, ms: int, line: Line, *values: str) -> None:
        """Write an entry.

        Raises
        ------
        BrokenRuleError
            As `Machine.step`.
        """
        node = self._node
        self._node = node.next.get(line.key) or _MACHINE.step(node, line)
        if ms != self._ms:
            # Entries of one moment follow each other.
            second, rest = divmod(ms % DAY_MS, 1000)
            self._clock = f"{_MINUTES[second // 60]}{_SECONDS[second % 60]}{_MILLISECONDS[rest]}"
            self._ms = ms
        self.parts.append(f"{self._clock}{line.text % values}\n")
        self.clocks.append(ms)

    def timer(self, ms: int, line: Line, mutation: int, *values: str) -> None:
        """Write an entry that names a timer."""
        self.mutations.append((len(self.parts), mutation))
        self.add(ms, line, *values)

    def save(self) -> None:
        """Save all entries that were written."""
        self.saves.append((len(self.parts), self.clocks[-1]))
