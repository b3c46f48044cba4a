"""Texts matched by both parsers."""

from __future__ import annotations

import pytest

from logparse import grammar
from logparse.language import scanner
from logparse.language.messages import MESSAGES, Context, Message
from logparse.language.syntax import Engine, Match, match_tolerantly

engines = pytest.mark.parametrize("engine", [scanner, grammar], ids=["scanner", "grammar"])


def find(kind: str, start: str = "") -> Message:
    """Return the one message of a kind whose format begins so."""
    (message,) = (m for m in MESSAGES if m.kind == kind and m.format.startswith(start))
    return message


def parse(engine: Engine, text: str, context: Context | None = None) -> Match | None:
    return match_tolerantly(engine.match, text, context or Context())
