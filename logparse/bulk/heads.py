"""The heads of pages: what a plain page shows above its log.

The shared parser reads a head without the parts that differ from page to page, once for all pages that are
equal but for these.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from logparse.buildbucket import MAX_NESTING, decode_payload
from logparse.engine.invocation import definition_kind, page_identity, task_of, text_of
from logparse.language import scanner
from logparse.language.syntax import LOG_HEADING_RE, Page
from logparse.sources.ours import made_by_logparse

#: Lines of a head that differ from page to page, each in the form that cannot be anything else.
_HEADER_RE: Final = re.compile(
    rb"(Status: [A-Z]++ ?+\n(?:Triggered by: [^\n\t ]++\n)?+)(?:Duration: [0-9a-z ]++\n)(?=Actions: ?+\n)"
)
_REVISION_RE: Final = re.compile(rb"\nDefinition \(rev ([0-9a-f]{40})\)\n\n")
_PROPERTIES: Final = b"\n\nIncoming properties\n\n"
_BELOW_RE: Final = re.compile(
    rb"(?P<properties>\{\n(?: [^\n]*+\n)*+\}\n)?+\nIncoming tags\n\n"
    rb"(?:  \xe2\x80\xa2 [^\n\t ]++\n)*+(?P<heading>\nDebug log \(UTC\)\n\n)"
)
_STAMP_RE: Final = re.compile(r"\[(?:[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}|[0-9]{3,12}.ms)\]")
#: Values are not decoded, but each must be JSON.
_decode_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_REMEMBERED: Final = 1_024
_LONGEST: Final = 20_000
#: Longer heads are not remembered.
_LONG: Final = 4_000


class Head(NamedTuple):
    """The values in the head of a page. In the head of a log alone nothing is known.

    Attributes
    ----------
    is_page:
        Whether there is more than the log.
    has_properties:
        Whether it shows properties.
    status, status_url:
        As the header shows them.
    triggered_by:
        The identity.
    breadcrumb:
        Project, job and invocation id.
    bucket, builder:
        Of the definition.
    """

    is_page: bool
    has_properties: bool = False
    status: str | None = None
    status_url: str | None = None
    triggered_by: str | None = None
    breadcrumb: tuple[str, str, str] | None = None
    bucket: str | None = None
    builder: str | None = None


NO_HEAD: Final = Head(is_page=False)


def is_utf8(text: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_object(text: bytes) -> bool:
    """Whether a text is surely an object of JSON."""
    try:
        _decode_object(text)
    except (ValueError, RecursionError):
        return False
    return text.count(b"{") + text.count(b"[") <= MAX_NESTING


def read_head(text: bytes) -> Head | None:
    """Return what the text above a log says, or None where the page must be read alone."""
    if not text:
        return NO_HEAD
    if len(text) > _LONGEST or not is_utf8(text):
        return None
    above, found, below = text.partition(_PROPERTIES)
    parts = _BELOW_RE.fullmatch(below) if found else None
    if parts is None:
        return _known(text, False, False)
    properties = parts["properties"]
    if properties is not None and not _is_object(properties):
        return None
    header = _HEADER_RE.match(above)
    if header is not None:
        above = header[1] + above[header.end() :]
    revision = _REVISION_RE.search(above)
    if revision is not None:
        above = above[: revision.start(1)] + above[revision.end(1) :]
    return _known(above + parts["heading"], True, properties is not None)


def _known(text: bytes, is_cut: bool, has_properties: bool) -> Head | None:
    read = _head_of if len(text) <= _LONG else _head_of.__wrapped__
    return read(text, is_cut, has_properties)


@lru_cache(maxsize=_REMEMBERED)
def _head_of(text: bytes, is_cut: bool, has_properties: bool) -> Head | None:
    """Return what a head says. `is_cut` is true where its properties and tags were taken out."""
    try:
        head = text.decode()
    except UnicodeDecodeError:
        return None
    heading = LOG_HEADING_RE.search(head)
    if heading is None or head[heading.end() :].strip(" \t\n") or _STAMP_RE.search(head):
        return None
    if head.count("Debug log") > 1 or head.count("Status:") > 1 or made_by_logparse(head):
        return None
    if "Status:" not in head and head[: heading.start()].strip():
        return None
    page = scanner.parse_page(head, heading.start())
    if page.preamble.strip() or page.incoming_triggers or page.outgoing_triggers:
        return None
    if is_cut and (page.properties_text is not None or page.tags is not None):
        return None
    if page.properties_text and decode_payload(page.properties_text).error is not None:
        return None
    return _of_page(page, has_properties or bool(page.properties_text))


def _of_page(page: Page, has_properties: bool) -> Head | None:
    if page.definition_text and page.definition_text.strip() and page.definition is None:
        return None
    if definition_kind(page.definition) not in (None, "buildbucket"):
        return None
    task = task_of(page.definition)
    return Head(
        is_page=page._replace(preamble="") != Page.of_log(()) or has_properties,
        has_properties=has_properties,
        status=page.status,
        status_url=page.status_url,
        triggered_by=page_identity(page.triggered_by),
        breadcrumb=page.breadcrumb,
        bucket=text_of(task.get("bucket")),
        builder=text_of(task.get("builder")),
    )
