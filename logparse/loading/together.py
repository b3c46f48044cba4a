"""From all that was read to records: joined, with findings about odd values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from logparse.engine.checks import odd_findings
from logparse.joining.joins import join
from logparse.joining.merge import Content, Copy
from logparse.joining.pagebatch import PageRow
from logparse.records import Build, TriageLog
from logparse.tables.rows import Records, triage_place


def put_together(
    copies: Sequence[Copy | PageRow],
    builds: Sequence[Build],
    triages: Iterable[TriageLog],
    *,
    keep: bool = False,
) -> tuple[Records, list[Content | None]]:
    """Return all that was read as records, and for each invocation the content of its log.

    Parameters
    ----------
    copies, builds, keep:
        As for `logparse.joining.joins.join`.
    triages:
        Triage logs that stand alone.
    """
    joined = join(copies, builds, keep=keep)
    found = Records(
        invocations=joined.invocations,
        builds=joined.builds,
        findings=joined.findings,
        triages=sorted(triages, key=triage_place),
        keeps_copies=keep,
    )
    for record in joined.invocations.records:
        if record.origin == "build":
            record.findings += odd_findings(record)
    found.findings += [finding for build in found.builds for finding in odd_findings(build)]
    return found, joined.contents
