"""The file operations of a dataset. All changes of its files pass through these functions.

A file is on the disk, and not only in the system's memory, when a function returns.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from logparse.errors import LogparseError


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that does not exist yet for writing bytes."""
    with open(path, "xb") as out:
        yield out
        out.flush()
        os.fsync(out.fileno())


def write(path: Path, content: bytes) -> None:
    """Write a file that does not exist yet."""
    with new_file(path) as out:
        out.write(content)


def make_folder(path: Path) -> None:
    """Make a folder, and those around it, where they do not exist."""
    if not path.is_dir():
        make_folder(path.parent)
        with suppress(FileExistsError):
            path.mkdir()
        settle(path.parent)


def move(source: Path, target: Path) -> None:
    """Give a file its final name. A file of that name is replaced."""
    make_folder(target.parent)
    os.replace(source, target)


def delete(path: Path) -> None:
    """Delete a file, where it exists."""
    with suppress(FileNotFoundError):
        path.unlink()


def settle(folder: Path) -> None:
    """Have the names of the files in a folder on the disk, where the system can do that."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def delete_empty(folder: Path) -> None:
    """Delete a folder, where it has no file."""
    with suppress(OSError):
        folder.rmdir()


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Raise an error of the system as a `LogparseError` that names the dataset."""
    try:
        yield
    except OSError as error:
        raise LogparseError(
            f"the dataset cannot be written ({error.strerror or error})",
            source=str(folder),
            remedy="make room or mend the cause, and run the command again; no row is lost",
        ) from error
