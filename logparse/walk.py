"""Replaying a log: the entries of one invocation, read as what the scheduler did.

A walk goes over the entries once, in order, and collects facts: attempts, status checks,
exchanges with Buildbucket, what gitiles and url_fetch jobs did. A fact points at entries by their
index, because the day of an entry is known only after all of them.
"""

from __future__ import annotations

import re
from typing import Final

from logparse.buildbucket import read_swarming_task
from logparse.entries import Entry
from logparse.facts import Facts
from logparse.phases import LOG_CUT, LOG_FRAGMENT
from logparse.records import Gitiles, Noop, SwarmingTask, Trigger, UrlFetch
from logparse.replay import Replay

_GITILES_PATH_RE: Final = re.compile(r"https://\S++")
_REVISION_RE: Final = re.compile(r"[0-9a-f]{7,64}")


def walk(entries: list[Entry]) -> Facts:
    """Return the facts that the entries of one invocation show."""
    walker = _Walker()
    for index, entry in enumerate(entries):
        walker.step(index, entry)
    walker.close_poll()
    walker.close_payload()
    return walker.facts


class _Walker(Replay):
    """A replay that also handles what tasks of one kind write."""

    # --- Swarming tasks -----------------------------------------------------------------------

    def swarming(self) -> SwarmingTask:
        if self.facts.task is None:
            self.facts.task = SwarmingTask()
        return self.facts.task

    def on_task_requested(self, entry: Entry) -> None:
        self._requested = self._index
        value = self.payload(entry, "request")
        if value is not None:
            read_swarming_task(self.swarming(), value)

    def on_task_answered(self, entry: Entry) -> None:
        if self._requested is not None:
            self.facts.request_rpc = self._requested, self._index
        value = self.payload(entry, "response")
        if value is not None:
            read_swarming_task(self.swarming(), value)
        self.launch()

    def on_task_fetched(self, entry: Entry) -> None:
        value = self.payload(entry, "response")
        if value is not None:
            read_swarming_task(self.swarming(), value)

    def on_task_deduplicated(self, entry: Entry) -> None:
        self.swarming().deduplicated = True

    def on_task_state(self, entry: Entry) -> None:
        task = self.swarming()
        task.state = str(entry.fields["state"])
        task.failure = bool(entry.fields["failure"])
        task.internal_failure = bool(entry.fields["internal_failure"])
        self.answer(task.state)

    # --- triggers, gitiles --------------------------------------------------------------------

    def on_trigger_emitted(self, entry: Entry) -> None:
        trigger_id = str(entry.fields["trigger_id"])
        repository, ref, revision = _split_trigger_id(trigger_id)
        self.facts.outgoing.append(
            Trigger(direction="outgoing", id=trigger_id, repository=repository, ref=ref, revision=revision)
        )
        if self.facts.gitiles is not None:
            self.facts.gitiles.emitted_triggers += 1

    def watch(self) -> Gitiles:
        if self.facts.gitiles is None:
            self.facts.gitiles = Gitiles()
        return self.facts.gitiles

    def on_repo_watched(self, entry: Entry) -> None:
        watched, refs = self.watch(), entry.fields["refs"]
        watched.repository = str(entry.fields["repository"])
        watched.refs = refs if isinstance(refs, list) else []

    def on_refs_fetched(self, entry: Entry) -> None:
        known, fetched = entry.fields["known"], entry.fields["fetched"]
        assert isinstance(known, int)
        assert isinstance(fetched, int)
        self.watch().known_refs, self.watch().fetched_refs = known, fetched

    def on_refs_saved(self, entry: Entry) -> None:
        count = entry.fields["count"]
        assert isinstance(count, int)
        self.watch().saved_refs = count

    def on_ref_new(self, entry: Entry) -> None:
        self.watch().changed_refs.append(str(entry.fields["ref"]))

    on_ref_updated = on_ref_new

    def on_ref_deleted(self, entry: Entry) -> None:
        self.watch().deleted_refs.append(str(entry.fields["ref"]))

    def on_refs_unresolved(self, entry: Entry) -> None:
        refs = entry.fields["refs"]
        self.watch().unresolved_refs = refs if isinstance(refs, list) else []

    def on_trigger_target(self, entry: Entry) -> None:
        if self.facts.gitiles is not None:
            self.facts.gitiles.triggered_jobs.append(str(entry.fields["job_id"]))

    def on_error_transient(self, entry: Entry) -> None:
        self.watch().errors.append(str(entry.fields.get("error", entry.text)))

    def on_state_fetch_failed(self, entry: Entry) -> None:
        self.on_error_transient(entry)
        self.fail(entry)

    on_no_progress = on_log_fetch_failed = on_heads_fetch_failed = on_refs_fetch_failed = on_error_transient
    on_ref_old_log_failed = on_ref_new_log_failed = on_namespace_fetch_failed = on_error_transient
    on_gitiles_failed = on_error_transient

    # --- noop ---------------------------------------------------------------------------------

    def on_noop_started(self, entry: Entry) -> None:
        sleep = entry.fields.get("sleep_s")
        self.facts.noop = Noop(sleep_s=sleep if isinstance(sleep, float) else None)

    def on_triggers_received(self, entry: Entry) -> None:
        count = entry.fields["count"]
        if self.facts.noop is not None and isinstance(count, int):
            self.facts.noop.received_triggers = count

    # --- url_fetch ----------------------------------------------------------------------------

    def fetched(self) -> UrlFetch:
        if self.facts.fetch is None:
            self.facts.fetch = UrlFetch()
        return self.facts.fetch

    def on_fetch_started(self, entry: Entry) -> None:
        self.fetched().method, self.fetched().url = str(entry.fields["method"]), str(entry.fields["url"])

    def on_fetch_finished(self, entry: Entry) -> None:
        duration = entry.fields["duration_s"]
        assert isinstance(duration, float)
        self.fetched().outcome, self.fetched().duration_s = str(entry.fields["status"]), duration

    def on_fetch_succeeded(self, entry: Entry) -> None:
        self.fetched().outcome = "SUCCEEDED"

    def on_fetch_failed(self, entry: Entry) -> None:
        self.fetched().error = str(entry.fields["error"])
        self.fail(entry)

    def on_fetch_response(self, entry: Entry) -> None:
        fetch, code = self.fetched(), entry.fields["status_code"]
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


#: Kinds of blocks that `step` handles although no message has them.
assert {LOG_CUT, LOG_FRAGMENT} <= {name.removeprefix("on_") for name in dir(_Walker)}
