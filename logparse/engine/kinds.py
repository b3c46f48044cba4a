"""The table of kinds: the behaviour of each kind of entry and of each kind of job, declared once.

A row of `KINDS` says in which phases of an invocation an entry of that kind can be, which phase it leads to,
what can follow an error that it quotes, its traits, and its effects on the facts. The rules, the search and
the replay take all that from here. `JOB_KINDS` has a row for each kind of job.

The table is checked when it is imported: each kind of the catalogue has one row, and each row fits the
catalogue and the records.

Phases: ``queued``, ``launching``, ``running``, ``retrying`` (between two attempts), ``finished``. Before the
first entry the phase is empty. It is ``lost`` after a cut or where the log begins in its middle, and
``triage`` after a triage block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from logparse.engine.effects import Effect, parse_effects
from logparse.language.messages import MESSAGES
from logparse.records import Gitiles, Invocation, Noop, Record, SwarmingTask, UrlFetch

#: Kinds of entries that are not messages of the scheduler.
LOG_CUT: Final = "log_cut"
LOG_FRAGMENT: Final = "log_fragment"

#: Each trait that a kind can have, with its meaning.
TRAITS: Final = {
    "abort": "says who aborted the invocation",
    "begins": "begins an invocation, whatever comes before it",
    "end": "can follow a quoted failure of the launch, of a check, or of the whole invocation",
    "fatal": "ends the invocation from outside of its attempts",
    "last": "only the finish can follow it, or an error while the invocation ends",
    "after_last": "can follow a kind that is last",
    "over": "an invocation can be over after it without a finish",
    "launch_end": "the process that launches writes it too, and ends with it",
    "saved": "a launch saves the log in its middle after it; other entries are saved when the attempt ends",
    "shared": "a task of Buildbucket and one of Swarming wrote it",
    "launches": "only a launch writes it",
    "launched": "shows a launch",
    "recheck": "can follow a failed check",
    "answer": "can follow a request that Buildbucket rejected",
    "finish": "is the end of the log",
}
#: The traits of the kinds that can follow what an entry quotes, by the name that rows give the set.
_FOLLOWERS: Final = {
    "end": ("end",),
    "recheck": ("end", "recheck"),
    "answer": ("end", "answer"),
    "finish": ("finish",),
}
PHASES: Final = frozenset({"queued", "launching", "running", "retrying", "finished"})
#: The status of an invocation whose log ends with such an entry. The engine wrote no finish in these cases.
_STATUSES: Final = frozenset({"FAILED", "OVERRUN"})


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job.

    Parameters
    ----------
    name:
        As in the column ``task_kind``, and before ``_task`` in a job's definition.
    writer:
        The writer of its messages in the catalogue.
    part:
        The field of `Invocation` that has the record of its job; empty where there is none.
    record:
        The class of that record.
    """

    name: str
    writer: str
    part: str = ""
    record: type[Record] = Record


