"""Files that logparse writes itself, recognised by how they begin.

A folder of logs often holds what was made of the logs: exported tables, timelines, summaries. Some of them
quote lines that look exactly like entries, so that they would be read as logs again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, Final

from logparse.columns import TABLES
from logparse.language.messages import MESSAGES

#: A header or a row with fewer of a table's columns can be anybody's.
_LEAST_COLUMNS: Final = 3
#: A header longer than this is not one of ours.
_MAX_LINE: Final = 20_000
#: JSON longer than this is not decoded to find out what it is.
_MAX_JSON: Final = 8_000_000
#: Lines at the beginning of a text in which a table's header or a title is looked for.
_FIRST_LINES: Final = 6
#: So much of a web page is looked at for its generator.
_MAX_HEAD: Final = 100_000
#: Characters at the beginning of a text in which a line of a timeline is looked for.
_MAX_LEAD: Final = 2_000

_COLUMNS: Final = {table: frozenset(c.name for c in columns) for table, columns in TABLES.items()}
#: Columns that every table of groups has, whatever its first columns are.
_OF_GROUPS: Final = frozenset(("invocations", "succeeded", "failed"))
#: Columns of the tables that ``logparse schema`` prints.
_OF_SCHEMA: Final = frozenset(("column", "type", "unit", "meaning"))
_KINDS: Final = frozenset(m.kind for m in MESSAGES) | {"log_cut", "log_fragment", "?"}
_STATUSES: Final = "SUCCEEDED|FAILED|OVERRUN|ABORTED|STARTING|RETRYING|RUNNING|unknown status"

#: Lines of standard error that were saved with the output, and blank lines.
_BEFORE_RE: Final = re.compile(r"(?:[>\s\ufeff]++|logparse: [^\n]*+\n)*+")
_DELIMITER_RE: Final = re.compile(r"[,;\t]")
_FIRST_KEY_RE: Final = re.compile(r'\[?\s*+\{\s*+"([^"\\\n]{1,60}+)"\s*+:')
#: First members of the files of builds, which can be long.
_OF_BUILDS: Final = frozenset(("id", "build", "builds", "responses"))
_GENERATOR_RE: Final = re.compile(
    r"""<meta\s(?=[^<>]{0,200}?\bname\s*+=\s*+["']?generator\b)(?=[^<>]{0,200}?\bcontent\s*+=\s*+["']?logparse\b)""",
    re.IGNORECASE,
)
_DIAGRAM_RE: Final = re.compile(r'class="railroad-(?:heading|group)"')
_TIMELINE_RE: Final = re.compile(
    r"^[> \t]{0,40}+(?:[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}|[0-9]{3,12} ms)[ ]++"
    r"(?:[+-][0-9]++\.[0-9]{3}[ ]++)?+"
    r"(?P<kind>[a-z0-9_]++|\?)(?=[ ]{2}|[ ]*+$)",
    re.MULTILINE,
)
_STAMP_RE: Final = re.compile(r"^[> \t]{0,40}+\[[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\]", re.MULTILINE)
#: How the texts for people begin, each with its name.
_TEXTS: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        (
            "a summary that logparse printed",
            rf"(?>[^\n]{{1,300}}?  (?:{_STATUSES})(?=  in |[ ]*+\n))[^\n]*+\n"
            r"[>\s]*+invocation (?:without id|[0-9]++)(?![^\n\s])",
        ),
        (
            "a summary that logparse printed",
            r"(?:[0-9]++ (?:invocation|build)s?+(?: and |(?=: ))){1,2}+: "
            r"(?:[0-9]++ [a-z]++(?:, )?+)*+(?=\n|\Z)",
        ),
        ("a list of columns that logparse printed", rf"(?:{'|'.join(TABLES)}): [^\n]++\n\s*+column +type\b"),
        ("a grammar that logparse wrote", r"head = \{ breadcrumb \|"),
        (
            "a list of messages that logparse wrote",
            r"[a-z0-9_]++(?:  \([^\n]*+)?+\n    (?:both|invocation|triage)/[a-z_]++, [0-9-]{10} to ",
        ),
    )
)
_FINDING_RE: Final = re.compile(r"(?:[^\n:]++:)?+(?:[0-9]++:)? ?[a-z]++(?:-[a-z]++)*+: ")
_CLOSING_RE: Final = re.compile(r"(?<![0-9])[0-9]++ invocations?+, [0-9]++ entr(?:y|ies)[,:;][^\n]*+\s*+\Z")


