"""The truth: the rows that reading the simulated pages and builds must give, known from the simulation.

Nothing is read back from the text. A value that no page and no file of builds shows is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from logparse.batches.arrow import RecordBatch, arrow_schema, arrow_type
from logparse.columns import TABLES
from logparse.columns.derive import derived_columns
from logparse.lazy import pyarrow as pa
from logparse.simulator.buildfiles import CANCEL_REASONS, PACKAGE, SUMMARIES, BuildFile, dimensions_text
from logparse.simulator.pages import Cut, status_at
from logparse.simulator.payloads import Payloads, compact
from logparse.simulator.plans import ABORTED, CANCELED, INFRA, NO_BOT, TIMEOUT
from logparse.simulator.story import Check, Story
from logparse.simulator.world import World
from logparse.simulator.writing import NOT_FOUND, REFUSED, aborter, task_url
from logparse.values.statuses import OF_ENDED_BUILD

Row = dict[str, Any]

_REASONS: Final = {
    INFRA: "other",
    TIMEOUT: "execution_timeout",
    NO_BOT: "no_bot_in_time",
    CANCELED: "canceled",
    ABORTED: "canceled",
}
#: Values of `derived_columns` that are not columns of the truth.
_MOMENTS: Final = ("request_asked_at", "request_answered_at", "start_seen_at", "end_seen_at")


@dataclass(frozen=True, slots=True)
class Read:
    """How an invocation is read from its files.

    Attributes
    ----------
    source, line:
        The file that counts, and the line of its first entry.
    build_source, build_line:
        The file of its build, and the line there.
    repeats, build_repeats:
        How many other copies the files have.
    cuts:
        In its log.
    """

    source: str | None
    line: int | None
    build_source: str | None
    build_line: int | None
    repeats: int
    build_repeats: int
    cuts: Sequence[Cut] = ()


class Teller:
    """Makes the rows of a builder's invocations and builds.

    Parameters
    ----------
    world, builder:
        The world, and the index of the builder in it.
    """

    def __init__(self, world: World, builder: int, payloads: Payloads, build_file: BuildFile) -> None:
        self._world = world
        self._payloads = payloads
        self._file = build_file
        project, self._builder = world.fleet.project, world.fleet.builder[builder]
        self._project = project
        self._builder_id = f"{project.name}/{project.bucket}/{self._builder.name}"
        self._constant: Row = {
            "project": project.name,
            "builder": self._builder.name,
            "builder_id": self._builder_id,
            "odd": 0,
        }
        #: Of every build, alone or with its invocation.
        self._of_build: Row = {
            "requested_pool": build_file.pool.name,
            "requested_os": build_file.requested_os,
            "requested_dimensions": compact(build_file.requested),
            "input_properties": compact(build_file.properties),
            "scheduling_timeout_s": float(self._builder.scheduling_timeout_s),
            "execution_timeout_s": float(self._builder.execution_timeout_s),
            "critical": True,
        }

    def invocation(self, story: Story, revision: str, read: Read) -> Row:
        """Return the row of an invocation. Times are microseconds since 1970."""
        plan = story.plan
        row: Row = {
            **self._constant,
            "invocation_id": story.invocation_id,
            "job_id": self._payloads.job,
            "job": self._builder.name,
            "task_kind": "buildbucket",
            "created_at": plan.created * 1000,
            "repeats": read.repeats,
            "source": read.source,
            "source_line": read.line,
            "origin": "both" if plan.launched else "log",
            **self._commit(story, revision),
        }
        if plan.launched:
            row |= self._shared(story, revision)
            row |= self._build_columns(story)
        if read.source is None:
            return row | self._alone(story, read)
        until = story.until if story.saved == "unfinished" else None
        row |= self._logged(story, revision, read, until)
        if until is None:
            row |= self._ended(story)
        return row

    def _commit(self, story: Story, revision: str) -> Row:
        if story.plan.user is not None:
            return {}
        return {"repository": self._payloads.repository, "ref": self._project.ref, "revision": revision}

    def _shared(self, story: Story, revision: str) -> Row:
        """Return the columns that the tables of invocations and of builds have of a build."""
        plan = story.plan
        bot = self._file.bot(story)
        tags = self._payloads.tags(story, None if plan.user is not None else revision)
        listed = ",".join([f'"{key}:{value}"' for key, value in tags])
        # Version 1 gave the reason of a cancelation, which its log alone has.
        shows_reason = story.era.checks == 1 and _sees_end(story, story.until_shown)
        by_v1 = "TIMEOUT" if shows_reason and plan.result in (TIMEOUT, NO_BOT) else None
        reason = CANCEL_REASONS.get(plan.result)
        return {
            **self._of_build,
            "tags": f"[{listed}]",
            "infra_reason": _REASONS.get(plan.result),
            "error": reason or SUMMARIES.get(plan.result),
            "setup_s": story.setup_us / 1e6 if bot is not None else None,
            "canceled_by": self._file.canceled_by(story),
            "cancel_reason": reason or by_v1,
            "swarming_task_id": story.task_id,
            "build_number": plan.build_number,
            "build_id": story.build_id,
            "bot_id": None if bot is None else bot.name,
            "bucket": self._bucket(story),
        }

    def _bucket(self, story: Story) -> str:
        """Return the bucket as the log names it, which is the last answer that it shows."""
        until = story.until_shown
        launched = until is None or story.plan.attempts[-1].answered <= until
        if story.saved == "missing" or not launched:
            return self._project.bucket
        version = 1 if story.era.checks == 1 and _sees_end(story, until) else story.era.asks
        return self._payloads.v1_bucket if version == 1 else self._project.bucket

    @staticmethod
    def _build_columns(story: Story) -> Row:
        plan = story.plan
        return {
            "build_status": story.build_status,
            "build_created_at": plan.asked_us,
            "build_started_at": plan.started_us,
            "build_completed_at": plan.ended_us,
        }

    def _alone(self, story: Story, read: Read) -> Row:
        """Return the columns of an invocation of which only the build was saved."""
        return {
            "status": OF_ENDED_BUILD[story.build_status],
            "build_url": f"https://{self._project.site}/b/{story.build_id}",
            "id_from": "tag",
            "origin": "build",
            "source": read.build_source,
            "source_line": read.build_line,
            "repeats": read.build_repeats,
        }

    def _logged(self, story: Story, revision: str, read: Read, until: int | None) -> Row:
        """Return the columns that a log gives, to its end or to a time."""
        plan = story.plan
        asked = [a for a in plan.attempts if until is None or a.answered <= until]
        begun = [a for a in plan.attempts if until is None or a.started <= until]
        launched = plan.launched and len(asked) == len(plan.attempts)
        site = f"https://{self._project.site}/b/{story.build_id}" if plan.launched else None
        row: Row = {
            "status": story.status if until is None else status_at(story, until),
            "attempts": len(begun),
            "launched_at": begun[0].started * 1000 if begun else None,
            "triggered_by": None if plan.user is None else self._world.fleet.load.users[plan.user],
            "trigger_count": self._payloads.trigger_count(story) if asked else None,
            "build_url": task_url(self._world, story) if launched else site,
            "id_from": "request" if asked else "page",
            "truncated": bool(read.cuts),
            "unrecognized": 0,
            "suspicious": 0,
            "request_asked_at": asked[-1].asked * 1000 if launched else None,
            "request_answered_at": asked[-1].answered * 1000 if launched else None,
        }
        if not plan.launched:
            row["tags"] = self._request_tags(story, revision, is_asked=bool(asked))
            row["bucket"] = self._payloads.v1_bucket
            if asked and story.era.asks == 2:
                row["bucket"] = self._project.bucket
        checks = [c for c in story.checks if launched and (until is None or c.answered <= until)]
        row |= _polled(checks, is_cut=bool(read.cuts))
        row |= _seen(story, checks)
        row |= _offsets(story, checks, launched=launched)
        return row | _lost(read.cuts)

    def _request_tags(self, story: Story, revision: str, *, is_asked: bool) -> str | None:
        """Return the tags of an invocation without a build: of its request, else of its page."""
        is_user = story.plan.user is not None
        if is_asked:
            in_tags = story.era.asks == 1 and not is_user
            tags = self._payloads.tags(story, revision if in_tags else None)
        else:
            tags = [] if is_user else self._payloads.commit_tags(revision)
        return compact([f"{key}:{value}" for key, value in tags]) if tags else None

    def _ended(self, story: Story) -> Row:
        """Return the columns of an invocation whose log shows its end."""
        plan = story.plan
        row: Row = {
            "finished_at": story.finished_us,
            "duration_s": (story.finished_us - plan.created * 1000) / 1e6,
            "error": None,
        }
        if story.status == "SUCCEEDED":
            return row
        if not plan.launched:
            row["error"] = REFUSED[story.era.asks]
        else:
            row["error"] = CANCEL_REASONS.get(plan.result) or SUMMARIES.get(plan.result)
            if story.failed_check:
                row["error"] = row["error"] or NOT_FOUND[story.era.checks]
        if story.aborted is not None:
            row["aborted_by"] = aborter(self._world, story)
        return row

    def build(self, story: Story, revision: str, read: Read) -> Row:
        """Return the row of a build. Times are microseconds since 1970."""
        plan, bot = story.plan, self._file.bot(story)
        pool = self._file.pool
        row: Row = {
            **self._constant,
            **self._shared(story, revision),
            **self._commit(story, revision),
            "invocation_id": story.invocation_id,
            "status": story.build_status,
            "created_at": plan.asked_us,
            "started_at": plan.started_us,
            "completed_at": plan.ended_us,
            "updated_at": self._file.updated_us(story),
            "priority": self._builder.priority,
            "experiments": "[]",
            "exe": PACKAGE,
            "created_by": f"project:{self._project.name}",
            "url": f"https://{self._project.site}/b/{story.build_id}",
            "summary_markdown": SUMMARIES.get(plan.result),
            "properties": self._file.output_properties(story, revision),
            "source": read.build_source,
            "origin": "both" if read.source is not None else "build",
            "repeats": read.build_repeats,
            "source_file": read.source or read.build_source,
            "source_line": read.line if read.source is not None else read.build_line,
        }
        if bot is not None:
            row |= {
                "pool": pool.name,
                "os": max(pool.os, key=len),
                "cpu": max(pool.cpu, key=len),
                "cores": pool.cores,
                "machine_type": pool.machine_type,
                "zone": pool.zone,
                "dimensions": dimensions_text(bot),
            }
        return row


# --- columns of checks ------------------------------------------------------------------------


def _sees_end(story: Story, until: int | None) -> bool:
    """Return whether the log shows the build at its end."""
    if not story.checks or story.saved == "missing":
        return False
    last = story.checks[-1]
    shown = until is None or last.answered <= until
    return shown and last.status not in ("", "SCHEDULED", "STARTED")


def _polled(checks: Sequence[Check], *, is_cut: bool) -> Row:
    """Return the measures of polling, null where checks were cut out."""
    if is_cut:
        return {}
    known, timed, unchanged, notified, rpc, longest, late = "SCHEDULED", 0, 0, 0, 0, 0, 0
    for check in checks:
        if not check.status:
            continue
        if check.timer is None:
            notified += 1
        else:
            timed += 1
            unchanged += check.status == known
            took = check.answered - check.began
            rpc, longest, late = rpc + took, max(longest, took), late + check.began - check.due
        known = check.status
    return {
        "poll_count": timed,
        "poll_unchanged": unchanged,
        "poll_rpc_s": rpc / 1000,
        "poll_rpc_max_s": longest / 1000 if timed else None,
        "poll_lateness_mean_s": round(late / (timed * 1000), 9) if timed else None,
        "notification_count": notified,
    }


def _seen(story: Story, checks: Sequence[Check]) -> Row:
    """Return when the first checks began that saw the start and the end of the build."""
    started = next((c.began for c in checks if c.status == "STARTED"), None)
    ended = next((c.began for c in checks if c.status == story.build_status), None)
    return {
        "start_seen_at": None if started is None else started * 1000,
        "end_seen_at": None if ended is None else ended * 1000,
    }


def _offsets(story: Story, checks: Sequence[Check], *, launched: bool) -> Row:
    """Return the bounds of the clocks' difference, which answers of version 1 give."""
    exchanges = []
    if launched and story.era.asks == 1:
        attempt = story.plan.attempts[-1]
        exchanges.append((attempt.asked, attempt.answered, story.answer_us))
    if checks and story.era.checks == 1 and checks[-1].status not in ("", "SCHEDULED", "STARTED"):
        last = checks[-1]
        exchanges.append((last.began, last.answered, last.read_us))
    if not exchanges:
        return {}
    return {
        "clock_offset_min_s": max(us - answered * 1000 for _, answered, us in exchanges) / 1e6,
        "clock_offset_max_s": min(us - asked * 1000 for asked, _, us in exchanges) / 1e6,
    }


