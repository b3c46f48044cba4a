"""The options of groups: their keys, their order, their number, and the slowest invocations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

import click
from click.core import ParameterSource

from logparse.cli.options import zone_option
from logparse.columns import TABLES

#: The keys that the command line groups by.
KEYS: Final = (
    "builder",
    "bot",
    "job",
    "status",
    "day",
    "week",
    "weekday",
    "hour",
    "project",
    "task_kind",
    "pool",
    "os",
    "machine_type",
    "zone",
    "owner",
)
#: Columns of statistics: all of a group's but its name.
_STATISTICS: Final = tuple(c.name for c in TABLES["jobs"] if c.name != "job_id")


class Keys(click.Choice[str]):
    """One or more of the choices, with commas between them."""

    name = "keys"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the keys in a tuple."""
        if isinstance(value, tuple):
            return value
        return tuple(super(Keys, self).convert(key.strip(), param, ctx) for key in value.split(","))


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of an overview of many invocations.

    Attributes
    ----------
    by:
        The keys of groups.
    zone:
        Time zone of days, weeks and hours.
    sort:
        Column of statistics by which groups are sorted; None for their own order.
    top, slowest:
        How many groups are shown, and how many of the slowest are named; None for all and for none.
    phases:
        Whether the phases of groups are shown, and not their statistics.
    """

    by: tuple[str, ...]
    zone: str
    sort: str | None
    top: int | None
    slowest: int | None
    phases: bool = False

    @property
    def heading(self) -> str:
        """The keys in one text."""
        return ",".join(self.by)


_OPTIONS: Final = (
    click.option(
        "--by",
        type=Keys(KEYS),
        metavar="KEY[,KEY]",
        help=f"Group by {', '.join(KEYS)}, or by several: builder,day. hour is the hour of the day. "
        "[default: builder, where there are several invocations]",
    ),
    zone_option,
    click.option(
        "--sort",
        type=click.Choice(_STATISTICS),
        metavar="COLUMN",
        help="Show the groups with the largest of this first, as run_p90_s, failed or poll_rpc_s. "
        "[default: the order of time, else most invocations first]",
    ),
    click.option("--top", type=click.IntRange(min=1), metavar="N", help="Show the first N groups only."),
    click.option(
        "--slowest",
        type=click.IntRange(min=1),
        metavar="N",
        help="Name the N slowest runs and the N longest waits, with their URLs.",
    ),
    click.option(
        "--phases",
        is_flag=True,
        help="Show where the time goes: shares and percentiles of phases, and what never started.",
    ),
)


#: A default from a configuration does not show that groups are meant.
_WRITTEN: Final = ParameterSource.COMMANDLINE
_MEANT: Final = ("by", "sort", "top", "slowest", "phases")


def grouping(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options of groups. The command gets them as `asked`, and as `given` whether any was written."""

    @wraps(function)
    def command(
        by: tuple[str, ...] | None,
        zone: str,
        sort: str | None,
        top: int | None,
        slowest: int | None,
        phases: bool,
        **more: Any,
    ) -> int:
        context = click.get_current_context()
        given = any(context.get_parameter_source(name) is _WRITTEN for name in _MEANT)
        if phases and (sort, slowest) != (None, None):
            raise click.UsageError("--phases cannot be used with --sort or --slowest.")
        asked = Asked(by or ("builder",), zone, sort, top, slowest, phases)
        return function(asked=asked, given=given, **more)

    for option in reversed(_OPTIONS):
        command = option(command)
    return command
