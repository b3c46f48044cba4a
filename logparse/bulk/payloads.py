"""Builds of one dialect as columns: typed structures and readers, both made from the field table.

A structure has the keys that the table names and no others. Decoding into it fails where a value is of
another type than usual, where a key is in another spelling, and where the text is not JSON. A page with such
a payload is not read as columns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, Final

import msgspec

from logparse.buildbucket import MAX_NESTING, values
from logparse.buildbucket.fields import COMPUTED, Field, Parts, Place, is_default, places, spellings
from logparse.buildbucket.values import OfDimensions

Key = tuple[str, ...]
Column = list[Any]
#: Readers of values that are texts or numbers in every payload that is read here.
_TYPES: Final[dict[Any, Any]] = {
    values.text: str | None,
    values.status: str | None,
    values.moment: str | None,
    values.stripped: str | None,
    values.one_line: str | None,
    values.integer: int | float | None,
    values.last_number: int | float | None,
    values.steps: msgspec.UnsetType,
}
#: Keys of version 1 whose strings hold JSON.
_INNER: Final = ("parameters_json", "result_details_json")
_NULL: Final = msgspec.Raw(b"null")
_REMEMBERED: Final = 2_048
#: Longer JSON is not remembered.
_LONG: Final = 4_000
#: Shorter texts are compared with those that were decoded before.
_SHORT: Final = 64


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A tag in version 2."""

    key: str = ""
    value: str = ""


@dataclass(slots=True)
class _Node:
    """A key of the table: how its value is read, and the keys of the object that it leads to."""

    readers: list[Any] = field(default_factory=list)
    children: dict[str, _Node] = field(default_factory=dict)
    is_text: bool = False

    @property
    def is_decoded_later(self) -> bool:
        """Whether the value is kept as JSON, from which values within it are decoded."""
        return bool(self.children) and (self.is_text or bool(self.readers))

    def type(self, name: str, version: int) -> tuple[Any, Any]:
        """Return the type of the value, and its default."""
        if name == "tags":
            return (list[str] if version == 1 else list[Tag]), msgspec.field(default_factory=list)
        if self.is_text:
            return str, "{}"
        if self.children and not self.readers:
            made = self.struct(name, version)
            return made, made()
        types = {_TYPES.get(reader, msgspec.Raw) for reader in self.readers}
        chosen = types.pop() if len(types) == 1 and not self.children else msgspec.Raw
        return chosen, (
            _NULL if chosen is msgspec.Raw else msgspec.UNSET if chosen is msgspec.UnsetType else None
        )

    def struct(
        self, name: str, version: int, required: Iterable[str] = (), forbidden: Iterable[str] = ()
    ) -> Any:
        """Return the structure of the object that the key leads to."""
        rows: list[Any] = [(key, str) for key in required]
        others: dict[str, None] = dict.fromkeys(forbidden)
        for key, node in self.children.items():
            if key not in required:
                rows.append((key, *node.type(key, version)))
            others.update(dict.fromkeys(spellings(key)[1:]))
        known = {row[0] for row in rows}
        rows += [(key, msgspec.UnsetType, msgspec.UNSET) for key in others if key not in known]
        return msgspec.defstruct(name, rows, frozen=True, gc=False)


class Typed:
    """One dialect, ready for reading many builds.

    Parameters
    ----------
    fields:
        Rows of the field table.
    version:
        Of the dialect.
    required:
        Keys of a build without which it is not read here. Their values are strings.
    forbidden:
        Keys with which a build is not read here.
    """

    def __init__(
        self, fields: Sequence[Field], version: int, required: Sequence[str], forbidden: Iterable[str]
    ) -> None:
        self.version = version
        self._rows = [(row, places(row.v1 if version == 1 else row.v2)) for row in fields]
        root = _Node()
        tags = (place.name for _, among in self._rows for place in among if place.kind.startswith("tag"))
        #: The keys of tags that the table names.
        self.tag_keys = frozenset(tags)
        for row, among in self._rows:
            for place in among:
                if place.kind == "=":
                    for path in places(COMPUTED[place.name].paths):
                        # A function that computes a value reads strings, or a whole object.
                        _add(
                            root,
                            _keys(path),
                            values.inner if path.name.endswith("properties") else values.text,
                        )
                elif not place.kind:
                    _add(root, _keys(place), row.read)
        for key in (*(("tags",) if self.tag_keys else ()), *required):
            root.children.setdefault(key, _Node())
        for key in _INNER:
            if key in root.children:
                root.children[key].is_text = True
        self._root = root
        #: The paths of JSON that is decoded when something in it is asked for.
        self.decoded_later = list(_later(root, ()))
        self.struct = root.struct(f"BuildV{version}", version, required, forbidden)
        self._decoders: dict[Key, Callable[[Any], Any]] = {}

    def decoder(self, path: Key, node: _Node) -> Callable[[Any], Any]:
        """Return what decodes the JSON that is kept at a path."""
        if path not in self._decoders:
            self._decoders[path] = msgspec.json.Decoder(node.struct(path[-1], self.version)).decode
        return self._decoders[path]

    def read(self, builds: Sequence[Any]) -> Columns:
        """Return what reads columns of builds that were decoded into `struct`."""
        return Columns(self, builds)

    @property
    def root(self) -> _Node:
        """The keys of a build."""
        return self._root

    @property
    def rows(self) -> dict[str, tuple[Field, tuple[Place, ...]]]:
        """The rows of the table with their places, by the names of the fields."""
        return {row.name: (row, among) for row, among in self._rows}