def _lost(cuts: Sequence[Cut]) -> Row:
    """Return the time and the checks that cuts took out of a log."""
    if not cuts:
        return {}
    times = [None if cut.after is None else cut.after - cut.before for cut in cuts]
    checks = [
        None
        if cut.mutation_before is None or cut.mutation_after is None
        else max(cut.mutation_after - cut.mutation_before, 0)
        for cut in cuts
    ]
    known = [time for time in times if time is not None]
    counted = [count for count in checks if count is not None]
    return {
        "cut_s": sum(known) / 1000 if len(known) == len(times) else None,
        "cut_polls_max": sum(counted) if len(counted) == len(checks) else None,
    }


# --- batches ----------------------------------------------------------------------------------


def batch(table: str, rows: Iterable[Mapping[str, Any]]) -> RecordBatch:
    """Return rows as a batch of a table's columns, the derived ones included."""
    listed = list(rows)
    columns = TABLES[table]
    names = {column.name for column in columns if column.derive is None}
    names |= {name for row in listed for name in row}
    known: dict[str, Sequence[Any]] = {name: [row.get(name) for row in listed] for name in sorted(names)}
    if table == "invocations":
        known |= {name: known.get(name, [None] * len(listed)) for name in (*_MOMENTS, *_AGGREGATES)}
    known |= derived_columns(table, known)
    arrays = [pa.array(known[column.name], arrow_type(column)) for column in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(columns))


_AGGREGATES: Final = (
    *("poll_count", "poll_unchanged", "poll_rpc_s", "poll_rpc_max_s", "poll_lateness_mean_s"),
    *("notification_count", "cut_s", "cut_polls_max"),
)
