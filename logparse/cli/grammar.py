"""``logparse grammar``: the grammar as EBNF, messages or railroad diagrams."""

from __future__ import annotations

import io
from pathlib import Path

import click

from logparse.cli.options import chosen_format, output
from logparse.cli.words import write_shown
from logparse.errors import LogparseError
from logparse.output.files import ready


@click.command(
    "grammar",
    epilog="""\b
Examples:
  logparse grammar
  logparse grammar --format messages
  logparse grammar -o grammar.ebnf
  logparse grammar -o grammar.html""",
)
@click.option(
    "--format",
    "-f",
    "format_",
    type=click.Choice(["ebnf", "messages", "html"]),
    help="EBNF of the pages and logs, the list of messages, or railroad diagrams. "
    "[default: by the ending of the name after -o, else html for a file and ebnf for stdout]",
)
@output
def command(format_: str | None, output: Path | None, force: bool) -> None:
    """Write the grammar that pages and logs are read by.

    The diagrams are pyparsing's own and need `pip install 'logparse[diagrams]'`.
    """
    is_text = output is None or output.suffix.lower() in (".txt", ".md")
    chosen = chosen_format(format_, output, ("ebnf", "messages", "html"), "ebnf" if is_text else "html")
    if output is not None:
        ready(output, force=force)
    text = {"ebnf": _ebnf, "messages": _messages, "html": _diagrams}[chosen]()
    write_shown(text, output, force=force)


def _ebnf() -> str:
    from logparse.grammar.diagrams import ebnf

    return ebnf()


def _messages() -> str:
    from logparse.language.messages import MESSAGES

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
    from logparse.grammar.diagrams import diagram

    out = io.StringIO()
    try:
        diagram(out)
    except ImportError as error:
        raise LogparseError(
            "railroad diagrams need two more packages", remedy="pip install 'logparse[diagrams]'"
        ) from error
    return out.getvalue()
