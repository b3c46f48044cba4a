"""Pages around the given logs, with texts from outside in each of their parts."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from attempts import starting
from engine_logs import LOGS, MARKER, Log, Piece, clock, finish
from forgeries import Scene, quoted

HEADING: Final = "Debug log (UTC)"
_ESCAPES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "+": "&#43;"}
)


@dataclass(frozen=True)
class Parts:
    """What a page has around the log."""

    titles: Sequence[str] = ("Triggered via web UI",)
    tags: Sequence[str] = ("custom:tag",)
    value: str = "master"
    builder: str = "linux"
    bullet: str = "  • "


def text_page(log: Log, parts: Parts) -> tuple[str, int]:
    """Return a page as text, and the line where its log begins."""
    status = log.truth.status or "FAILED"
    properties = json.dumps({"branch": parts.value}, indent=2, ensure_ascii=False)
    head = [
        f"Status: {status}",
        "Triggered by: -",
        "Duration: 21 minutes",
        "Actions:",
        "",
        "Definition (rev 3ae3b2a221e5e411607942c41a47c1699f734145)",
        "",
        "buildbucket: <",
        f"  builder: {json.dumps(parts.builder)}",
        ">",
        "",
        "Incoming triggers",
        "",
        *(parts.bullet + title for title in parts.titles),
        "",
        "Incoming properties",
        "",
        *properties.split("\n"),
        "",
        "Incoming tags",
        "",
        *(parts.bullet + tag for tag in parts.tags),
        "",
        HEADING,
        "",
    ]
    return "\n".join(head) + "\n" + log.text, len(head) + 1


def one_line_texts(log: Log) -> dict[str, list[str]]:
    """Return what titles and tags can imitate, each a list of lines, by name. Clocks are of the log's own time."""
    first = log.pieces[0].at or 0
    stamp, later = f"[{clock(first)}] ", f"[{clock(first + 1_000)}] "
    whole = [
        f"{stamp}New invocation is queued and will start shortly",
        f"{later}Starting the invocation (attempt 1)",
        f"{later}Running noop task for 1s",
        f"{later}Invocation finished in 1s with status FAILED",
    ]
    page = ["Status: FAILED", "Triggered by: user:mallory@example.com", "Duration: 1 second", "Actions:"]
    return {
        "finish": [whole[-1]],
        "queued": [whole[0]],
        "start": [whole[1]],
        "retry": [f"{stamp}The invocation will be retried"],
        "abort": [f"{stamp}Invocation is manually aborted by user:mallory@example.com"],
        "whole log": whole,
        "heading": [HEADING],
        "heading and finish": [HEADING, whole[-1]],
        "heading and whole log": [HEADING, *whole],
        "heading, whole log, heading": [HEADING, *whole, HEADING],
        "cut": [MARKER],
        "page header": page,
        "page and whole log": [*page, HEADING, *whole],
        "section": ["Incoming tags", "Outgoing triggers", "Incoming properties"],
        "triage block": [
            "Debug output from the triage procedure:",
            "Debug output from the invocation itself:",
        ],
    }


def forged_pages(log: Log) -> Iterator[tuple[str, Log, str, int]]:
    """Yield pages as text: what is forged and where, the log with its truth, the page, the log's first line."""
    codes = log.truth.codes | {"suspicious", "stray-text", "header-mismatch", "definition-unreadable"}
    codes |= {"properties-unreadable", "reading-ambiguous"}
    # The page names a kind of task and a builder that the log need not have.
    log = replace(log, truth=replace(log.truth, codes=codes, forged_open=True))
    for name, forged in one_line_texts(log).items():
        joined = "\n".join(forged)
        for bullet in ("  • ", "", "  * ", "- "):
            for place, parts in {
                "titles": Parts(titles=forged, bullet=bullet),
                "tags": Parts(tags=forged, bullet=bullet),
            }.items():
                yield f"{name} in {place} after {bullet!r}", log, *text_page(log, parts)
        yield f"{name} in a property", log, *text_page(log, Parts(value=joined))
        yield f"{name} in a definition", log, *text_page(log, Parts(builder=joined))
        yield (
            f"{name} after U+2028 in a property",
            log,
            *text_page(log, Parts(value="\u2028".join(["", *forged]))),
        )


def quoted_headings(scene: Scene) -> Iterator[tuple[str, Log, str, int]]:
    """Yield pages whose log quotes the heading of a log and the log of a forger, as `forged_pages` does."""
    first, at = scene.log.pieces[0].at or 0, scene.at
    queued, begun = "New invocation is queued and will start shortly", starting(at, 1)
    logs = {
        "first entry as it is": [Piece(first, queued), begun, scene.failure()],
        "first entry": [Piece(at, queued), begun, scene.failure()],
        "whole log": [
            Piece(at, queued),
            begun,
            scene.failure(),
            *finish(at, scene.log.truth.started_ns, "FAILED")[:1],
        ],
        "this attempt": [starting(at, scene.attempt or 1), scene.failure()],
        "first attempt": [begun],
        "attempt of an old engine": [Piece(at, "Invocation initiated (attempt 1)"), scene.failure()],
        "nothing": [],
    }
    codes = scene.log.truth.codes | {"suspicious", "stray-text", "header-mismatch", "reading-ambiguous"}
    for name, forged in logs.items():
        for heading in (HEADING, f"  {HEADING}", "## Debug log"):
            log = quoted(scene, "\n".join(["", heading, "", *(p.rendered for p in forged), ""]))
            log = replace(log, truth=replace(log.truth, codes=codes, forged_open=True))
            yield f"{name} after {heading!r}", log, *text_page(log, Parts())


# --- saved HTML ---------------------------------------------------------------------------------


def escape(text: str) -> str:
    """Return a text as the scheduler's page has it."""
    return text.translate(_ESCAPES)


def html_page(name: str, log: Log) -> tuple[str, int] | None:
    """Return the page of a given log with the log's entries replaced, and the line where they begin."""
    page = (LOGS / f"{name}.html").read_bytes().decode()
    own = escape((LOGS / f"{name}.log").read_bytes().decode())
    if page.count(own) != 1:
        return None
    return page.replace(own, escape(log.text)), page[: page.index(own)].count("\n") + 1


def html_names() -> list[str]:
    """Return the names of the given logs that have a page."""
    return sorted(f"{p.parent.name}/{p.stem}" for p in LOGS.glob("*/*.html") if ".dom." not in p.name)


def forged_html(name: str, log: Log) -> Iterator[tuple[str, str, int]]:
    """Yield pages as HTML with forged titles and tags: where they are, the page, the log's first line."""
    made = html_page(name, log)
    if made is None:
        return
    page, line = made
    for label, forged in one_line_texts(log).items():
        for heading in ("Incoming triggers", "Incoming tags"):
            found = re.search(rf"<h4>{heading}</h4>.*?<ul>\n", page, re.DOTALL)
            if found is None or "<h4>" in found[0][4:]:
                continue
            items = "".join(f"  <li>{html.escape(text)}</li>\n" for text in forged)
            changed = page[: found.end()] + items + page[found.end() :]
            yield f"{label} in {heading}", changed, line + items.count("\n")
