"""Reports: one HTML page that shows a fleet, without a network.

>>> import logparse as lp
>>> html = lp.report.page(lp.load("logs/"))

`page` gives the page of all that a Dataset has, `write_periods` writes a page for each day, week or month.
A page holds its data, and computes all numbers, charts and tables from the runs that a reader selects in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from logparse.analysis.specs import DEFAULT_SPECS, Specs
from logparse.report import periods
from logparse.report.page import MOST_ROWS, page_of
from logparse.report.payload import Content
from logparse.report.periods import EVERY, Every, Written
from logparse.report.units import units

if TYPE_CHECKING:
    from logparse.loading.dataset import Dataset

__all__ = ["EVERY", "MOST_ROWS", "Every", "Written", "page", "write_periods"]


def page(data: Dataset, *, title: str | None = None, specs: Specs = DEFAULT_SPECS) -> str:
    """Return the report of a Dataset as the text of an HTML file.

    The text is the same for the same data. It needs no other file and no network.

    Parameters
    ----------
    data:
        What `logparse.load` returned.
    title:
        The heading; without it, one that names the projects.
    specs:
        The specifications of health: Chromium's defaults, or what `logparse.analysis.read_specs` returns.

    Raises
    ------
    UsageError
        Where the page would have more than `MOST_ROWS` runs.
    """
    return page_of(_content(data, specs), title)


def write_periods(
    data: Dataset,
    into: str | Path,
    every: Every,
    *,
    title: str | None = None,
    specs: Specs = DEFAULT_SPECS,
    force: bool = False,
) -> Written:
    """Write a report for each period of a Dataset into a folder, and ``index.html``, which lists all of them.

    A page is ``report-2021-W09.html``. One that a report wrote before is replaced where its content differs,
    but kept where it has more runs than the Dataset has of the period: some inputs may be gone. The index
    lists the pages of earlier calls as well. Inputs that could not be read are in the index.

    Parameters
    ----------
    data:
        What `logparse.load` returned.
    into:
        The folder, which is made if it does not exist.
    every:
        ``day``, ``week`` (ISO 8601: from Monday on) or ``month``, in UTC, by the creation of runs.
    title, specs:
        As in `page`.
    force:
        Replace files of these names that no report wrote, and pages that have more runs.

    Raises
    ------
    UsageError
        For another period, or a period of more than `MOST_ROWS` runs.
    LogparseError
        Where a file of a page's name exists that no report wrote, or a file cannot be written.
    """
    return periods.write_periods(_content(data, specs), Path(into), every, title=title, force=force)


def _content(data: Dataset, specs: Specs) -> Content:
    return Content(
        units(data.invocations, data.builds), data.table("findings"), data.table("failures"), specs
    )
