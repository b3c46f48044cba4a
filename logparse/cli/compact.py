"""``logparse compact``: fewer and larger files for a dataset."""

from __future__ import annotations

import click

from logparse.cli.words import say, warn
from logparse.errors import UsageError
from logparse.output.words import count, size


@click.command(
    "compact",
    epilog="""\b
Examples:
  logparse compact data/""",
)
@click.argument("folder", metavar="DIR")
def command(folder: str) -> int:
    """Put the files of a dataset together: one for each table and day. The rows stay the same.

    Files that an older logparse wrote get the columns of this one, which are null there. `logparse ingest
    --again` reads their inputs anew.
    """
    from logparse.store.compact import compact

    try:
        done = compact(
            folder, waits=lambda: warn(f"{folder}: another process adds to it; waiting for it to end")
        )
    except UsageError as error:
        raise click.UsageError(str(error), click.get_current_context()) from error
    before = f"{count(done.files_before, 'file')} with {size(done.bytes_before)}"
    say(f"{folder}: {before}, now {count(done.files, 'file')} with {size(done.bytes)}")
    return 0
