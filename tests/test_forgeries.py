"""Forged lines in every text that comes from outside: none of them changes what is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from engine_logs import LOGS, Log, misread, read
from forgeries import Scene, behind_unknown, escaped, forged_logs, titled
from hosts import EVERY_DAY, HOSTS, UNKNOWN, Host
from pages import forged_html, forged_pages, html_names, html_page, quoted_headings
from quick import one_in

#: 37 forgeries of lines, and 10 whose lines another sign than the line end divides.
FORGERIES = 47


#: What the engine may write there itself: such a line can be an entry, but nothing else changes.
UNDECIDABLE = {"check": {"fatal", "fatal and finish"}, "last of 50": {"give-up"}}
#: Where an unknown entry hides the first one of a fetch, that one is unknown too and can quote as well, so that
#: a quotation of three true entries and one of three forged ones cost the same.
HIDDEN_FETCH = {"timers", "answered build", "answered build and timers"}
STRINGS = [
    "v1-2020-11/rand_000",
    "v2-2021-06/success_pubsub_0",
    "v2-2026-08/retry_deadline",
    "mixed-2021-03/retry_deadline",
]
PAGES = [
    "v1-2020-11/noop_1234ms.1",
    "v2-2021-06/fatal_http403",
    "v1-2020-11/rand_000",
    "mixed-2021-03/retry_deadline",
    "v2-2026-08/rand_001",
    "v2-2021-06/unfinished_running",
    "v1-2020-11/urlfetch_forged",
    "v2-2021-06/triage_block_bad_repo",
]


def parameters(values: Iterable[object], every_day: Iterable[object]) -> list[Any]:
    """Return pytest's parameters: those that are not for every day are slow."""
    daily = {str(value) for value in every_day}
    return [pytest.param(v, id=str(v), marks=[] if str(v) in daily else [pytest.mark.slow]) for v in values]


def misread_all(logs: Iterable[tuple[str, Log]], count: int = FORGERIES) -> list[str]:
    """Return what is misread in logs with forgeries, of which there are `count`."""
    found = [(name, misread(log)) for name, log in logs]
    assert len(found) == count
    return [f"{name}: {line}" for name, lines in found for line in lines]


#: In a log with more characters one in so many forgeries is tried, in each log another.
LARGE = 24_000
ONE_IN = 4


def misread_at(host: Host, *, is_sample: bool) -> list[str]:
    """Return what is misread in the logs with forgeries in one quotation."""
    scene = host.scene()
    undecidable = UNDECIDABLE.get("last of 50" if scene.attempt == 50 else host.part, set())

    def logs() -> Iterator[tuple[str, Log]]:
        for name, log in forged_logs(scene):
            is_open = name in undecidable
            yield (
                name,
                replace(
                    log,
                    truth=replace(
                        log.truth, entries_open=is_open, forged_open=is_open or log.truth.forged_open
                    ),
                ),
            )

    if not is_sample or len(scene.log.text) <= LARGE:
        return misread_all(logs())
    some = one_in(ONE_IN, logs(), HOSTS.index(host))
    return misread_all(some, len(some))


@pytest.mark.parametrize("host", parameters(HOSTS, EVERY_DAY))
def test_forged_lines_in_a_quotation_change_nothing(host: Host) -> None:
    assert {str(h) for h in HOSTS} >= EVERY_DAY
    assert misread_at(host, is_sample=True) == []


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("host", HOSTS, ids=str)
def test_all_forged_lines_in_a_quotation_change_nothing(host: Host) -> None:
    assert misread_at(host, is_sample=False) == []


@pytest.mark.parametrize("name", parameters(UNKNOWN, UNKNOWN[:2]))
def test_forged_lines_behind_an_unknown_entry_change_nothing(name: str) -> None:
    scene = behind_unknown(read(name))
    assert scene is not None
    assert misread(scene.log) == []
    hidden = HIDDEN_FETCH if "urlfetch" in name else set()
    logs = [(label, log) for label, log in forged_logs(scene) if label not in hidden]
    assert misread_all(logs, FORGERIES - len(hidden)) == []