def _later(node: _Node, path: Key) -> Iterator[tuple[Key, _Node]]:
    for key, child in node.children.items():
        if child.is_decoded_later:
            yield (*path, key), child
        yield from _later(child, (*path, key))


def _keys(place: Place) -> Key:
    return tuple(written[0] for written in place.keys)


def _add(root: _Node, path: Key, read: Any) -> None:
    node = root
    for key in path:
        node = node.children.setdefault(key, _Node())
    node.readers.append(read)


#: What readers returned for JSON that many builds have, as the dimensions of bots.
_known: dict[tuple[Any, bytes], Any] = {}


def _read_raw(read: Callable[[Any], Any], raw: msgspec.Raw, version: int) -> Any:
    """Return what a reader makes of JSON that was kept."""
    written = bytes(raw)
    if written == b"null":
        return None
    # Properties are not equal in two builds.
    is_common = read is not values.inner and len(written) < _LONG
    found = _known.get((read, written), _known) if is_common else _known
    if found is _known:
        value = decode_json(written)
        found = None if version == 2 and is_default(value) else read(value)
        if is_common:
            if len(_known) >= _REMEMBERED:
                _known.clear()
            _known[read, written] = found
    return found


def decode_json(written: Any) -> Any:
    """Return the value of JSON that was checked when it was kept."""
    try:
        return msgspec.json.decode(written)
    except ValueError:
        # A number that a float cannot hold.
        return json.loads(bytes(written))


