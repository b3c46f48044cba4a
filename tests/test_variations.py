"""What the engine could have written too: variations of every given log are read as they are."""

from __future__ import annotations

from collections import Counter

import pytest
from engine_logs import LOGS, misread, names, read
from quick import one_in
from trimming import cut_places
from variations import KINDS, SAMPLE

#: Logs to which each kind applies, and its variations of them.
COUNTS = {
    "notification_while_retrying": (90, 1055),
    "number_skipped": (121, 789),
    "number_repeated": (122, 1433),
    "launch_lost": (121, 519),
    "many_attempts": (85, 1284),
    "given_up": (64, 192),
    "long_waits": (90, 625),
    "clocks_of_other_machines": (122, 948),
    "trimmed": (66, 330),
}
#: Where cuts are, in how many trimmed variations at least.
PLACES = {
    "several cuts": 100,
    "right after a quoted failure": 50,
    "right after a retry": 3,
    "tail inside JSON": 100,
    "tail at an entry": 100,
    "the end is cut off": 2,
    "attempts unknown": 50,
}


#: Variations with more characters take most of the time. One in so many of them is read, of each log another, and
#: at least one of each kind.
LARGE = 12_000
ONE_IN = 4


def misread_variations(name: str, *, is_sample: bool) -> list[str]:
    log, place = read(name), names().index(name)
    found = []
    for kind, vary in KINDS.items():
        variations = list(vary(log))
        if is_sample:
            large = [v for v in variations if len(v.log.text) > LARGE]
            left_out = {id(v) for v in large} - {id(v) for v in one_in(min(ONE_IN, len(large)), large, place)}
            variations = [v for v in variations if id(v) not in left_out]
        found += [f"{kind}, {v.label}: {line}" for v in variations for line in misread(v.log)]
    return found


@pytest.mark.parametrize("name", names())
def test_the_log_itself_is_read_as_it_is(name: str) -> None:
    log = read(name)
    assert log.text == (LOGS / f"{name}.log").read_bytes().decode()
    assert misread(log) == []


@pytest.mark.parametrize("name", SAMPLE)
def test_variations_are_read_as_they_are(name: str) -> None:
    assert misread_variations(name, is_sample=True) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in names() if n not in SAMPLE])
def test_variations_of_all_logs_are_read_as_they_are(name: str) -> None:
    assert misread_variations(name, is_sample=True) == []


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", names())
def test_large_variations_too_are_read_as_they_are(name: str) -> None:
    assert misread_variations(name, is_sample=False) == []


@pytest.mark.slow
def test_each_kind_of_variation_applies_to_many_logs() -> None:
    logs, variations, places = Counter[str](), Counter[str](), Counter[str]()
    for name in names():
        log = read(name)
        for kind, vary in KINDS.items():
            found = list(vary(log))
            logs[kind] += bool(found)
            variations[kind] += len(found)
            if kind == "trimmed":
                places.update(place for v in found for place in cut_places(v.log))
    counted = {kind: (logs[kind], variations[kind]) for kind in KINDS}
    for kind, (hosts, number) in counted.items():
        print(f"{kind}: {number} variations of {hosts} logs")
    assert counted == COUNTS
    assert [place for place, least in PLACES.items() if places[place] < least] == []
