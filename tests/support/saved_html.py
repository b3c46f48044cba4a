"""Saved pages, and pages made around a log."""

from __future__ import annotations

from pathlib import Path

from logparse.sources.html import to_text

DATA = Path(__file__).parent.parent / "data" / "html"
PAGES = sorted(DATA.glob("*.html"))
LOG_HEADING = "Debug log (UTC)\n\n"


def read(path: Path) -> str:
    """Read without touching line ends."""
    return path.read_bytes().decode()


def pair(path: Path) -> tuple[str, str]:
    return read(path), read(path.with_name(path.name.split(".")[0] + ".log"))


def page(log: str, before: str = "", *, pre: str = "<pre>") -> str:
    """Make an invocation's page of a log that is already HTML."""
    return (
        "<!doctype html>\n<title>LUCI Scheduler :: p :: j :: 9028843112359765808</title>\n"
        f"{before}<h4>Debug log (UTC)</h4>\n<div>{pre}{log}</pre></div>"
    )


def log_of(html: str) -> str:
    found = to_text(html)
    assert found.kind == "invocation"
    return found.text.partition(LOG_HEADING)[2]


def as_browser_saves(html: str) -> str:
    """Turn the server's bytes into what a browser keeps of them: newlines for all line ends."""
    return html.replace("\r\n", "\n").replace("\r", "\n")