class Columns:
    """The columns of builds of one dialect. A column is made when it is first asked for.

    Attributes
    ----------
    odd:
        The rows in which JSON that is inside of other JSON could not be decoded.
    """

    def __init__(self, typed: Typed, builds: Sequence[Any]) -> None:
        self._typed = typed
        self.version = typed.version
        self._rows = typed.rows
        self._at: dict[Key, Column] = {(): list(builds)}
        self._made: dict[str, Column] = {}
        self._dimensions: dict[Place, Column] = {}
        self.size = len(builds)
        self.odd: set[int] = set()

    @cached_property
    def tags(self) -> list[list[str]]:
        """The tags of each build, as ``key:value``."""
        listed = [build.tags for build in self._at[()]]
        if self.version == 1:
            return listed
        return [[f"{tag.key}:{tag.value}" for tag in tags] for tags in listed]

    def __getitem__(self, name: str) -> Column:
        """Return a field of the table: a value a build, None where it is not known."""
        if name not in self._made:
            row, among = self._rows[name]
            found: Column = [None] * self.size
            for place in among:
                column = self._place(row, place)
                if column is None:
                    continue
                if found.count(None) == self.size:
                    found = column
                else:
                    found = [new if old is None else old for old, new in zip(found, column, strict=True)]
                if None not in found:
                    break
            self._made[name] = found
        return self._made[name]

    def at(self, path: Key) -> Column:
        """Return the JSON values at a path as they were decoded; missing ones are the default."""
        if path not in self._at:
            # The longest beginning of the path after which JSON is decoded again.
            node, begin = self._typed.root, 0
            nodes = []
            for key in path:
                node = node.children[key]
                nodes.append(node)
            for size in range(len(path) - 1, 0, -1):
                if nodes[size - 1].is_decoded_later:
                    begin = size
                    break
            holders = self._decoded(path[:begin], nodes[begin - 1] if begin else self._typed.root)
            self._at[path] = list(map(attrgetter(".".join(path[begin:])), holders))
        return self._at[path]

    def _decoded(self, path: Key, node: _Node) -> Column:
        if not path:
            return self._at[()]
        key = (*path, "")
        if key not in self._at:
            decode = self._typed.decoder(path, node)
            empty = decode(b"{}")
            short: dict[str, Any] = {"{}": empty}
            made = []
            for row, raw in enumerate(self.at(path)):
                is_short = node.is_text and len(raw) < _SHORT
                one = empty if raw is _NULL else short.get(raw) if is_short else None
                if one is None:
                    one = self._one(row, raw, node, decode)
                    if one is None:
                        one = empty
                    elif is_short:
                        short[raw] = one
                made.append(one)
            self._at[key] = made
        return self._at[key]

    def _one(self, row: int, raw: Any, node: _Node, decode: Callable[[Any], Any]) -> Any:
        """Return an object that is inside of JSON, None for one that is null or unusual."""
        if node.is_text and raw.count("{") + raw.count("[") > MAX_NESTING:
            # It can be too deep: signs that are escaped were not counted before.
            self.odd.add(row)
            return None
        try:
            return decode(raw)
        except (ValueError, RecursionError):
            if node.is_text or bytes(raw) != b"null":
                self.odd.add(row)
            return None

    def decode_all(self) -> None:
        """Decode all JSON that is inside of other JSON, so that `odd` names rows in which it is unusual."""
        for path, node in self._typed.decoded_later:
            self._decoded(path, node)

    def _place(self, row: Field, place: Place) -> Column | None:
        """Return what a place has for a field, None where no build has anything there."""
        if place.kind == "=":
            return self._computed(row, place)
        if place.kind:
            listed: Column = [found.get(place.name) for found in self._named]
            if not any(listed):
                return None
            if isinstance(row.read, OfDimensions):
                if place not in self._dimensions:
                    self._dimensions[place] = [found and values.dimensions(found) for found in listed]
                take = row.read.take
                pairs = zip(self._dimensions[place], listed, strict=True)
                return [None if not found else take(found, value) or None for found, value in pairs]
            if place.kind == "tag":
                listed = [found and found[0] for found in listed]
            return self._read(row.read, listed)
        column = self.at(_keys(place))
        return self._read(row.read, column)

    def _read(self, read: Callable[[Any], Any], column: Column) -> Column | None:
        first = column[0] if column else None
        if (first is None or first is _NULL or first is msgspec.UNSET) and column.count(first) == len(column):
            return None
        if read is values.text and self._typed.version == 1:
            # The structure has text here.
            return [value or None for value in column]
        if read is values.moment:
            return list(values.times_us(column))
        if isinstance(first, msgspec.Raw):
            version = self._typed.version
            made = [_read_raw(read, raw, version) for raw in column]
            return [None if value == [] or value == {} else value for value in made]
        if self._typed.version == 1:
            return [None if value is None else read(value) for value in column]
        return [None if value is None or is_default(value) else read(value) for value in column]

    @cached_property
    def _named(self) -> list[dict[str, list[str]]]:
        keys = self._typed.tag_keys
        return [values.listed_by_key(tags, keys) for tags in self.tags]

    def _computed(self, row: Field, place: Place) -> Column:
        """Return a field that depends on several: the function of the table gets only what it reads."""
        rule = COMPUTED[place.name]
        paths = [_keys(path) for path in places(rule.paths)]
        columns = [self.at(path) for path in paths]
        found: Column = []
        remembered: dict[Any, Any] = {}
        needs_tags = place.name.endswith("commit")
        if rule.needs_first and columns[0].count(None) == self.size:
            return columns[0]
        for number, given in enumerate(zip(*columns, strict=True)):
            if rule.needs_first and given[0] is None:
                found.append(None)
                continue
            if not needs_tags and given in remembered:
                found.append(remembered[given])
                continue
            value: Any = {}
            for path, one in zip(paths, given, strict=True):
                _put(value, path, decode_json(one) if isinstance(one, msgspec.Raw) else one)
            tags = self.tags[number] if needs_tags else []
            made = rule.compute(Parts(value, tags, self._typed.version))
            if made is not None and (self._typed.version == 1 or not is_default(made)):
                made = row.read(made)
            found.append(made)
            if not needs_tags:
                remembered[given] = made
        return found


def _put(value: dict[str, Any], path: Key, one: Any) -> None:
    if one is None:
        return
    for key in path[:-1]:
        value = value.setdefault(key, {})
    value[path[-1]] = one
