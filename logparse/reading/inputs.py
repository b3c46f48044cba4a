"""The inputs that a caller gives: paths, patterns, texts, open files, and lists of them.

`open_inputs` reads them one at a time, in order. An input that cannot be read is an error object in the
same sequence.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, TypeAlias, runtime_checkable

from logparse import sources
from logparse.errors import InputError, LimitError, UsageError
from logparse.sources import Found, Source


@runtime_checkable
class OpenFile(Protocol):
    """An open file, binary or text."""

    def read(self, size: int, /) -> Any:
        """Return at most `size` bytes or characters."""


class GivenText:
    """A text that the caller gave instead of a path."""

    def __init__(self, text: str | bytes) -> None:
        self.text = text


Item: TypeAlias = str | bytes | bytearray | memoryview | os.PathLike[str] | OpenFile
Input: TypeAlias = Item | Iterable[Item]
#: One input that can be opened, or the error for one that does not exist.
Unit: TypeAlias = Found | GivenText | OpenFile | InputError

_PATTERN_RE: Final = re.compile(r"[*?\[]")
#: The beginning of a text without a line end: an entry of a log, a build in JSON, or a web page.
_TEXT_RE: Final = re.compile(r"\s*+(?:\[[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\]|[{<])|\[\s*+\{")
_MOST_NESTING: Final = 8


def open_inputs(
    given: object, function: str, *, max_bytes: int, stdin: BinaryIO | None = None
) -> Iterator[Source | InputError]:
    """Yield each file and text of the inputs, and an error for each that cannot be read.

    Parameters
    ----------
    given:
        An input, or lists of them.
    function:
        Name of the function that got them, for error messages.
    max_bytes:
        Larger inputs are errors.
    stdin:
        The stream that the path ``-`` names; by default the process's standard input.

    Raises
    ------
    UsageError
        Where something is not an input.
    """
    for item in find_inputs(given, function):
        yield open_input(item, max_bytes=max_bytes, stdin=stdin)


def find_inputs(given: object, function: str) -> Iterator[Unit]:
    """Yield each file and text of the inputs, not opened, and an error for each that does not exist.

    Parameters
    ----------
    given, function:
        As in `open_inputs`.

    Raises
    ------
    UsageError
        Where something is not an input.
    """
    for item in _flat(given, function, 0):
        if isinstance(item, str):
            yield from sources.find([item])
        else:
            yield item


def open_input(unit: Unit, *, max_bytes: int, stdin: BinaryIO | None = None) -> Source | InputError:
    """Read one input that `find_inputs` gave. Return its text, or an error where it cannot be read."""
    if isinstance(unit, InputError):
        return unit
    if isinstance(unit, GivenText):
        return _decoded(unit)
    if isinstance(unit, Found):
        return sources.open_found(unit, max_bytes=max_bytes, stdin=stdin)
    return _read_file(unit, max_bytes)


def check(given: object, function: str) -> None:
    """Raise a `UsageError` where something is not an input. Nothing is read."""
    if isinstance(given, (str, bytes, bytearray, memoryview, os.PathLike, OpenFile)):
        return
    # A mapping and a frame are iterable too, but iterating gives their keys.
    if isinstance(given, Iterable) and not isinstance(given, Mapping) and not hasattr(given, "columns"):
        return
    raise UsageError(
        f"{function}() takes paths, texts, open files and lists of these, not {type(given).__name__}",
        remedy=f'name a file or a directory, as lp.{function}("logs")',
    )


def name_of(given: object) -> str | None:
    """Return the given path, or None if the input is something else than one path."""
    if isinstance(given, os.PathLike) or (isinstance(given, str) and not _is_text(given)):
        return os.fsdecode(given).encode("utf-8", "backslashreplace").decode("utf-8")
    return None


def _flat(given: object, function: str, depth: int) -> Iterator[str | GivenText | OpenFile | InputError]:
    """Yield the paths, texts and open files in an input, with all lists in it."""
    check(given, function)
    if isinstance(given, (bytes, bytearray, memoryview)):
        yield _bytes(bytes(given))
    elif isinstance(given, str) and _is_text(given):
        yield GivenText(given)
    elif isinstance(given, (str, os.PathLike)):
        yield from _paths(os.fsdecode(given))
    elif isinstance(given, OpenFile):
        yield given
    elif isinstance(given, Iterable):
        if depth == _MOST_NESTING:
            raise UsageError(f"{function}() got lists in lists, too deeply", remedy="pass one list of paths")
        for item in given:
            yield from _flat(item, function, depth + 1)


# --- texts ------------------------------------------------------------------------------------


def _is_text(given: str) -> bool:
    """Whether a string is a text and not a path."""
    return "\n" in given or (_TEXT_RE.match(given) is not None and not os.path.lexists(given))


def _bytes(given: bytes) -> GivenText | InputError:
    if given and b"\n" not in given and os.path.exists(given):
        return InputError(
            "bytes are a text, not a path",
            source=os.fsdecode(given).encode("utf-8", "backslashreplace").decode("utf-8"),
            remedy="pass the path as str",
        )
    return GivenText(given)


def _decoded(item: GivenText) -> Source | InputError:
    try:
        if isinstance(item.text, str):
            return sources.from_text(item.text)
        return sources.decode(item.text, "<text>")
    except InputError as error:
        return error


# --- paths ------------------------------------------------------------------------------------


def _paths(path: str) -> Iterator[str | InputError]:
    """Yield the path itself if it exists or is not a pattern, else all paths that the pattern matches."""
    if not _PATTERN_RE.search(path) or "\0" in path or os.path.lexists(path):
        yield path
        return
    found = sorted(glob.iglob(path, recursive=True))
    if not found:
        yield InputError(
            "matches no file",
            source=path.encode("utf-8", "backslashreplace").decode("utf-8"),
            remedy="check the pattern; ** matches directories at any depth",
        )
    # A directory is read with all files in it, which a pattern with ** also matches. Each file counts once.
    directories = {os.path.normpath(match) for match in found if os.path.isdir(match)}
    for match in found:
        if directories.isdisjoint(map(str, Path(os.path.normpath(match)).parents)):
            yield match


# --- open files -------------------------------------------------------------------------------


def _read_file(stream: OpenFile, max_bytes: int) -> Source | InputError:
    """Read an open file from its position to its end. It is not closed."""
    path = getattr(stream, "name", None)
    named = isinstance(path, (str, os.PathLike))
    name = (name_of(path) if named else None) or "<file>"
    try:
        # The type of an empty read shows whether the file was opened as text or as binary.
        if isinstance(stream.read(0), str):
            source = _read_text(stream, name, max_bytes)
        else:
            source = sources.read_stream(stream, name, max_bytes=max_bytes)
    except InputError as error:
        return error
    except UnicodeDecodeError as error:
        return InputError(
            f"cannot be read as {error.encoding}", source=name, remedy='open it with open(path, "rb")'
        )
    except (OSError, ValueError) as error:
        return InputError(f"cannot be read ({error})", source=name, remedy="open it for reading")
    return replace(source, path=Path(name)) if named else source


def _read_text(stream: OpenFile, name: str, max_bytes: int) -> Source:
    parts: list[str] = []
    size = 0
    while size <= max_bytes:
        part = stream.read(max_bytes + 1 - size)
        if not part or not isinstance(part, str):
            return sources.from_text("".join(parts), name)
        parts.append(part)
        size += len(part)
    raise LimitError(
        f"is larger than {max_bytes} characters", source=name, remedy="raise the limit with max_bytes"
    )
