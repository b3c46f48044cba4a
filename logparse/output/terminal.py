"""Text for a terminal: layout by rich, ASCII, and text of logs with its control characters escaped."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from logparse.output.words import DASH

if TYPE_CHECKING:
    from rich.console import RenderableType

_ASCII: Final = str.maketrans(
    {
        DASH: "-",
        "─": "-",
        "·": "-",
        "…": "...",
        "−": "-",
        "×": "x",
        "\N{NARROW NO-BREAK SPACE}": " ",
    }
)
_HEIGHT: Final = 25


def printed(*parts: RenderableType, styled: bool, width: int, unicode: bool = True) -> str:
    """Return renderables, one below the other, as text.

    Parameters
    ----------
    styled:
        Whether the text has codes for colours, as far as ``TERM`` and ``NO_COLOR`` allow them.
    unicode:
        Whether the output can show more than ASCII.
    """
    from rich.console import Console, Group

    out = Console(
        file=io.StringIO(),
        width=width,
        # Without a height, rich assumes 80 columns for every terminal with the name dumb.
        height=_HEIGHT,
        force_terminal=styled,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    # In a group, each text is wrapped by its own rules.
    out.print(Group(*parts))
    assert isinstance(out.file, io.StringIO)
    text = "\n".join(line.rstrip(" ") for line in out.file.getvalue().split("\n"))
    return text if unicode else to_ascii(text)


def to_ascii(text: str) -> str:
    """Return text with ASCII instead of the symbols that logparse itself prints."""
    return text.translate(_ASCII)


def ascii_only(out: object) -> bool:
    """Whether an output cannot show all of Unicode."""
    return "utf" not in (getattr(out, "encoding", None) or "utf-8").lower()


class Out(Protocol):
    """An output for text."""

    def write(self, text: str, /) -> object:
        """Write text."""


class Escaped:
    r"""An output that writes to `out`, with every character escaped that is not printable.

    Line ends stay. An escape is JSON's, ``\u001b``, so that JSON keeps its meaning.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.encoding = out.encoding

    def write(self, text: str, /) -> None:
        """Write text, escaped."""
        if not text.replace("\n", "").isprintable():
            text = "".join(c if c == "\n" or c.isprintable() else _escape(c) for c in text)
        self._out.write(text)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return re.sub("(....)", r"\\u\1", units)


def safe(out: TextIO) -> Out:
    """Return an output to `out` for text of logs: escaped where that is a terminal, else `out` itself."""
    return Escaped(out) if out.isatty() else out
