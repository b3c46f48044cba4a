"""The grammar in two forms to read: EBNF, and pyparsing's railroad diagrams."""

from __future__ import annotations

import inspect
import json
from importlib import import_module
from typing import Final, TextIO

import pyparsing as pp

from logparse import grammar
from logparse.language.messages import in_scope

_PRODUCTIONS: Final = (
    grammar.head,
    grammar.breadcrumb,
    grammar.header_field,
    grammar.status,
    grammar.section,
    grammar.definition,
    grammar.triggers,
    grammar.trigger,
    grammar.tags,
    grammar.tag,
    grammar.log,
    grammar.triage,
    grammar.plain,
    grammar.clocked,
    grammar.entry,
    grammar.cut,
    grammar.orphan,
    grammar.messages,
)


def ebnf() -> str:
    """Return the EBNF of all productions, from their docstrings, and of all messages of the catalogue."""
    productions = [_rule(production.__doc__) for production in _PRODUCTIONS]
    messages = []
    for message in dict.fromkeys(in_scope("invocation") + in_scope("triage")):
        parts = [
            json.dumps(part, ensure_ascii=False)
            if isinstance(part, str)
            else f"{part.name} (* {part.type.name} *)"
            for part in message.parts
        ]
        messages.append(f"{message.kind.replace('_', ' ')} = {' , '.join(parts)} ;")
    return "\n\n".join(productions) + "\n\n" + "\n".join(messages) + "\n"


def _rule(doc: str | None) -> str:
    """Return the EBNF in a production's docstring, without the sections after it."""
    return inspect.cleandoc(doc or "").partition("\n\nParameters")[0]


def diagram(out: TextIO) -> None:
    """Write railroad diagrams of the whole grammar as one HTML page.

    Raises
    ------
    ImportError
        If pyparsing's extra for diagrams is not installed.
    """
    # Without the extra this raises ImportError. Pyparsing itself would raise a plain Exception.
    import_module("pyparsing.diagram")
    every = frozenset(m for m in in_scope("invocation") if m.after)
    page = pp.And([grammar.head(), grammar.log()]).set_name("page")
    roots = [
        page,
        grammar.definition(),
        grammar.triggers(),
        grammar.tags(),
        grammar.messages("invocation", every),
        grammar.messages("triage"),
    ]
    pp.MatchFirst(roots).set_name("logparse").create_diagram(out, vertical=12, show_results_names=False)
