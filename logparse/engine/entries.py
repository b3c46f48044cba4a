"""From blocks to entries: which blocks are entries of the scheduler, and which only imitate one.

Errors and HTTP bodies are quoted raw in the log, so their lines can look exactly like entries. All such
lines belong to the one entry that quotes them: what is in doubt is only where a quotation ends. Each way
to end it is a reading of the log. The best reading is the one with the lowest penalty, which counts broken
rules of the engine, rare sequences, clock deviations, and absorbed lines:

* an invocation is queued, launched in attempts that count up, runs, and finishes once and last;
* a quoted failure is followed at once by a retry or by the end, an attempt only by a retry;
* the stated duration agrees with the clock, and time moves forward, a step between two machines apart;
* timers and builds carry the ids that the log has carried before;
* a response's ``Content-Length`` is the length of its body.

The rules are in `logparse.engine.rules`, the search is in `logparse.engine.search`.

What the best reading absorbs is text of the entry before it, and is listed as suspicious.

A rule that no reading can keep decides nothing: a damaged log is read as well as it can be.

Some forgeries cannot be told from the truth: one at the end of a log that was saved before its next entry
came; a whole continuation that hits the scheduler's clock to the millisecond all the way; and, to the
millisecond again, a ``Fatal error`` that follows a failed check, or a retry with a notification and its
``Fatal error`` that follow the last failed attempt. The last two change nothing but the list of events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from logparse.engine.hypothesis import Accepted
from logparse.engine.kinds import LOG_CUT, LOG_FRAGMENT
from logparse.engine.meanings import Matcher
from logparse.engine.rules import BROKEN, raw
from logparse.engine.search import BEAM_WIDTH, OPENINGS, Search
from logparse.language.messages import Context, Value
from logparse.language.syntax import Block, match_tolerantly

#: The engine keeps 200,000 bytes of log for an invocation. A text longer than this is not a genuine log.
MAX_LOG: Final = 1_000_000
#: Codes of findings about how an entry was read, with what to say.
REMARKS: Final = {
    "reading-ambiguous": "the engine rarely writes this here, so that it may be text that an entry quotes",
    "log-too-long": f"the log of one invocation is longer than {MAX_LOG:,} characters; the rest was not read",
}
#: How long a clock is, with the blank after it.
_CLOCK_SIZE: Final = len("[HH:MM:SS.mmm] ")
#: How much longer a block is in the log than its text, at most.
_MOST_AROUND: Final = _CLOCK_SIZE + 1
#: The beginning of a clock, which a cut can leave as the last line before it.
_CLOCK_START_RE: Final = re.compile(r"\[[0-9:.]{0,12}+\]?+ ?")


class Entry(msgspec.Struct):
    """One entry of a log, understood as far as it can be.

    Parameters
    ----------
    shape, line, clock_ms, text:
        As in `logparse.language.syntax.Block`; the text includes lines that only imitate entries.
    kind:
        The message's kind, ``log_cut``, ``log_fragment``, or None where no message fits.
    fields, writer, tail:
        Of the message.
    quotes:
        Whether the entry can quote text from outside.
    suspicious:
        Line and text of what imitated an entry.
    remarks:
        Codes of findings about how it was read, of `REMARKS`.
    """

    shape: str
    line: int
    clock_ms: int | None
    text: str
    kind: str | None = None
    fields: dict[str, Value] = {}
    writer: str | None = None
    tail: str = ""
    quotes: bool = False
    suspicious: list[tuple[int, str]] = []
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """The best reading of a text.

    Parameters
    ----------
    invocations:
        The entries of each invocation, in order.
    penalty:
        Of the reading: at least `logparse.engine.rules.BROKEN` where it breaks a rule.
    """

    invocations: list[list[Entry]]
    penalty: int


def split_invocations(
    blocks: Sequence[Block], match: Matcher, *, width: int = BEAM_WIDTH
) -> Iterator[list[Entry]]:
    """Yield the entries of each invocation that `blocks` hold, in order.

    Parameters
    ----------
    blocks:
        Of one log, or of several one after another.
    match:
        The parser's exact matcher.
    width:
        How many hypotheses the search keeps.
    """
    yield from read_blocks(blocks, match, width=width).invocations


def read_blocks(blocks: Sequence[Block], match: Matcher, *, width: int = BEAM_WIDTH) -> Reading:
    """Return the best reading of `blocks`. Parameters are those of `split_invocations`."""
    invocations: list[list[Entry]] = []
    penalty = 0
    for part, is_too_long in _within_limit(blocks):
        found = _read_part(part, match, width)
        if is_too_long:
            found.invocations[-1][-1].remarks += ("log-too-long",)
        invocations += found.invocations
        penalty += found.penalty
    return Reading(invocations, penalty)


def _within_limit(blocks: Sequence[Block]) -> Iterator[tuple[Sequence[Block], bool]]:
    """Yield the blocks in parts, and whether the rest of the last invocation of a part is not read.

    No more than `MAX_LOG` characters of an invocation are read. After those the next part begins with the
    next invocation.
    """
    if sum(len(block.text) for block in blocks) + _MOST_AROUND * len(blocks) <= MAX_LOG or (
        sum(map(_size, blocks)) <= MAX_LOG
    ):
        if blocks:
            yield blocks, False
        return
    part: list[Block] = []
    size = 0
    for block in blocks:
        if block.text.startswith(OPENINGS) or block.shape == "triage":
            size = 0
        elif size > MAX_LOG:
            continue
        before, size = size, size + _size(block)
        if size > MAX_LOG:
            room = MAX_LOG - before - _size(block._replace(text=""))
            yield [*part, block._replace(text=block.text[: max(room, 0)])], True
            part = []
        else:
            part.append(block)
    if part:
        yield part, False


def _read_part(blocks: Sequence[Block], match: Matcher, width: int) -> Reading:
    """Return the best reading of at least one block."""
    best = Search(blocks, match, width).best()
    penalty, ambiguous = best.penalty, best.margin < BROKEN
    chain = _chain(best.last)
    del best
    invocations: list[list[Entry]] = []
    context = Context()
    while chain:
        accepted = chain.pop()
        end = chain[-1].position if chain else len(blocks)
        entry = _entry(blocks[accepted.position : end], accepted, match, context)
        if end < len(blocks) and blocks[end].shape == "cut" and _CLOCK_START_RE.fullmatch(entry.tail):
            entry.tail = ""
        if accepted.is_rare and ambiguous:
            entry.remarks += ("reading-ambiguous",)
        if accepted.begins or not invocations:
            invocations.append([])
        invocations[-1].append(entry)
        context = _context(context, accepted, entry)
    return Reading(invocations, penalty)


def _size(block: Block) -> int:
    """Return how many characters of the log a block is, with its clock and its last newline."""
    return len(block.text) + 1 + (_CLOCK_SIZE if block.shape == "entry" else 0)


def _chain(last: Accepted | None) -> list[Accepted]:
    """Return all accepted blocks, the last one first."""
    chain: list[Accepted] = []
    while last is not None and last.position >= 0:
        # A block that does not keep the one before it is freed as soon as its entry is made.
        chain.append(Accepted(None, *last[1:]))
        last = last.before
    return chain


def _context(before: Context, accepted: Accepted, entry: Entry) -> Context:
    """Return what precedes the next entry, as far as it decides which message that is."""
    if entry.shape in ("cut", "text"):
        return Context(entry.kind, before.writers)
    if entry.shape == "triage":
        return Context("")
    writers = frozenset[str]() if accepted.begins else before.writers
    if accepted.found is None:
        return before if before.previous is None and writers is before.writers else Context(None, writers)
    message = accepted.found.message
    return Context(message.kind, writers if message.writer in writers else writers | {message.writer})


def _entry(blocks: Sequence[Block], accepted: Accepted, match: Matcher, before: Context) -> Entry:
    """Return the entry that the first of `blocks` is, with the others as its text."""
    block = blocks[0]
    entry = Entry(block.shape, block.line, block.clock_ms, block.text)
    if len(blocks) > 1:
        entry.suspicious = [(quoted.line, raw(quoted)) for quoted in blocks[1:]]
        entry.text = "\n".join([entry.text, *(text for _, text in entry.suspicious)])
    if entry.shape in ("cut", "text"):
        entry.kind = LOG_CUT if entry.shape == "cut" else LOG_FRAGMENT
        return entry
    found = accepted.found
    if entry.shape == "triage" or entry.suspicious:
        scope = "triage" if entry.shape == "triage" else "invocation"
        writers = frozenset[str]() if accepted.begins else before.writers
        found = match_tolerantly(match, entry.text, Context(before.previous, writers, scope))
    if found is None:
        entry.quotes = entry.shape == "entry"
        entry.kind = LOG_FRAGMENT if accepted.is_cut_short else None
        return entry
    entry.kind, entry.fields, entry.tail = found.message.kind, found.fields, found.tail
    entry.writer, entry.quotes = found.message.writer, found.message.outside
    return entry
