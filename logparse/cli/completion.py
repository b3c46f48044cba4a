"""``logparse completion``: the shell's completion script."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class


@click.command(
    "completion",
    epilog="""\b
Examples:
  eval "$(logparse completion bash)"
  logparse completion fish > ~/.config/fish/completions/logparse.fish""",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL. Source it from the shell's start-up file."""
    maker = get_completion_class(shell)
    assert maker is not None
    root = ctx.find_root().command
    # The base class's method: the one for bash first asks the bash that is installed for its version.
    click.echo(ShellComplete.source(maker(root, {}, "logparse", "_LOGPARSE_COMPLETE")))
