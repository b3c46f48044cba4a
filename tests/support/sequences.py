"""Entries of the engine in short, to write whole logs by hand: each line is milliseconds since ten o'clock and a text."""

from __future__ import annotations

from collections.abc import Sequence

from logparse.values.clock import format_clock

_TEN = 10 * 3_600_000
_DAY = 86_400_000
Q = "0 New invocation is queued and will start shortly"
ERROR = "Failed to schedule Buildbucket build - rpc error: code = Internal desc = x"
OLD_ERROR = (
    "Failed to add buildbucket build - googleapi: got HTTP response code 503 with body: <html>\n</html>"
)
RETRIED = "The invocation will be retried"
OLD_RETRIED = "It will probably be retried"
NOTIFIED = "Received PubSub notification, asking Buildbucket for the build status"
KILLED = (
    "Fatal error when handling PubSub notification, aborting invocation - "
    'unexpected invocation status "RETRYING", expecting "RUNNING"'
)
ABORTED = "Invocation is manually aborted by user:a@example.com"
SKIPPED = "Skipping the launch, the invocation was manually aborted by user:a@example.com"
GIVEN_UP = "Too many attempts, giving up"
SUPERSEDED = "New invocation is starting (9028843112359765809), marking this one as failed."
FETCHED = "200 OK\nA: b\n\nhi\n"


def text(lines: Sequence[str], later: int = 0) -> str:
    """Return a log. Its first entry is at ten o'clock, or so many milliseconds later."""
    entries = (line.partition(" ") for line in lines)
    return "".join(
        f"[{format_clock((_TEN + later + int(ms)) % _DAY)}] {message}\n" for ms, _, message in entries
    )


def start(ms: int, number: int) -> str:
    return f"{ms} Starting the invocation (attempt {number})"


def initiated(number: int, ms: int = 0) -> str:
    """Return how an attempt began until 2017."""
    return f"{ms} Invocation initiated (attempt {number})"


def finish(ms: int, status: str = "FAILED") -> str:
    """Return the finish of an invocation that began with the log."""
    return f"{ms} Invocation finished in {ms / 1000:g}s with status {status}"


def topic(ms: int) -> list[str]:
    return [
        f'{ms} Preparing PubSub topic for "https://x.example"',
        f'{ms} PubSub topic is "projects/x/topics/y"',
    ]


def request(ms: int, name: str = "requestId") -> list[str]:
    """Return a request, as the engine saves it before it waits for the answer."""
    return [*topic(ms), f'{ms} Buildbucket request:\n{{\n  "{name}": "9028843112359765808"\n}}']


def failed(ms: int, number: int) -> list[str]:
    """Return an attempt of Buildbucket's that fails and will be retried."""
    return [start(ms, number), *request(ms), f"{ms + 200} {ERROR}", f"{ms + 200} {RETRIED}"]


def timer(mutation: int) -> str:
    return f'"check-buildbucket-build-status" (p/j:9028843112359765808:{mutation}:0)'


def answered(ms: int) -> list[str]:
    build = '{\n  "id": "8863413050310585040",\n  "status": "SCHEDULED"\n}'
    return [
        f"{ms} Scheduled build:\n{build}",
        f"{ms} Task URL: https://x.example/build/8863413050310585040",
        f"{ms} Scheduling timer {timer(4)} after 1m0s",
    ]


def launched(ms: int) -> list[str]:
    """Return a request and its answer."""
    return [*request(ms), *answered(ms + 300)]


def check(ms: int, mutation: int) -> list[str]:
    return [
        f"{ms} Handling timer {timer(mutation)}",
        f"{ms + 200} Build status: STARTED",
        f"{ms + 200} Scheduling timer {timer(mutation + 1)} after 1m0s",
    ]


def old_request(ms: int) -> list[str]:
    return request(ms, "client_operation_id")


def old_answer(ms: int) -> list[str]:
    return [
        f'{ms} Buildbucket response:\n{{\n  "build": {{\n    "id": "8863413050310585040"\n  }}\n}}',
        f"{ms} Task URL: https://x.example",
        f'{ms} Scheduling timer "check-buildbucket-build-status" after 1m0s',
    ]


def old_status(ms: int, status: str) -> str:
    rest = 'result "", failure_reason "", cancelation_reason ""'
    return f'{ms} Build 8863413050310585040: status "{status}", {rest}'


def swarming_request(ms: int) -> list[str]:
    return [*topic(ms), f"{ms} Swarming task request:\n{{}}"]


def repo(ms: int) -> str:
    return f"{ms} Repo: https://x.example/r, Refs: [regexp:refs/heads/main]"


def refs(ms: int) -> list[str]:
    """Return what a gitiles job writes up to the save in its middle."""
    return [
        repo(ms),
        f"{ms} Fetched refs: 1 from datastore, 1 from gitiles",
        f"{ms} Ref refs/heads/main updated: aaa => bbb",
        f"{ms} Emitting a trigger https://x.example/r/+/refs/heads/main@bbb",
        f"{ms} All 1 changed refs processed",
        f"{ms} Dispatching triggers (1 of them) to the following jobs:",
        f"{ms}   p/j",
    ]
