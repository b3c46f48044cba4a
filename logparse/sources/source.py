"""The inputs: those that were found, those that were decoded, and those that were skipped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from logparse.errors import InputError


@dataclass(frozen=True, slots=True)
class Source:
    r"""One decoded input.

    Attributes
    ----------
    name:
        The path as the user gave it (for a file found in a directory: that directory's path joined with
        the rest), ``<stdin>`` or ``<text>``. Always encodable as UTF-8.
    text:
        The whole text, never blank, without a byte order mark and without lone surrogates.
    encoding:
        ``utf-8``, ``utf-8-sig``, ``utf-16-le``, ``utf-16-be`` or ``latin-1``.
    newline:
        The line end of the input: ``"\n"``, ``"\r\n"``, ``"\r\r\n"`` (or more of them) or ``"\r"``.
        In ``text`` it is ``"\n"``.
    path:
        The file, or None for standard input and plain text.
    walked:
        True if a directory was named and this file was found in it.
    """

    name: str
    text: str
    encoding: str
    newline: str
    path: Path | None = None
    walked: bool = False


class Found(NamedTuple):
    """One input that can be opened.

    Attributes
    ----------
    name, walked:
        As in `Source`.
    path:
        The file, None for standard input.
    size:
        The bytes of a regular file as a walk through its directory found it, else None.
    """

    name: str
    path: str | None = None
    walked: bool = False
    size: int | None = None


class Skipped(InputError):
    """An input that was left out and is not a failure, as a file in a directory that is not text."""


class Note(Skipped):
    """A part of an input that was left out, while the rest of the input was read."""


class NotText(InputError):
    """The content is binary, empty or blank. In a directory this is not a failure."""
