"""From the bytes of many files to the entries of their logs, as arrays.

Files are read into one buffer. The entries of all of them are found at once: where each begins and ends, its
clock, and its letter, which says how it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.clock import DAY_US
from logparse.syntax import CUT_MARKER
from logparse.timeline import STEP_BACK_US

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

#: Letters of entries that are many in a log. All others are read one by one.
HANDLED, SCHEDULED, TICK, NOTIFIED, STATUS = b"HSTNB"
OTHER: Final = ord("c")
_LETTERS: Final = {
    b"Handling": HANDLED,
    b"Scheduli": SCHEDULED,
    b"Timer ti": TICK,
    b"Received": NOTIFIED,
    b"Build st": STATUS,
}
#: A status in version 1 begins with the number of the build.
_NUMBERED: Final = b"Build "
_CLOCK_SIZE: Final = len("[HH:MM:SS.mmm] ")
#: The clock of an entry: the signs between its digits, by their offsets.
_SIGNS: Final = {0: b"[", 3: b":", 6: b":", 9: b".", 13: b"]", 14: b" "}
_DIGITS: Final = (1, 2, 4, 5, 7, 8, 10, 11, 12)
#: What each digit of a clock counts, in milliseconds.
_WEIGHTS: Final = (36_000_000, 3_600_000, 600_000, 60_000, 10_000, 1_000, 100, 10, 1)
#: The most for the first digits of minutes and seconds.
_MOST_TENS: Final = 5
_MOST_HOURS: Final = 24 * 3_600_000
#: Texts that show where a page and its log begin, or that lines were cut out.
LOG_HEADING: Final = b"Debug log"
STATUS_NAME: Final = b"Status:"
CUT: Final = CUT_MARKER.encode()


class Entries(NamedTuple):
    """The entries of all pages of a buffer, in order; arrays have a value an entry.

    Attributes
    ----------
    begin, text, end:
        Offsets in the buffer: of the clock, of the text after it, and of the line end after the text.
    line:
        The line of the file, from 1.
    is_one_line, ends_blank:
        Whether the text has one line, and whether its first line ends in a blank.
    us:
        Microseconds since the midnight before the first entry of the page. See `logparse.timeline`.
    letter:
        How the entry is read.
    first:
        For each page the index of its first entry, and one index more, the number of all entries.
    """

    begin: NDArray[np.int64]
    text: NDArray[np.int64]
    end: NDArray[np.int64]
    line: NDArray[np.int64]
    is_one_line: NDArray[np.bool_]
    ends_blank: NDArray[np.bool_]
    us: NDArray[np.int64]
    letter: NDArray[np.uint8]
    first: NDArray[np.int64]

    def odd_files(self) -> set[int]:
        """Return the files with a lettered entry of several lines, or a first line that ends in a blank."""
        is_odd = self.ends_blank | (~self.is_one_line & (self.letter != OTHER))
        return set((np.searchsorted(self.first, np.flatnonzero(is_odd), side="right") - 1).tolist())


class Pack:
    """Files in one buffer, each preceded by a line end and followed by one.

    Attributes
    ----------
    data:
        The buffer.
    starts, ends:
        The offsets of each file; `ends` is that of the line end with which it ends, or which was added.
    """

    def __init__(self, files: Sequence[bytes]) -> None:
        pieces = [b"\n"]
        self.starts: list[int] = []
        self.ends: list[int] = []
        size = 1
        for file in files:
            whole = file if file.endswith(b"\n") else file + b"\n"
            self.starts.append(size)
            size += len(whole)
            self.ends.append(size - 1)
            pieces.append(whole)
        self.data = b"".join(pieces)
        self.bytes: NDArray[np.uint8] = np.frombuffer(self.data, dtype=np.uint8)

    def odd(self) -> set[int]:
        """Return the files with control characters."""
        controls = int(np.count_nonzero(self.bytes < 32)) - self.data.count(b"\n") - self.data.count(b"\t")
        if not controls and b"\x7f" not in self.data:
            return set()
        is_odd = (self.bytes < 32) & (self.bytes != 10) & (self.bytes != 9)
        return set(self._files_of(np.flatnonzero(is_odd | (self.bytes == 127))).tolist())

    def marks(self) -> list[dict[bytes, list[int]]]:
        """Return for each file where the texts that show its parts are: offsets in the buffer."""
        by_file: list[dict[bytes, list[int]]] = [{} for _ in self.starts]
        for text in (LOG_HEADING, STATUS_NAME, CUT):
            places = list(_places(self.data, text))
            for file, at in zip(self._files_of(np.array(places, np.int64)).tolist(), places, strict=True):
                by_file[file].setdefault(text, []).append(at)
        return by_file

    def wide(self) -> set[int]:
        """Return the files with bytes that are not ASCII."""
        if self.data.isascii():
            return set()
        return set(self._files_of(np.flatnonzero(self.bytes > 127)).tolist())

    def _files_of(self, places: NDArray[Any]) -> NDArray[np.int64]:
        """Return the file that holds each offset."""
        return np.searchsorted(np.array(self.starts), places, side="right") - 1


def _places(data: bytes, text: bytes) -> Iterator[int]:
    """Yield the offset of each place of a text."""
    at = data.find(text)
    while at >= 0:
        yield at
        at = data.find(text, at + 1)


def find_entries(pack: Pack) -> Entries:
    """Return the entries of the files of a buffer. A file of which none is found has none."""
    data = pack.bytes
    line_ends = np.flatnonzero(data == 10)
    begins = line_ends[:-1] + 1
    lines = np.flatnonzero(data[begins] == ord("["))
    window = _windows(data, begins[lines], _CLOCK_SIZE)
    is_clock, ms = _clocks(window)
    lines, ms = lines[is_clock], ms[is_clock]
    begin = begins[lines]
    first = np.searchsorted(begin, np.array([*pack.starts, len(data)]))
    end = np.append(begin[1:], len(data)) - 1
    last = first[1:][first[1:] > first[:-1]] - 1
    owners = np.searchsorted(first, last, side="right") - 1
    end[last] = np.array(pack.ends)[owners]
    text = begin + _CLOCK_SIZE
    first_ends = line_ends[lines + 1]
    last_bytes = data[first_ends - 1]
    top = np.searchsorted(line_ends, np.array(pack.starts) - 1)
    return Entries(
        begin=begin,
        text=text,
        end=end,
        line=lines - np.repeat(top, np.diff(first)) + 1,
        is_one_line=first_ends == end,
        ends_blank=(last_bytes == ord(" ")) | (last_bytes == ord("\t")),
        us=_unwrapped(ms, first),
        letter=_letters(pack, text),
        first=first,
    )


def _windows(data: NDArray[np.uint8], places: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Return the `size` bytes at each place; zeros follow the last byte."""
    padded = np.append(data, np.zeros(size, dtype=np.uint8))
    return np.lib.stride_tricks.sliding_window_view(padded, size)[places]


