"""``logparse plot``: a chart as a picture."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.cli.charts import CHARTS, KEYS, draw
from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.options import chosen_format, day, inputs, output, zone
from logparse.columns import TABLES
from logparse.errors import LogparseError
from logparse.output.files import ready, whole_binary_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from logparse.loading.dataset import Dataset

_FORMATS: Final = ("png", "svg", "pdf")
#: Metadata that would make two files of the same chart different: times, and the version of Matplotlib.
_METADATA: Final[Mapping[str, dict[str, Any]]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "logparse"},
    "pdf": {"CreationDate": None, "Creator": "logparse", "Producer": "logparse"},
}
_STYLES: Final = {"light": ("default",), "dark": ("default", "dark_background")}
_METRICS: Final = tuple(column.name for column in TABLES["invocations"] if column.name.endswith("_s"))
_SIZE_RE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)[x×](\d{1,3}(?:\.\d{1,3})?)", re.IGNORECASE | re.ASCII)
_LEAST_INCHES, _MOST_INCHES = 1.0, 100.0
#: A picture of more pixels does not fit into the memory of a small machine.
_MOST_PIXELS: Final = 100_000_000


class _Plot(click.Command):
    """The command, with the list of charts in its help."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Charts"):
            formatter.write_dl([(name, chart.meaning) for name, chart in CHARTS.items()])
        super().format_options(ctx, formatter)


def _size(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, float] | None:
    """Return the width and the height of ``9x4.5`` in inches."""
    if value is None:
        return None
    found = _SIZE_RE.fullmatch(value.strip())
    if found is None or not all(_LEAST_INCHES <= float(part) <= _MOST_INCHES for part in found.groups()):
        raise click.BadParameter(f"{value!r} is not a size; write inches from 1 to 100, as 9x4.5")
    return float(found[1]), float(found[2])


@click.command(
    "plot",
    cls=_Plot,
    epilog="""\b
Examples:
  logparse plot phases page.html -o phases.png
  logparse plot latency_distribution logs/ --by bot --metric run_s -o bots.svg
  logparse plot poll_rpc logs/ --style dark --size 12x5 -o polls.pdf""",
)
@click.argument("name", type=click.Choice([*CHARTS]), metavar="NAME")
@inputs
@click.option("--by", metavar="KEY", help=f"Group by {', '.join(KEYS)}, where the chart has groups.")
@click.option(
    "--metric",
    type=click.Choice(_METRICS),
    metavar="COLUMN",
    help="Column of seconds to draw, as run_s or queue_latency_s.",
)
@click.option(
    "--tz",
    callback=zone,
    metavar="ZONE",
    help="Time zone of days and hours: Europe/Berlin. [default: UTC]",
)
@click.option(
    "--day",
    "shown_day",
    callback=day,
    metavar="YYYY-MM-DD",
    help="Day of a chart of one day. [default: the day on which most builds started]",
)
@click.option(
    "--style",
    type=click.Choice([*_STYLES]),
    default="light",
    show_default=True,
    help="Background of the picture.",
)
@click.option(
    "--size",
    callback=_size,
    metavar="WxH",
    help="Width and height in inches, as 9x4.5. [default: what the chart needs]",
)
@click.option(
    "--dpi",
    type=click.IntRange(20, 1200),
    default=150,
    show_default=True,
    metavar="N",
    help="Pixels of an inch.",
)
@output
def command(
    name: str,
    inputs: Inputs,
    by: str | None,
    metric: str | None,
    tz: str | None,
    shown_day: date | None,
    style: str,
    size: tuple[float, float] | None,
    dpi: int,
    output: Path | None,
    force: bool,
) -> int:
    """Draw a chart as a picture: FILE.png, FILE.svg or FILE.pdf.

    Charts that are drawn without data say why. Charts need `pip install 'logparse[plot]'`.
    """
    options = _options(name, by=by, metric=metric, tz=tz, day=shown_day)
    if output is None or output.suffix.lower() not in {f".{format_}" for format_ in _FORMATS}:
        raise click.UsageError("Name the picture with -o FILE.png, FILE.svg or FILE.pdf.")
    chosen = chosen_format(None, output, _FORMATS, "png")
    if size is not None:
        _check_pixels(size, dpi)
    ready(output, force=force)
    _check_matplotlib()
    data = read(inputs, CHARTS[name].tables)
    # Where all inputs failed, a picture of nothing would mislead.
    if holds_something(data) or not data.failures:
        with _settings(style):
            figure = _drawn(name, data, size, options).figure.figure
            with whole_binary_file(output, force=force) as out:
                figure.savefig(out, format=chosen, dpi=dpi, metadata=_METADATA[chosen])
            _close(figure)
    return exit_code(data, inputs)


def _options(name: str, **given: Any) -> dict[str, Any]:
    """Return the options that were given, checked against those that the chart has."""
    chart = CHARTS[name]
    options = {key: value for key, value in given.items() if value is not None}
    for key, value in options.items():
        if key == "by" and chart.by:
            if value not in chart.by:
                choices = ", ".join(chart.by)
                raise click.UsageError(f"{name} does not group by {value!r}; choose from {choices}.")
        elif key not in chart.options:
            raise click.UsageError(f"{name} has no option --{key}.")
    return options


def _check_pixels(size: tuple[float, float], dpi: int) -> None:
    if size[0] * size[1] * dpi * dpi > _MOST_PIXELS or max(size) * dpi >= 2**16:
        raise click.UsageError(
            f"{size[0]:g}x{size[1]:g} inches with {dpi} pixels each are too many; lower --size or --dpi."
        )


def _check_matplotlib() -> None:
    """Check before anything is read that charts can be drawn."""
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise LogparseError(
            "charts need Matplotlib, which is not installed", remedy="pip install 'logparse[plot]'"
        ) from error


@contextmanager
def _settings(style: str) -> Iterator[None]:
    """Draw without a display, in a style, and without the settings of the user."""
    from matplotlib import pyplot
    from matplotlib import style as styles

    pyplot.switch_backend("agg")
    # The ids in an SVG file are random without a salt.
    with styles.context([*_STYLES[style], {"svg.hashsalt": "logparse"}]), warnings.catch_warnings():
        # Matplotlib warns of a layout with too little room, for which the picture is evidence enough.
        warnings.simplefilter("ignore", UserWarning)
        yield


def _close(figure: Figure) -> None:
    """Free the memory of a figure, for programs that run the command many times."""
    from matplotlib import pyplot

    pyplot.close(figure)


def _drawn(name: str, data: Dataset, size: tuple[float, float] | None, options: dict[str, Any]) -> Axes:
    from matplotlib import pyplot

    ax = None if size is None else pyplot.subplots(figsize=size, layout="constrained")[1]
    return draw(name, data, ax, **options)
