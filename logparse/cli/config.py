"""``logparse.toml``: defaults of options, and owners of builders."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from logparse.errors import InputError, UsageError, nearest
from logparse.tables.owners import Owners

if TYPE_CHECKING:
    import pandas as pd

#: The file of this name in the working directory is read. A file among the inputs is not.
NAME: Final = "logparse.toml"
#: A larger file is not a configuration.
_MOST_BYTES: Final = 1 << 20
_TABLES: Final = ("defaults", "owners")
#: Options that cannot have a default: what to read and where to write belongs to each call.
_OF_A_CALL: Final = frozenset({"output", "force", "format", "builds", "date", "help"})


@dataclass(frozen=True, slots=True)
class Config:
    """The values of a configuration file.

    Attributes
    ----------
    defaults:
        For each command the defaults of its parameters, as click takes them.
    owners:
        The teams that own builders.
    """

    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    owners: Owners = field(default_factory=lambda: Owners({}))


def owners() -> Owners:
    """Return the owners that the configuration of the running command names."""
    found = click.get_current_context().find_object(Config)
    return Config().owners if found is None else found.owners


def with_owners(answer: pd.DataFrame, builder: str = "builder_id") -> pd.DataFrame:
    """Return an answer with a column `owner` after its builders, where owners are known and it has none."""
    known = owners()
    if not known or builder not in answer or "owner" in answer:
        return answer
    place = answer.columns.get_loc(builder)
    assert isinstance(place, int)
    added = answer.copy(deep=False)
    added.insert(place + 1, "owner", known.column(answer[builder]))
    return added


def read_config(path: str | None, commands: Mapping[str, click.Command]) -> Config:
    """Return what a configuration file holds.

    Parameters
    ----------
    path:
        The file; None for the one in the working directory, if there is one.
    commands:
        All commands by name, whose options can have defaults.

    Raises
    ------
    InputError
        Where the file cannot be read, is not TOML, or has an unknown key. It names the file, the cause and
        the remedy.
    """
    if path is None and not os.path.isfile(NAME):
        return Config()
    source = path or NAME
    given = _toml(source)
    _check(given, _TABLES, "", source)
    for name, table in given.items():
        if not isinstance(table, dict):
            raise InputError(f"{name} is not a table", source=source, remedy=f"begin it with [{name}]")
    try:
        teams = Owners(given.get("owners", {}))
    except UsageError as error:
        raise InputError(error.cause, source=source, remedy=error.remedy) from error
    return Config(_defaults(given.get("defaults", {}), commands, source), teams)


def _toml(source: str) -> dict[str, Any]:
    try:
        with Path(source).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        cause = f"cannot be read: {error.strerror or error}"
        raise InputError(cause, source=source, remedy="name a file of TOML after --config") from error
    if len(data) > _MOST_BYTES:
        raise InputError("is larger than 1 MiB", source=source, remedy="name a file of defaults and owners")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"is not TOML: {error}", source=source, remedy="see docs/configuration.md"
        ) from error


def _check(given: Iterable[str], known: Collection[str], place: str, source: str) -> None:
    for key in given:
        if key not in known:
            where = f" in [{place}]" if place else ""
            raise InputError(f"{key!r} is not a key{where}", source=source, remedy=nearest(key, known))


def _defaults(
    given: Mapping[str, Any], commands: Mapping[str, click.Command], source: str
) -> dict[str, dict[str, Any]]:
    """Return the defaults of each command: those of all commands, and those in the table of its name."""
    options = {name: _options(command) for name, command in commands.items()}
    made: dict[str, dict[str, Any]] = {name: {} for name in options}
    of_all = {key: value for key, value in given.items() if not isinstance(value, dict)}
    _check(of_all, sorted({key for found in options.values() for key in found}), "defaults", source)
    for name, found in options.items():
        made[name] = {found[key].name: _value(found[key], of_all[key]) for key in of_all if key in found}
    for name, table in given.items():
        if isinstance(table, dict):
            _check([name], options, "defaults", source)
            _check(table, sorted(options[name]), f"defaults.{name}", source)
            found = options[name]
            made[name] |= {found[key].name: _value(found[key], value) for key, value in table.items()}
    return made


def _value(option: _Option, value: Any) -> Any:
    return [value] if option.is_list and not isinstance(value, list) else value


class _Option(NamedTuple):
    """An option: the name of its parameter, and whether it can be given several times."""

    name: str
    is_list: bool


def _options(command: click.Command) -> dict[str, _Option]:
    """Return the options of a command that can have a default, by their long names."""
    found: dict[str, _Option] = {}
    for parameter in command.params:
        names = [name.removeprefix("--") for name in parameter.opts if name.startswith("--")]
        if isinstance(parameter, click.Option) and parameter.name and names and names[0] not in _OF_A_CALL:
            found[names[0]] = _Option(parameter.name, parameter.multiple)
    return found
