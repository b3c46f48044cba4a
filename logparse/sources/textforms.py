r"""Text copies: what copying added to the lines of a log or a page, taken away again.

A log reaches a user as text through mails, pastes, terminals and editors. They put a quote mark or a line
number in front of each line, append blanks to each line, or write non-breaking spaces for spaces.
`original` takes that away. Two rules keep it from changing what the log itself holds:

* Only lines that begin with a clock decide. An addition is taken away where all of them carry it: the copy
  gave it to every line, and an error text that the log quotes cannot give it to the scheduler's own lines.
* A line stays one line, so that line numbers are those of the file.

A common indentation needs no work here: `logparse.language.syntax.dedent` removes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

from logparse.language.messages import MESSAGES, Message

__all__ = ["PREFIX", "original"]

_HARD: Final = "\u00a0\u2007\u202f"
#: Spaces, tabs and non-breaking spaces.
_BLANKS: Final = f" \t{_HARD}"
_SIGNS: Final = ":|│.)"
#: All that a copy can put in front of an entry: blanks, quote marks and line numbers.
PREFIX: Final = rf"[{_BLANKS}>0-9{_SIGNS}-]{{0,200}}+"
_STAMP: Final = (
    r"\[(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}"
    rf"|[0-9]{{3,12}}[ {_HARD}]ms)\](?=[{_BLANKS}]|$)"
)
_STAMPED_RE: Final = re.compile(rf"(?P<prefix>{PREFIX})(?P<stamp>{_STAMP})", re.MULTILINE)
# Begins with a fixed character, which the regex engine looks for much faster than for a line's start.
_NEXT_STAMPED_RE: Final = re.compile(rf"\n{_STAMPED_RE.pattern}", re.MULTILINE)
#: Each form can be in another one: a numbered listing of a quoted log. Deeper ones are not taken apart.
_MOST_LAYERS: Final = 4
#: Of most texts only so many entries are looked at: a copy adds blanks to one of them, or to none at all.
_LOOKED_AT: Final = 12

_Lines = list[str]
#: The number of a line that begins with a clock, the text before the clock, and the text after it.
_Stamped = tuple[int, str, str]


def original(text: str) -> str:
    r"""Return `text` without what copying added to its lines.

    These additions are removed where every line that begins with a clock (``[HH:MM:SS.mmm]``, or
    ``[NNN ms]`` of a triage log) has them:

    * quote marks, ``> ``, also nested or without the blank (from lines that have them);
    * line numbers, as ``cat -n``, ``grep -n``, ``less -N`` and editors write them;
    * blanks at the end, where lines have them whose message never ends in a blank: a fixed number of
      them, or as many as a common width takes;
    * non-breaking spaces, which become spaces.

    Parameters
    ----------
    text:
        A page or a log as text, its lines ended by ``"\n"``. A saved HTML page is not such a text.

    Returns
    -------
    str
        As many lines as `text` has; `text` itself where nothing was added.
    """
    first = [m for m in [_STAMPED_RE.match(text)] if m]
    first.extend(islice(_NEXT_STAMPED_RE.finditer(text), _LOOKED_AT))
    if not first:
        return text
    if first[0]["prefix"].strip(_BLANKS) or any(_ends_in_blank(text, m.end()) for m in first):
        text = _without_layers(text)
    if any(hard in text for hard in _HARD):
        text = _soften(text)
    return text


def _ends_in_blank(text: str, position: int) -> bool:
    """Whether the line at `position` ends in a blank."""
    end = text.find("\n", position)
    return end > position and text[end - 1] in _BLANKS


def _without_layers(text: str) -> str:
    """Return `text` without what is in front of its lines and at their ends, the outermost first."""
    lines = given = text.split("\n")
    for _ in range(_MOST_LAYERS):
        stamped = [
            (number, found["prefix"], line[found.end() :])
            for number, line in enumerate(lines)
            if "[" in line and (found := _STAMPED_RE.match(line)) is not None
        ]
        trimmed = _without_trailing(lines, stamped)
        lines = _without_prefix(trimmed, stamped)
        if lines is trimmed:
            break
    return text if lines is given else "\n".join(lines)


# --- what is in front of each line ---------------------------------------------------------------


def _without_prefix(lines: _Lines, stamped: Sequence[_Stamped]) -> _Lines:
    """Return the lines without the outermost quote mark or line number; `lines` where entries have none."""
    heads = {prefix.lstrip(_BLANKS)[:1] for _, prefix, _ in stamped}
    if heads == {">"}:
        return _without_quotes(lines, stamped)
    if heads and all(head.isdigit() for head in heads):
        return _without_numbers(lines, stamped)
    return lines


_MARKS_RE: Final = re.compile(rf"(?:[{_BLANKS}]*+>)++")
_MARKS_ONLY_RE: Final = re.compile(rf"[{_BLANKS}]*+>[{_BLANKS}>]*+\Z")


def _without_quotes(lines: _Lines, stamped: Sequence[_Stamped]) -> _Lines:
    """Return the lines without as many quote marks as every entry has. Lines with fewer stay as they are."""
    depth = min(_depth(prefix) for _, prefix, _ in stamped)
    pattern = re.compile(rf"(?:[{_BLANKS}]*+>){{{depth}}}(?P<gap>[{_BLANKS}]*+)")
    found = [pattern.match(line) if line else None for line in lines]
    return _without_found(lines, found, _MARKS_ONLY_RE)


def _depth(prefix: str) -> int:
    marks = _MARKS_RE.match(prefix)
    return marks[0].count(">") if marks else 0


def _without_found(lines: _Lines, found: Sequence[re.Match[str] | None], empty: re.Pattern[str]) -> _Lines:
    """Return the lines without what was found in front of them, and the blanks that follow it on all of them.

    Of the lines where nothing was found those that fit `empty` become empty.
    """
    spans = [m and m.span("gap") for m in found]
    gap = min(
        span[1] - span[0] for span, line in zip(spans, lines, strict=True) if span and span[1] < len(line)
    )
    return [
        line[min(span[0] + gap, span[1]) :] if span else "" if line and empty.match(line) else line
        for line, span in zip(lines, spans, strict=True)
    ]


_BLANK_RE: Final = re.compile(rf"[{_BLANKS}]++\Z")
_NUMBER: Final = rf"[{_BLANKS}]*+(?P<number>[0-9]{{1,9}}+)"
_NUMBERED_RE: Final = re.compile(rf"{_NUMBER}(?P<sign>\t|[{_BLANKS}]*+[{_SIGNS}-]|(?=[{_BLANKS}]))")


def _without_numbers(lines: _Lines, stamped: Sequence[_Stamped]) -> _Lines:
    """Return the lines without line numbers; `lines` where different signs follow the entries' numbers."""
    matches = [_NUMBERED_RE.match(prefix) for _, prefix, _ in stamped]
    signs = {m["sign"].lstrip(_BLANKS) or m["sign"] for m in matches if m}
    if len(signs) != 1 or None in matches:
        return lines
    pattern = re.compile(rf"{_NUMBER}{_after_number(signs.pop())}(?P<gap>[{_BLANKS}]*+)")
    found = [pattern.match(line) if line else None for line in lines]
    numbers = [int(match["number"]) if match else None for match in found]
    sure = {number for number, _, _ in stamped}
    counted = _counted(numbers, sure) | _counted(numbers, sure, backwards=True)
    kept = [match if line in counted else None for line, match in enumerate(found)]
    # Tools that do not number blank lines put blanks in front of them.
    return _without_found(lines, kept, _BLANK_RE)


