"""Where the forgeries are: entries of the given logs that quote."""

from __future__ import annotations

from dataclasses import dataclass

from attempts import FINISHED, RETRIED, failing
from engine_logs import Log, read
from forgeries import Scene


@dataclass(frozen=True)
class Host:
    """An entry that quotes.

    Parameters
    ----------
    name:
        Of the log.
    part:
        What quotes: a retried error (with the number of the attempt), the last error, a body, a check.
    added:
        How many failed attempts are added before the log's own.
    """

    name: str
    part: str
    number: int = 0
    added: int = 0

    def __str__(self) -> str:
        number = f"-{self.number}" if self.number else ""
        return f"{self.name}-{self.part}{number}" + (f"-after-{self.added}" if self.added else "")

    def scene(self) -> Scene:
        log: Log | None = read(self.name)
        if self.added and log is not None:
            log = failing(log, self.added)
        assert log is not None
        if self.part == "retried":
            return Scene(log, log.indices(RETRIED)[self.number - 1] - 1)
        if self.part == "check":
            return Scene(log, log.indices("Failed to fetch b")[0])
        return Scene(log, log.indices(FINISHED)[-1] - 1)


HOSTS = [
    *(Host("v1-2020-11/abort_while_retrying", "retried", n) for n in (1, 2, 3)),
    Host("v1-2020-11/retry_http503html", "retried", 1),
    *(Host("v1-2020-11/rand_002", "retried", n) for n in (1, 2)),
    Host("v1-2020-11/retry_50_gives_up", "retried", 49),
    *(Host("v1-2020-11/retrying_unfinished", "retried", n) for n in (1, 4)),
    Host("v2-2021-06/fatal_http403", "retried", 1),
    *(Host("v2-2021-06/abort_while_retrying", "retried", n) for n in (1, 2, 3)),
    *(Host("v2-2021-06/retrying_unfinished", "retried", n) for n in (1, 2)),
    Host("v2-2021-06/retry_lost", "retried", 1),
    Host("mixed-2021-03/forged_lines_in_error", "retried", 1),
    *(Host("mixed-2021-03/rand_000", "retried", n, 3) for n in (1, 2, 3)),
    Host("v2-2026-08/retry_deadline", "retried", 1),
    *(Host("v2-2026-08/rand_001", "retried", n, 3) for n in (1, 2, 3)),
    *(Host("v1-2020-11/fatal_http403", "last", 0, n) for n in (0, 2)),
    *(Host("v2-2021-06/fatal_grpc_notfound", "last", 0, n) for n in (0, 2, 49)),
    *(Host("mixed-2021-03/retry_deadline", "last", 0, n) for n in (0, 2, 20)),
    *(Host("mixed-2021-03/rand_002", "last", 0, n) for n in (0, 1)),
    Host("v1-2020-11/gitiles_errors.1", "last"),
    Host("v2-2021-06/gitiles_errors.1", "last"),
    Host("v1-2020-11/fatal_bad_task", "last"),
    *(Host(f"{era}/urlfetch_error", "last") for era in ("v1-2020-11", "v2-2021-06", "v2-2026-08")),
    *(Host(f"{era}/urlfetch_200_text", "body") for era in ("v1-2020-11", "v2-2021-06", "v2-2026-08")),
    *(Host(f"{era}/urlfetch_500_truncated", "body") for era in ("v1-2020-11", "v2-2021-06", "v2-2026-08")),
    Host("v1-2020-11/poll_fatal_timer_http404", "check"),
    Host("v2-2021-06/poll_fatal_timer_grpc_notfound", "check"),
    Host("v2-2026-08/poll_fatal_timer_grpc_notfound", "check"),
]
EVERY_DAY = {
    "v1-2020-11/abort_while_retrying-retried-2",
    "v2-2021-06/fatal_http403-retried-1",
    "mixed-2021-03/retry_deadline-last-after-2",
    "v2-2026-08/urlfetch_200_text-body",
    "v2-2026-08/poll_fatal_timer_grpc_notfound-check",
}
#: Logs whose first attempt gets an entry of no known kind.
UNKNOWN = [
    "v1-2020-11/noop_1234ms.1",
    "v1-2020-11/rand_000",
    "v1-2020-11/urlfetch_200_text",
    "v1-2020-11/retry_http503html",
    "v2-2021-06/success_pubsub_0",
    "v2-2021-06/gitiles_updates.1",
    "mixed-2021-03/retry_deadline",
    "v2-2026-08/urlfetch_200_text",
]
