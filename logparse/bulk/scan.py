"""From the bytes of many files to the entries of their logs, as arrays.

Files are read into one buffer. The entries of all of them are found at once: where each begins and ends, its
clock, and its letter, which says how it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.engine.timeline import STEP_BACK_US
from logparse.values.clock import DAY_US

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

#: The letters of status checks, of which a log has many entries. `OTHER` is the letter of all other entries.
HANDLED, SCHEDULED, TICK, NOTIFIED, STATUS = b"HSTNB"
OTHER: Final = ord("c")
#: The letters of entries of several lines, which show JSON: the request, the answer to it, and the build, of
#: version 1 and of version 2; and of entries that each page writes differently.
REQUEST, ANSWER_1, ANSWER_2, BUILD_1, BUILD_2, URL, FINISH = b"raAfFue"
#: How entries begin. The first eight bytes decide, or as many as there are.
BEGINNINGS: Final = {
    b"Handling timer ": HANDLED,
    b"Scheduling timer ": SCHEDULED,
    b"Timer tick, asking Buildbucket for the build status": TICK,
    b"Received PubSub notification, asking Buildbucket for the build status": NOTIFIED,
    b"Build status: ": STATUS,
    b"Buildbucket request:\n": REQUEST,
    b"Buildbucket response:\n": ANSWER_1,
    b"Scheduled build:\n": ANSWER_2,
    b"Buildbucket build:\n": BUILD_1,
    b"Build:\n": BUILD_2,
    b"Task URL: ": URL,
    b"Invocation finished in ": FINISH,
}
#: A status in version 1 begins with the number of the build.
NUMBERED: Final = b"Build "
#: Bytes after the last file, so that words do not reach beyond the buffer. No longer texts are compared.
PADDING: Final = 1_024
#: Bytes whose signs are counted together, and those that the processor's cache holds.
_BLOCK: Final = 64
_PIECE: Final = 1 << 18
_DELETE: Final = 127
#: Blanks that copies of texts have for others, and the mark of UTF-8.
_HARD: Final = tuple(sign.encode() for sign in "\u00a0\u2007\u202f\ufeff")
CLOCK_SIZE: Final = len("[HH:MM:SS.mmm] ")
#: Two words of the clock: their offsets, zeros for the digits, the bits that must then be zero, and numbers
#: that carry a digit beyond the most that it can be into these bits.
_CLOCK_WORDS: Final = (
    (0, b"[00:00:0", b"\xff\xf0\xf0\xff\xf0\xf0\xff\xf0", b"\0\6\6\0\12\6\0\12"),
    (7, b"00.000] ", b"\xf0\xf0\xff\xf0\xf0\xf0\xff\xff", b"\12\6\0\6\6\6\0\0"),
)
_MOST_HOURS: Final = 24 * 3_600_000


class Entries(NamedTuple):
    """The entries of all pages of a buffer, in order; arrays have a value an entry.

    Attributes
    ----------
    text, end, first_end:
        Offsets in the buffer: of the text after the clock, and of the line ends after the text and after its
        first line.
    line:
        The line of the file, from 1.
    is_one_line, ends_blank:
        Whether the text has one line, and whether its first line ends in a blank.
    us:
        Microseconds since the midnight before the first entry of the page. See `logparse.engine.timeline`.
    letter:
        How the entry is read.
    first:
        For each page the index of its first entry, and one index more, the number of all entries.
    """

    text: NDArray[np.int64]
    end: NDArray[np.int64]
    first_end: NDArray[np.int64]
    line: NDArray[np.int64]
    is_one_line: NDArray[np.bool_]
    ends_blank: NDArray[np.bool_]
    us: NDArray[np.int64]
    letter: NDArray[np.uint8]
    first: NDArray[np.int64]


class Pack:
    """Files in one buffer, each preceded by a line end and followed by one.

    Attributes
    ----------
    data:
        The buffer.
    starts, ends:
        The offsets of each file; `ends` is that of the line end with which it ends, or which was added.
    line_ends:
        The offsets of all line ends.
    odd:
        Whether each file has control characters, or blanks and marks that readers of copied texts take out.
    """

    def __init__(self, files: Sequence[bytes]) -> None:
        pieces = [b"\n"]
        for file in files:
            pieces.append(file if file.endswith(b"\n") else file + b"\n")
        sizes = np.array([len(piece) for piece in pieces])
        self.starts = np.cumsum(sizes)[:-1]
        self.ends = self.starts + sizes[1:] - 1
        self.size = int(sizes.sum())
        padding = PADDING + -(self.size + PADDING) % _BLOCK
        self.data = b"".join([*pieces, b" " * padding])
        self.bytes: NDArray[np.uint8] = np.frombuffer(self.data, dtype=np.uint8)
        #: The eight bytes from each offset on.
        self.words: NDArray[np.uint64] = np.ndarray(
            (len(self.data) - 7,), np.dtype("<u8"), self.data, strides=(1,)
        )
        others, self._openings = _signs(self.bytes)
        signs = self.bytes[others]
        is_end = signs == ord("\n")
        self.line_ends = others[is_end]
        #: The offsets of bytes that are not ASCII.
        self.wide = others[signs > _DELETE]
        self.odd: NDArray[np.bool_] = np.zeros(len(files), dtype=bool)
        controls = others[~is_end & (signs != ord("\t")) & (signs <= _DELETE)]
        self.odd[self._files_of(controls[controls < self.size])] = True
        for sign in _HARD:
            self.odd[self._files_of(self.wide[self.begins(self.wide, sign)])] = True

    def deep(self, begin: NDArray[Any], end: NDArray[Any], most: int) -> NDArray[np.bool_]:
        """Return whether the JSON at each place can be nested deeper than `most` levels."""
        total = self._openings
        found: NDArray[np.bool_] = total[end // _BLOCK + 1] - total[begin // _BLOCK] > most
        for place in np.flatnonzero(found).tolist():
            text = self.data[int(begin[place]) : int(end[place])]
            found[place] = text.count(b"{") + text.count(b"[") > most
        return found

    def rows(self, places: NDArray[Any], size: int) -> NDArray[np.uint64]:
        """Return the bytes from each place on, `size` and up to 7 more, as a row of words for each place."""
        size = max(8, size + -size % 8)
        starts = np.ndarray((len(self.data) - size + 1,), np.dtype(f"V{size}"), self.data, strides=(1,))
        found: NDArray[np.uint64] = starts[places].view("<u8").reshape(len(places), size // 8)
        return found

    def same(self, left: NDArray[Any], right: NDArray[Any], sizes: NDArray[Any]) -> NDArray[np.bool_]:
        """Return whether the bytes at offsets `left` equal those at offsets `right`, `sizes` bytes each."""
        most = int(sizes.max(initial=0))
        differ = self.rows(left, most) ^ self.rows(right, most)
        # Bytes after the last one do not count.
        differ &= _masks(most)[sizes]
        return _is_zero(differ)

    def begins(self, places: NDArray[Any], text: bytes) -> NDArray[np.bool_]:
        """Return whether a text is at each place."""
        words = _words_of(text)
        differ = (self.rows(places, len(text)) ^ words) & _masks(len(text))[-1]
        return _is_zero(differ)

    def _files_of(self, places: NDArray[Any]) -> NDArray[np.int64]:
        """Return the file that holds each offset."""
        return np.searchsorted(self.starts, places, side="right") - 1


def _words_of(text: bytes) -> NDArray[np.uint64]:
    """Return a text as words, with zeros after it."""
    return np.frombuffer(text.ljust(max(8, len(text) + -len(text) % 8), b"\0"), np.dtype("<u8"))


def _is_zero(rows: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which rows have zeros only."""
    together = rows[:, 0].copy()
    # numpy takes ten times as long to put together the few words of each row.
    for column in range(1, rows.shape[1]):
        together |= rows[:, column]
    found: NDArray[np.bool_] = together == 0
    return found