def _after_number(sign: str) -> str:
    """Return the expression of what follows a line number. At a line's end, editors may have stripped it."""
    if sign == ":":
        # grep writes a hyphen after the numbers of lines that only surround what it found.
        sign = ":-"
    if sign == "\t":
        return r"(?:\t|\Z)"
    return rf"(?:[{_BLANKS}]*+[{re.escape(sign)}]|\Z)" if sign else rf"(?=[{_BLANKS}]|\Z)"


def _counted(numbers: Sequence[int | None], sure: set[int], *, backwards: bool = False) -> set[int]:
    """Return the lines whose numbers count on from an entry's, so that no line's own number is taken for one.

    A number that counts on is larger than the one before, by no more than there are lines between
    (some tools do not count blank lines). Backwards it is smaller than the one after.
    """
    counted: set[int] = set()
    last: tuple[int, int] | None = None
    step = -1 if backwards else 1
    for line in range(len(numbers))[::step]:
        number = numbers[line]
        if number is None:
            continue
        if line in sure or (last is not None and 0 < (number - last[1]) * step <= (line - last[0]) * step):
            counted.add(line)
            last = line, number
    return counted


# --- blanks at the end of each line --------------------------------------------------------------

#: By how many characters messages are looked up.
_KEY_LENGTH: Final = 4


def _fixed_ends() -> dict[str, list[tuple[str, str]]]:
    """Return how messages' first lines begin and end that never end in a blank, by their first characters."""
    ends: dict[str, list[tuple[str, str]]] = {}
    for message in MESSAGES:
        begin, end = _first_line(message)
        if len(begin) >= _KEY_LENGTH and end and end[-1] not in _BLANKS:
            ends.setdefault(begin[:_KEY_LENGTH], []).append((begin, end))
    return ends


