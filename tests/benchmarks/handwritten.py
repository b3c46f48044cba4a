"""What a careful user would write without a tool: ``handwritten.py FOLDER OUT.csv``.

One loop over the lines of each page of the v1 dialect, compiled patterns, json and pandas; one table
with a row an invocation and 20 columns. Speed of logparse is given as a ratio to it.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pandas as pd

ENTRY = re.compile(r"\[(\d\d):(\d\d):(\d\d\.\d{3})\] (.*)")
SCHEDULING = re.compile(r'Scheduling timer "[^"]*" \((.*):(\d+):\d+:\d+\) after (\S+)')
FINISHED = re.compile(r"Invocation finished in (\S+) with status (\w+)")
DURATION = re.compile(r"([\d.]+)(h|ms|m|µs|ns|s)")
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}
HALF_DAY = 43_200


def seconds(text: str) -> float:
    """Return a Go duration in seconds."""
    return sum(float(number) * UNITS[unit] for number, unit in DURATION.findall(text))


def read_build(text: str, row: dict[str, Any]) -> None:
    """Take from a build what the row has columns for."""
    build = json.loads(text).get("build")
    if build is None:
        return
    row["build_id"], row["bucket"], row["build_url"] = build["id"], build["bucket"], build.get("url")
    row["builder"] = next((tag[8:] for tag in build["tags"] if tag.startswith("builder:")), None)
    if "completed_ts" in build:
        created, started, completed = (int(build[f"{n}_ts"]) for n in ("created", "started", "completed"))
        row["pending_s"], row["run_s"] = (started - created) / 1e6, (completed - started) / 1e6
        details = json.loads(build["result_details_json"])
        properties, dimensions = details["properties"], details["swarming"]["bot_dimensions"]
        row["bot_id"], row["revision"] = properties.get("bot_id"), properties.get("revision")
        row["os"], row["pool"] = dimensions["os"][-1], dimensions["pool"][0]


class Page:
    """What is known of a page while its lines are read."""

    def __init__(self, path: str) -> None:
        self.row: dict[str, Any] = {"source": path, "poll_count": 0, "notification_count": 0}
        self.lateness: list[float] = []
        self.rpc: list[float] = []
        self.due = self.handled = 0.0
        self.by_timer = False

    def entry(self, at: float, message: str) -> None:
        """Read one entry that is a single line."""
        if message.startswith("Handling timer"):
            self.lateness.append(at - self.due)
            self.handled, self.by_timer = at, True
        elif message.startswith("Received PubSub"):
            self.by_timer = False
        elif message.startswith("Build "):
            if self.by_timer:
                self.row["poll_count"] += 1
                self.rpc.append(at - self.handled)
            else:
                self.row["notification_count"] += 1
        elif found := SCHEDULING.match(message):
            self.row["job_id"], self.row["invocation_id"] = found[1], found[2]
            self.due = at + seconds(found[3])
        elif found := FINISHED.match(message):
            self.row["duration_s"], self.row["status"] = seconds(found[1]), found[2]

    def finish(self) -> dict[str, Any]:
        """Return the row."""
        if self.rpc:
            self.row["poll_rpc_s"], self.row["poll_rpc_max_s"] = sum(self.rpc), max(self.rpc)
            self.row["poll_lateness_mean_s"] = sum(self.lateness) / len(self.lateness)
        return self.row


def parse(path: str) -> dict[str, Any]:
    """Return the row of a page."""
    page = Page(path)
    body: list[str] | None = None
    last = day = 0.0
    with open(path, encoding="utf-8") as file:
        for line in file:
            found = ENTRY.match(line) if line[0] == "[" else None
            if found is None:
                if body is not None:
                    body.append(line)
                continue
            if body is not None:
                read_build("".join(body), page.row)
                body = None
            hour, minute, second, message = found.groups()
            at = int(hour) * 3600 + int(minute) * 60 + float(second) + day
            if at < last - HALF_DAY:
                day += 86_400
                at += 86_400
            last = at
            if message.startswith("Buildbucket "):
                body = []
            else:
                page.entry(at, message)
    return page.finish()


def table(paths: list[str]) -> pd.DataFrame:
    """Return the table of pages."""
    return pd.DataFrame([parse(path) for path in paths])


if __name__ == "__main__":
    folder, out = sys.argv[1:]
    table([str(path) for path in sorted(Path(folder).glob("*.txt"))]).to_csv(out, index=False)