@lru_cache(maxsize=16)
def _masks(most: int) -> NDArray[np.uint64]:
    """Return for each number of bytes up to `most` the words in which these bytes are set."""
    size = max(8, most + -most % 8)
    is_set = np.arange(size) < np.arange(most + 1)[:, None]
    return (is_set * np.uint8(255)).view("<u8")


def _signs(data: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return the places of bytes that are not printable ASCII, and for each block the openings before it.

    An opening is a sign that opens a level of JSON. Each piece of the bytes fits in the processor's cache.
    """
    places, sums = [], []
    scratch = np.empty(_PIECE, dtype=np.uint8)
    flags = np.empty(_PIECE, dtype=bool)
    for begin in range(0, len(data), _PIECE):
        piece = data[begin : begin + _PIECE]
        work, flag = scratch[: len(piece)], flags[: len(piece)]
        np.subtract(piece, np.uint8(ord(" ")), out=work)
        np.greater_equal(work, np.uint8(_DELETE - ord(" ")), out=flag)
        places.append(np.flatnonzero(flag) + begin)
        # Both signs that open a level of JSON differ in one bit.
        np.bitwise_or(piece, np.uint8(0x20), out=work)
        np.equal(work, np.uint8(ord("{")), out=flag)
        words = flag.view("<u8")
        counted = words[:: _BLOCK // 8].copy()
        for offset in range(1, _BLOCK // 8):
            counted += words[offset :: _BLOCK // 8]
        # Each byte counts an eighth of the block. The product has their sum in its highest byte.
        sums.append((counted * np.uint64(0x0101010101010101)) >> np.uint64(56))
    return np.concatenate(places), np.append(np.uint64(0), np.cumsum(np.concatenate(sums)))


def find_entries(pack: Pack) -> Entries:
    """Return the entries of the files of a buffer. A file of which none is found has none."""
    data, line_ends = pack.bytes, pack.line_ends
    begins = line_ends[:-1] + 1
    lines = np.flatnonzero(data[begins] == ord("["))
    is_clock, ms = _clocks(pack, begins[lines])
    if not is_clock.all():
        lines, ms = lines[is_clock], ms[is_clock]
    begin = begins[lines]
    first = np.searchsorted(begin, np.append(pack.starts, pack.size))
    end = np.append(begin[1:], pack.size) - 1
    owned = first[1:] > first[:-1]
    end[first[1:][owned] - 1] = pack.ends[owned]
    text = begin + CLOCK_SIZE
    first_ends = line_ends[lines + 1]
    last_bytes = data[first_ends - 1]
    top = np.searchsorted(line_ends, pack.starts - 1)
    return Entries(
        text=text,
        end=end,
        first_end=first_ends,
        line=lines - np.repeat(top, np.diff(first)) + 1,
        is_one_line=first_ends == end,
        ends_blank=(last_bytes == ord(" ")) | (last_bytes == ord("\t")),
        us=_unwrapped(ms, first),
        letter=_letters(pack, text),
        first=first,
    )


def _clocks(pack: Pack, places: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return at which places a clock is, and its milliseconds since midnight."""
    found = np.ones(len(places), dtype=bool)
    pairs = []
    for offset, *texts in _CLOCK_WORDS:
        zeros, mask, most = (np.uint64(int.from_bytes(text, "little")) for text in texts)
        digits = pack.words[offset:][places] ^ zeros
        found &= ((digits | (digits + most)) & mask) == 0
        # Each byte becomes the number of two digits, of which it was the second one.
        pairs.append(digits + (digits * np.uint64(10) << np.uint64(8)))
    first, second = (pair.view(np.uint8).reshape(-1, 8) for pair in pairs)
    ms = np.zeros(len(places), dtype=np.int64)
    for numbers, weight in (
        (first[:, 2], 3_600_000),
        (first[:, 5], 60_000),
        (second[:, 1], 1_000),
        (second[:, 3], 100),
        (second[:, 5], 1),
    ):
        ms += numbers * np.int64(weight)
    return found & (ms < _MOST_HOURS), ms


def _unwrapped(ms: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return clocks as times that run on over midnight, from the midnight before the first one of a page."""
    if not len(ms):
        return ms
    us = ms * 1000
    steps = np.diff(us, prepend=us[:1])
    steps[steps < -STEP_BACK_US] += DAY_US
    steps[steps >= DAY_US - STEP_BACK_US] -= DAY_US
    begins = first[:-1][first[1:] > first[:-1]]
    total = np.cumsum(steps)
    moved: NDArray[np.int64] = total + np.repeat(
        us[begins] - total[begins], np.diff(np.append(begins, len(ms)))
    )
    return moved


def _letters(pack: Pack, text: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the letter of each entry, by the first eight bytes of its text."""
    words = pack.words[text]
    letter = np.full(len(text), OTHER, dtype=np.uint8)
    mask = np.uint64((1 << 48) - 1)
    seventh = pack.bytes[text + len(NUMBERED)]
    numbered = (words & mask) == np.uint64(int.from_bytes(NUMBERED, "little"))
    letter[numbered & (seventh >= ord("0")) & (seventh <= ord("9"))] = STATUS
    for beginning, value in BEGINNINGS.items():
        # Entries of checks are many: their texts are compared in full later.
        part = beginning[:8] if value in (HANDLED, SCHEDULED, TICK, NOTIFIED, STATUS) else beginning
        chosen = _starting(words, part[:8])
        if len(part) > 8:
            places = np.flatnonzero(chosen)
            chosen = places[pack.begins(text[places], part)]
        letter[chosen] = value
    return letter


def _starting(words: NDArray[np.uint64], part: bytes) -> NDArray[Any]:
    mask = np.uint64((1 << 8 * len(part)) - 1)
    found: NDArray[Any] = (words & mask) == np.uint64(int.from_bytes(part, "little"))
    return found
