"""Which of the invocations that were read are copies of one invocation.

The invocation id decides, with the job where two copies know it. A log without an id is a copy of
another whose entries are the same or a beginning of the same. All is done in time linear in the
number of entries, and the result does not depend on the order of reading.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import TypeVar

from logparse.engine.entries import Entry
from logparse.joining.merge import Copy

T = TypeVar("T")


def group_copies(copies: Iterable[Copy]) -> list[list[Copy]]:
    """Return the copies of each invocation, the one that counts first."""
    named: defaultdict[str, list[Copy]] = defaultdict(list)
    nameless: defaultdict[bytes, list[Copy]] = defaultdict(list)
    for one in copies:
        if one.record.invocation_id is not None:
            named[one.record.invocation_id].append(one)
        else:
            nameless[_signature(one)].append(one)
    known = [group for same in named.values() for group in by_job(same, lambda c: c.record.job_id)]
    known = [_ranked(group) for group in known]
    if not nameless:
        return known
    known.sort(key=lambda group: group[0].rank)
    unknown = sorted((_ranked(group) for group in nameless.values()), key=_longest)
    return _Matching(known, unknown).groups()


def by_job(items: Iterable[T], job_of: Callable[[T], str | None]) -> list[list[T]]:
    """Return things of one invocation id, those of each job together.

    Ids of two jobs can be equal. A thing of no known job belongs to the first job by name.
    """
    found: defaultdict[str | None, list[T]] = defaultdict(list)
    for item in items:
        found[job_of(item)].append(item)
    jobs = sorted(job for job in found if job is not None)
    if jobs and None in found:
        found[jobs[0]] += found.pop(None)
    return [found[job] for job in jobs] or [found[None]]


def _ranked(group: list[Copy]) -> list[Copy]:
    # The rank of a copy can need its whole text.
    return sorted(group, key=lambda one: one.rank) if len(group) > 1 else group


def _longest(group: list[Copy]) -> tuple[int, str]:
    return -group[0].size, group[0].content.digest


class _Matching:
    """Finds for logs without an id the invocation that they are a copy of.

    A node is a group of copies: those of an id, then the logs without an id that have the same
    entries, each in a fixed order, so that of several answers the first one counts.
    """

    def __init__(self, known: list[list[Copy]], unknown: list[list[Copy]]) -> None:
        self._nodes = [*known, *unknown]
        self._nameless = range(len(known), len(self._nodes))
        self._firsts = {_entry(group[0].content.entries[0]) for group in unknown if group[0].size}
        #: By the entries of a node: the first node with an id that ends there, and the one without.
        self._ends: dict[bytes, list[int | None]] = {}
        #: Of a node without an id: the node that goes on from its end, and the one with an id within it.
        self._longer: dict[int, int] = {}
        self._shorter: dict[int, int] = {}
        for number, one in self._read():
            ends = self._ends.setdefault(_signature(one), [None, None])
            side = int(number in self._nameless)
            if ends[side] is None:
                ends[side] = number
        for number, one in self._read():
            for prefix in _prefixes(one):
                self._compare(number, self._ends.get(prefix, ()))

    def _read(self) -> Iterator[tuple[int, Copy]]:
        """Yield the copies that begin as a log without an id does."""
        for number, group in enumerate(self._nodes):
            for one in group:
                if one.size and _entry(one.content.entries[0]) in self._firsts:
                    yield number, one

    def _compare(self, number: int, ended: Iterable[int | None]) -> None:
        """Note that the log of a node goes on where the logs of other nodes end."""
        for other in ended:
            if other is None or other == number:
                continue
            if other in self._nameless:
                self._longer[other] = min(number, self._longer.get(other, number))
            elif number in self._nameless:
                self._shorter[number] = min(other, self._shorter.get(number, other))

    def groups(self) -> list[list[Copy]]:
        """Return the copies of each invocation, the one that counts first."""
        root = list(range(len(self._nodes)))
        continued: set[int] = set()
        # Longer logs come first, so that a node that goes on from the end of another is settled.
        for number in self._nameless:
            target = self._longer.get(number)
            if target is None:
                target = self._shorter.get(number)
                # Of logs that go on differently only one can be of that invocation.
                if target in continued:
                    target = None
                elif target is not None:
                    continued.add(target)
            root[number] = number if target is None else root[target]
        found: defaultdict[int, list[Copy]] = defaultdict(list)
        for number, group in enumerate(self._nodes):
            found[root[number]] += group
        return [_ranked(group) for group in found.values()]


def _entry(entry: Entry) -> str:
    # Copies of a page end lines with other blanks.
    return f"{entry.shape == 'triage'}\0{entry.clock_ms}\0{entry.text.rstrip()}\0"


def _prefixes(one: Copy) -> Iterator[bytes]:
    """Yield a digest of the first entry, of the first two, and so on."""
    running = blake2b(digest_size=16)
    for entry in one.content.entries:
        running.update(_entry(entry).encode("utf-8", "surrogatepass"))
        yield running.digest()


def _signature(one: Copy) -> bytes:
    return deque(_prefixes(one), maxlen=1).pop() if one.size else b""
