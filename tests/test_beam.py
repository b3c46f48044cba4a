"""The beam search finds the same reading whether it keeps 16 hypotheses or 1,000."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

import pytest
from engine_logs import names, read
from forgeries import Scene, behind_unknown, forged_logs
from hosts import EVERY_DAY, HOSTS, UNKNOWN, Host
from sequences import text
from several import MANY
from variations import KINDS, SAMPLE
from written import ONE

from logparse.engine import search
from logparse.engine.entries import read_blocks
from logparse.language import scanner

NARROW, WIDE = 16, 1_000
#: Of the variations and forgeries one of so many is read every day. `make exhaustive` reads all.
DAILY = 40


def reading(log: str, width: int) -> list[list[tuple[int, str | None, int, tuple[str, ...]]]]:
    """Return line, kind, number of absorbed blocks and remarks of each entry."""
    blocks = scanner.parse_page(log).blocks
    found = read_blocks(blocks, scanner.match, width=width).invocations
    return [[(e.line, e.kind, len(e.suspicious), e.remarks) for e in entries] for entries in found]


def differing(logs: Iterable[tuple[str, str]]) -> list[str]:
    return [label for label, log in logs if reading(log, NARROW) != reading(log, WIDE)]


def variations(name: str) -> Iterator[tuple[str, str]]:
    log = read(name)
    for kind, vary in KINDS.items():
        for variation in vary(log):
            yield f"{name}, {kind}, {variation.label}", variation.log.text


def forgeries(scene: Scene | None) -> Iterator[tuple[str, str]]:
    assert scene is not None
    for label, log in forged_logs(scene):
        yield label, log.text


@pytest.fixture(autouse=True)
def _of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """The beam is narrower for long texts. Here it is as wide as it is told."""
    monkeypatch.setattr(search, "_MOST_WORK", 10**9)


@pytest.mark.slow
def test_the_given_logs() -> None:
    assert differing((name, read(name).text) for name in names()) == []


@pytest.mark.slow
def test_logs_one_after_another() -> None:
    logs = {name: "".join(text(lines) for lines, _, _ in cases) for name, cases in MANY.items()}
    copies = {f"{name} five times": text(case[0]) * 5 for name, case in ONE.items()}
    assert differing((logs | copies).items()) == []


def test_some_variations_and_forgeries() -> None:
    logs = chain(
        *map(variations, SAMPLE),
        *(forgeries(host.scene()) for host in HOSTS if str(host) in EVERY_DAY),
        *(forgeries(behind_unknown(read(name))) for name in UNKNOWN[:2]),
    )
    assert differing(islice(logs, 0, None, DAILY)) == []


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", names())
def test_all_variations(name: str) -> None:
    assert differing(variations(name)) == []


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("host", HOSTS, ids=str)
def test_all_forgeries(host: Host) -> None:
    assert differing(forgeries(host.scene())) == []


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", UNKNOWN)
def test_all_forgeries_behind_an_unknown_entry(name: str) -> None:
    assert differing(forgeries(behind_unknown(read(name)))) == []
