"""The first stage: from the paths that a user names to decoded texts.

`find` turns paths into inputs, and `read` turns them into `Source` objects. `decode` does the same for bytes
and `from_text` for a string. An input that fails becomes an error object in the same sequence, and the inputs
after it are read.
"""

from logparse.sources.decoding import decode, from_text
from logparse.sources.finding import find
from logparse.sources.opening import DEFAULT_MAX_BYTES, open_found, read, read_stream
from logparse.sources.source import Found, Note, Skipped, Source

__all__ = [
    "DEFAULT_MAX_BYTES",
    "Found",
    "Note",
    "Skipped",
    "Source",
    "decode",
    "find",
    "from_text",
    "open_found",
    "read",
    "read_stream",
]
