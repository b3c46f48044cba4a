"""From the paths that a user names to inputs that can be opened."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from logparse.errors import InputError
from logparse.sources.source import Found, Skipped

#: The folder in a dataset with what logparse needs beside the tables.
DATASET_STATE: Final = "_logparse"


def is_dataset(path: str) -> bool:
    """Whether a path is that of a dataset that ``logparse ingest`` made."""
    try:
        return os.path.isfile(os.path.join(path, DATASET_STATE, "manifest.json"))
    except ValueError:
        return False


def find(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> Iterator[Found | InputError]:
    """Expand what the user named into inputs, lazily and in order.

    A directory means the files in it, at any depth, sorted by path. Hidden files and directories are left
    out. A link in it is followed, with two exceptions: its target is also reached under its own name, or its
    target holds the named directory. So loops end, and a ``latest`` link does not count a log twice.

    Parameters
    ----------
    paths:
        Files, directories and pipes, or ``-`` for standard input. A single path counts as a list of one.

    Yields
    ------
    Found
        An input to open.
    Skipped
        A pipe, socket, device or broken link inside a directory.
    InputError
        A path that does not exist or cannot be read, or a directory without files.
    """
    for path in [paths] if isinstance(paths, (str, os.PathLike)) else paths:
        given = os.fspath(path)
        name = shown(given)
        # /dev/stdin cannot be reopened where standard input is a socket, so it is never opened by name.
        if given in ("-", "/dev/stdin"):
            yield Found("<stdin>" if given == "-" else name)
            continue
        if not given:
            yield InputError("an empty path names no file", remedy="check the path")
            continue
        try:
            mode = os.stat(given).st_mode
        except (OSError, ValueError) as error:
            yield unreadable(error, name)
            continue
        if stat.S_ISDIR(mode) and is_dataset(given):
            yield InputError(
                "is a dataset, not a folder of logs", source=name, remedy="name it alone, as one input"
            )
        elif stat.S_ISDIR(mode):
            yield from _walk(given)
        elif stat.S_ISREG(mode) or stat.S_ISFIFO(mode):
            yield Found(name, given)
        else:
            yield InputError(
                f"is a {_file_type(mode)}, not a regular file",
                source=name,
                remedy="name a regular file, or - for standard input",
            )


def _walk(root: str) -> Iterator[Found | InputError]:
    """Yield the inputs in a named directory, depth first, sorted by path."""
    is_empty = True
    for item in _Walk(root).items():
        is_empty = False
        yield item
    if is_empty:
        yield InputError(
            "directory holds no files",
            source=shown(root),
            remedy="check the path; hidden files are read only when named",
        )


class _Walk:
    """A walk through a named directory: the directories that it has entered, and the paths to visit."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._home = Path(os.path.realpath(root))
        #: The named directory, and the targets of the links to directories that were followed.
        self._bases = [self._home]
        self._entered: set[tuple[int, int]] = set()
        # A stack and not recursion, because a deep tree would exceed Python's limit of recursion.
        self._pending = [root]

    def items(self) -> Iterator[Found | InputError]:
        """Yield files to open, and errors for all else but directories."""
        while self._pending:
            path = self._pending.pop()
            link = False
            item: Found | InputError | None
            try:
                info = os.stat(path) if path == self._root else os.lstat(path)
                link = stat.S_ISLNK(info.st_mode)
                item = self._visit(path, os.stat(path) if link else info, link)
            except (OSError, ValueError) as error:
                if link and not isinstance(error, PermissionError):
                    item = Skipped("is a broken link", source=shown(path), remedy="mend or remove it")
                else:
                    item = unreadable(error, shown(path))
            if item is not None:
                yield item

    def _visit(self, path: str, info: os.stat_result, link: bool) -> Found | Skipped | None:
        """Return the input at a path, or None for a directory and for a link that is not followed.

        Parameters
        ----------
        info:
            Of the file that the path leads to.
        link:
            Whether the path is a link.

        Raises
        ------
        OSError, ValueError
            If the system refuses the path.
        """
        target = Path(os.path.realpath(path)) if link else None
        if target is not None and (self._home.is_relative_to(target) or _visible(target, self._bases)):
            return None
        if stat.S_ISDIR(info.st_mode):
            if is_dataset(path):
                return Skipped("is a dataset", source=shown(path), remedy="name it alone, as one input")
            self._enter(path, info, target)
            return None
        if stat.S_ISREG(info.st_mode):
            return Found(shown(path), path, walked=True, size=info.st_size)
        # Opening a pipe waits until another process opens its other end, which may never happen.
        return Skipped(
            f"is a {_file_type(info.st_mode)}, not a regular file",
            source=shown(path),
            remedy="name it to read it" if stat.S_ISFIFO(info.st_mode) else None,
        )

    def _enter(self, path: str, info: os.stat_result, target: Path | None) -> None:
        """Add the members of a directory to the paths to visit, unless it was entered before."""
        if (info.st_dev, info.st_ino) in self._entered:
            return
        self._entered.add((info.st_dev, info.st_ino))
        if target is not None:
            self._bases.append(target)
        members = sorted((m for m in os.listdir(path) if not m.startswith(".")), reverse=True)
        self._pending.extend(os.path.join(path, member) for member in members)


def _visible(target: Path, bases: list[Path]) -> bool:
    """Whether a walk of ``bases`` finds ``target`` under its own name."""
    inside = (target.relative_to(base).parts for base in bases if target.is_relative_to(base))
    return any(not any(part.startswith(".") for part in parts) for parts in inside)


def shown(path: str) -> str:
    """Return the path as text that every output can encode. A file name can be invalid UTF-8."""
    return path if path.isascii() else path.encode("utf-8", "backslashreplace").decode("utf-8")


def _file_type(mode: int) -> str:
    """Return in words the type of a file that is neither regular nor a directory."""
    if stat.S_ISFIFO(mode):
        return "pipe"
    if stat.S_ISSOCK(mode):
        return "socket"
    if stat.S_ISCHR(mode):
        return "character device"
    if stat.S_ISBLK(mode):
        return "block device"
    return "special file"


def unreadable(error: OSError | ValueError, name: str) -> InputError:
    """Return the error for an input that the system does not let logparse read."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        remedy = "save the page and name the file" if "://" in name else "check the path"
        return InputError("does not exist", source=name, remedy=remedy)
    if isinstance(error, PermissionError):
        return InputError(
            "permission denied",
            source=name,
            remedy="make it readable, or run as a user who may read it",
        )
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return InputError(
            "cannot be read (too many open files)",
            source=name,
            remedy="close some, or raise the limit with ulimit -n",
        )
    detail = (isinstance(error, OSError) and error.strerror) or error
    return InputError(f"cannot be read ({detail})", source=name, remedy="check the path and the disk")
