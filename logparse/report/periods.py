"""A page for each day, week or month in one folder, and an index of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape, unescape
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

import msgspec

from logparse.errors import LogparseError, UsageError, nearest, one_line
from logparse.output.files import whole_file
from logparse.output.words import DASH, short_duration
from logparse.report.document import filled
from logparse.report.page import Summary, page_of
from logparse.report.payload import Content

#: The lengths of periods.
Every: TypeAlias = Literal["day", "week", "month"]
EVERY: Final = get_args(Every)

_FORMS: Final = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}
#: The page of runs without a time of creation.
_UNDATED: Final = "undated"
_INDEX: Final = "index.html"
_NAME_RE: Final = re.compile(r"report-([0-9A-Za-z-]{1,20}+)\.html")
_MARK: Final = '<meta name="generator" content="logparse report">'
_SUMMARY_RE: Final = re.compile(r'<meta name="logparse-summary" content="([^"]*+)">')
#: The marks of a page are within its first bytes.
_HEAD_BYTES: Final = 8_192
_MOST_FAILURES: Final = 100


@dataclass(frozen=True, slots=True)
class Written:
    """The pages of a folder that `write_periods` wrote, kept or left as they were.

    Attributes
    ----------
    written:
        Names of pages that are new or changed.
    same:
        Names of pages that had this content already.
    kept:
        Names of pages that show more runs than the inputs have now, and were kept for that.
    """

    written: tuple[str, ...]
    same: tuple[str, ...]
    kept: tuple[str, ...]


class _Page(NamedTuple):
    path: Path
    text: str
    runs: int


def write_periods(
    content: Content, folder: Path, every: str, *, title: str | None = None, force: bool = False
) -> Written:
    """Write a page for each period of the content, and an index of all pages in the folder.

    A page that a report wrote before is replaced where its content differs. It is kept where it has more
    runs than the new one, because some of its inputs may be gone. Other files are not touched.

    Parameters
    ----------
    folder:
        It is made if it does not exist.
    every:
        ``day``, ``week`` (ISO 8601: from Monday on) or ``month``, in UTC, by the creation of runs.
    title:
        The heading of each page.
    force:
        Replace files of these names that no report wrote, and pages that have more runs.

    Raises
    ------
    UsageError
        For another period, or a period with more runs than a page can have.
    LogparseError
        Where a file of a page's name exists that no report wrote, or a file cannot be written.
    """
    if every not in EVERY:
        raise UsageError(f"{every!r} is not a period", remedy=nearest(every, EVERY))
    if folder.exists() and not folder.is_dir():
        raise LogparseError(
            "is a file, not a directory", source=str(folder), remedy="name another with --into"
        )
    pages = [
        _Page(folder / f"report-{period}.html", page_of(part, title, period), len(part.units))
        for period, part in _parts(content, every)
    ]
    if not force:
        for path in (*(page.path for page in pages), folder / _INDEX):
            if path.exists() and not _is_ours(path):
                raise LogparseError(
                    "exists, and is not a report", source=str(path), remedy="overwrite it with --force"
                )
    folder.mkdir(parents=True, exist_ok=True)
    done: dict[str, list[str]] = {"written": [], "same": [], "kept": []}
    for page in pages:
        done[_put(page, force=force)].append(page.path.name)
    _write(folder / _INDEX, _index(content, folder, title))
    return Written(*(tuple(done[name]) for name in ("written", "same", "kept")))


def _parts(content: Content, every: str) -> Iterator[tuple[str, Content]]:
    """Yield the content of each period, the earliest first. A finding is in the period of its invocation."""
    units = content.units
    periods = units["created_at"].dt.strftime(_FORMS[every]).astype(object).fillna(_UNDATED)
    for period, part in units.groupby(periods, sort=True):
        chosen = content.findings["invocation_id"].isin(part["invocation_id"].dropna())
        yield (
            str(period),
            replace(
                content,
                units=part.reset_index(drop=True),
                findings=content.findings[chosen],
                failures=content.failures.head(0),
            ),
        )


def _put(page: _Page, *, force: bool) -> str:
    """Write a page where it must change, and return the field of `Written` that names it."""
    if page.path.is_file():
        if page.path.read_bytes() == page.text.encode():
            return "same"
        known = _summary(page.path)
        if known is not None and known.runs > page.runs and not force:
            return "kept"
    _write(page.path, page.text)
    return "written"


def _write(path: Path, text: str) -> None:
    if path.is_file() and path.read_bytes() == text.encode():
        return
    with whole_file(path, force=True) as out:
        out.write(text)


def _head(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_HEAD_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _is_ours(path: Path) -> bool:
    return _MARK in _head(path)


def _summary(path: Path) -> Summary | None:
    """Return the summary of a page that a report wrote; None for another file."""
    head = _head(path)
    found = _SUMMARY_RE.search(head)
    if found is None or _MARK not in head:
        return None
    try:
        return msgspec.json.decode(unescape(found[1]), type=Summary)
    except msgspec.MsgspecError:
        return None


def _index(content: Content, folder: Path, title: str | None) -> str:
    """Return the index of all pages in the folder, the latest first."""
    found = [
        (summary, path.name)
        for path in folder.iterdir()
        if _NAME_RE.fullmatch(path.name) and (summary := _summary(path)) is not None
    ]
    found.sort(key=lambda pair: (pair[0].first or "", pair[1]), reverse=True)
    rows = "".join(_row(summary, name) for summary, name in found)
    return filled(
        "index",
        {
            "title": escape(one_line(title or "Reports of runs")),
            "rows": rows,
            "unread": _unread(content),
        },
    )


def _row(summary: Summary, name: str) -> str:
    ended = summary.succeeded + summary.failed
    cells = (
        f"{summary.runs:,}",
        f"{summary.succeeded / ended:.0%}" if ended else DASH,
        f"{summary.failed:,}",
        f"{summary.aborted:,}",
        _duration(summary.queue_p50_ms),
        _duration(summary.run_p50_ms),
    )
    link = f"<a href='{escape(name)}'>{escape(one_line(summary.period or name))}</a>"
    days = " to ".join(dict.fromkeys(escape(at[:10]) for at in (summary.first, summary.last) if at)) or DASH
    numbers = "".join(f"<td class='number'>{escape(cell)}</td>" for cell in cells)
    return f"<tr><th scope='row'>{link}</th><td class='time'>{days}</td>{numbers}</tr>"


def _duration(ms: int | None) -> str:
    return short_duration(None if ms is None else ms / 1000)


def _unread(content: Content) -> str:
    """Return the inputs that could not be read, as HTML. They belong to no period."""
    failures = content.failures
    failed = failures[~failures["skipped"].fillna(False).astype(bool)]
    if failed.empty:
        return "<p>All inputs of the last run of logparse were read.</p>"
    shown = failed.head(_MOST_FAILURES)
    items = "".join(
        f"<li>{escape(one_line(f'{source}: {reason}'))}</li>"
        for source, reason in zip(shown["source"], shown["reason"], strict=True)
    )
    more = len(failed) - len(shown)
    rest = f"<p>{more:,} more; logparse export --table failures has all.</p>" if more else ""
    return f"<h2>Inputs that could not be read</h2><ul>{items}</ul>{rest}"
