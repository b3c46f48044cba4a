"""A browser, and pages of reports that it shows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile import HOSTILE_BUILDS
from playwright.sync_api import Browser, sync_playwright
from reports import BUILDS, LOGS, Fleet, Shown, content_of, write_page

import logparse as lp


def _chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if (found := shutil.which(name)) is not None:
            return found
    # pip cannot install a browser, and the README promises that pip is enough. CI installs one.
    pytest.skip("there is no Chromium; install the package chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a module. It keeps an event loop running in this thread until it ends."""
    path = _chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@pytest.fixture
def show(browser: Browser) -> Iterator[Callable[..., Shown]]:
    """Open a page in a context of its own. After the test, nothing may have gone wrong in it."""
    opened: list[Shown] = []

    def opener(path: Path, hash_: str = "", *, width: int = 1280, height: int = 800, **more: Any) -> Shown:
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        opened.append(Shown(context.new_page(), path))
        return opened[-1].open(hash_)

    yield opener
    for shown in opened:
        shown.page.context.close()
        assert shown.wrong == []


@pytest.fixture(scope="session")
def given_data() -> lp.Dataset:
    """All given logs, and builds of which no log is there."""
    return lp.load(LOGS, BUILDS)


@pytest.fixture(scope="session")
def given_page(given_data: lp.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(content_of(given_data), tmp_path_factory.mktemp("report") / "given.html")


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Builds whose names are HTML, script, formulas and signs that turn text around."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "builds.json").write_text(json.dumps(HOSTILE_BUILDS), encoding="utf-8")
    return write_page(content_of(lp.load(folder)), folder / "report.html")


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return Fleet(tmp_path_factory.mktemp("fleet") / "fleet")
