"""Putting together all that was read: copies, logs with their builds, and invocations that builds show.

The result does not depend on the order of reading.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from logparse.joining.copies import by_job, group_copies
from logparse.joining.merge import (
    Content,
    Copy,
    build_findings,
    complete,
    fill,
    invocation_findings,
    merge_builds,
    place_of,
)
from logparse.joining.pagebatch import Invocations, Item, PageRow
from logparse.records import Build, Finding, Invocation
from logparse.records.buildnames import own_builder_id, scheduler_tags
from logparse.values.clock import from_datetime, to_datetime
from logparse.values.ids import build_created_us, invocation_created_us, split_job_id
from logparse.values.statuses import OF_BUILD

#: A build that is created later than this after its invocation has the tags of another build.
_TAGS_LAST: Final = timedelta(hours=24)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Joined:
    """The result of `join`: invocations, builds that are of none of them, and findings about builds.

    `contents` has for each invocation the content of the log that counts, None for a row of a batch and for
    one that only a build shows.
    """

    invocations: Invocations = field(default_factory=Invocations)
    contents: list[Content | None] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def join(copies: Iterable[Copy | PageRow], builds: Iterable[Build], *, keep: bool = False) -> Joined:
    """Return all invocations, in the order of their creation, and all builds without one.

    Parameters
    ----------
    copies:
        Invocations as logs show them, each by itself. A row of which no other input shows anything stays one.
    builds:
        Builds from files of builds.
    keep:
        Whether each copy stays a record of its own.
    """
    return _Joining(builds, keep=keep).join(copies)


class _Joining:
    def __init__(self, builds: Iterable[Build], *, keep: bool) -> None:
        self._keep = keep
        self._stored: defaultdict[str, list[Build]] = defaultdict(list)
        for build in builds:
            self._stored[build.id].append(build)
        #: What all records of a build from files say together, by its id.
        self._whole_builds = {
            identifier: merge_builds(records) for identifier, records in self._stored.items()
        }
        self._tagged: defaultdict[str, list[Build]] = defaultdict(list)
        self._used: set[str] = set()
        self._made: list[tuple[tuple[Any, ...], Item, Content | None]] = []
        self._findings: list[Finding] = []

    def join(self, given: Iterable[Copy | PageRow]) -> Joined:
        copies = self._split(given)
        groups = group_copies(self._identified(one) for one in copies)
        named = [_named_build(group) for group in groups]
        self._used.update(identifier for identifier in named if identifier is not None)
        for identifier, build in self._whole_builds.items():
            invocation_id, _ = scheduler_tags(build)
            if invocation_id is not None and identifier not in self._used:
                self._tagged[invocation_id].append(build)
        for group, build_id in zip(groups, named, strict=True):
            self._add_log(group, build_id or self._tagged_build(group))
        for invocation_id in sorted(self._tagged):
            for builds in by_job(self._tagged[invocation_id], lambda build: scheduler_tags(build)[1]):
                self._add_builds(invocation_id, builds)
        return self._result()

    def _split(self, given: Iterable[Copy | PageRow]) -> list[Copy]:
        """Take over the rows of which no other input shows anything, and return all else as copies."""
        copies: list[Copy] = []
        rows: list[PageRow] = []
        for one in given:
            if isinstance(one, PageRow):
                rows.append(one)
            else:
                copies.append(one)
        named = Counter(one.record.invocation_id for one in copies)
        named.update(batch.keys.ids[row] for batch, row in rows)
        tagged = {scheduler_tags(build)[0] for build in self._whole_builds.values()}
        # A log without an id can be a copy of any that begins like it.
        beginnings = {
            (entries[0].clock_ms, entries[0].text.rstrip())
            for one in copies
            if one.record.invocation_id is None and (entries := one.content.entries)
        }
        for one in rows:
            batch, row = one
            keys = batch.keys
            if (
                named[keys.ids[row]] > 1
                or keys.ids[row] in tagged
                or keys.build_ids[row] in self._stored
                or (beginnings and (keys.clocks[row], keys.texts[row]) in beginnings)
            ):
                copies.append(one.copy())
            else:
                self._made.append(
                    ((False, keys.created_us[row], keys.ids[row], keys.jobs[row], ("", 0)), one, None)
                )
        return copies

    # --- invocations that logs show -----------------------------------------------------------

    def _identified(self, one: Copy) -> Copy:
        """Return a copy of an unknown id with the id and the job that tags of its build name."""
        build = one.record.build
        if one.record.invocation_id is not None or build is None or build.id not in self._stored:
            return one
        invocation_id, job_id = scheduler_tags(self._whole_builds[build.id])
        if invocation_id is None:
            return one
        record = one.content.again(None, (invocation_id, "tag"))
        if record.job_id is None and job_id is not None:
            record.job_id, (record.project, record.job) = job_id, split_job_id(job_id)
        return replace(one, record=record)

    def _tagged_build(self, group: list[Copy]) -> str | None:
        """Return the build that says that the invocation asked for it, where the log names none."""
        invocation_id, job_id = _identity(group)
        if invocation_id is None or invocation_id not in self._tagged:
            return None
        fitting = [b for b in self._tagged[invocation_id] if scheduler_tags(b)[1] in (None, job_id)]
        chosen = _earliest(invocation_id, fitting if job_id else self._tagged[invocation_id])
        return chosen.id if chosen is not None else None

    def _add_log(self, group: list[Copy], identifier: str | None) -> None:
        invocation_id, job_id = _identity(group)
        stored = self._stored.get(identifier, []) if identifier is not None else []
        if identifier is not None:
            self._used.add(identifier)
        for record in (
            [self._whole(one, stored, group) for one in group]
            if self._keep
            else [self._merged(group, stored)]
        ):
            record.repeats = len(group) - 1
            record.origin = "both" if stored else "log"
            if record.build is not None:
                _count(record.build, stored, record.origin)
            self._made.append((_place(record), record, group[0].content))
        if invocation_id is not None:
            self._leave_copies(invocation_id, job_id, identifier)

    def _whole(self, one: Copy, stored: Sequence[Build], group: Sequence[Copy]) -> Invocation:
        """Return the record of one copy, with what other inputs add to its build and its id."""
        logged = one.record.build
        builds = [*stored, *_logged([one] if self._keep else group)]
        # Copies can name several builds: the one that counts is that of the first copy that names any.
        named = logged.id if logged is not None else builds[0].id if builds else None
        builds = [build for build in builds if build.id == named]
        merged = merge_builds(builds) if builds else None
        known = None if self._keep or one.record.invocation_id else _known_id(group)
        if known is None and (merged is None or merged == logged):
            return copy(one.record)
        return one.content.again(merged, known)

    def _merged(self, group: list[Copy], stored: Sequence[Build]) -> Invocation:
        leader, *others = group
        record = self._whole(leader, stored, group)
        if others:
            fill(record, [other.record for other in others])
            triggers = (one.record.triggers for one in group)
            record.triggers = next((listed for listed in triggers if listed), [])
        findings = [*invocation_findings([one.record for one in group])]
        builds = [b for b in (*stored, *_placed(group)) if record.build is None or b.id == record.build.id]
        for finding in build_findings(builds):
            finding.source, finding.line = record.source, record.source_line
            finding.invocation_id = record.invocation_id
            findings.append(finding)
        record.findings = [*record.findings, *findings]
        return record

    def _leave_copies(self, invocation_id: str, job_id: str | None, named: str | None) -> None:
        """Take the builds that name an invocation out of those that can make one: it has its build."""
        rest = []
        for build in self._tagged.pop(invocation_id, []):
            tagged_job = scheduler_tags(build)[1]
            if job_id is not None and tagged_job is not None and job_id != tagged_job:
                rest.append(build)
            elif build.id != named:
                self._findings.append(_tag_copied(build, invocation_id, named))
        if rest:
            self._tagged[invocation_id] = rest

    # --- invocations that only builds show ----------------------------------------------------

    def _add_builds(self, invocation_id: str, builds: list[Build]) -> None:
        chosen = _earliest(invocation_id, builds)
        for build in builds:
            if build is not chosen:
                self._findings.append(_tag_copied(build, invocation_id, chosen.id if chosen else None))
        if chosen is None:
            return
        self._used.add(chosen.id)
        stored = self._stored[chosen.id]
        for build in stored if self._keep else [chosen]:
            record = invocation_of(build)
            record.repeats = len(stored) - 1
            if record.build is not None:
                _count(record.build, stored, "build")
            record.findings = [*build_findings(stored)]
            for finding in record.findings:
                finding.invocation_id = invocation_id
            self._made.append((_place(record), record, None))

    def _result(self) -> Joined:
        alone = []
        for identifier, stored in self._stored.items():
            if identifier in self._used:
                continue
            for finding in build_findings(stored):
                finding.build_id = identifier
                self._findings.append(finding)
            for build in stored if self._keep else [self._whole_builds[identifier]]:
                alone.append(_count(copy(build), stored, "build"))
        made = _sorted(self._made)
        return Joined(
            Invocations(item for item, _ in made),
            [content for _, content in made],
            sorted(alone, key=_build_place),
            sorted(self._findings, key=lambda f: (f.source or "", f.line or 0, f.code, f.message)),
        )


def _logged(group: Iterable[Copy]) -> list[Build]:
    """Return the builds that copies of an invocation show."""
    return [one.record.build for one in group if one.record.build is not None]


def _placed(group: Iterable[Copy]) -> list[Build]:
    """Return the builds that copies show, each with the name of its log: findings name the place."""
    placed = [(copy(one.record.build), one.record.source) for one in group if one.record.build is not None]
    for build, source in placed:
        build.source = source
    return [build for build, _ in placed]


def _named_build(group: Sequence[Copy]) -> str | None:
    return next((build.id for build in _logged(group)), None)


def _known_id(group: Iterable[Copy]) -> tuple[str, str] | None:
    """Return the invocation id and the place where it was read, of the first copy that has one."""
    for one in group:
        if one.record.invocation_id is not None:
            return one.record.invocation_id, one.record.id_from or ""
    return None


def _identity(group: Sequence[Copy]) -> tuple[str | None, str | None]:
    known = _known_id(group)
    jobs = (one.record.job_id for one in group)
    return known[0] if known else None, next(filter(None, jobs), None)


def _sorted(
    made: list[tuple[tuple[Any, ...], Item, Content | None]],
) -> list[tuple[Item, Content | None]]:
    """Return invocations with their contents in the order of creation; those of one place by their texts."""
    made.sort(key=lambda one: one[0])
    found: list[tuple[Item, Content | None]] = []
    for _, same in groupby(made, key=lambda one: one[0]):
        alike = list(same)
        if len(alike) > 1:
            alike.sort(key=lambda one: (one[2].digest if one[2] else "", _place_of(one[1])))
        found += [(item, content) for _, item, content in alike]
    return found


def _place_of(item: Item) -> tuple[str, int, str]:
    # A row has an id and a job that nothing else has.
    return place_of(item) if isinstance(item, Invocation) else ("", 0, "")


def _place(record: Invocation) -> tuple[Any, ...]:
    """Return what invocations are sorted by."""
    return (
        record.created_at is None,
        0 if record.created_at is None else from_datetime(record.created_at),
        record.invocation_id or "",
        record.job_id or "",
        place_of(record)[:2],
    )


def _build_place(build: Build) -> tuple[Any, ...]:
    return build.created_at or _LAST, place_of(build)[:2], build.id, place_of(build)


def _count(build: Build, stored: Sequence[Build], origin: str) -> Build:
    build.origin, build.repeats = origin, max(len(stored) - 1, 0)
    return build


# --- tags of builds ---------------------------------------------------------------------------


def _earliest(invocation_id: str, builds: Iterable[Build]) -> Build | None:
    """Return the build that an invocation asked for: of those that name it, the first that was created."""
    created = to_datetime(invocation_created_us(invocation_id))
    times = [(build.created_at or to_datetime(build_created_us(build.id)), build) for build in builds]
    fitting = [
        (at or _LAST, build.id, build)
        for at, build in times
        if created is None or at is None or at - created <= _TAGS_LAST
    ]
    return min(fitting, key=lambda one: one[:2], default=(None, None, None))[2]


def _tag_copied(build: Build, invocation_id: str, named: str | None) -> Finding:
    whose = f"whose build is {named}" if named else "which is more than 24 hours older"
    return Finding(
        code="tag-copied",
        message=f"build {build.id} has the tags of invocation {invocation_id}, {whose}",
        source=build.source,
        line=build.source_line,
        build_id=build.id,
    )


def invocation_of(build: Build) -> Invocation:
    """Return the invocation that a build's tags name, with all that the build says of it."""
    invocation_id, job_id = scheduler_tags(build)
    project, job = split_job_id(job_id) if job_id else (None, None)
    status = OF_BUILD.get(build.status or "")
    if status == "ABORTED" and build.version == 1:
        status = "FAILED"
    record = Invocation(
        invocation_id=invocation_id,
        id_from="tag",
        job_id=job_id,
        project=project,
        job=job,
        task_kind="buildbucket",
        status=status,
        created_at=to_datetime(invocation_created_us(invocation_id or "")),
        bucket=build.bucket,
        builder=build.builder,
        builder_id=own_builder_id(build),
        build_url=build.url,
        commit=build.commit,
        error=build.error,
        tags=build.tags,
        build=copy(build),
        origin="build",
        source=build.source,
        source_line=build.source_line,
        truncated=None,
        unrecognized=None,
        suspicious=None,
    )
    complete(record)
    return record
