"""Pages of reports for tests: made, read, and shown in a browser."""

from __future__ import annotations

import base64
import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from playwright.sync_api import Page
from simulated import simulated, truth

import logparse as lp
from logparse.analysis.specs import DEFAULT_SPECS
from logparse.columns import TABLES
from logparse.report.page import page_of
from logparse.report.payload import Content
from logparse.report.units import units

LOGS = Path(__file__).parents[1] / "data" / "logs"
BUILDS = Path(__file__).parents[1] / "data" / "builds"
#: Catches what the page copies, and makes each drawing known.
_WATCH = """
window.copied = null;
Object.defineProperty(navigator, "clipboard", {value: {writeText: async (text) => { window.copied = text; }}});
"""
_PATIENCE_S = 60


class Shown:
    """A page of a report in a browser, and all that went wrong in it."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.path = path
        self.wrong: list[str] = []
        page.on("console", lambda message: self.wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        page.add_init_script(_WATCH)

    def _asked(self, url: str) -> None:
        if url.partition("#")[0] != self.path.as_uri():
            self.wrong.append(f"request: {url}")

    def open(self, hash_: str = "") -> Shown:
        """Open the page, or load it anew."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.path.as_uri()}#{hash_}" if hash_ else self.path.as_uri())
        self._wait(0)
        return self

    def drawn(self) -> list[float]:
        """The milliseconds that each drawing of the page took."""
        found: list[float] = self.page.evaluate(
            "performance.getEntriesByName('drawn').map((one) => one.duration)"
        )
        return found

    def _wait(self, before: int) -> None:
        end = time.monotonic() + _PATIENCE_S
        while len(self.drawn()) <= before:
            assert time.monotonic() < end, f"not drawn: {self.wrong}"
            time.sleep(0.01)

    def after(self, action: Callable[[], Any]) -> None:
        """Do something that changes the selection, and wait until everything is drawn."""
        before = len(self.drawn())
        action()
        self._wait(before)

    def choose(self, hash_: str) -> None:
        """Select what an address names."""
        self.after(lambda: self.page.evaluate("(text) => { location.hash = text; }", hash_))

    def hash(self) -> str:
        found: str = self.page.evaluate("location.hash")
        return found.removeprefix("#")

    def csv(self, table: str) -> list[list[str]]:
        """Copy a table as CSV, and return its cells."""
        self.page.evaluate("window.copied = null")
        self.page.locator(f"#{table}-table button", has_text="Copy as CSV").click()
        end = time.monotonic() + _PATIENCE_S
        while (text := self.page.evaluate("window.copied")) is None:
            assert time.monotonic() < end, "nothing was copied"
            time.sleep(0.01)
        return list(csv.reader(io.StringIO(text)))

    def rows(self, table: str) -> list[dict[str, str]]:
        head, *lines = self.csv(table)
        return [dict(zip(head, line, strict=True)) for line in lines]


def content_of(data: lp.Dataset) -> Content:
    return Content(
        units(data.invocations, data.builds), data.table("findings"), data.table("failures"), DEFAULT_SPECS
    )


def write_page(content: Content, path: Path) -> Path:
    path.write_text(page_of(content), encoding="utf-8")
    return path


class Fleet:
    """A simulated fleet: its tables, and its page."""

    def __init__(self, folder: Path) -> None:
        plants = ["slow-bot", "regression", "flaky-builder"]
        simulated(folder, invocations=10_000, days=28, tables_only=True, seed=3, plant=plants)
        self.invocations = truth(folder, "invocations")
        self.builds = truth(folder, "builds")
        nothing = {
            name: pd.DataFrame(columns=[c.name for c in TABLES[name]]) for name in ("findings", "failures")
        }
        self.content = Content(
            units(self.invocations, self.builds), nothing["findings"], nothing["failures"], DEFAULT_SPECS
        )
        self.path = write_page(self.content, folder / "report.html")


def data_of(html: str) -> dict[str, Any]:
    """Return the data of a page."""
    text = html.split('<script type="application/json" id="data">')[1].split("</script>")[0]
    found: dict[str, Any] = json.loads(text)
    return found


def decoded(page: str | dict[str, Any]) -> dict[str, list[Any]]:
    """Return the columns of a page, or of its data, as lists with None for null."""
    data = data_of(page) if isinstance(page, str) else page
    made = {name: _decoded(column) for name, column in data["columns"].items()}
    for name, key in (("url", "build"), ("source", "invocation")):
        if name in made:
            pairs = zip(made[name], made[key], strict=True)
            made[name] = [text and text.replace("\x01", id_ or "") for text, id_ in pairs]
    return made


def _decoded(column: dict[str, Any]) -> list[Any]:
    kind = column["type"]
    values = np.frombuffer(base64.b64decode(column["data"]), f"<{kind}").tolist()
    if "words" in column:
        return [column["words"][code - 1] if code else None for code in values]
    if kind == "u8":
        return [str(value) if value else None for value in values]
    null = None if kind == "f8" else np.iinfo(kind).min
    return [None if value == null or value != value else value for value in values]
