"""The HTML of a report: assets joined into one file that loads nothing and allows only its own script."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Final

from logparse.report.definitions import Group

#: The modules of the page's script. A module imports only from those before it.
MODULES: Final = (
    *("dom", "numbers", "data", "state", "select", "stats", "spans", "health", "table", "axes", "charts"),
    *("brush", "pickers", "overview", "times", "builders", "bots", "failures", "polling", "runs", "unread"),
    "main",
)
_STYLES: Final = ("base", "parts", "print")
_IMPORT_RE: Final = re.compile(r"^import \{[^}]*+\} from \"\./(\w++)\.js\";\n", re.MULTILINE)
_EXPORT_RE: Final = re.compile(r"^export (?=(?:async )?+(?:function|const|class|let) )", re.MULTILINE)
_PLACE_RE: Final = re.compile(r"<!--\{(\w++)\}-->")


def filled(template: str, parts: Mapping[str, str]) -> str:
    """Return an asset of HTML with its style, its policy, and each ``<!--{name}-->`` replaced by that part.

    Parameters
    ----------
    template:
        Name of the asset, without ``.html``.
    parts:
        HTML by name. ``script`` may be among them; the policy allows it and the style, and nothing else.
    """
    everything = {**parts, "style": style(), "policy": policy(parts.get("script", ""))}
    pieces = _PLACE_RE.split(_asset(f"{template}.html"))
    return "".join(everything[piece] if number % 2 else piece for number, piece in enumerate(pieces))


@cache
def script() -> str:
    """Return the modules of the page as one script."""
    return "".join(_EXPORT_RE.sub("", _IMPORT_RE.sub("", _asset(f"{name}.js"))) for name in MODULES)


@cache
def style() -> str:
    """Return the style sheets as one."""
    return "".join(_asset(f"{name}.css") for name in _STYLES)


def policy(script_text: str) -> str:
    """Return the content security policy of a page: nothing but this script and the style."""
    allowed = [("style-src", style()), *([("script-src", script_text)] if script_text else [])]
    sources = "".join(f" {name} '{_hash(text)}';" for name, text in allowed)
    return escape(f"default-src 'none';{sources} base-uri 'none'; form-action 'none'", quote=False)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


@cache
def _asset(name: str) -> str:
    return (files("logparse.report") / "assets" / name).read_text(encoding="utf-8")


def definition_lists(groups: Iterable[Group]) -> str:
    """Return definitions as HTML: a heading and a list for each group."""
    return "".join(_definition_list(group) for group in groups)


def _definition_list(group: Group) -> str:
    items = "".join(
        f"<div><dt>{escape(one.name)}{f' <small>{escape(one.unit)}</small>' if one.unit else ''}</dt>"
        f"<dd>{escape(one.meaning)}</dd></div>"
        for one in group.definitions
    )
    return f"<h3>{escape(group.heading)}</h3><dl class='definitions'>{items}</dl>"
