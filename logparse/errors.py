"""The exceptions of logparse. Each one is one line: the place, the cause and the remedy."""

from __future__ import annotations

from collections.abc import Iterable


class LogparseError(Exception):
    """Base of every error that logparse raises on purpose.

    Parameters
    ----------
    cause:
        The cause, as a clause without a full stop.
    source:
        The file, member or ``<stdin>`` that the error is about, if any.
    line, column:
        1-based place in that source, if known.
    remedy:
        What the user can do about it, as a clause.

    ``str(error)`` is one line: ``source:line:column: cause; remedy``.
    """

    def __init__(
        self,
        cause: str,
        *,
        source: str | None = None,
        line: int | None = None,
        column: int | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.source = source
        self.line = line
        self.column = column
        self.remedy = remedy

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.source, self.line, self.column) if part is not None)
        text = f"{place}: {self.cause}" if place else self.cause
        return one_line(f"{text}; {self.remedy}" if self.remedy else text)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class InputError(LogparseError):
    """An input that cannot be read, or that does not contain a scheduler log."""


class LimitError(InputError):
    """An input that exceeds a limit. The remedy names the option that raises it."""


class GrammarError(LogparseError):
    """A text that the grammar refuses, with the line and column where it stops."""


class UsageError(LogparseError, ValueError):
    """A wrong argument of a function. The message names the argument and the choices."""


class UnknownTableError(UsageError, KeyError):
    """A name that is not the name of a table. The exception is a `KeyError` too."""

    def __init__(self, name: object, tables: Iterable[str]) -> None:
        super().__init__(f"{name!r} is not a table", remedy=nearest(name, tables))


class InputWarning(UserWarning):
    """An input of `load` could not be read. All other inputs are in the tables."""


def nearest(name: object, names: Iterable[str]) -> str:
    """Return the remedy for an unknown name: all names, and the most similar one."""
    from difflib import get_close_matches

    known = list(names)
    like = get_close_matches(name, known, 1) if isinstance(name, str) else []
    asked = f"; did you mean {like[0]!r}?" if like else ""
    return f"choose from {', '.join(known)}{asked}"


def choices(names: Iterable[str]) -> str:
    """Return names as a list in a sentence: ``job, bot or day``."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def one_line(text: str) -> str:
    """``text`` with control characters escaped, so that hostile input cannot repaint a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
