"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from logparse.errors import LogparseError
from logparse.output.terminal import Out, safe

#: Signals that end a command, where the system has them.
STOPS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


def ready(path: Path, *, force: bool = False) -> None:
    """Check before any work that `path` can be written.

    Raises
    ------
    LogparseError
        If it is a directory, its directory does not exist, or it exists and `force` is not set.
    """
    if os.path.isdir(path):
        raise LogparseError("is a directory", source=str(path), remedy="name a file with -o")
    if not os.path.isdir(path.parent):
        raise LogparseError(
            "is in no directory that exists", source=str(path), remedy="make the directory, or name another"
        )
    if os.path.isfile(path) and not force:
        raise LogparseError("exists already", source=str(path), remedy="overwrite it with --force")


@contextmanager
def whole_file(path: Path, *, force: bool = False) -> Iterator[Out]:
    """Open a file of text for writing. It appears as `path` only when all of it is written.

    Parameters
    ----------
    force:
        Replace a file that exists. Devices and pipes are written to in any case. Text for a terminal is
        escaped, so that it cannot control the terminal.

    Raises
    ------
    LogparseError
        If `path` exists and `force` is not set, or cannot be written.
    """
    # A payload can contain an escaped half of a surrogate pair, which UTF-8 cannot encode.
    with (
        _whole(path, force=force) as data,
        io.TextIOWrapper(data, encoding="utf-8", errors="backslashreplace", newline="") as out,
    ):
        yield safe(out)


@contextmanager
def whole_binary_file(path: Path, *, force: bool = False) -> Iterator[BinaryIO]:
    """Open a file of bytes for writing, as `whole_file` opens one of text.

    Raises
    ------
    LogparseError
        As `whole_file`, and if `path` is a terminal.
    """
    with _whole(path, force=force) as out:
        if out.isatty():
            raise LogparseError("is a terminal", source=str(path), remedy="name a file with -o")
        yield out


@contextmanager
def _whole(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    ready(path, force=force)
    with _writing(path, "file"):
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as out:
                yield out
            return
        # If `path` is a link, it is kept, and its target is replaced.
        target = Path(os.path.realpath(path))
        temporary = target.parent / _temporary_name()
        try:
            with open(temporary, "xb") as out:
                # Other users cannot read it until it is whole.
                temporary.chmod(0o600)
                yield out
            temporary.chmod(_mode(target))
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def ready_folder(folder: Path, names: Collection[str], *, force: bool = False) -> None:
    """Check before any work that the files `names` can be written in `folder`.

    Raises
    ------
    LogparseError
        If it is a file, or one of the files exists and `force` is not set.
    """
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise LogparseError("is a file, not a directory", source=str(folder), remedy="name another with -o")
    if os.path.isdir(folder):
        for name in names:
            ready(folder / name, force=force)


@contextmanager
def whole_folder(folder: Path, replaced: Collection[str]) -> Iterator[Path]:
    """Make an empty folder for writing files. They appear in `folder` together, when all are written.

    Files in `folder` whose names are in `replaced` are deleted. Other files are kept.

    Raises
    ------
    LogparseError
        If it cannot be written.
    """
    with _writing(folder, "folder"):
        target = Path(os.path.realpath(folder))
        target.parent.mkdir(parents=True, exist_ok=True)
        whole = _is_replaceable(target, replaced)
        temporary = (target.parent if whole else target) / _temporary_name()
        try:
            temporary.mkdir(0o700)
            yield temporary
            for file in temporary.iterdir():
                if not file.is_dir():
                    file.chmod(_mode(target / file.name))
            with _held_signals():
                if whole:
                    temporary.chmod(_mode(target, new=0o777))
                    _exchange(temporary, target)
                else:
                    _move_in(temporary, target, replaced)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _is_replaceable(target: Path, replaced: Collection[str]) -> bool:
    """Whether a folder can be replaced as a whole.

    It can if all its files are replaced, it is not the working directory, and it can be moved.
    """
    if not target.exists():
        return True
    return (
        set(os.listdir(target)) <= set(replaced)
        and not Path.cwd().is_relative_to(target)
        and not os.path.ismount(target)
        and all(os.access(place, os.W_OK | os.X_OK) for place in (target, target.parent))
    )


def _exchange(new: Path, target: Path) -> None:
    """Move the folder `new` to `target`, whose files are deleted."""
    if not target.exists():
        new.rename(target)
        return
    old = new.with_suffix(".old")
    target.rename(old)
    try:
        new.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _move_in(new: Path, target: Path, replaced: Collection[str]) -> None:
    """Move the files of `new` into `target`, and the files that they replace out of it: all, or none."""
    old = new / "old"
    files = [file.name for file in new.iterdir()]
    old.mkdir()
    moved: list[tuple[Path, Path]] = []
    try:
        for name in replaced:
            if os.path.lexists(target / name):
                (target / name).rename(old / name)
                moved.append((target / name, old / name))
        for name in files:
            (new / name).rename(target / name)
            moved.append((new / name, target / name))
    except OSError:
        for before, now in reversed(moved):
            now.rename(before)
        raise


@contextmanager
def _writing(path: Path, kind: str) -> Iterator[None]:
    """Raise an error of the system as a `LogparseError` that names `path`."""
    try:
        yield
    except OSError as error:
        raise LogparseError(
            f"cannot be written ({error.strerror or error})",
            source=str(path),
            remedy=f"name another {kind} with -o",
        ) from error


@contextmanager
def _held_signals() -> Iterator[None]:
    """Delay signals that end a command until the files are moved."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _temporary_name() -> str:
    return f".logparse-{secrets.token_hex(8)}.part"


def _mode(path: Path, *, new: int = 0o666) -> int:
    """Return the permissions of the file that is replaced, or those of a new file."""
    with suppress(FileNotFoundError):
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return new & ~umask