def _clocks(window: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which of the windows hold a clock, and its milliseconds since midnight."""
    found = np.ones(len(window), dtype=bool)
    for offset, sign in _SIGNS.items():
        found &= window[:, offset] == sign[0]
    digits = window[:, _DIGITS] - np.uint8(ord("0"))
    found &= (digits <= 9).all(axis=1) & (digits[:, 2] <= _MOST_TENS) & (digits[:, 4] <= _MOST_TENS)
    ms = digits.astype(np.int64) @ np.array(_WEIGHTS, dtype=np.int64)
    return found & (ms < _MOST_HOURS), ms


def _unwrapped(ms: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return clocks as times that run on over midnight, from the midnight before the first one of a page."""
    if not len(ms):
        return ms
    us = ms * 1000
    steps = np.diff(us, prepend=us[:1]) % DAY_US
    steps[steps >= DAY_US - STEP_BACK_US] -= DAY_US
    begins = first[:-1][first[1:] > first[:-1]]
    total = np.cumsum(steps)
    owner = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(ms))))
    moved: NDArray[np.int64] = total + (us[begins] - total[begins])[owner]
    return moved


def _letters(pack: Pack, text: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the letter of each entry, by the first eight bytes of its text."""
    window = _windows(pack.bytes, text, 8)
    words = np.ascontiguousarray(window).view("<u8")[:, 0]
    letter = np.full(len(text), OTHER, dtype=np.uint8)
    for prefix, value in _LETTERS.items():
        letter[words == int.from_bytes(prefix, "little")] = value
    mask = np.uint64((1 << 48) - 1)
    numbered = (words & mask) == np.uint64(int.from_bytes(_NUMBERED, "little"))
    seventh = window[:, 6]
    letter[numbered & (seventh >= ord("0")) & (seventh <= ord("9"))] = STATUS
    return letter
