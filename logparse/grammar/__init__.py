"""The grammar of the scheduler's pages and logs, in pyparsing.

The grammar is the definition of the language: it can be read, and tested one production at a time.
`logparse.language.scanner` reads the same language faster, for everyday use. Each production is a function
that returns a named parser, and its docstring is its EBNF. White space counts in a log, so no parser here
skips any, whatever other users of pyparsing set as its default. The grammar changes no setting of pyparsing.

Two start symbols cover a page: `head` and `log`. `logparse.language.syntax` has the function that finds where
the head ends and the log begins. Three more start symbols read the contents of the sections of the
head: `triggers`, `tags` and `definition`. The last, `messages`, reads the text of an entry. It is made
from the catalogue in `logparse.language.messages`.

In the docstrings ``line`` is any text without a newline, ``end`` is the end of the text, and ``A - B`` is A
except where B fits. ``blank`` is a space or a tab. Blanks can also be wherever white space separates two
symbols of a line.

`parse` reads a text with any production. `parse_page`, `parse_log`, `parse_definition` and `match` return
records of `logparse.language.syntax`.
"""

from logparse.grammar.blocks import clocked, cut, entry, log, orphan, plain, triage
from logparse.grammar.catalogue import argument, message, messages
from logparse.grammar.definitions import definition
from logparse.grammar.heads import (
    breadcrumb,
    head,
    header_field,
    section,
    status,
    tag,
    tags,
    trigger,
    triggers,
)
from logparse.grammar.reading import match, parse, parse_definition, parse_log, parse_page

__all__ = [
    "argument",
    "breadcrumb",
    "clocked",
    "cut",
    "definition",
    "entry",
    "head",
    "header_field",
    "log",
    "match",
    "message",
    "messages",
    "orphan",
    "parse",
    "parse_definition",
    "parse_log",
    "parse_page",
    "plain",
    "section",
    "status",
    "tag",
    "tags",
    "triage",
    "trigger",
    "triggers",
]
