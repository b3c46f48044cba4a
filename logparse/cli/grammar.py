"""``logparse grammar``: the grammar, for people."""

from __future__ import annotations

import io
from pathlib import Path

import click

from logparse.cli.options import output, write_text
from logparse.errors import LogparseError
from logparse.export import ready


@click.command(
    "grammar",
    epilog="""\b
Examples:
  logparse grammar
  logparse grammar --format messages
  logparse grammar -o grammar.html""",
)
@click.option(
    "--format",
    "-f",
    "format_",
    type=click.Choice(["ebnf", "messages", "html"]),
    help="EBNF of the pages and logs, the list of messages, or railroad diagrams. "
    "[default: html where -o is given, else ebnf]",
)
@output
def command(format_: str | None, output: Path | None, force: bool) -> None:
    """Write the grammar that pages and logs are read by.

    The diagrams are pyparsing's own and need `pip install 'logparse[diagrams]'`.
    """
    if output is not None:
        ready(output, force=force)
    chosen = format_ or ("html" if output is not None else "ebnf")
    text = {"ebnf": _ebnf, "messages": _messages, "html": _diagrams}[chosen]()
    write_text(text, output, force=force)


def _ebnf() -> str:
    from logparse.diagrams import ebnf

    return ebnf()


def _messages() -> str:
    from logparse.messages import MESSAGES

    lines = []
    for message in MESSAGES:
        fields = ", ".join(f"{f.name}: {f.type.name}" for f in message.fields)
        fields = f"  ({fields})" if fields else ""
        text = message.format.replace("\n", "\\n")
        lines.append(f"{message.kind}{fields}")
        lines.append(f"    {message.scope}/{message.writer}, {message.since} to {message.until}")
        lines.append(f"    {text}")
    return "\n".join(lines) + "\n"


def _diagrams() -> str:
    from logparse.diagrams import diagram

    out = io.StringIO()
    try:
        diagram(out)
    except ImportError as error:
        raise LogparseError(
            "railroad diagrams need two more packages", remedy="pip install 'logparse[diagrams]'"
        ) from error
    return out.getvalue()
