"""Mutants of inputs: one seeded edit, or a few, of the bytes of a log, a page or a file of builds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

#: An edit gets the generator, the input, and another input to take parts from.
Edit = Callable[[Random, bytes, bytes], bytes]
EDITS: Final[dict[str, Edit]] = {}

_CLOCK: Final = re.compile(rb"\[(\d\d):(\d\d):(\d\d)\.(\d{3})\]")
_FIELD: Final = re.compile(rb'"(\w+)"(\s*:\s*)("[^"\n]*+"|[\w.+-]++)')
#: After these the engine writes an argument.
_LITERALS: Final = re.compile(
    rb"\(attempt |\d\d:\d|:\d+:\d|status |finished in |after |retried|triggered by |task |build |job ", re.I
)
_ODD: Final = (
    b"",
    b"0",
    b"-1",
    b" ",
    b"\t",
    b")",
    b"(",
    b'"',
    b"99999999999999999999",
    b"\xff",
    "é".encode(),
    b"x",
)
_JSON: Final = (
    b"null",
    b"0",
    b"-1",
    b"1e400",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b'"x"',
    b'"2021-02-30T00:00:00Z"',
)


def _edit(function: Edit) -> Edit:
    EDITS[function.__name__.strip("_")] = function
    return function


def _replaced(text: bytes, begin: int, end: int, new: bytes) -> bytes:
    return text[:begin] + new + text[end:]


@_edit
def _byte(random: Random, text: bytes, other: bytes) -> bytes:
    at = random.randrange(len(text))
    return _replaced(text, at, at + random.randint(0, 1), bytes([random.randrange(256)]))


@_edit
def _digit(random: Random, text: bytes, other: bytes) -> bytes:
    digits = [match.start() for match in re.finditer(rb"\d", text)]
    at = random.choice(digits)
    return _replaced(text, at, at + 1, b"%d" % random.randrange(10))


@_edit
def _clock(random: Random, text: bytes, other: bytes) -> bytes:
    clocks = list(_CLOCK.finditer(text))
    first = random.randrange(len(clocks))
    last = random.choice((first + 1, len(clocks)))
    shift = random.choice((-1, 1, 1000, -1000, 60_000, 3_600_000, 86_399_999, random.randrange(86_400_000)))
    parts, end = [], 0
    for match in clocks[first:last]:
        hour, minute, second, ms = map(int, match.groups())
        at = (((hour * 60 + minute) * 60 + second) * 1000 + ms + shift) % 86_400_000
        clock = b"[%02d:%02d:%02d.%03d]" % (at // 3_600_000, at // 60_000 % 60, at // 1000 % 60, at % 1000)
        parts += [text[end : match.start()], clock]
        end = match.end()
    return b"".join([*parts, text[end:]])


@_edit
def _lines_deleted(random: Random, text: bytes, other: bytes) -> bytes:
    lines = text.splitlines(keepends=True)
    at = random.randrange(len(lines))
    return b"".join(lines[:at] + lines[at + random.choice((1, 1, 2, 5)) :])


@_edit
def _lines_doubled(random: Random, text: bytes, other: bytes) -> bytes:
    lines = text.splitlines(keepends=True)
    at = random.randrange(len(lines))
    end = at + random.choice((1, 1, 2, 5))
    return b"".join(lines[:end] + lines[at:])


@_edit
def _lines_swapped(random: Random, text: bytes, other: bytes) -> bytes:
    lines = text.splitlines(keepends=True)
    one = random.randrange(len(lines))
    two = random.choice((min(one + 1, len(lines) - 1), random.randrange(len(lines))))
    lines[one], lines[two] = lines[two], lines[one]
    return b"".join(lines)


@_edit
def _spliced(random: Random, text: bytes, other: bytes) -> bytes:
    lines, more = text.splitlines(keepends=True), other.splitlines(keepends=True)
    at, begin = random.randrange(len(lines) + 1), random.randrange(len(more))
    return b"".join(lines[:at] + more[begin : begin + random.choice((1, 3, 20, len(more)))] + lines[at:])


@_edit
def _truncated(random: Random, text: bytes, other: bytes) -> bytes:
    at = random.randrange(len(text))
    return random.choice((text[:at], text[at:]))


@_edit
def _field(random: Random, text: bytes, other: bytes) -> bytes:
    match = random.choice(list(_FIELD.finditer(text)))
    name, colon, value = match.groups()
    whole = match.group()
    new = random.choice(
        (
            b"",  # removed, with a comma too many
            b'"%sX"%s%s' % (name, colon, value),
            b'"%s"%s%s' % (name, colon, random.choice(_JSON)),
            b'"%s"%s"%s"' % (name, colon, value.strip(b'"')),
            whole + b", " + whole,
            b'%s, "%s"%s%s' % (whole, name, colon, random.choice(_JSON)),
        )
    )
    end = match.end()
    if not new:  # Half of the removals are valid JSON.
        comma = re.compile(rb"\s*,").match(text, end)
        end = comma.end() if comma and random.random() < 0.5 else end
    return _replaced(text, match.start(), end, new)


@_edit
def _argument(random: Random, text: bytes, other: bytes) -> bytes:
    match = random.choice(list(_LITERALS.finditer(text)))
    at = random.choice((match.end(), match.end() - 1, match.start(), match.start() + 1))
    return _replaced(text, at, at + random.choice((0, 1)), random.choice(_ODD))


@_edit
def _line_ends(random: Random, text: bytes, other: bytes) -> bytes:
    if random.random() < 0.5:
        return text.replace(b"\r\n", b"\n").replace(b"\n", random.choice((b"\r\n", b"\r")))
    at = random.choice([match.start() for match in re.finditer(rb"\n", text)])
    return _replaced(text, at, at + 1, random.choice((b"\r\n", b"\r", b"\n\n", "\u2028".encode(), b"\x0b")))


@_edit
def _blanks(random: Random, text: bytes, other: bytes) -> bytes:
    blank = random.choice((b" ", b"\t", b"  ", "\u00a0".encode()))
    if random.random() < 0.3:
        return text.replace(b"\n", blank + b"\n")
    at = random.choice([match.start() for match in re.finditer(rb"\n", text)])
    return _replaced(text, at, at, blank)


def mutant(random: Random, texts: Sequence[bytes]) -> tuple[str, bytes]:
    """Return the names of the edits made, and a text that differs from all the edits' inputs where possible."""
    text, other = random.choice(texts), random.choice(texts)
    made: list[str] = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        name = random.choice(list(EDITS))
        try:
            text = EDITS[name](random, text, other)
        except (IndexError, ValueError):  # The text has nothing that this edit changes.
            continue
        made.append(name)
    return "+".join(made), text
