"""JSON from outside, decoded within limits: broken, deeply nested and unencodable text included."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec

Json = dict[str, Any]

#: Deeper JSON is not read: code that walks it again, as `repr` does, would meet Python's limit at some depth.
MAX_NESTING: Final = 200
TOO_DEEP: Final = f"JSON nested deeper than {MAX_NESTING} levels"

_DECODER: Final = json.JSONDecoder()
#: An escape in JSON; of a surrogate pair both, and half a pair is named.
_ESCAPE_RE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class Payload(NamedTuple):
    """A decoded payload: the object, or None with the reason, and the text that follows it."""

    value: Json | None
    error: str | None = None
    tail: str = ""


def without_halves(text: str) -> str:
    """Return JSON with U+FFFD for half a surrogate pair, which no output could encode. Offsets stay."""
    if "\\ud" not in text and "\\uD" not in text:
        return text
    return _ESCAPE_RE.sub(lambda m: m[0] if m["half"] is None else r"\ufffd", text)


def is_too_deep(value: Any, text: str) -> bool:
    """Return whether a value, decoded from `text`, nests deeper than `MAX_NESTING` levels."""
    if not isinstance(value, (dict, list)) or text.count("{") + text.count("[") <= MAX_NESTING:
        return False
    level = [value]
    for _ in range(MAX_NESTING):
        children = chain.from_iterable(v.values() if isinstance(v, dict) else v for v in level)
        level = [v for v in children if isinstance(v, (dict, list))]
        if not level:
            return False
    return True


def decode_payload(text: str) -> Payload:
    """Return the JSON object that `text` begins with. Never raises: a broken payload has its error."""
    try:
        value = msgspec.json.decode(text)
        tail = ""
    except (ValueError, RecursionError):
        start = len(text) - len(text.lstrip())
        try:
            value, end = _DECODER.raw_decode(without_halves(text), start)
        except ValueError as error:
            return Payload(None, f"not JSON: {error}".split(" (char")[0])
        except RecursionError:
            return Payload(None, TOO_DEEP)
        tail = text[end:].strip("\n")
    if is_too_deep(value, text):
        return Payload(None, TOO_DEEP)
    if not isinstance(value, dict):
        return Payload(None, "JSON, but no object")
    return Payload(value, None, tail)
