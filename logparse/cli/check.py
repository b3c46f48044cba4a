"""``logparse check``: everything in the inputs that was not understood or contradicts itself."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.options import inputs
from logparse.cli.words import say, write_data
from logparse.errors import one_line
from logparse.output.cells import json_line
from logparse.output.terminal import ascii_only
from logparse.output.words import count

if TYPE_CHECKING:
    from logparse.loading.dataset import Dataset


@click.command(
    "check",
    epilog="""\b
Examples:
  logparse check page.html
  logparse check logs/ --strict
  logparse check logs/ --format json | jq .codes""",
)
@inputs
@click.option(
    "--format", "-f", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def command(inputs: Inputs, format_: str) -> int:
    """Name everything that was not understood or contradicts itself.

    Each finding is a line: file, line, code and message. The README explains all codes. For a clean
    input, one line is printed.
    """
    data = read(inputs)
    report = _report(data)
    if format_ == "json":
        text = json_line(report, ascii_only=ascii_only(sys.stdout), indent=2)
        write_data(text + "\n", None, force=False)
    elif holds_something(data):
        for finding in report["findings"]:
            place = ":".join(str(finding[k]) for k in ("source", "line") if finding[k] is not None)
            say(one_line(f"{place}: {finding['code']}: {finding['message']}"))
        say(_closing(report))
    return exit_code(data, inputs)


def _report(data: Dataset) -> dict[str, Any]:
    """Return the findings, the failures and the counts, for JSON."""
    from logparse.batches.batch import rows_of

    findings = list(rows_of(data.batches("findings")))
    failures = list(rows_of(data.batches("failures")))
    counts, sizes = data.counts(), data.sizes
    return {
        "invocations": sizes.invocations,
        "builds": sizes.builds,
        "entries": counts["events"],
        "understood": counts["events"] - counts["unrecognized"],
        "unknown": counts["unrecognized"],
        "suspicious": data.suspicious,
        "codes": dict(Counter(finding["code"] for finding in findings)),
        "findings": findings,
        # `cause` is the name of the column `reason` in version 0.1.
        "failures": [{**row, "cause": row["reason"]} for row in failures if not row["skipped"]],
        "skipped": [row for row in failures if row["skipped"]],
    }


def _closing(report: dict[str, Any]) -> str:
    """Return the last line: the counts."""
    parts = []
    if report["invocations"] or report["entries"]:
        parts = [count(report["invocations"], "invocation"), count(report["entries"], "entry", "entries")]
    if report["builds"]:
        parts.append(f"{count(report['builds'], 'build')} without a log")
    counted = ", ".join(parts)
    if not report["findings"]:
        return f"{counted}: all understood, nothing contradicts"
    if report["entries"]:
        counted += f", {report['understood']} understood"
    codes = ", ".join(f"{code} {number}" for code, number in sorted(report["codes"].items()))
    return f"{counted}; {codes}"
