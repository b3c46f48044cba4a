"""Charts of records and tables.

Every function takes what `logparse.parse` or `logparse.load` returned, draws it on Axes, its own
or those given, and returns them: nothing is read, shown or saved here. Times are UTC,
and what has no value is named on the chart, not left out silently. Matplotlib comes with the
extra ``logparse[plot]`` and is imported when something is drawn; its settings stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from logparse.metrics import GROUP_KEYS
from logparse.odd import without_odd
from logparse.records import Invocation

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    Row: TypeAlias = Invocation | pd.Series[Any]

#: The phases in order: column, label and colour. Colours are Okabe and Ito's, made for all eyes.
PHASES: Final = (
    ("scheduler_wait_s", "scheduler wait", "#E69F00"),
    ("launch_s", "launch", "#CC79A7"),
    ("pending_s", "pending", "#56B4E9"),
    ("run_s", "run", "#0072B2"),
    ("finish_lag_s", "finish lag", "#D55E00"),
)
_BLUE: Final = "#0072B2"
_SOURCES: Final = (("timer", "timer", _BLUE, "o"), ("pubsub", "PubSub notification", "#E69F00", "D"))
_UNKNOWN: Final[dict[str, Any]] = {
    "facecolor": "white",
    "edgecolor": "#999999",
    "hatch": "////",
    "linewidth": 0.5,
}
_MINUTE: Final = 1 / (24 * 60)
_DARK, _GREY, _EARLY = "#333333", "#777777", "#D55E00"


# --- one invocation ---------------------------------------------------------------------------


def phases(invocation: Row, ax: Axes | None = None) -> Axes:
    """Draw where the time of one invocation went.

    The bar on top is the whole invocation in proportion. As the run mostly hides all else, the
    other phases follow below, each with its seconds, on a scale of their own that says so.

    Parameters
    ----------
    invocation:
        A record, or a row of the table ``invocations``. Used are the five phases and
        ``duration_s`` (seconds), ``created_at``, ``job_id``, ``invocation_id`` and ``status``.
    ax:
        Where to draw; new Axes if None.

    Returns
    -------
    Axes
        Of the whole. Those of the short phases are its one child.

    Notes
    -----
    Time that the log assigns to no phase is hatched: of an invocation that started no build, or
    was aborted, little more than the scheduler's wait is known. One that has not finished has no
    length yet, and its bar ends with the last phase known.
    """
    ax = _axes(ax, 9, 3.4)
    _title(ax, _name(invocation))
    known = {column: _get(invocation, column) for column, _, _ in PHASES}
    if all(value is None for value in known.values()):
        return _nothing(ax, "no phase of this invocation is known")
    duration = _get(invocation, "duration_s")

    ax.set(ylim=(-1.5, 0.45), yticks=[], xlabel=_since(_get(invocation, "created_at")))
    ax.xaxis.set_label_position("top")
    ax.xaxis.tick_top()
    ax.spines[["left", "right", "bottom"]].set_visible(False)
    parts = _parts(known, duration)
    _stack(ax, 0, parts, height=0.5)
    _label_widest(ax, parts, duration)

    others = [(column, label, color) for column, label, color in PHASES if column != "run_s"]
    zoom = ax.inset_axes((0.0, 0.0, 1.0, 0.56))
    longest = 0.0
    for y, (column, _, color) in enumerate(others):
        value = known[column]
        longest = max(longest, abs(value or 0.0))
        if value is not None:
            zoom.barh(y, value, height=0.7, color=color, label=column)
        zoom.annotate(
            "not known" if value is None else _share(value, duration),
            (max(value or 0.0, 0.0), y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
            color=_GREY if value is None else _DARK,
        )
    zoom.axvline(0, color=_DARK, linewidth=0.8)
    zoom.set_yticks(range(len(others)), [label for _, label, _ in others], fontsize="small")
    zoom.tick_params(axis="y", length=0)
    zoom.set_ylim(len(others) - 0.4, -0.6)
    # Room for the text behind the longest bar.
    zoom.set_xlim(min(0.0, *(v or 0.0 for v in known.values())) * 1.05, (longest or 1.0) * 1.3)
    zoom.set_xlabel("all but the run, on a scale of its own: length of each phase (s)")
    zoom.spines[["left", "right", "top"]].set_visible(False)
    return ax


def _name(invocation: Row) -> str:
    """Return the job, the invocation, how it ended and how long it took, as far as known."""
    job, number = _get(invocation, "job_id"), _get(invocation, "invocation_id")
    status, duration = _get(invocation, "status"), _get(invocation, "duration_s")
    name = " ".join(str(part) for part in (_short(job or "", 50), number) if part) or "invocation"
    length = ", phases so far" if duration is None else f" after {duration:,.3f} s"
    return f"{name}: {status or 'status unknown'}{length}"


def _parts(known: Mapping[str, float | None], duration: float | None) -> list[tuple[str, float, float]]:
    """Return a bar's parts, each with its begin and length: from both ends up to what is unknown."""
    columns = list(known)
    gaps = [i for i, column in enumerate(columns) if known[column] is None]
    before, after = (columns[: gaps[0]], columns[gaps[-1] + 1 :]) if gaps else (columns, [])
    parts = []
    left = 0.0
    for column in before:
        parts.append((column, left, known[column] or 0.0))
        left += known[column] or 0.0
    if duration is None:
        return parts
    right = duration
    for column in reversed(after):
        right -= known[column] or 0.0
        parts.append((column, right, known[column] or 0.0))
    # Phases that are all known add up to the duration to the microsecond: no rest then.
    if right - left > 5e-6:
        parts.append(("unknown", left, right - left))
    return parts