#: In the order in which they decide where the entries of a log are of several.
JOB_KINDS: Final = (
    JobKind("swarming", "swarming", "swarming_task", SwarmingTask),
    JobKind("gitiles", "gitiles", "gitiles", Gitiles),
    JobKind("url_fetch", "urlfetch", "url_fetch", UrlFetch),
    JobKind("noop", "noop", "noop", Noop),
    JobKind("buildbucket", "buildbucket"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """The behaviour of one kind of entry.

    Parameters
    ----------
    name:
        The kind.
    phases:
        The phases that it can be in, or None for any.
    leads_to:
        The phase that it leads to, or None where it leaves the phase.
    quoted:
        The name of the set of kinds that can follow what it quotes: ``end``, ``recheck``, ``answer`` or
        ``finish``; empty where it quotes no failure.
    traits:
        Of `TRAITS`.
    effects:
        As `logparse.engine.effects` says.
    status:
        Of an invocation whose log ends with it and has no finish; empty where it does not say it.
    """

    name: str
    phases: frozenset[str] | None = None
    leads_to: str | None = None
    quoted: str = ""
    traits: frozenset[str] = frozenset()
    effects: str = ""
    status: str = ""


def _k(
    name: str,
    phases: str = "",
    to: str = "",
    quoted: str = "",
    traits: str = "",
    effects: str = "",
    status: str = "",
) -> Kind:
    allowed = frozenset(phases.split()) or None
    return Kind(name, allowed, to or None, quoted, frozenset(traits.split()), effects, status)


def _plain(phases: str, names: str) -> list[Kind]:
    """Return rows of kinds that have no behaviour but their phases."""
    return [_k(name, phases) for name in names.split()]


_LAUNCH: Final = "launching"
_RUN: Final = "running"
#: A task writes while it is at work.
_WORK: Final = "launching running"

# One row a line reads as a table.
# fmt: off
_ENGINE = [
    _k("invocation_queued", to="queued", traits="begins"),
    _k("overrun", traits="begins", status="OVERRUN"),
    _k("overruns_counted", traits="last over", status="OVERRUN"),
    _k("attempt_started", "launching queued retrying", to="launching", traits="saved", effects="run"),
    # The engine of 2015 to 2017 finished each attempt, and wrote this after the finish.
    _k("attempt_retried", "launching finished", to="retrying", traits="end launch_end launched",
       effects="run"),
    # The execution after the last attempt gives up at once, so that no attempt need be under way.
    _k("attempts_exhausted", "launching queued retrying", traits="end last over launch_end",
       effects="run", status="FAILED"),
    _k("invocation_finished", to="finished", traits="end after_last finish", effects="run"),
    _k("invocation_triggered", effects="run"),
    _k("invocation_aborted", traits="end last abort"),
    _k("launch_skipped", traits="end last after_last abort"),
    _k("invocation_superseded", traits="end last over", status="FAILED"),
    _k("launch_failed", quoted="end", traits="end launch_end launched", effects="fail"),
    _k("controller_failed", quoted="end", effects="fail"),
    _k("notification_fatal", quoted="finish", traits="fatal recheck", effects="fail"),
    _k("timer_fatal", quoted="finish", traits="fatal recheck", effects="fail"),
    _k("abort_fatal", quoted="finish", traits="fatal recheck after_last", effects="fail"),
    _k("timer_scheduled", to="running", traits="recheck launches launched", effects="run"),
    _k("timer_handled", _RUN, traits="recheck launched", effects="run"),
    _k("timer_ignored", effects="run"),
    _k("trigger_emitted", _WORK, effects="run"),
    _k("triggers_dispatched", _WORK),
    _k("trigger_target", _WORK, traits="saved", effects="?gitiles.triggered_jobs+=job_id"),
    *_plain("", "bad_repo_url unknown_trigger_payload concurrency_limited"),
    _k(LOG_CUT, effects="run"),
    _k(LOG_FRAGMENT, effects="run"),
]
_BUILDBUCKET = [
    _k("topic_requested", _LAUNCH, traits="shared launches"),
    _k("topic_ready", _LAUNCH, traits="shared"),
    _k("topic_failed", _WORK, quoted="end", traits="shared", effects="fail"),
    _k("build_requested", _LAUNCH, traits="saved launches", effects="run"),
    _k("build_answered", _WORK, to="running", traits="launches answer", effects="run"),
    _k("build_request_failed", _LAUNCH, quoted="end", effects="fail"),
    _k("build_request_rejected", _WORK, quoted="answer", effects="fail"),
    _k("build_answer_invalid", _WORK, to="launching", effects="fail"),
    _k("task_url", _WORK, to="running", traits="shared launches", effects="run"),
    # A build that a lost request of an earlier attempt made can report before the next attempt has launched.
    _k("notification_received", "launching running retrying", traits="recheck", effects="open:pubsub"),
    _k("timer_tick", _RUN, traits="recheck", effects="run"),
    _k("build_status", _RUN, to="running", effects="run"),
    _k("build_fetched", _RUN, to="running", effects="run"),
    _k("build_fetch_failed", _RUN, quoted="recheck", effects="close"),
    *_plain(_WORK, """
        build_status_unexpected triggers_capped trigger_undecodable trigger_skipped trigger_not_normalized
        tag_redundant commit_mismatch commit_reconstructed commit_chosen commit_from_properties
        commit_from_triggers commit_popped buildset_popped git_commit_mismatch git_host_mismatch
        git_project_mismatch git_ref_mismatch buildset_extra gitiles_ref_extra gitiles_ref_alone
        property_invalid buildset_unrecognized buildset_missing"""),
]
_SWARMING = [
    _k("task_requested", _LAUNCH, traits="saved launches", effects="run"),
    _k("task_answered", _WORK, to="running", traits="launches", effects="run"),
    _k("task_request_failed", _WORK, quoted="end", effects="fail"),
    _k("task_deduplicated", _WORK, effects="swarming_task.deduplicated=true"),
    _k("task_state", _WORK, effects="run"),
    _k("task_fetched", _WORK, effects="run"),
    _k("task_fetch_failed", _WORK, quoted="recheck", effects="close"),
]
_GITILES = [
    _k("repo_watched", _LAUNCH, traits="launches", effects="gitiles.repository=repository gitiles.refs=refs"),
    _k("refs_fetched", _WORK, effects="gitiles.known_refs=known gitiles.fetched_refs=fetched"),
    _k("refs_saved", _WORK, effects="gitiles.saved_refs=count"),
    _k("refs_unresolved", _WORK, effects="gitiles.unresolved_refs=refs"),
    _k("refs_processed", _WORK, traits="saved"),
    _k("ref_new", _WORK, effects="gitiles.changed_refs+=ref"),
    _k("ref_updated", _WORK, effects="gitiles.changed_refs+=ref"),
    _k("ref_deleted", _WORK, effects="gitiles.deleted_refs+=ref"),
    _k("error_transient", _WORK, effects="gitiles.errors+=error"),
    _k("gitiles_failed", _WORK, effects="gitiles.errors+=error"),
    _k("namespace_fetch_failed", _WORK, effects="gitiles.errors+=error"),
    _k("ref_new_log_failed", _WORK, effects="gitiles.errors+=error"),
    _k("ref_old_log_failed", _WORK, effects="gitiles.errors+=error"),
    _k("log_fetch_failed", _WORK, quoted="end", effects="gitiles.errors+=error"),
    _k("heads_fetch_failed", _WORK, quoted="end", effects="gitiles.errors+=error"),
    _k("refs_fetch_failed", _WORK, quoted="end", effects="gitiles.errors+=error"),
    _k("no_progress", _WORK, quoted="end", effects="gitiles.errors+=error"),
    _k("state_fetch_failed", _WORK, quoted="end", effects="gitiles.errors+=error fail"),
    *_plain(_WORK, """
        commit_found ref_unwatched refs_changed refs_unchanged triggers_postponed revision_log_failed
        ref_log_missing ref_range_log_failed ref_first_log_missing ref_log_inconsistent ref_force_pushed
        commit_unfiltered commit_filtered submodule_client_failed submodule_log_failed submodule_unknown
        gitmodules_invalid tag_matched"""),
]
_NOOP = [
    _k("noop_started", _LAUNCH, traits="launches", effects="noop.sleep_s=sleep_s"),
    _k("triggers_received", _WORK, effects="?noop.received_triggers=count"),
]
_URL_FETCH = [
    _k("fetch_started", _LAUNCH, traits="saved launches",
       effects="url_fetch.method=method url_fetch.url=url"),
    _k("fetch_finished", _LAUNCH, effects="url_fetch.outcome=status url_fetch.duration_s=duration_s"),
    _k("fetch_succeeded", _WORK, effects="url_fetch.outcome=SUCCEEDED"),
    _k("fetch_failed", _WORK, quoted="end", effects="url_fetch.error=error fail"),
    _k("fetch_response", _LAUNCH, quoted="finish", effects="run"),
]
_TRIAGE = _plain("", """
    triage_cleanup_failed triage_garbage_cleaning triage_done triage_garbage_failed triage_enqueue_failed
    triage_triggers_failed triage_finished_failed triage_policy_failed triage_consumed_pop_failed
    triage_finished_pop_failed triage_triggers_pop_failed triage_cron_failed triage_finished_undecodable
    triage_invocation_acknowledged triage_policy_invoked triage_landing triage_invocations_enqueued
    triage_active_counted triage_finished_counted triage_triggers_set triage_cron_poked triage_finished_set
    triage_consumed_removing triage_transaction_retried triage_transaction_started triage_started
    triage_queue_cleared triage_policy_requested triage_prepared triage_transaction_failed
    triage_triggers_available triage_triggers_dropped triage_triggers_discarded""")
# fmt: on


def check_kinds(
    rows: Iterable[Kind], catalogue: Mapping[str, frozenset[str]], parts: Mapping[str, type]
) -> dict[str, Kind]:
    """Return the rows by name, checked.

    Parameters
    ----------
    rows:
        Of the table.
    catalogue:
        The names of the arguments that the formats of each kind have.
    parts:
        The class of each part that effects can change.

    Raises
    ------
    ValueError
        For a kind with two rows or with none, for a row of an unknown kind, and for a row that names an
        unknown phase, trait, set, status or effect.
    """
    found: dict[str, Kind] = {}
    for row in rows:
        if row.name in found:
            raise ValueError(f"the kind {row.name!r} has two rows")
        if row.name not in catalogue:
            raise ValueError(f"the catalogue has no message of the kind {row.name!r}")
        _check_names(row)
        try:
            parse_effects(row.effects, catalogue[row.name], dict(parts))
        except ValueError as error:
            raise ValueError(f"the row of the kind {row.name!r}: {error}") from None
        found[row.name] = row
    missing = sorted(catalogue.keys() - found.keys())
    if missing:
        raise ValueError(f"the kind {missing[0]!r} has no row in the table of kinds")
    return found


def check_jobs(jobs: Iterable[JobKind], writers: Iterable[str]) -> None:
    """Check the rows of kinds of jobs.

    Raises
    ------
    ValueError
        For a writer that wrote no message of the catalogue, and for a part that `Invocation` does not have.
    """
    for job in jobs:
        if job.writer not in writers:
            raise ValueError(f"the catalogue has no message by the writer {job.writer!r} of {job.name!r}")
        if job.part and job.part not in Invocation.__struct_fields__:
            raise ValueError(f"a record of an invocation has no field {job.part!r} for jobs {job.name!r}")


def _check_names(row: Kind) -> None:
    named = {
        "phase": ((row.phases or frozenset()) | ({row.leads_to} - {None}), PHASES),
        "trait": (row.traits, TRAITS.keys()),
        "set of followers": ({row.quoted} - {""}, _FOLLOWERS.keys()),
        "status": ({row.status} - {""}, _STATUSES),
    }
    for what, (names, known) in named.items():
        unknown = sorted(str(name) for name in names if name not in known)
        if unknown:
            raise ValueError(f"the row of the kind {row.name!r} names an unknown {what}: {unknown[0]!r}")


def _catalogue() -> dict[str, frozenset[str]]:
    """Return the names of the arguments that the formats of each kind have."""
    found: dict[str, frozenset[str]] = {LOG_CUT: frozenset(), LOG_FRAGMENT: frozenset()}
    for message in MESSAGES:
        names = frozenset(field.name for field in message.fields)
        found[message.kind] = found.get(message.kind, frozenset()) | names
    return found


_ROWS: Final = (*_ENGINE, *_BUILDBUCKET, *_SWARMING, *_GITILES, *_NOOP, *_URL_FETCH, *_TRIAGE)
check_jobs(JOB_KINDS, {message.writer for message in MESSAGES})
#: The class of each part that effects can change.
PARTS: Final[Mapping[str, type]] = {job.part: job.record for job in JOB_KINDS if job.part}
#: The behaviour of each kind, by its name.
KINDS: Final[Mapping[str, Kind]] = check_kinds(_ROWS, _catalogue(), PARTS)
#: The effects of each kind that has any.
EFFECTS: Final[Mapping[str, tuple[Effect, ...]]] = {
    row.name: parse_effects(row.effects, _catalogue()[row.name], dict(PARTS))
    for row in KINDS.values()
    if row.effects
}


def with_trait(*traits: str) -> frozenset[str]:
    """Return the kinds that have one of the traits."""
    return frozenset(row.name for row in KINDS.values() if not row.traits.isdisjoint(traits))


_SETS: Final = {name: with_trait(*traits) for name, traits in _FOLLOWERS.items()}
#: Kinds that quote a failure, each with the kinds that can follow it.
AFTER: Final = {row.name: _SETS[row.quoted] for row in KINDS.values() if row.quoted}
ENDINGS: Final = _SETS["end"]
FINISH: Final = _SETS["finish"]
#: Writers of entries that only one kind of job has: an invocation has one job.
TASKS: Final = frozenset(job.writer for job in JOB_KINDS)
#: The writer of shared messages in the state of a search.
ANY_TASK: Final = "task"
#: What an entry is not compared with: the log before it is missing, or was cut.
UNKNOWN_PHASES: Final = frozenset({"", "lost", "triage"})
#: Until this day each attempt could be an invocation of its own, whose log begins with the attempt.
OWN_INVOCATIONS: Final = "2017-10-02"