def _first_line(message: Message) -> tuple[str, str]:
    """Return the literal text that begins the message's first line, and the one that ends it."""
    end = ""
    for part in message.parts:
        literal, newline, _ = part.partition("\n") if isinstance(part, str) else ("", "", "")
        end = literal
        if newline:
            break
    return message.prefix.partition("\n")[0], end


_FIXED_ENDS: Final = _fixed_ends()
_SOFT: Final = str.maketrans(dict.fromkeys(_HARD, " "))


def _ends_fixed(text: str) -> bool:
    """Whether an entry's first line is of a message that cannot end in a blank."""
    text = text.translate(_SOFT).strip(" \t")
    return any(
        text == begin or (begin != end and text.startswith(begin) and text[len(begin) :].endswith(end))
        for begin, end in _FIXED_ENDS.get(text[:_KEY_LENGTH], ())
    )


def _without_trailing(lines: _Lines, stamped: Sequence[_Stamped]) -> _Lines:
    """Return the lines without the blanks that the copy appended; `lines` where it appended none.

    Where it gave each line the same number of blanks, that number is removed, and a message keeps its
    own. Where it filled lines up to a width, all blanks are removed from the lines that have this width.
    """
    counts = [len(text) - len(text.rstrip(_BLANKS)) for _, _, text in stamped]
    if len(counts) > 1 and counts[-1] == 0 and not any(line.strip() for line in lines[stamped[-1][0] + 1 :]):
        # Programs often strip the end of a text as a whole.
        del counts[-1]
    ends = [
        (n, len(lines[at]), n > 0 and _ends_fixed(text))
        for n, (at, _, text) in zip(counts, stamped, strict=False)
    ]
    added = [(n, length) for n, length, fixed in ends if fixed]
    if not added:
        return lines
    most, (_, width) = max(n for n, _ in added), added[0]
    # A longer entry has no place for added blanks; those at its end are its own.
    full = all(length == width or (length > width and not fixed) for _, length, fixed in ends)
    if min(counts) == 0 and (not full or len(added) < 2):
        return lines
    if full and len(set(counts)) > 1:
        return [line.rstrip(_BLANKS) if len(line) == width else line for line in lines]
    return [_cut(line, most) for line in lines]


def _cut(line: str, most: int) -> str:
    """Return `line` without up to `most` blanks at its end."""
    return line[: max(len(line.rstrip(_BLANKS)), len(line) - most)]


# --- non-breaking spaces -------------------------------------------------------------------------

_ENTRY_RE: Final = re.compile(
    rf"^(?P<indent>[{_BLANKS}]*+){_STAMP}(?P<gap>[{_BLANKS}]*+)(?P<text>[^\n]*+)", re.MULTILINE
)
_RUN_RE: Final = re.compile(rf"^(?:{_STAMP})?+(?P<run>[ {_HARD}]{{2,}}+)(?=[^{_BLANKS}\n])", re.MULTILINE)
_PLACES_RE: Final = re.compile(rf"[ {_HARD}]{{2,}}+|^[{_HARD}]|(?<=[0-9s]\])[{_HARD}]", re.MULTILINE)


def _soften(text: str) -> str:
    """Return `text` with spaces where the copy made them non-breaking.

    Some programs do that to all spaces, most only where HTML would lose spaces: at the start of a line and
    where two are side by side. What a message quotes can hold non-breaking spaces of its own.
    """
    first = _ENTRY_RE.search(text)
    if first is None:
        return text
    if _in_all(text, "gap") and not any(" " in m["text"].rstrip(_BLANKS) for m in _ENTRY_RE.finditer(text)):
        return text.translate(_SOFT)
    head, log = text[: first.start()], text[first.start() :]
    if _in_all(log, "gap") or _in_all(log, "indent") or _in_runs(log):
        return _soften_places(text)
    return _soften_places(head) + log if _in_runs(head) else text


def _in_all(text: str, place: str) -> bool:
    """Whether every entry that is not empty has a non-breaking space there."""
    found = (_has_hard(m[place]) for m in _ENTRY_RE.finditer(text) if m["text"])
    return next(found, False) and all(found)


def _in_runs(text: str) -> bool:
    """Whether lines begin with two blanks or more, and always with a non-breaking one among them."""
    runs = (_has_hard(m["run"]) for m in _RUN_RE.finditer(text))
    return next(runs, False) and all(runs)


def _has_hard(text: str) -> bool:
    return any(hard in text for hard in _HARD)


def _soften_places(text: str) -> str:
    return _PLACES_RE.sub(lambda match: " " * len(match[0]), text)