def _stack(ax: Axes, y: float, parts: Sequence[tuple[str, float, float]], height: float) -> None:
    colors = {column: color for column, _, color in PHASES}
    for column, left, width in parts:
        style = _UNKNOWN if column == "unknown" else {"color": colors[column]}
        ax.barh(y, width, left=left, height=height, label=column, **style)


def _label_widest(ax: Axes, parts: Sequence[tuple[str, float, float]], duration: float | None) -> None:
    """Write into a bar's parts what they are, where that fits."""
    names = {column: label for column, label, _ in PHASES}
    whole = sum(abs(width) for _, _, width in parts)
    for column, left, width in parts:
        text = f"{names.get(column, 'phase not known')} {_share(width, duration)}"
        if width > whole * len(text) / 90:
            ax.annotate(
                text,
                (left + width / 2, 0),
                ha="center",
                va="center",
                color="white" if column == "run_s" else "black",
                backgroundcolor="white" if column == "unknown" else "none",
                fontsize="small",
            )


def _share(seconds: float, duration: float | None) -> str:
    text = f"{seconds:,.3f} s"
    return f"{text} ({seconds / duration:.2%})" if duration else text


# --- status checks ----------------------------------------------------------------------------


def poll_rpc(polls: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how long each status check waited for Buildbucket's answer, and name the slowest.

    Parameters
    ----------
    polls:
        The table ``polls``, of one invocation or several. Used are ``handled_at`` (the position),
        ``rpc_s`` (seconds), ``source`` (the marker) and ``invocation_id``.
    ax:
        Where to draw; new Axes if None.

    Returns
    -------
    Axes
        A line of markers for each source. Checks without an answer are crosses at zero.
    """
    ax = _axes(ax, 9, 3.4)
    _title(ax, f"Answers to status checks{_whose(polls)}", legend=True)
    ax.set_ylabel("handled to answered (s)")
    timed = polls[polls["handled_at"].notna()]
    if timed.empty:
        return _nothing(ax, "no status checks" if polls.empty else "the times of the checks are not known")
    for source, label, color, marker in _SOURCES:
        chosen = timed[(timed["source"] == source).fillna(False) & timed["rpc_s"].notna()]
        if not chosen.empty:
            x, y = _instants(chosen["handled_at"]), chosen["rpc_s"].to_numpy(float)
            ax.plot(x, y, marker, color=color, markersize=5, label=f"{label} ({len(chosen)})")
    silent = timed[timed["rpc_s"].isna()]
    if not silent.empty:
        x = _instants(silent["handled_at"])
        label = f"no answer ({len(silent)})"
        ax.plot(x, [0.0] * len(x), "x", color=_DARK, markersize=6, label=label)
    _time_axis(ax, "check begun", timed["handled_at"], len(polls) - len(timed))
    answered = timed[timed["rpc_s"].notna()].sort_values("rpc_s", kind="stable")
    top = 0.0
    if not answered.empty:
        at, top = answered["handled_at"].iloc[-1], float(answered["rpc_s"].iloc[-1])
        days = answered["handled_at"].dt.date.nunique()
        clock = f"{at:%H:%M:%S}" if days == 1 else f"{at:%Y-%m-%d %H:%M:%S}"
        _mark(ax, _instants(answered["handled_at"]), top, f"slowest: {top:.3f} s at {clock}")
    ax.set_ylim(-0.02 * (top or 1.0), 1.15 * (top or 1.0))
    _legend(ax)
    return ax


def poll_lateness(polls: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how late each timer of a status check came, in milliseconds; early ones are below zero.

    Parameters
    ----------
    polls:
        The table ``polls``, of one invocation or several. Used are ``due_at`` (the position),
        ``lateness_s`` (seconds) and ``invocation_id``. Checks that PubSub started were never due,
        and are not drawn.
    ax:
        Where to draw; new Axes if None.

    Returns
    -------
    Axes
        A line of markers each for late and early timers, with stems from the line of zero.
    """
    ax = _axes(ax, 9, 3.4)
    _title(ax, f"Lateness of the timers{_whose(polls)}", legend=True)
    ax.set_ylabel("lateness: handled minus due (ms)")
    timers = polls[polls["lateness_s"].notna() | (polls["source"] == "timer").fillna(False)]
    timed = timers[timers["lateness_s"].notna() & timers["due_at"].notna()]
    if timed.empty:
        return _nothing(ax, "no timers" if timers.empty else "when the timers were due is not known")
    lateness = timed["lateness_s"] * 1000
    for chosen, label, color in (
        (lateness >= 0, "late", _BLUE),
        (lateness < 0, "early", _EARLY),
    ):
        if chosen.any():
            x, y = _instants(timed["due_at"][chosen]), lateness[chosen].to_numpy(float)
            ax.vlines(x, 0, y, color=color, linewidth=1)
            ax.plot(x, y, "o", color=color, markersize=5, label=f"{label} ({len(x)})")
    mean = float(lateness.mean())
    ax.axhline(mean, color=_GREY, linestyle="--", linewidth=1, label=f"mean {mean:.1f} ms")
    ax.axhline(0, color=_DARK, linewidth=0.8)
    _time_axis(ax, "timer due", timed["due_at"], len(timers) - len(timed))
    _legend(ax)
    return ax


def _whose(polls: pd.DataFrame) -> str:
    ids = polls["invocation_id"].dropna().unique()
    if len(ids) == 1:
        return f" of invocation {_short(str(ids[0]), 40)}"
    return f" of {len(ids)} invocations" if len(ids) else ""


def _mark(ax: Axes, instants: Any, y: float, text: str) -> None:
    """Write beside the last of some points, on the side that has more room."""
    x = float(instants[-1])
    right = x - float(instants.min()) < float(instants.max()) - x
    ax.annotate(
        text,
        (x, y),
        xytext=(8 if right else -8, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        color=_DARK,
        fontsize="small",
    )


# --- many invocations -------------------------------------------------------------------------


def phase_breakdown(
    invocations: pd.DataFrame, ax: Axes | None = None, *, run: bool = True, limit: int = 30
) -> Axes:
    """Draw the phases of many invocations as stacked bars, the longest on top.

    Parameters
    ----------
    invocations:
        The table ``invocations``. Used are the five phases and ``duration_s`` (seconds),
        ``job_id`` and ``invocation_id``. Those of which no phase is known are left out.
    ax:
        Where to draw; new Axes, as high as the bars need, if None.
    run:
        Whether the run is drawn. Without it the others, mostly far shorter, can be compared.
    limit:
        How many bars at most. The title tells how many there would be.

    Returns
    -------
    Axes
        A bar's parts are as long as the phases. Time that belongs to no known phase is hatched,
        unless `run` is false.
    """
    columns = [column for column, _, _ in PHASES if run or column != "run_s"]
    usual = without_odd(invocations)
    drawable = usual[usual[columns].notna().any(axis=1)]
    known = drawable[columns].sum(axis=1)
    length = drawable["duration_s"].fillna(known) if run else known
    chosen = (
        drawable.assign(_length=length).sort_values("_length", ascending=False, kind="stable").head(limit)
    )

    ax = _axes(ax, 9, 1.5 + 0.32 * max(len(chosen), 2))
    what = "Phases" if run else "Phases but the run"
    part = f"{len(chosen)} longest of {len(drawable)}" if len(chosen) < len(drawable) else f"{len(chosen)}"
    _title(ax, f"{what}, {part} invocation{'s' if len(drawable) != 1 else ''}", legend=True)
    ax.set_xlabel("time since creation (s)" if run else "sum of the phases (s)")
    if chosen.empty:
        return _nothing(ax, "no invocation with known phases")
    unknown = False
    for y, (_, row) in enumerate(chosen.iterrows()):
        values = {column: _get(row, column) for column in columns}
        if run:
            parts = _parts(values, _get(row, "duration_s"))
        else:
            parts = _parts({column: value for column, value in values.items() if value is not None}, None)
        unknown |= any(column == "unknown" for column, _, _ in parts)
        _stack(ax, y, parts, height=0.7)
    names = [_row_name(row) for _, row in chosen.iterrows()]
    ax.set_yticks(range(len(names)), names, fontsize="small", parse_math=False)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.axvline(0, color=_DARK, linewidth=0.8)
    _phase_legend(ax, columns, unknown)
    return ax


def _row_name(row: Row) -> str:
    job, number = _get(row, "job_id"), _get(row, "invocation_id")
    # A whole id would take more room than many bars.
    return _short(job or "unknown job", 30) + (f" …{str(number)[-6:]}" if number else "")


def _phase_legend(ax: Axes, columns: Sequence[str], unknown: bool) -> None:
    from matplotlib.patches import Patch

    patches = [Patch(color=color, label=label) for column, label, color in PHASES if column in columns]
    if unknown:
        patches.append(Patch(label="phase not known", **_UNKNOWN))
    _legend(ax, patches, side="right")


def latency_distribution(
    invocations: pd.DataFrame,
    by: str = "job",
    ax: Axes | None = None,
    *,
    metric: str = "queue_latency_s",
    limit: int = 20,
) -> Axes:
    """Draw a duration of many invocations by group: every value a dot, with the median.

    Parameters
    ----------
    invocations:
        The table ``invocations``. Used are `metric`, and the columns that `by` stands for. Rows
        without the one or the other are left out.
    by:
        ``builder``, ``bot``, ``job``, ``status`` or ``day`` (of creation, in UTC).
    ax:
        Where to draw; new Axes, as high as the groups need, if None.
    metric:
        A column that holds seconds.
    limit:
        How many groups at most, those with the highest medians. The title tells how many there are.

    Returns
    -------
    Axes
        A line of dots for each group, the highest median on top. Groups of ten or more have a mark
        for the 90th percentile also; in smaller ones it would only repeat the largest values.

    Raises
    ------
    KeyError
        Where there is no such group or column.
    """
    keys = GROUP_KEYS[by]
    data = without_odd(invocations)
    if by == "day":
        data = data.assign(day=data["created_at"].dt.strftime("%Y-%m-%d").astype("string"))
    data = data[data[metric].notna() & data[keys[-1]].notna()]
    groups = [
        ("/".join(str(part) for part in key if part == part), group[metric].astype(float))
        for key, group in data.groupby(list(keys), dropna=False, sort=True)
    ]
    groups.sort(key=lambda pair: -pair[1].median())
    shown = groups[:limit]

    ax = _axes(ax, 9, 1.5 + 0.34 * max(len(shown), 2))
    part = f"{len(shown)} highest of {len(groups)}" if len(shown) < len(groups) else f"{len(groups)}"
    _title(ax, f"{metric} by {by}, {part} group{'s' if len(groups) != 1 else ''}", legend=True)
    ax.set_xlabel(f"{metric.removesuffix('_s').replace('_', ' ')} (s)")
    if not shown:
        return _nothing(ax, f"no invocation has {metric} and a {by}")
    for y, (_, values) in enumerate(shown):
        marks = [("median", 0.5, "#000000"), ("90th percentile", 0.9, _EARLY)]
        for name, quantile, color in marks if len(values) >= 10 else marks[:1]:
            x = values.quantile(quantile)
            ax.vlines(x, y - 0.35, y + 0.35, color=color, linewidth=2, label=_once(ax, name))
        label = _once(ax, "one invocation")
        ax.plot(values.to_numpy(), [y] * len(values), "o", color=_BLUE, alpha=0.5, markersize=5, label=label)
    names = [f"{_short(name, 40)} ({len(values)})" for name, values in shown]
    ax.set_yticks(range(len(names)), names, fontsize="small", parse_math=False)
    ax.set_ylim(len(names) - 0.4, -0.6)
    if ax.get_xlim()[0] > 0:
        ax.set_xlim(left=0.0)
    _legend(ax)
    return ax


def _once(ax: Axes, label: str) -> str:
    """Return a label that the Axes have no legend for yet, else one that is not shown."""
    return "_" if label in ax.get_legend_handles_labels()[1] else label


# --- what all charts share --------------------------------------------------------------------


def _axes(ax: Axes | None, width: float, height: float) -> Axes:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("charts need Matplotlib: pip install 'logparse[plot]'") from error
    made: Axes = pyplot.subplots(figsize=(width, height), layout="constrained")[1]
    return made


def _title(ax: Axes, text: str, *, legend: bool = False) -> None:
    """Set a title from text that a log may have made up; `legend` leaves a line for one below it."""
    pad = 24 if legend else None
    ax.set_title(text, loc="left", fontsize="medium", pad=pad, parse_math=False)


def _legend(ax: Axes, handles: list[Any] | None = None, *, side: Literal["left", "right"] = "left") -> None:
    """Put the legend above the Axes, where it covers nothing. A wide one belongs right, beside long names."""
    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    ax.legend(
        handles=handles,
        loc="lower left" if side == "left" else "lower right",
        bbox_to_anchor=(0 if side == "left" else 1, 1),
        borderaxespad=0.2,
        ncols=max(len(handles), 1),
        frameon=False,
        fontsize="small",
        handletextpad=0.4,
        columnspacing=1.4,
    )


def _nothing(ax: Axes, why: str) -> Axes:
    """Say on the Axes why there is nothing on them."""
    ax.set(xticks=[], yticks=[])
    ax.text(0.5, 0.5, why, transform=ax.transAxes, ha="center", va="center", color=_GREY)
    return ax


def _since(at: datetime | None) -> str:
    if at is None:
        return "time since the creation (s)"
    return f"time since the creation at {at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} UTC (s)"


def _time_axis(ax: Axes, what: str, times: pd.Series[Any], untimed: int) -> None:
    """Label an axis of times in UTC, whatever time zone Matplotlib is set to."""
    dates = _dates()
    locator = dates.AutoDateLocator(tz=UTC)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=UTC))
    first, last = _instants(times).min(), _instants(times).max()
    if first == last:
        # Matplotlib would show years around a single time.
        ax.set_xlim(first - _MINUTE, last + _MINUTE)
    ax.set_xlabel(f"{what} (UTC)" + (f"; {untimed} at unknown times not drawn" if untimed else ""))
    ax.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)


def _instants(times: pd.Series[Any]) -> Any:
    """Return times as an array of what Matplotlib counts them in."""
    return _dates().date2num(times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]"))


def _dates() -> Any:
    """Return the module that makes axes of times; it has no type hints."""
    from matplotlib import dates

    return dates


def _get(source: Row, name: str) -> Any:
    """Return a value of a record or of a row, None where unknown."""
    if isinstance(source, Invocation):
        return getattr(source, name)
    import pandas as pd

    value: Any = source[name]
    return None if pd.isna(value) else value


def _short(text: str, length: int) -> str:
    """Return text from a log as one line that fits: cut, without characters that draw nothing."""
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= length else text[: length - 1] + "…"
