"""The text form of an invocation's page, and the place of its log in the HTML."""

from __future__ import annotations

from typing import Final

from logparse.sources.html.parts import SECTIONS, Parts, Section

_FIELDS: Final = {"status": "Status", "triggered by": "Triggered by", "duration": "Duration"}
#: Sections that only the page of a job has.
_OF_JOBS: Final = ("pending triggers", "last triage")
#: Sections whose content is a ``<pre>``. That of all others, but for the log, is a list.
_VERBATIM: Final = ("definition", "incoming properties")


def text_form(parts: Parts) -> tuple[str, int]:
    """Return an invocation's parts in the text form, and the offset of the log's heading in it."""
    blocks = [_top(parts)]
    log = ""
    for name, heading in SECTIONS.items():
        section = parts.sections.get(name)
        if section is None or name in _OF_JOBS:
            continue
        if name == "debug log":
            log = f"{heading}\n\n{section.pre or ''}"
        else:
            blocks.append(_block(name, heading, section))
    head = "".join(blocks)
    return head + log, len(head)


def _top(parts: Parts) -> str:
    """Return the breadcrumb and the fields, a line each, and an empty line; nothing where there are none."""
    crumbs = parts.crumbs
    if len(crumbs) < 4:
        crumbs = ["All projects", *parts.title.split(" :: ")[1:]]
    lines = [" / ".join(crumbs)] if len(crumbs) == 4 else []
    for label, shown in _FIELDS.items():
        if label in parts.fields:
            lines.append(f"{shown}: {parts.fields[label]}".rstrip())
    if "actions" in parts.fields:
        lines.append("Actions:")
    return "\n".join(lines) + "\n\n" if lines else ""


def _block(name: str, heading: str, section: Section) -> str:
    """Return a section of the head: its heading and its content, each with an empty line after it."""
    title = f"{heading} {section.remark}".rstrip() if name == "definition" else heading
    content = ""
    if name in _VERBATIM:
        if section.pre:
            content = section.pre.rstrip("\n") + "\n\n"
    elif section.items:
        content = "".join(f"  • {item}\n" for item in section.items) + "\n"
    return f"{title}\n\n{content}"


def line_shift(html: str, section: Section | None) -> int:
    """Return how many lines of the page's source are before the first line of the section's ``<pre>``."""
    if section is None or section.at is None:
        return 0
    at = section.at
    if html.startswith(("\n", "\r\n"), at):
        at = html.index("\n", at) + 1
    return html.count("\n", 0, at)
