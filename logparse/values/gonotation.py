"""Go's notations for strings, durations, lists and maps, as the scheduler's log shows them.

The scheduler writes its log with the verbs of Go's ``fmt``: ``%q`` quotes a string as Go source does, ``%s``
of a ``time.Duration`` gives ``21m2.491646275s``, ``%s`` of a slice ``[a b]`` and of a map ``map[k:v]``. The
facts are from the Go specification and the documentation of ``fmt`` and ``time``.
"""

from __future__ import annotations

import re
import sys
from typing import Final

#: One Go-quoted string. Possessive, so that a long text that does not match takes linear time.
QUOTED: Final = r'"(?:[^"\\\n]++|\\.)*+"'
#: One Go duration. A number has at most 20 digits, because a duration has no more.
DURATION: Final = r"-?+(?:[0-9]{1,20}+(?:\.[0-9]{1,20}+)?+(?:ns|us|µs|μs|ms|h|m|s))++|0"

_NS_PER_UNIT: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_DURATION_RE: Final = re.compile(DURATION)
#: The form of most durations of a second or more.
_USUAL_RE: Final = re.compile(r"(?:([0-9]{1,9})h)?+(?:([0-9]{1,9})m)?+([0-9]{1,9})(?:\.([0-9]{1,9}))?+s")
_TERM_RE: Final = re.compile(r"([0-9]++)(?:\.([0-9]++))?+(ns|us|µs|μs|ms|h|m|s)")
_SIMPLE_ESCAPES: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
}
# Go does not have octal escapes above \377, or escapes of half a surrogate pair.
_ESCAPE_RE: Final = re.compile(
    r"((?:\\x[89a-fA-F][0-9a-fA-F]|\\[23][0-7]{2})++)"
    r"|\\(?:([abfnrtv\\'\"])|x([0-7][0-9a-fA-F])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([01][0-7]{2}))"
)
_SURROGATES: Final = range(0xD800, 0xE000)
_BYTE_RE: Final = re.compile(r"\\(?:x(..)|(...))")
_MAP_PAIR_RE: Final = re.compile(rf"({QUOTED}):({QUOTED})(?: |\Z)")


def parse_duration_ns(text: str) -> int:
    """Return the nanoseconds of a Go duration such as ``21m2.491646275s``.

    Digits after the nanoseconds are dropped, as Go does.

    Raises
    ------
    ValueError
        If `text` is not a Go duration.
    """
    usual = _USUAL_RE.fullmatch(text)
    if usual is not None:
        hours, minutes, seconds, fraction = usual.groups()
        whole = int(hours or 0) * 3_600 + int(minutes or 0) * 60 + int(seconds)
        return whole * 1_000_000_000 + (int(fraction.ljust(9, "0")) if fraction else 0)
    if not _DURATION_RE.fullmatch(text):
        raise ValueError(f"not a Go duration: {text[:40]!r}")
    total = 0
    for whole, fraction, unit in _TERM_RE.findall(text):
        scale = _NS_PER_UNIT[unit]
        total += int(whole) * scale
        if fraction:
            total += int(fraction) * scale // 10 ** len(fraction)
    return -total if text.startswith("-") else total


def parse_duration_s(text: str) -> float:
    """Return the seconds of a Go duration; exact to the nanosecond up to 104 days."""
    return parse_duration_ns(text) / 1e9


def format_duration(seconds: float) -> str:
    """Return `seconds` in Go's notation, the inverse of `parse_duration_s`."""
    ns = round(seconds * 1e9)
    sign, ns = ("-", -ns) if ns < 0 else ("", ns)
    if ns == 0:
        return "0s"
    for unit, scale in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if ns < scale * 1000:
            return f"{sign}{_decimal(ns, scale)}{unit}"
    hours, rest = divmod(ns, _NS_PER_UNIT["h"])
    minutes, rest = divmod(rest, _NS_PER_UNIT["m"])
    tail = f"{_decimal(rest, _NS_PER_UNIT['s'])}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{tail}"
    return f"{sign}{minutes}m{tail}" if minutes else f"{sign}{tail}"


def _decimal(value: int, scale: int) -> str:
    whole, rest = divmod(value, scale)
    digits = len(str(scale)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0").rstrip(".") if digits else str(whole)


def unquote(text: str) -> str:
    r"""Return the string that the Go-quoted `text` means.

    ``\x80``…``\xff`` and ``\200``…``\377`` are raw bytes in Go. Several in a row are read as UTF-8 if
    they are valid, and kept as written if not. Escapes that Go does not have are kept as written.
    Text that is not quoted (``%!q(MISSING)``) is returned as it is.
    """
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "\"'":
        return text
    body = text[1:-1]
    return _ESCAPE_RE.sub(_unescape, body) if "\\" in body else body


def _unescape(match: re.Match[str]) -> str:
    run, simple, byte, short, long, octal = match.groups()
    if run is not None:
        codes = [int(hex_ or octal_, 16 if hex_ else 8) for hex_, octal_ in _BYTE_RE.findall(run)]
        try:
            return bytes(codes).decode("utf-8")
        except UnicodeDecodeError:
            return run
    if simple is not None:
        return _SIMPLE_ESCAPES[simple]
    if octal is not None:
        return chr(int(octal, 8))
    code = int(byte or short or long, 16)
    return match[0] if code in _SURROGATES or code > sys.maxunicode else chr(code)


def quote(text: str) -> str:
    """Return `text` quoted as Go's ``%q`` does, the inverse of `unquote`."""
    return '"' + "".join(_quote_char(c) for c in text) + '"'


def _quote_char(c: str) -> str:
    if c in '"\\':
        return "\\" + c
    if c.isprintable():
        return c
    for name, char in _SIMPLE_ESCAPES.items():
        if char == c and name not in "'\"\\":
            return "\\" + name
    code = ord(c)
    if code in _SURROGATES:
        return "\\ufffd"  # as in Go, which does not have an escape for a surrogate
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def parse_list(text: str) -> list[str]:
    """Return the items of a Go slice of strings as ``%s`` prints it: ``[a b]``. No item has a space."""
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    return text.split()


def format_list(items: list[str]) -> str:
    """Return `items` as Go's ``%s`` prints a slice of strings."""
    return "[" + " ".join(items) + "]"


def parse_map(text: str) -> dict[str, str] | str:
    """Return a Go map of strings, printed with ``%q`` or ``%s``, or the text itself if it is ambiguous."""
    if not (text.startswith("map[") and text.endswith("]")):
        return text
    body = text[4:-1]
    if body.startswith('"'):
        items: dict[str, str] = {}
        position = 0
        # Each pair is matched right after the one before, so that a quote in a broken pair begins none.
        while pair := _MAP_PAIR_RE.match(body, position):
            items[unquote(pair[1])] = unquote(pair[2])
            position = pair.end()
        return items if position == len(body) else text
    pairs = [item.rsplit(":", 1) for item in body.split()]
    return dict(pairs) if all(len(pair) == 2 for pair in pairs) else text


def format_map(items: dict[str, str]) -> str:
    """Return `items` as Go's ``%q`` prints a map of strings: sorted by key."""
    return "map[" + " ".join(f"{quote(k)}:{quote(items[k])}" for k in sorted(items)) + "]"