def made_by_logparse(text: str) -> str | None:
    """Return which output of logparse a text is, in words, or None for another text.

    Parameters
    ----------
    text:
        A whole file: of an exported table, a timeline, a summary, a report, a schema, the grammar; also
        quoted in a mail, or with lines of standard error in front. Tables may lack columns. A notebook
        counts too: it shows what logparse printed.
    """
    before = _BEFORE_RE.match(text)
    start = before.end() if before else 0
    first = text[start : start + 1]
    if first in ("{", "["):
        return _json(text, start)
    if first == "<":
        return _web_page(text[start : start + _MAX_HEAD])
    return _table(text, start) or _printed(text, start)


def _web_page(head: str) -> str | None:
    if _GENERATOR_RE.search(head):
        return "a report that logparse wrote"
    return "a diagram of a grammar" if _DIAGRAM_RE.search(head) else None


# --- tables -----------------------------------------------------------------------------------


def _table(text: str, start: int) -> str | None:
    """Return which table begins with a header in the first lines: CSV, or Markdown below a title."""
    for number in range(_FIRST_LINES):
        end = text.find("\n", start)
        line = text[start : end if end >= 0 else len(text)] if end - start <= _MAX_LINE else ""
        line = line.lstrip("> \t").rstrip()
        if line.startswith("|"):
            return _named([cell.strip() for cell in line.strip("|").split("|")])
        if number == 0:
            delimiter = _DELIMITER_RE.search(line)
            if delimiter:
                return _named([cell.strip(" \"'") for cell in line.split(delimiter[0])])
        if number == 0 and not line.startswith("#"):
            return None
        if end < 0:
            return None
        start = end + 1
    return None


def _named(names: Collection[str]) -> str | None:
    """Return which output has columns of these names."""
    found = frozenset(names)
    if len(found) < _LEAST_COLUMNS:
        return None
    tables = [table for table, columns in _COLUMNS.items() if found <= columns]
    if tables:
        # Several tables can have the columns: it is the one that begins with them, else the smallest.
        table = min(
            tables, key=lambda t: ([*names] != [c.name for c in TABLES[t][: len(names)]], len(TABLES[t]))
        )
        return f"a table that logparse exported ({table})"
    if found >= _OF_GROUPS:
        return "a summary that logparse wrote as a table"
    return "a list of columns that logparse printed" if found == _OF_SCHEMA else None


# --- JSON -------------------------------------------------------------------------------------


def _json(text: str, start: int) -> str | None:
    """Return which output begins with a JSON object, alone or as the first of a list."""
    key = _FIRST_KEY_RE.match(text, start)
    if key is None or key[1] in _OF_BUILDS:
        return None
    begin = text.index("{", start)
    try:
        value, _ = json.JSONDecoder().raw_decode(text[begin : begin + _MAX_JSON])
    except (ValueError, RecursionError):
        return None
    return _named_json(value) if isinstance(value, dict) else None


def _named_json(value: dict[str, Any]) -> str | None:
    keys = value.keys()
    if keys >= {"cells", "nbformat"}:
        return "a notebook"
    if keys >= {"totals", "groups"} or (keys >= {"invocation", "failures"}):
        return "a summary that logparse wrote"
    if keys >= {"invocations", "entries", "understood"}:
        return "a report that logparse check wrote"
    if value.get("name") == "logparse-tables" or value.get("profile") == "data-package":
        return "a description of tables"
    if "traceEvents" in keys:
        return "a trace"
    return _named(keys)


# --- texts for people -------------------------------------------------------------------------


def _printed(text: str, start: int) -> str | None:
    for name, pattern in _TEXTS:
        if pattern.match(text, start):
            return name
    if _is_timeline(text, start):
        return "a timeline that logparse printed"
    tail = text[-_MAX_LINE:].rstrip()
    # Only the last line can be the closing one, and the digits of a whole tail take long to try.
    if _CLOSING_RE.search(tail, tail.rfind("\n") + 1) and (
        _FINDING_RE.match(text, start) or text.count("\n", start) <= 1
    ):
        return "a report that logparse check printed"
    return None


def _is_timeline(text: str, start: int) -> bool:
    """Whether a line of a timeline comes before any line that can be an entry of a log."""
    stamp = _STAMP_RE.search(text, start, start + _MAX_LEAD)
    end = stamp.start() if stamp else start + _MAX_LEAD
    return any(found["kind"] in _KINDS for found in _TIMELINE_RE.finditer(text, start, end))
