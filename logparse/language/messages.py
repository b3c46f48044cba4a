"""The catalogue: every message that the scheduler has ever written, declared once.

A declaration is one line: the kind of the message, the scheduler's own format string, the names
and types of its arguments, and the days between which the scheduler's source held it. The
grammar and the scanner are both built from the catalogue, so they cannot drift apart, and a new
message is one new line. Formats that differ only in history share a kind where they mean the same.

Formats and dates are facts from the scheduler's public source, 2015 to 2026.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

from logparse.language.message import TODAY as TODAY
from logparse.language.message import TYPES as TYPES
from logparse.language.message import Context as Context
from logparse.language.message import Field as Field
from logparse.language.message import FieldType as FieldType
from logparse.language.message import Message as Message
from logparse.language.message import Value as Value


def _section(scope: str, writer: str, lines: Iterable[tuple[str, str, str, str, str, str]]) -> list[Message]:
    return [
        Message(
            kind,
            format_,
            tuple(Field(name, TYPES[type_]) for name, _, type_ in (f.partition(":") for f in fields.split())),
            scope,
            writer,
            since,
            until,
            frozenset(after.split()),
        )
        for kind, format_, fields, since, until, after in lines
    ]


def _m(
    kind: str, format_: str, fields: str, since: str, until: str, after: str = ""
) -> tuple[str, str, str, str, str, str]:
    return kind, format_, fields, since, until, after


# One message a line is the point of the catalogue, so the formatter keeps its hands off.
# fmt: off
_BOTH_ENGINE = [
    _m("bad_repo_url", "Bad repo URL %q in the trigger - %s", "repository:quoted error:error", "2018-01-28", TODAY),
    _m("unknown_trigger_payload", "Unrecognized trigger payload of type %T, ignoring", "type:text", "2018-01-28", TODAY),
    _m("concurrency_limited", "Max concurrent invocations is %d and there's %d running => refusing to launch more", "limit:int running:int", "2018-05-09", TODAY),
]
_INVOCATION_ENGINE = [
    _m("invocation_queued", "New invocation is queued and will start shortly", "", "2018-04-27", TODAY),
    _m("invocation_queued", "New invocation initialized", "", "2017-10-02", "2018-04-27"),
    _m("attempt_started", "Starting the invocation (attempt %d)", "attempt:int", "2017-10-02", TODAY),
    _m("attempt_started", "Invocation initiated (attempt %d)", "attempt:int", "2015-12-15", "2018-04-27"),
    _m("attempt_started", "Invocation initiated", "", "2015-11-23", "2015-12-15"),
    _m("attempt_retried", "The invocation will be retried", "", "2017-09-12", TODAY),
    _m("attempt_retried", "It will probably be retried", "", "2015-12-22", "2017-09-12"),
    _m("attempts_exhausted", "Too many attempts, giving up", "", "2016-09-21", TODAY),
    _m("invocation_finished", "Invocation finished in %s with status %s", "duration_s:duration status:status", "2015-11-23", TODAY),
    _m("invocation_triggered", "Triggered by %s", "triggered_by:text", "2018-01-29", TODAY),
    _m("invocation_triggered", "Manually triggered by %s", "triggered_by:text", "2015-12-15", "2018-01-29"),
    _m("invocation_aborted", "Invocation was manually aborted by %s", "aborted_by:text", "2025-12-03", TODAY),
    _m("invocation_aborted", "Invocation is manually aborted by %q", "aborted_by:quoted", "2016-02-08", "2018-01-29"),
    _m("invocation_aborted", "Invocation is manually aborted by %s", "aborted_by:text", "2018-01-29", "2025-12-03"),
    _m("launch_skipped", "Skipping the launch, the invocation was manually aborted by %s", "aborted_by:text", "2025-12-03", TODAY),
    _m("launch_failed", "Failed to run the task: %s", "error:error", "2015-10-13", "2015-12-17"),
    _m("controller_failed", "Failed to initialize task controller - %s", "error:error", "2015-12-17", TODAY),
    _m("notification_fatal", "Fatal error when handling PubSub notification, aborting invocation - %s", "error:error", "2015-12-22", TODAY),
    _m("timer_fatal", "Fatal error when handling timer, aborting invocation - %s", "error:error", "2016-09-29", TODAY),
    _m("abort_fatal", "Fatal error when aborting the invocation - %s", "error:error", "2018-06-28", TODAY),
    _m("invocation_superseded", "New invocation is running (%d), marking this one as failed.", "by_invocation_id:id", "2015-10-13", "2016-09-21"),
    _m("invocation_superseded", "New invocation is starting (%d), marking this one as failed.", "by_invocation_id:id", "2016-09-21", "2018-04-27"),
    _m("overrun", "New invocation should be starting now, but previous one is still running: %d", "running_invocation_id:id", "2015-12-22", "2018-04-27"),
    _m("overrun", "New invocation should be starting now, but previous one is still starting", "", "2015-12-22", "2018-04-27"),
    _m("overruns_counted", "Total overruns thus far: %d", "overruns:int", "2015-12-22", "2018-04-27"),
    _m("timer_scheduled", "Scheduling timer %q (%s) after %s", "title:quoted timer_id:timer_id after_s:duration", "2017-11-06", TODAY),
    _m("timer_scheduled", "Scheduling timer %q after %s", "title:quoted after_s:duration", "2016-09-29", "2017-11-06"),
    _m("timer_handled", "Handling timer %q (%s)", "title:quoted timer_id:timer_id", "2017-11-06", TODAY),
    _m("timer_ignored", "Ignoring timer %q (%s)...", "title:quoted timer_id:timer_id", "2017-11-06", TODAY),
    _m("timer_ignored", "Ignoring timer %s...", "title:text", "2016-09-29", "2017-11-06"),
    _m("trigger_emitted", "Emitting a trigger %s", "trigger_id:text", "2017-09-12", TODAY),
    _m("triggers_dispatched", "Dispatching triggers (%d of them) to the following jobs:", "count:int", "2017-09-21", TODAY),
    _m("trigger_target", "  %s", "job_id:text", "2017-09-21", TODAY, after="triggers_dispatched trigger_target"),
]
_INVOCATION_BUILDBUCKET = [
    _m("topic_requested", "Preparing PubSub topic for %q", "publisher:quoted", "2015-12-17", TODAY),
    _m("topic_ready", "PubSub topic is %q", "topic:quoted", "2015-12-17", TODAY),
    _m("topic_failed", "Failed to prepare PubSub topic - %s", "error:error", "2015-12-17", TODAY),
    _m("build_requested", "Buildbucket request:\n%s", "request:json", "2015-12-22", TODAY),
    _m("build_answered", "Buildbucket response:\n%s", "response:json", "2015-12-22", "2021-03-12"),
    _m("build_answered", "Scheduled build:\n%s", "build:json", "2021-03-10", TODAY),
    _m("build_request_failed", "Failed to add buildbucket build - %s", "error:error", "2015-12-22", "2021-03-10"),
    _m("build_request_failed", "Failed to schedule Buildbucket build - %s", "error:error", "2021-03-10", TODAY),
    _m("build_request_rejected", "Buildbucket returned error %q: %s", "reason:quoted error:error", "2015-12-22", "2021-03-12"),
    _m("build_answer_invalid", "Buildbucket response is not valid, missing 'build'", "", "2015-12-22", "2021-03-12"),
    _m("task_url", "Task URL: %s", "url:text", "2015-12-17", TODAY),
    _m("notification_received", "Received PubSub notification, asking Buildbucket for the build status", "", "2016-10-18", TODAY),
    _m("notification_received", "Received PubSub notification, asking Buildbucket for the task status", "", "2015-12-22", "2016-10-18"),
    _m("timer_tick", "Timer tick, asking Buildbucket for the build status", "", "2016-10-18", "2021-03-13"),
    _m("build_status", "Build %d: status %q, result %q, failure_reason %q, cancelation_reason %q", "build_id:id status:quoted result:quoted failure_reason:quoted cancelation_reason:quoted", "2015-12-22", "2021-03-12"),
    _m("build_status", "Build status: %v", "status:word", "2021-03-12", TODAY),
    _m("build_fetched", "Buildbucket build:\n%s", "response:json", "2016-10-18", "2021-03-12"),
    _m("build_fetched", "Build:\n%s", "build:json", "2021-03-12", TODAY),
    _m("build_fetch_failed", "Failed to fetch buildbucket build - %s", "error:error", "2015-12-22", "2021-03-12"),
    _m("build_fetch_failed", "Failed to fetch build - %s", "error:error", "2021-03-12", TODAY),
    _m("build_status_unexpected", "Unexpected Build status %v, marking the invocation as failed", "status:status", "2021-03-10", TODAY),
    _m("triggers_capped", "Capping %d triggers passed to the build to just %d latest ones", "count:int kept:int", "2019-10-04", TODAY),
    _m("trigger_undecodable", "failed to decode payload of trigger %s", "trigger_id:text", "2017-09-12", "2017-10-03"),
    _m("trigger_skipped", "ignoring gitiles trigger %s", "trigger_id:text", "2017-09-12", "2018-03-06"),
    _m("trigger_skipped", "ignoring non-gitiles trigger %s", "trigger_id:text", "2017-09-12", "2018-03-06"),
    _m("trigger_not_normalized", "failed to normalize GitilesTriggerData id='%s': %s", "trigger_id:text error:error", "2017-10-06", "2018-01-25"),
    _m("trigger_not_normalized", "failed to normalize GitilesTrigger id='%s': %s", "trigger_id:text error:error", "2018-01-25", "2018-03-06"),
    _m("tag_redundant", "Popped a tag as redundant: %s", "tag:text", "2021-03-10", "2021-03-17"),
    _m("commit_mismatch", "crbug.com/1182002: Gitiles commit from triggers doesn't match the one from properties", "", "2021-03-10", "2021-03-17"),
    _m("commit_mismatch", "crbug.com/1182002: Gitiles commit from triggers doesn't match the one from tags", "", "2021-03-17", TODAY),
    _m("commit_reconstructed", "crbug.com/1182002: Reconstructed gitiles commit from properties", "", "2021-03-10", "2021-03-17"),
    _m("commit_reconstructed", "Reconstructed gitiles commit from tags", "", "2021-03-17", TODAY),
    _m("commit_chosen", "Using the one from properties", "", "2021-03-10", "2021-03-17"),
    _m("commit_chosen", "Using the one from tags", "", "2021-03-17", TODAY),
    _m("commit_from_properties", "From properties:\n%s", "commit:json", "2021-03-10", TODAY),
    _m("commit_from_triggers", "From triggers:\n%s", "commit:json", "2021-03-10", TODAY),
    _m("commit_popped", "Popped gitiles commit info from properties and tags", "", "2021-03-10", TODAY),
    _m("buildset_popped", "Popped buildset tag %q", "tag:quoted", "2021-03-17", TODAY),
    _m("git_commit_mismatch", "Git commit in properties %q doesn't match the one in tags %q", "in_properties:quoted in_tags:quoted", "2021-03-17", TODAY),
    _m("git_host_mismatch", "Git host in properties %q doesn't match the one in tags %q", "in_properties:quoted in_tags:quoted", "2021-03-17", TODAY),
    _m("git_project_mismatch", "Git project in properties %q doesn't match the one in tags %q", "in_properties:quoted in_tags:quoted", "2021-03-17", TODAY),
    _m("git_ref_mismatch", "Git ref in properties %q doesn't match the one in tags %q", "in_properties:quoted in_tags:quoted", "2021-03-17", TODAY),
    _m("buildset_extra", "Ignoring extra buildset tag %q", "tag:quoted", "2021-03-17", TODAY),
    _m("gitiles_ref_extra", "Ignoring extra gitiles_ref %q", "ref:quoted", "2021-03-17", TODAY),
    _m("gitiles_ref_alone", "Ignoring gitiles_ref tag without the buildset tag", "", "2021-03-17", TODAY),
    _m("property_invalid", "Ignoring invalid property %q: %q", "name:quoted value:quoted", "2021-03-17", TODAY),
    _m("buildset_unrecognized", "Ignoring unrecognized buildset tag %q", "tag:quoted", "2021-03-17", TODAY),
    _m("buildset_missing", "No buildset tag present, ignoring property %q: %q", "name:quoted value:quoted", "2021-03-17", TODAY),
]
_INVOCATION_GITILES = [
    _m("log_fetch_failed", "Failed to fetch log - %s", "error:error", "2016-11-16", "2017-09-12"),
    _m("commit_found", "Trigger build for commit %s", "revision:text", "2016-11-16", "2017-09-12"),
    _m("heads_fetch_failed", "Failed to fetch heads - %s", "error:error", "2016-11-16", "2018-05-09"),
    _m("refs_fetch_failed", "Failed to fetch refs - %s", "error:error", "2016-11-16", "2018-05-09"),
    _m("gitiles_failed", "%s: %q", "message:text error:quoted", "2017-09-12", "2017-10-03", after="gitiles"),
    _m("ref_deleted", "Ref %s deleted", "ref:word", "2017-09-12", TODAY),
    _m("ref_new", "Ref %s is new: %s", "ref:word revision:text", "2017-09-12", TODAY),
    _m("ref_unwatched", "Ref %s is no longer watched", "ref:word", "2017-09-12", TODAY),
    _m("ref_updated", "Ref %s updated: %s => %s", "ref:word old_revision:text revision:text", "2017-09-12", TODAY),
    _m("repo_watched", "Repo: %s, Refs: %s", "repository:text refs:list", "2017-09-12", TODAY),
    _m("refs_saved", "Saved %d known refs", "count:int", "2017-09-12", TODAY),
    _m("refs_changed", "%d refs changed", "count:int", "2017-09-13", "2018-05-10"),
    _m("refs_unchanged", "No changes detected", "", "2017-09-13", TODAY),
    _m("namespace_fetch_failed", "failed to fetch %q namespace tips for %q: %q", "namespace:quoted repository:quoted error:quoted", "2017-09-21", "2018-05-10"),
    _m("triggers_postponed", "Emitted %d triggers, postponing the rest", "count:int", "2017-10-13", TODAY),
    _m("state_fetch_failed", "Error fetching state of the world: %s", "error:error", "2018-05-09", TODAY),
    _m("revision_log_failed", "Failed to fetch log of new rev %q", "revision:quoted", "2018-05-10", "2018-06-19"),
    _m("refs_processed", "%d changed refs processed, %d refs not yet examined", "count:int remaining:int", "2018-05-10", TODAY),
    _m("refs_processed", "All %d changed refs processed", "count:int", "2018-05-10", TODAY),
    _m("error_transient", "ignoring error %s as transient", "error:error", "2018-05-10", TODAY),
    _m("no_progress", "no progress made due to %s", "error:error", "2018-05-10", TODAY),
    _m("ref_log_missing", "Ref %s: log old..new is not found, investigating futher...", "ref:ref", "2018-06-19", "2018-06-20"),
    _m("ref_log_missing", "Ref %s: log old..new is not found, investigating further...", "ref:ref", "2018-06-20", TODAY),
    _m("ref_new_log_failed", "Ref %s: failed to fetch even log of just new rev %s %s", "ref:ref revision:text error:error", "2018-06-19", TODAY),
    _m("ref_range_log_failed", "Ref %s: failed to fetch log between old %s and new %s revs", "ref:ref old_revision:text revision:text", "2018-06-19", TODAY),
    _m("ref_old_log_failed", "Ref %s: failed to fetch log of just old rev %s: %s", "ref:ref old_revision:text error:error", "2018-06-19", TODAY),
    _m("ref_first_log_missing", "Ref %s: log of first rev %s not found", "ref:ref revision:text", "2018-06-19", TODAY),
    _m("ref_log_inconsistent", "Ref %s: weirdly, log(%s) and log(%s) work, but not log(%s..%s)", "ref:ref old_revision:text revision:text range_start:text range_end:text", "2018-06-19", TODAY),
    _m("ref_force_pushed", "Ref %s: force push detected; emitting trigger for new head", "ref:ref", "2018-06-20", TODAY),
    _m("refs_fetched", "Fetched refs: %d from datastore, %d from gitiles", "known:int fetched:int", "2018-12-05", TODAY),
    _m("refs_unresolved", "The following configured refs didn't match a single actual ref: %s\nHint: have you granted read access to LUCI Scheduler on relevant refs in %q\nResolved refs from gitiles:\n%q?\n", "refs:list repository:quoted resolved:map", "2020-10-22", TODAY),
    _m("refs_unresolved", "The following configured refs didn't match a single actual ref: %s\nHint: have you granted read access to LUCI Scheduler on relevant refs in %q\nResolved refs from gitiles:\n%s\n", "refs:list repository:quoted resolved:map", "2019-02-26", "2020-10-22"),
    _m("commit_unfiltered", "NOTE: emitting trigger %q on tip of %q even though didn't match path filters because %s", "revision:quoted ref:quoted reason:error", "2019-03-09", "2021-05-25"),
    _m("commit_filtered", "skipping commit %q on %q because didn't match path filters", "revision:quoted ref:quoted", "2019-03-09", TODAY),
    _m("commit_filtered", "skipping commit %q on %q because didn't match path or submodule path filters", "revision:quoted ref:quoted", "2023-06-13", "2023-09-07"),
    _m("submodule_client_failed", "Could not create GitilesClient for subdmodule %s:%s", "submodule:text error:error", "2023-06-13", "2023-09-07"),
    _m("submodule_log_failed", "Could not fetch logs for submodule %s", "submodule:text", "2023-06-13", "2023-09-07"),
    _m("submodule_unknown", "Found gitlink update for %s but no matching entry in gitmodules file", "path:text", "2023-06-13", "2023-09-07"),
    _m("gitmodules_invalid", "Invalid gitmodules file %s, could not parse: %s", "path:text error:error", "2023-06-13", "2023-09-07"),
    _m("tag_matched", "Tag %s newly matched but already existed", "ref:text", "2025-02-19", TODAY),
]
_INVOCATION_NOOP = [
    _m("noop_started", "Running noop task", "", "2015-10-05", "2017-09-08"),
    _m("noop_started", "Running noop task for %s", "sleep_s:duration", "2017-09-08", TODAY),
    _m("timer_handled", "Handling timer tick %q", "title:quoted", "2016-09-29", "2017-01-25"),
    _m("triggers_received", "Noop task got %d triggers", "count:int", "2017-09-12", "2017-10-02"),
]
_INVOCATION_SWARMING = [
    _m("task_fetch_failed", "Failed to fetch task results - %s", "error:error", "2015-12-17", "2017-10-27"),
    _m("task_request_failed", "Failed to trigger the task - %s", "error:error", "2015-12-17", "2017-10-27"),
    _m("notification_received", "Received PubSub notification, asking swarming for the task status", "", "2015-12-17", "2017-10-27"),
    _m("task_answered", "Swarming response:\n%s", "response:json", "2015-12-17", "2017-10-27"),
    _m("task_requested", "Swarming task request:\n%s", "request:json", "2015-12-17", "2017-10-27"),
    _m("task_deduplicated", "Task request was deduplicated", "", "2015-12-17", "2017-10-27"),
    _m("task_state", "The task is in state %q (failure: %v, internalFailure: %v)", "state:quoted failure:bool internal_failure:bool", "2015-12-17", "2017-10-27"),
    _m("task_fetched", "Swarming task status:\n%s", "response:json", "2016-10-18", "2017-10-27"),
    _m("timer_tick", "Timer tick, asking swarming for the task status", "", "2016-10-18", "2017-10-27"),
]
_INVOCATION_URLFETCH = [
    _m("fetch_succeeded", "Success!", "", "2015-10-05", "2015-10-13"),
    _m("fetch_started", "%s %s", "method:method url:text", "2015-10-05", TODAY, after="attempt_started invocation_triggered"),
    _m("fetch_finished", "Finished with overall status %s in %s", "status:status duration_s:duration", "2015-10-13", TODAY),
    _m("fetch_failed", "URL fetch error: %s", "error:error", "2015-10-13", TODAY),
]
_TRIAGE_ENGINE = [
    _m("triage_cleanup_failed", "Best effort cleanup failed", "", "2018-05-10", TODAY),
    _m("triage_garbage_cleaning", "Cleaning up storage of %d dsset items", "count:int", "2018-05-10", TODAY),
    _m("triage_done", "Done", "", "2018-05-10", TODAY),
    _m("triage_garbage_failed", "Failed to cleanup dsset garbage", "", "2018-05-10", TODAY),
    _m("triage_enqueue_failed", "Failed to enqueue some invocations", "", "2018-05-10", TODAY),
    _m("triage_triggers_failed", "Failed to grab pending triggers", "", "2018-05-10", TODAY),
    _m("triage_finished_failed", "Failed to grab recently finished invocations", "", "2018-05-10", TODAY),
    _m("triage_policy_failed", "Failed to instantiate the triggering policy function, using the default policy instead", "", "2018-05-10", TODAY),
    _m("triage_consumed_pop_failed", "Failed to pop consumed dsset items", "", "2018-05-10", TODAY),
    _m("triage_finished_pop_failed", "Failed to pop from finished invocations set", "", "2018-05-10", TODAY),
    _m("triage_triggers_pop_failed", "Failed to pop from pending triggers set", "", "2018-05-10", TODAY),
    _m("triage_cron_failed", "Failed to rewind the cron machine", "", "2018-05-10", TODAY),
    _m("triage_finished_undecodable", "Failed to unmarshal FinishedInvocationsRaw, skipping", "", "2018-05-10", TODAY),
    _m("triage_invocation_acknowledged", "Invocation %d is acknowledged as finished", "finished_invocation_id:id", "2018-05-10", TODAY),
    _m("triage_policy_invoked", "Invoking the triggering policy function", "", "2018-05-10", TODAY),
    _m("triage_landing", "Landing the transaction", "", "2018-05-10", TODAY),
    _m("triage_invocations_enqueued", "New invocations enqueued, consumed %d triggers", "count:int", "2018-05-10", TODAY),
    _m("triage_active_counted", "Number of active invocations: %d", "count:int", "2018-05-10", TODAY),
    _m("triage_finished_counted", "Number of recently finished:  %d", "count:int", "2018-05-10", TODAY),
    _m("triage_triggers_set", "Pending triggers set:  %d items, %d garbage", "count:int garbage:int", "2018-05-10", TODAY),
    _m("triage_cron_poked", "Poking the cron", "", "2018-05-10", TODAY),
    _m("triage_finished_set", "Recently finished set: %d items, %d garbage", "count:int garbage:int", "2018-05-10", TODAY),
    _m("triage_consumed_removing", "Removing consumed dsset items", "", "2018-05-10", TODAY),
    _m("triage_transaction_retried", "Retrying the transaction, attempt %d", "attempt:int", "2018-05-10", TODAY),
    _m("triage_transaction_started", "Started the transaction", "", "2018-05-10", TODAY),
    _m("triage_started", "Starting", "", "2018-05-10", TODAY),
    _m("triage_queue_cleared", "The job is inactive, clearing the pending triggers queue", "", "2018-05-10", TODAY),
    _m("triage_policy_requested", "The policy requested %d new invocations", "count:int", "2018-05-10", TODAY),
    _m("triage_prepared", "The preparation is finished", "", "2018-05-10", TODAY),
    _m("triage_transaction_failed", "The triage transaction FAILED", "", "2018-05-10", TODAY),
    _m("triage_triggers_available", "Triggers available in this txn: %d", "count:int", "2018-05-10", TODAY),
    _m("triage_triggers_dropped", "Too many pending triggers (>%d), dropping %d oldest", "limit:int count:int", "2018-05-11", TODAY),
    _m("triage_triggers_discarded", "%d triggers discarded, according to policy", "count:int", "2023-12-14", TODAY),
]
# fmt: on

#: What the scheduler writes without a format of its own: url_fetch jobs dump the response as it came.
HTTP_RESPONSE: Final = Message(
    "fetch_response",
    "%d %s\n%s",
    (
        Field("status_code", TYPES["code"]),
        Field("reason", TYPES["text"]),
        Field("response", TYPES["response"]),
    ),
    "invocation",
    "urlfetch",
    "2015-10-05",
    TODAY,
    frozenset({"fetch_finished"}),
)

#: Every message format, and the one dump that has none.
MESSAGES: Final[tuple[Message, ...]] = (
    *_section("both", "engine", _BOTH_ENGINE),
    *_section("invocation", "engine", _INVOCATION_ENGINE),
    *_section("invocation", "buildbucket", _INVOCATION_BUILDBUCKET),
    *_section("invocation", "gitiles", _INVOCATION_GITILES),
    *_section("invocation", "noop", _INVOCATION_NOOP),
    *_section("invocation", "swarming", _INVOCATION_SWARMING),
    *_section("invocation", "urlfetch", _INVOCATION_URLFETCH),
    *_section("triage", "engine", _TRIAGE_ENGINE),
    HTTP_RESPONSE,
)


@cache
def in_scope(scope: str) -> tuple[Message, ...]:
    """Return the messages of ``invocation`` or ``triage`` logs in the order in which they are tried.

    Longer fixed beginnings come first, so that a specific format wins over a general one; among
    equals the catalogue's order holds.
    """
    chosen = [m for m in MESSAGES if m.scope in (scope, "both")]
    return tuple(sorted(chosen, key=lambda m: -len(m.prefix)))
