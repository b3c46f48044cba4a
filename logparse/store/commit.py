"""Replacing files of a dataset: all of a change counts, or nothing of it, whenever the process ends.

New files are written under temporary names. A journal then says which names they get, which files go, and
where the new manifest is. From then on the change counts: if the process ends, the next one that writes does
the rest. Without a journal the next one deletes the temporary files. Readers see only files that the manifest
lists, and that is replaced in one step.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from logparse.columns import SCHEMA_VERSION
from logparse.errors import InputError
from logparse.store import disk
from logparse.store.layout import JOURNAL, MANIFEST, STATE, TEMPORARY, folder_of
from logparse.store.manifest import Manifest, Part

_CHUNK: Final = 1 << 20


class _Journal(msgspec.Struct):
    """A change that counts: names of temporary files with their final ones, and the files that go."""

    moves: list[tuple[str, str]]
    deletes: list[str]


class Change:
    """A change of a dataset that is being prepared. The lock of the dataset must be held."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._place = folder / STATE / f"{TEMPORARY}{secrets.token_hex(8)}"
        self._number = 0
        self._moves: list[tuple[str, str]] = []
        self._new: dict[str, Path] = {}

    def __enter__(self) -> Change:
        disk.make_folder(self._place)
        return self

    def __exit__(self, *_: object) -> None:
        _clear(self._place)

    def temporary(self) -> Path:
        """Return the path of a new temporary file."""
        self._number += 1
        return self._place / f"{TEMPORARY}{self._number}"

    def add(self, path: Path, table: str, day: str | None, rows: int, **more: int) -> Part:
        """Take over a temporary file as a part, and return the part. Parameters are attributes of `Part`."""
        digest, size = _digest(path)
        name = f"{folder_of(table, day)}/part-{digest[:32]}.parquet"
        self._moves.append((str(path.relative_to(self._folder)), name))
        self._new[name] = path
        return Part(table, name, rows, size, day=day, version=SCHEMA_VERSION, **more)

    def path(self, part: Part) -> Path:
        """Return where a part is: under its temporary name, or in the dataset."""
        return self._new.get(part.name, self._folder / part.name)

    def commit(self, manifest: Manifest, old: Collection[Part]) -> None:
        """Make the change count: the manifest is the new one, and the files of old parts are deleted.

        Raises
        ------
        OSError
            Where something cannot be written. Without a journal the dataset is as it was.
        """
        kept = {part.name for part in manifest.parts}
        temporary = self.temporary()
        disk.write(temporary, manifest.encoded())
        disk.settle(self._place)
        moves = [(source, name) for source, name in self._moves if name in kept]
        moves.append((str(temporary.relative_to(self._folder)), MANIFEST))
        journal = _Journal(moves, [part.name for part in old if part.name not in kept])
        written = self.temporary()
        disk.write(written, msgspec.json.encode(journal))
        disk.move(written, self._folder / JOURNAL)
        disk.settle(self._folder / STATE)
        _apply(self._folder, journal)


def recover(folder: Path) -> None:
    """Do the rest of a change that counts, and delete the files of one that does not count.

    The lock of the dataset must be held.

    Raises
    ------
    InputError
        Where the journal is damaged.
    """
    path = folder / JOURNAL
    if path.exists():
        try:
            journal = msgspec.json.decode(path.read_bytes(), type=_Journal)
        except (msgspec.MsgspecError, ValueError) as error:
            raise InputError(
                "the journal is damaged", source=str(path), remedy="take the dataset from a backup"
            ) from error
        _check(folder, journal)
        _apply(folder, journal)
    state = folder / STATE
    for name in os.listdir(state):
        if name.startswith(TEMPORARY):
            _clear(state / name)


def _check(folder: Path, journal: _Journal) -> None:
    """Check that a journal names files of the dataset only."""
    root = Path(os.path.realpath(folder))
    for name in (*journal.deletes, *(name for move in journal.moves for name in move)):
        if ".." in Path(name).parts or Path(name).is_absolute() or not (root / name).is_relative_to(root):
            raise InputError(
                "the journal names files outside of the dataset",
                source=str(folder / JOURNAL),
                remedy="take the dataset from a backup",
            )


def _apply(folder: Path, journal: _Journal) -> None:
    """Do the moves and deletions of a journal. Some may be done already. The manifest is moved last."""
    changed: set[Path] = set()
    for source, target in journal.moves:
        if target == MANIFEST:
            for place in changed:
                disk.settle(place)
        if (folder / source).exists():
            disk.move(folder / source, folder / target)
            changed.add((folder / target).parent)
    disk.settle(folder / STATE)
    for name in journal.deletes:
        disk.delete(folder / name)
        disk.delete_empty((folder / name).parent)
    disk.delete(folder / JOURNAL)
    disk.settle(folder / STATE)


def _clear(path: Path) -> None:
    """Delete a temporary file or folder, if the journal does not need it."""
    if (path.parent / Path(JOURNAL).name).exists():
        return
    if path.is_dir():
        for file in path.iterdir():
            disk.delete(file)
        disk.delete_empty(path)
    else:
        disk.delete(path)


def _digest(path: Path) -> tuple[str, int]:
    found, size = sha256(), 0
    with open(path, "rb") as file:
        while data := file.read(_CHUNK):
            found.update(data)
            size += len(data)
    return found.hexdigest(), size
