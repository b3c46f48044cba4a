"""Options and texts that ``logparse compare`` and ``logparse trends`` share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from logparse.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from logparse.loading.dataset import Dataset

F = TypeVar("F", bound=Callable[..., Any])

#: The exit code of a threshold that is crossed.
CROSSED: Final = 4
FLEET: Final = "(whole fleet)"
#: The default of ``--top``.
TOP: Final = 20


def _metrics(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of metrics, checked."""
    from logparse.analysis.daymedians import DEFAULT_METRICS, check_metrics

    try:
        return check_metrics(value or DEFAULT_METRICS)
    except UsageError as error:
        raise click.BadParameter(str(error)) from error


_OPTIONS: Final = (
    click.option(
        "--metric",
        "metrics",
        multiple=True,
        callback=_metrics,
        metavar="NAME",
        help="A duration of the table invocations. Can be given several times. "
        "[default: run_s, pending_s, queue_latency_s, finish_lag_s]",
    ),
    click.option(
        "--min-percent",
        type=click.FloatRange(min=0),
        default=5.0,
        show_default=True,
        metavar="P",
        help="Smaller changes do not count.",
    ),
    click.option(
        "--min-seconds",
        type=click.FloatRange(min=0),
        default=1.0,
        show_default=True,
        metavar="S",
        help="Smaller changes do not count.",
    ),
    click.option("--fail-on", type=click.Choice(["regression"]), help="Exit with 4 where there is one."),
)


def change_options(function: F) -> F:
    """Add the options of metrics and thresholds."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def runs_and_builds(data: Dataset) -> pd.DataFrame:
    """Return the invocations of a dataset, and its builds without one, with the columns of changes."""
    from logparse.analysis.daymedians import METRICS
    from logparse.metrics import with_builds
    from logparse.tables.summarized import OF_ALONE

    invocations = data.frame("invocations", {"invocation_id", "duration_s", *METRICS, *OF_ALONE})
    return with_builds(invocations, data.frame("builds", {"invocation_id", *OF_ALONE.values()}))


def readable_change(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with texts for a terminal: the builder, the metric, and the change with its interval."""
    return {
        **row,
        "name": row["builder_id"] if row["scope"] == "builder" else FLEET,
        "of": _SHORT.get(row["metric"], row["metric"].removesuffix("_s")),
        "size": _size(row),
    }


_SHORT: Final = {"queue_latency_s": "queue", "finish_lag_s": "finish", "scheduler_wait_s": "wait"}


def _size(row: Mapping[str, Any]) -> str | None:
    """Return a change and its interval in percent: ``+35 [+33 +36]``."""
    if row["change"] is None:
        return None
    ends = [row["change_low"], row["change_high"]]
    interval = "" if None in ends else f" [{' '.join(map(percent, ends))}]"
    return f"{percent(row['change'])}{interval}"


def percent(share: float) -> str:
    """Return a share in percent, with its sign."""
    return f"{share * 100:+.{0 if abs(share) >= 0.01 else 1}f}"
