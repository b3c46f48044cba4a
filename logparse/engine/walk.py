"""Replaying a log: the entries of one invocation, read as what the scheduler did.

A walk goes over the entries once, in order, and collects facts: attempts, status checks,
exchanges with Buildbucket, what gitiles and url_fetch jobs did. A fact points at entries by their
index, because the day of an entry is known only after all of them.
"""

from __future__ import annotations

import re
from typing import Final

from logparse.buildbucket import read_swarming_task
from logparse.engine.entries import Entry
from logparse.engine.facts import Facts
from logparse.engine.kinds import EFFECTS
from logparse.engine.replay import Replay
from logparse.records import Trigger

_GITILES_PATH_RE: Final = re.compile(r"https://\S++")
_REVISION_RE: Final = re.compile(r"[0-9a-f]{7,64}")


def walk(entries: list[Entry]) -> Facts:
    """Return the facts that the entries of one invocation show."""
    walker = Walker()
    for index, entry in enumerate(entries):
        walker.step(index, entry)
    walker.close_poll()
    walker.close_payload()
    return walker.facts


class Walker(Replay):
    """A replay that also handles what tasks of one kind write."""

    # --- Swarming tasks -----------------------------------------------------------------------

    def on_task_requested(self, entry: Entry) -> None:
        self._requested = self._index
        value = self.payload(entry, "request")
        if value is not None:
            read_swarming_task(self.facts.part("swarming_task"), value)

    def on_task_answered(self, entry: Entry) -> None:
        if self._requested is not None:
            self.facts.request_rpc = self._requested, self._index
        value = self.payload(entry, "response")
        if value is not None:
            read_swarming_task(self.facts.part("swarming_task"), value)
        self.launch()

    def on_task_fetched(self, entry: Entry) -> None:
        value = self.payload(entry, "response")
        if value is not None:
            read_swarming_task(self.facts.part("swarming_task"), value)

    def on_task_state(self, entry: Entry) -> None:
        task = self.facts.part("swarming_task")
        task.state = str(entry.fields["state"])
        task.failure = bool(entry.fields["failure"])
        task.internal_failure = bool(entry.fields["internal_failure"])
        self.answer(task.state)

    # --- triggers -----------------------------------------------------------------------------

    def on_trigger_emitted(self, entry: Entry) -> None:
        trigger_id = str(entry.fields["trigger_id"])
        repository, ref, revision = _split_trigger_id(trigger_id)
        self.facts.outgoing.append(
            Trigger(direction="outgoing", id=trigger_id, repository=repository, ref=ref, revision=revision)
        )
        if "gitiles" in self.facts.parts:
            self.facts.part("gitiles").emitted_triggers += 1

    # --- url_fetch ----------------------------------------------------------------------------

    def on_fetch_response(self, entry: Entry) -> None:
        fetch, code = self.facts.part("url_fetch"), entry.fields["status_code"]
        fetch.status_code = code if isinstance(code, int) else None
        fetch.reason = str(entry.fields["reason"])
        head, _, body = str(entry.fields["response"]).replace("\r\n", "\n").partition("\n\n")
        for line in head.splitlines():
            name, colon, value = line.partition(":")
            if colon:
                fetch.headers[name.strip()] = value.strip()
        fetch.body = body


def _split_trigger_id(trigger_id: str) -> tuple[str, str, str] | tuple[None, None, None]:
    """Return repository, ref and revision of a gitiles trigger, ``https://repository/+/ref@revision``."""
    path, _, revision = trigger_id.rpartition("@")
    repository, _, ref = path.rpartition("/+/")
    if not (ref and _GITILES_PATH_RE.fullmatch(path) and len(repository) > len("https://")):
        return None, None, None
    return (repository, ref, revision) if _REVISION_RE.fullmatch(revision) else (None, None, None)


#: A row that says ``run`` needs a method, and a method needs such a row.
_RUN: Final = {kind for kind, effects in EFFECTS.items() if any(e.action == "run" for e in effects)}
_METHODS: Final = {name.removeprefix("on_") for name in dir(Walker) if name.startswith("on_")}
if _RUN != _METHODS:
    raise ValueError(f"kinds and methods of the replay differ: {sorted(_RUN ^ _METHODS)}")