@pytest.mark.parametrize("name", parameters(STRINGS, STRINGS[:1]))
def test_escaped_lines_in_a_requests_strings_change_nothing(name: str) -> None:
    log = read(name)
    assert misread_all(escaped(log, log.indices("Buildbucket request:")[0], 'luci-scheduler"')) == []


@pytest.mark.parametrize("name", parameters(STRINGS[:3], STRINGS[:1]))
def test_escaped_lines_in_an_answers_strings_change_nothing(name: str) -> None:
    log = read(name)
    answer = log.indices("Buildbucket response:", "Scheduled build:")[0]
    assert misread_all(escaped(log, answer, '",\n')) == []


@pytest.mark.parametrize("era", ["v1-2020-11", "v2-2021-06", "mixed-2021-03"])
def test_escaped_lines_in_a_timers_title_change_nothing(era: str) -> None:
    assert misread_all(titled(read(f"{era}/custom_mode1"), "timer one"), FORGERIES - 10) == []


@pytest.mark.parametrize("name", parameters(PAGES, PAGES[:2]))
def test_texts_on_a_page_change_nothing(name: str) -> None:
    """Titles and tags, with and without bullets, properties and definition above the log."""
    found = [
        f"{label}: {line}"
        for label, log, page, first in forged_pages(read(name))
        for line in misread(log, page, first_line=first)
    ]
    assert found == []


@pytest.mark.parametrize("host", parameters([h for h in HOSTS if h.part != "check"], EVERY_DAY))
def test_the_heading_of_a_log_in_an_error_changes_nothing(host: Host) -> None:
    """The forger's log after it can read as well as the page's own does."""
    scene = host.scene()
    step = ONE_IN if len(scene.log.text) > LARGE else 1
    found = [
        f"{label}: {line}"
        for label, log, page, first in one_in(step, quoted_headings(scene), HOSTS.index(host))
        for line in misread(log, page, first_line=first)
    ]
    assert found == []


def of_page(name: str) -> Log:
    """Return a log with the truth of its HTML page, which names the invocation and its status."""
    log = read(name)
    raw = json.loads((LOGS / f"{name}.truth.json").read_text(encoding="utf-8"))
    truth = replace(
        log.truth,
        invocation_id=raw["invocation_id"],
        status=raw["status"],
        codes=log.truth.codes - {"no-date"},
    )
    return replace(log, truth=truth)


@pytest.mark.parametrize(
    "name", parameters(html_names(), ["v1-2020-11/success_html_user", "v2-2026-08/job_name_odd"])
)
def test_titles_and_tags_on_a_saved_page_change_nothing(name: str) -> None:
    log = of_page(name)
    made = html_page(name, log)
    assert made is not None
    assert misread(log, made[0], first_line=made[1]) == []
    found = [
        f"{label}: {line}"
        for label, page, first in forged_html(name, log)
        for line in misread(log, page, first_line=first)
    ]
    assert found == []


@pytest.mark.parametrize(
    "host",
    parameters(
        [
            Host("v1-2020-11/forged_lines_in_error", "retried", 1),
            Host("v1-2020-11/fatal_http403", "last"),
            Host("v2-2021-06/forged_lines_in_error", "retried", 1),
            Host("v2-2021-06/urlfetch_200_text", "body"),
            Host("v2-2026-08/forged_lines_in_error", "retried", 1),
        ],
        ["v1-2020-11/fatal_http403-last"],
    ),
)
def test_forged_lines_in_the_log_of_a_saved_page_change_nothing(host: Host) -> None:
    log = of_page(host.name)
    found = []
    for label, forged in forged_logs(Scene(log, host.scene().index)):
        made = html_page(host.name, forged)
        assert made is not None
        found += [f"{label}: {line}" for line in misread(forged, made[0], first_line=made[1])]
    assert found == []
