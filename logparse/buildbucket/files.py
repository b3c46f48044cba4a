"""Files of builds: the shapes in which `bb`, the API and people save them.

Read are objects one after another, one a line or indented, lists and nested lists of them, answers of
searches (``{"builds": […]}``) and batches (``{"responses": […]}``), notifications and answers of version 1
(``{"build": …}``), each also with the first line ``)]}'`` of pRPC and with lines of warnings between.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from logparse.buildbucket import values
from logparse.buildbucket.builds import is_build, read_build
from logparse.buildbucket.payloads import TOO_DEEP, Json, is_too_deep, without_halves
from logparse.buildbucket.scan import goes_on, object_extent
from logparse.errors import InputError
from logparse.records import Build
from logparse.sources import Note, Skipped, Source
from logparse.sources.detection import JSON_LINE_RE, nothing

Found: TypeAlias = "Build | InputError"

#: A file with more broken objects than this is given up.
MOST_BROKEN: Final = 1_000
#: More lines than this in front of the first JSON are not warnings: in a walk the file is another one.
_MOST_WARNINGS: Final = 20
_NO_BUILDS: Final = "holds no builds"
_REMEDY: Final = "save the output of bb get -A -json"
#: Members that hold the builds of a search or the answers of a batch.
_LISTS: Final = frozenset({"builds", "responses", "results", "searchBuilds", "search_builds"})
_ANSWERS: Final = ("getBuild", "get_build", "scheduleBuild", "schedule_build", "cancelBuild", "cancel_build")
_PAGE_TOKENS: Final = frozenset({"nextPageToken", "next_page_token", "next_cursor"})

_DECODER: Final = json.JSONDecoder()
_JSON_FIRST_RE: Final = re.compile(r"[\s\ufeff]*+(?:\)\]\}'\s*+)?(?:\[\s*+)*+[{\]]")
_SEPARATOR_RE: Final = re.compile(r"[\s,\ufeff]*+(?:\)\]\}'[\s,]*+)?")
#: A value that is neither a list nor an object, as an element of a list.
_VALUE_RE: Final = re.compile(
    r'(?:null|true|false|"(?:[^"\\\n]++|\\.)*+"|-?+[0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+)(?=\s*+[,\]])'
)
_LIST_RE: Final = re.compile(
    rf"\[\s*+(?=(?:{_VALUE_RE.pattern}\s*+,\s*+)*+(?:[\[{{\]]|{_VALUE_RE.pattern}\s*+\]))"
)
_SCALAR: Final = r'(?:"(?:[^"\\\n]++|\\.)*+"|[-+\w.]++)'
_MEMBER_RE: Final = re.compile(rf'"([^"\\\n]*+)"\s*+:\s*+({_SCALAR})?+')
#: An object whose first member that is not a scalar holds what counts: it is read part by part.
_WRAPPER_RE: Final = re.compile(
    rf'\{{\s*+((?:"[^"\\\n]*+"\s*+:\s*+{_SCALAR}\s*+,\s*+)*+)"(?:{"|".join(sorted(_LISTS))})"\s*+:\s*+(?=[\[{{])'
)


class _FailedRequest(InputError):
    """An answer of a batch that is an error of Buildbucket."""


def read_builds(source: Source) -> Iterator[Found]:
    """Yield the builds of a file, each with its source and line.

    What is not a build is yielded as an error with its line: a broken object, after which reading goes on
    with the next one, a request of a batch that failed, and JSON of another kind. A line that is not JSON,
    and the mark of a search that more builds follow, are yielded as `Note`.
    """
    yield from _File(source).read()


def builds_in(source: Source) -> list[Found]:
    """Return all that a file of builds holds.

    Raises
    ------
    InputError
        Where the text holds no build.
    """
    first = JSON_LINE_RE.search(source.text)
    if first is None or (source.walked and source.text.count("\n", 0, first.start()) > _MOST_WARNINGS):
        raise nothing(source.text).refusal(source.name)
    found = list(read_builds(source))
    # Any JSON can hold an error. In a walk, one alone does not make a file of builds.
    kinds = (Build,) if source.walked else (Build, _FailedRequest)
    if any(isinstance(item, kinds) for item in found):
        return found
    if not _JSON_FIRST_RE.match(source.text):
        raise nothing(source.text).refusal(source.name)
    errors = [item for item in found if isinstance(item, InputError) and not isinstance(item, Skipped)]
    if errors and errors[0].cause != _NO_BUILDS:
        raise errors[0]
    line = errors[0].line if errors else None
    raise InputError("holds no scheduler log and no build", source=source.name, line=line, remedy=_REMEDY)


class _File:
    """One pass over a file of builds."""

    def __init__(self, source: Source) -> None:
        self._text = without_halves(source.text)
        self._name = source.name
        self._position = 0
        self._line, self._counted = 1, 0
        #: Brackets of lists and wrappers that are open around the position.
        self._open = 0
        #: Broken objects so far. After the first one, the end of an object is looked for before it is
        #: decoded, so that no part of the text is decoded in vain more than twice.
        self._broken = 0
        #: Characters that were looked at and are to be looked at again.
        self._wasted = 0
        self._read = False
        #: Lines of: what is not JSON, elements of lists that are not objects, objects that are not builds,
        #: searches of which more pages follow.
        self._noise: list[int] = []
        self._values: list[int] = []
        self._others: list[int] = []
        self._pages: list[int] = []

    def read(self) -> Iterator[Found]:
        """Yield what the file holds in order, then what was left out."""
        while self._to_next_object():
            line = self._line_at(self._position)
            value = self._decoded(line)
            for found in [value] if isinstance(value, InputError) else self._judged(value, line):
                self._read = True
                yield found
        yield from self._left_out()

    def _line_at(self, position: int) -> int:
        self._line += self._text.count("\n", self._counted, position)
        self._counted = position
        return self._line

    # --- between objects ----------------------------------------------------------------------

    def _to_next_object(self) -> bool:
        """Move to the next object that is to be decoded whole; return False at the end of the text."""
        text = self._text
        while True:
            found = _SEPARATOR_RE.match(text, self._position)
            self._position = found.end() if found else self._position
            char = text[self._position : self._position + 1]
            if not char:
                return False
            if char == "{":
                if not (found := _WRAPPER_RE.match(text, self._position)):
                    return True
                self._open += 1
                self._note_pages(found[1])
                self._position = found.end()
            elif char in "]}":
                if not self._open and not self._broken:
                    self._noise.append(self._line_at(self._position))
                self._open = max(0, self._open - 1)
                self._position += 1
            elif not (self._open_container() or self._skip_member() or self._skip_value()):
                self._skip_line()

    def _open_container(self) -> bool:
        """Step into a list of objects, or into the object that a member of a wrapper is."""
        found = _LIST_RE.match(self._text, self._position)
        if found is None:
            return False
        self._open += 1
        self._position = found.end()
        return True

    def _skip_member(self) -> bool:
        """Move past a member of a wrapper: the name, and the value unless it is a list or an object."""
        found = _MEMBER_RE.match(self._text, self._position) if self._open or self._broken else None
        if found is None:
            return False
        self._note_pages(found[0])
        self._position = found.end()
        if found[2] is None and found[1] not in _LISTS:
            try:
                _, self._position = _DECODER.raw_decode(self._text, self._position)
            except (ValueError, RecursionError):
                self._skip_line()
        return True

    def _skip_value(self) -> bool:
        """Move past an element of a list that can hold no build, such as the null of a build not found."""
        found = _VALUE_RE.match(self._text, self._position) if self._open else None
        if found is None:
            return False
        self._values.append(self._line_at(self._position))
        self._position = found.end()
        return True

    def _skip_line(self) -> None:
        self._noise.append(self._line_at(self._position))
        end = self._text.find("\n", self._position)
        self._position = end if end >= 0 else len(self._text)

    def _note_pages(self, members: str) -> None:
        if any(
            name in _PAGE_TOKENS and value not in ("", '""', "null")
            for name, value in _MEMBER_RE.findall(members)
        ):
            self._pages.append(self._line_at(self._position))

    # --- objects ------------------------------------------------------------------------------

    def _decoded(self, line: int) -> Any:
        """Move past the object at the position, and return it, or the error that says why that fails."""
        text, start = self._text, self._position
        if not self._broken:
            try:
                value, end = _DECODER.raw_decode(text, start)
            except (ValueError, RecursionError):
                end = -1
            if end >= 0 and not goes_on(text, end):
                self._position = end
                if not is_too_deep(value, text[start:end]):
                    return value
                return self._error(f"holds {TOO_DEEP}", line)
        extent = object_extent(text, start, first_close=self._wasted > len(text))
        self._position = len(text) if extent.end is None else extent.end
        cause = f"holds {TOO_DEEP}"
        if not extent.too_deep:
            try:
                value, length = _DECODER.raw_decode(text[start : self._position])
            except json.JSONDecodeError as error:
                cause = f"holds broken JSON ({error.msg} in line {line + error.lineno - 1})"
            except (ValueError, RecursionError) as error:
                cause = f"holds broken JSON ({error})"
            else:
                self._wasted += extent.scanned - start - length
                if not goes_on(text, start + length):
                    self._position = start + length
                    return value
                cause = "holds broken JSON (a closing bracket too many)"
        self._broken += 1
        if extent.end is None or self._broken > MOST_BROKEN:
            self._position = len(text)
            cause = f"{cause}, and nothing from this line on is read"
        return self._error(cause, line)

    def _error(self, cause: str, line: int) -> InputError:
        remedy = (
            "no build is; leave that object out"
            if cause.startswith(f"holds {TOO_DEEP}")
            else "fetch the build again"
        )
        return InputError(cause, source=self._name, line=line, remedy=remedy)

    def _judged(self, value: Json, line: int) -> Iterator[Found]:
        """Yield the builds, and the failed requests, of an object of a file."""
        build = read_build(value) if is_build(value) else None
        if build is not None:
            build.source, build.source_line = self._name, line
            yield build
            return
        parts = [value[key] for key in _ANSWERS if key in value]
        parts += [part for key in _LISTS for part in _as_list(value.get(key))]
        error = values.object_of(value, "error")
        if error:
            yield self._failed_request(error, line)
        elif not parts and value:
            self._others.append(line)
        for part in parts:
            yield from self._judged(values.object_of(part), line)

    def _failed_request(self, error: Json, line: int) -> InputError:
        reason = values.first(values.text(error.get("code")), values.text(error.get("reason"))) or "unknown"
        message = values.one_line(error.get("message")) or "no message"
        return _FailedRequest(
            f"holds a failed request (code {reason}: {message})",
            source=self._name,
            line=line,
            remedy="ask for that build again",
        )

    def _left_out(self) -> Iterator[InputError]:
        """Yield what was read and is not a build."""
        if self._open and not self._broken:
            yield InputError(
                "ends before its list ends",
                source=self._name,
                line=self._line_at(len(self._text)),
                remedy="fetch the builds again",
            )
        if self._others:
            more = f" and {len(self._others) - 1} more below" if len(self._others) > 1 else ""
            cause = f"holds a JSON object that is not a build{more}" if self._read else _NO_BUILDS
            yield InputError(cause, source=self._name, line=self._others[0], remedy=_REMEDY)
        for lines, cause, remedy in (
            (self._pages, "is a page of a search, and more builds follow", "fetch the next pages as well"),
            (self._values, f"elements of lists that are not builds: {len(self._values)}", None),
            (self._noise, f"lines that are not JSON: {len(self._noise)}, the first here", None),
        ):
            if lines:
                yield Note(cause, source=self._name, line=lines[0], remedy=remedy)


def _as_list(value: Any) -> list[Any]:
    return [value] if isinstance(value, dict) else values.list_of(value)
