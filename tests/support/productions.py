"""What a production of the grammar reads, and whether it refuses a text."""

from __future__ import annotations

from typing import Any

import pyparsing as pp

from logparse.errors import GrammarError
from logparse.grammar import parse


def one(production: pp.ParserElement, text: str) -> Any:
    """Return the one token that `production` makes of the whole of `text`."""
    (token,) = parse(production, text)
    return token


def refuses(production: pp.ParserElement, text: str) -> bool:
    try:
        parse(production, text)
    except GrammarError:
        return True
    return False
