"""The simulator's parts: random numbers, lines of the catalogue, the fleet file, cuts."""

from __future__ import annotations

import math
import random
from pathlib import Path
from statistics import NormalDist

import pytest
from simulated import fleet_of

import logparse as lp
from logparse.cli import simulate as command
from logparse.language.messages import MESSAGES, Message, Value
from logparse.simulator import draws, fleet, run
from logparse.simulator.draws import Draws, Spread, Weights
from logparse.simulator.fleet import default_text, parse_fleet, read_fleet
from logparse.simulator.pages import rough_duration, shown
from logparse.simulator.payloads import rfc3339
from logparse.simulator.templates import BrokenRuleError, Line, Log, in_use

# --- random numbers ---------------------------------------------------------------------------


def test_only_random_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It alone is promised to be the same on every Python."""

    class Only:
        def __init__(self, seed: int) -> None:
            self.random = random.Random(seed).random

    monkeypatch.setattr(draws, "Random", Only)
    one, spread = Draws(1, "a"), Spread(10, 0.5)
    drawn = [one.below(10), one.between(3, 5), one.happens(0.5), one.of(spread), one.digits(8)]
    monkeypatch.undo()
    one = Draws(1, "a")
    assert drawn == [one.below(10), one.between(3, 5), one.happens(0.5), one.of(spread), one.digits(8)]


def test_streams_differ() -> None:
    first = [Draws(*stream).random() for stream in ((1, "a"), (2, "a"), (1, "b"), (1, "a", 1))]
    assert len(set(first)) == 4
    assert first[0] == Draws(1, "a").random()


@pytest.mark.parametrize("x", [-40.0, -1.0, -0.1, 0.0, 0.3, 1.0, 7.5, 100.0])
def test_exponential_function(x: float) -> None:
    assert math.isclose(draws.exp(x), math.exp(x), rel_tol=1e-13)


@pytest.mark.parametrize("x", [1e-9, 0.1, 0.5, 0.7, 0.99, 1.0, 1.5, 10.0, 1e9])
def test_logarithm(x: float) -> None:
    assert math.isclose(draws.log(x), math.log(x), rel_tol=1e-13, abs_tol=1e-15)


def test_quantiles_of_the_normal_distribution() -> None:
    exact = NormalDist()
    for n in range(1, 1000):
        assert abs(draws.quantile(n / 1000) - exact.inv_cdf(n / 1000)) < 1e-8


def test_a_spread_is_lognormal() -> None:
    spread = Spread(100, 0.5)
    assert spread.at(0.5) == 100_000_000
    # One standard deviation above the median: 84.134 % are below.
    assert math.isclose(spread.at(0.8413447), 100e6 * math.exp(0.5), rel_tol=1e-4)
    assert math.isclose(spread.mean_us(), 100e6 * math.exp(0.125), rel_tol=5e-3)
    assert Spread(3, 0).at(0.999) == 3_000_000


def test_weights() -> None:
    choice = Weights([1, 0, 3])
    assert [choice.at(u) for u in (0.0, 0.24, 0.25, 0.5, 0.999)] == [0, 0, 2, 2, 2]


# --- lines ------------------------------------------------------------------------------------

#: An argument of each type that is written as text in Go's notation and as a value.
VALUES: dict[str, Value] = {
    "text": "50% of it",
    "error": "rpc error: 100%",
    "json": '{"a": "%s"}',
    "word": "STARTED",
    "ref": "refs/heads/main",
    "method": "GET",
    "status": "FAILED",
    "id": "9028843112359765808",
    "int": 3,
    "code": 200,
    "bool": True,
    "quoted": 'a "b" %d',
    "duration": 61.5,
    "timer_id": "p/j:9028843112359765808:2:0",
    "list": ["a", "b"],
    "map": {"a": "b"},
    "response": "A: b",
}


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: f"{message.kind}-{message.since}")
def test_a_line_is_the_message_of_the_catalogue(message: Message) -> None:
    values = {field.name: VALUES[field.type.name] for field in message.fields}
    assert Line(message, values).text % () == message.render(values)
    texts = tuple(field.type.format(values[field.name]) for field in message.fields)
    assert Line(message).text % texts == message.render(values)


def test_formats_of_a_day() -> None:
    def text(kind: str, day: int, start: str = "") -> str | None:
        found = in_use(kind, day, start=start)
        return None if found is None else found.format

    # 2025-12-02 and 2025-12-03.
    assert text("invocation_aborted", 20_424) == "Invocation is manually aborted by %s"
    assert text("invocation_aborted", 20_425) == "Invocation was manually aborted by %s"
    # 2021-03-16 and 2021-03-17.
    assert text("buildset_popped", 18_702) is None
    assert text("buildset_popped", 18_703) == "Popped buildset tag %q"


def line(kind: str, **known: Value) -> Line:
    found = in_use(kind, 20_000)
    assert found is not None
    return Line(found, known, status=str(known["status"]) if "status" in known else None)


def test_a_log_refuses_what_the_scheduler_would_not_write() -> None:
    log = Log()
    log.add(0, line("invocation_queued"))
    with pytest.raises(BrokenRuleError, match="timer_handled after"):
        log.add(1, line("timer_handled", title="x", timer_id="p/j:1:2:0"))
    log = Log()
    log.add(0, line("invocation_queued"))
    log.add(1, line("invocation_finished", duration_s=1.0, status="FAILED"))
    with pytest.raises(BrokenRuleError, match="attempt_started after"):
        log.add(2, line("attempt_started", attempt=1))


def test_clocks_begin_anew_at_midnight() -> None:
    log = Log()
    log.add(86_400_000 * 18_000 + 86_399_999, line("invocation_queued"))
    log.add(86_400_000 * 18_001, line("attempt_started", attempt=1))
    assert [part[:15] for part in log.parts] == ["[23:59:59.999] ", "[00:00:00.000] "]


def test_a_page_shows_what_was_saved() -> None:
    log = Log()
    log.add(1_000, line("invocation_queued"))
    log.save()
    log.add(2_000, line("attempt_started", attempt=1))
    log.save()
    assert shown(log, 1_999).text == log.parts[0]
    assert shown(log, 2_000).text == shown(log).text == "".join(log.parts)


def test_times_and_durations() -> None:
    assert rfc3339(1_605_587_640_426_630) == "2020-11-17T04:34:00.426630Z"
    assert [rough_duration(s) for s in (0, 1, 59, 60, 1299, 3600, 7201)] == [
        *("0 seconds", "1 second", "59 seconds", "1 minute", "21 minutes", "1 hour", "2 hours"),
    ]


# --- the fleet --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rates]\nabortet = 0.1", "rates.abortet is not a key of a fleet; choose from"),
        ("[rates]\nabortet = 0.1", "did you mean 'aborted'?"),
        ("[ratse]\naborted = 0.1", "ratse is not a key of a fleet"),
        ("[rates]\naborted = 2", "rates.aborted is 2; write a number from 0 to 1"),
        ("[rates]\naborted = nan", "rates.aborted is nan"),
        ("[rates]\naborted = true", "rates.aborted is not a number"),
        ("[rates]\naborted = '1'", "rates.aborted is not a number"),
        ("rates = 3", "rates is not a table"),
        ("[[builder]]\nname = 'x'\nrun = { median_s = 1.0 }", "builder[0].run has no sigma"),
        ("[load]\nhours = [1, 2]", "load.hours has not 24 numbers"),
        ("[load]\nhours = []", "load.hours is not a list with values"),
        (f"[load]\nhours = {[0] * 24}", "load.hours has only zeros"),
        ("[load]\nmost_triggers = 1.5", "load.most_triggers is not a whole number"),
        ("[project]\nname = 'a\"b'", "project.name is not a name"),
        ("[project]\nname = '%s'", "project.name is not a name"),
        ("[project]\nname = 'a.b'", "project.name is not a name; use letters, digits, no spaces"),
        ("[load]\nusers = 'x'", "load.users is not a list with values"),
        ("[plant.slow_bot]\npool = 'example.linus'", "did you mean 'example.linux'?"),
        ("[[builder]]\nname = 'x'", "builder[0] has no pool"),
        ("[[step]]\nname = 'x'\nshare = 0", "all shares of steps are 0"),
        ("x = ", "is not TOML"),
    ],
)
def test_mistakes_in_a_fleet(text: str, said: str) -> None:
    with pytest.raises(lp.InputError) as error:
        parse_fleet(text, "f.toml")
    assert str(error.value).startswith("f.toml: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_what_a_fleet_leaves_out_is_as_in_the_default_one() -> None:
    default = read_fleet(None)[0]
    changed = parse_fleet("[rates]\naborted = 0.5", "f.toml")
    assert changed.rates.aborted == 0.5
    assert changed.rates.canceled == default.rates.canceled
    assert changed.builder == default.builder
    one = parse_fleet(fleet_of("docs"), "f.toml")
    assert [builder.name for builder in one.builder] == ["docs"]
    assert parse_fleet(default_text(), "f.toml") == default


def test_a_fleet_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_bytes(b"\xff")
    with pytest.raises(lp.InputError, match=r"f\.toml: is not UTF-8; save it as UTF-8"):
        read_fleet(path)


def test_the_command_names_the_same_plants_and_dialects() -> None:
    """They are written twice, so that the help needs no import of the simulator."""
    assert command._PLANTS == fleet.PLANTS
    assert command._DIALECTS == run.DIALECTS


def test_words_of_the_progress() -> None:
    words = command.progress_words(1_500, 20_000, 30_000_000, 2.0)
    assert words == "simulating: 1,500 of 20,000 invocations, 15.0 MB/s"
    assert command.progress_words(1_500, 20_000, 0, 2.0) == "simulating: 1,500 of 20,000 invocations"
