"""How long a response's body is, which an HTTP dump states and its lines must agree with."""

from __future__ import annotations

import re
from typing import Final

#: url_fetch reads no more of a body.
_BODY_LIMIT: Final = 4_096
_CONTENT_LENGTH_RE: Final = re.compile(r"^content-length:[ \t]*(\d{1,9})\s*$", re.IGNORECASE | re.MULTILINE)


class Response:
    """How long a response's body is, measured block by block, for it may quote many.

    Parameters
    ----------
    first:
        Index of the response's own block.
    text:
        That block's text.
    """

    def __init__(self, first: int, text: str) -> None:
        self.end = first + 1
        self._pieces = [text]
        self._has_body = False
        self._limit: int | None = None
        self._size = self._raw_size = 0
        self._find_body()

    def _find_body(self) -> None:
        text = "\n".join(self._pieces)
        head, blank, body = text.replace("\r\n", "\n").partition("\n\n")
        if not blank:
            return
        self._has_body = True
        stated = _CONTENT_LENGTH_RE.search(head)
        if stated is not None and not body.startswith("<binary response>"):
            self._limit = min(int(stated[1]), _BODY_LIMIT)
        self._pieces.clear()
        self._measure(body, text.partition("\r\n\r\n" if "\r\n\r\n" in text else "\n\n")[2])

    def _measure(self, body: str, raw: str) -> None:
        # A note of the scheduler or an escaped byte is not the body's own text, so that its length differs.
        if "%!" in body or "\\x" in body:
            self._limit = None
        self._size += len(body.encode("utf-8", "surrogatepass"))
        self._raw_size += len(raw.encode("utf-8", "surrogatepass"))

    def add(self, quoted: str) -> None:
        """Add a block that the response quotes."""
        self.end += 1
        if self._has_body:
            self._measure("\n" + quoted.replace("\r\n", "\n"), "\n" + quoted)
        else:
            seam = f"{self._pieces[-1][-2:]}\n{quoted}"
            self._pieces.append(quoted)
            if "\n\n" in seam.replace("\r\n", "\n"):
                self._find_body()

    def is_whole(self, alone: bool) -> bool:
        """Whether the body is as long as stated, if its length is; where it is `alone` it may be longer."""
        if self._limit is None:
            return True
        return self._size >= self._limit - 1 and (alone or self._raw_size <= self._limit + 2)
