"""The JSON of requests, answers and builds, in both versions of Buildbucket's API.

All text that does not change for a builder is made once. A template takes the rest by name.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Final

from logparse.simulator.plans import CANCELED, FAILURE, INFRA, NO_BOT, SUCCESS, TIMEOUT
from logparse.simulator.story import Story
from logparse.simulator.world import Bot, World
from logparse.values.clock import DAY_US, to_datetime

#: Every request and every build has this tag, so that a page is known as simulated outside of its folder too.
MARK: Final = ("synthetic", "logparse")
#: The result and the reasons in version 1, by how a build ended.
V1_ENDS: Final = {
    SUCCESS: ("SUCCESS", "", ""),
    FAILURE: ("FAILURE", "BUILD_FAILURE", ""),
    INFRA: ("FAILURE", "INFRA_FAILURE", ""),
    TIMEOUT: ("CANCELED", "", "TIMEOUT"),
    NO_BOT: ("CANCELED", "", "TIMEOUT"),
    CANCELED: ("CANCELED", "", "CANCELED_EXPLICITLY"),
}
#: A request has triggers of so many bytes at most. Requests of all attempts are then far below the limit of a
#: log, so that a cut never takes one of them.
_MOST_OF_TRIGGERS: Final = 14_000
_MINUTE_US: Final = 60_000_000
_TOPIC_PROJECT: Final = "projects/example-scheduler/topics/scheduler"


@lru_cache(maxsize=64)
def _minutes(day: int) -> list[str]:
    """Return the beginnings of the times of a day, one for each minute."""
    moment = to_datetime(day * DAY_US)
    assert moment is not None
    return [f"{moment:%Y-%m-%d}T{n // 60:02d}:{n % 60:02d}:" for n in range(1440)]


def rfc3339(us: int) -> str:
    """Return microseconds since 1970 as 2021-07-10T03:02:44.303272Z."""
    day, rest = divmod(us, DAY_US)
    minute, rest = divmod(rest, _MINUTE_US)
    return f"{_minutes(day)[minute]}{rest // 1_000_000:02d}.{rest % 1_000_000:06d}Z"


def compact(value: Any) -> str:
    """Return a value as JSON without blanks."""
    return json.dumps(value, separators=(",", ":"))


def inner(text: str) -> str:
    """Return a text as it is within a string of JSON."""
    return json.dumps(text)[1:-1]


class Payloads:
    """The templates of a builder.

    Parameters
    ----------
    world:
        That has the builder.
    builder:
        Its index.
    """

    def __init__(self, world: World, builder: int) -> None:
        project, self._builder = world.fleet.project, world.fleet.builder[builder]
        self._project = project
        self._world = world
        self.job = f"{project.name}/{self._builder.name}"
        self.topic = f"{_TOPIC_PROJECT}.buildbucket.{project.server}"
        self.v1_bucket = f"luci.{project.name}.{project.bucket}"
        self.repository = f"https://{project.host}/{project.repository}"
        self._server = f"https://{project.server}"
        self._properties = {"builder_group": f"{project.name}.{project.bucket}", "recipe": project.name}
        self._commit = {
            "host": project.host,
            "project": project.repository,
            "id": "%(revision)s",
            "ref": project.ref,
        }
        gitiles = {"ref": project.ref, "repo": self.repository, "revision": "%(revision)s"}
        trigger = {
            "gitiles": gitiles,
            "id": f"{self.repository}/+/{project.ref}@%(revision)s",
            "title": "%(revision)s",
            "url": f"{self.repository}/+/%(revision)s",
        }
        by_user = {"id": "%(revision)s", "title": "Triggered via web UI", "webui": {}}
        #: By whether a user started the invocation.
        self._triggers = (trigger, by_user)
        names = {"project": project.name, "bucket": project.bucket, "builder": self._builder.name}
        self._names = _indented(names, 2)
        self._v1 = [self._v1_templates(is_user) for is_user in (False, True)]
        self._v2 = [self._v2_templates(is_user) for is_user in (False, True)]
        fitting = _MOST_OF_TRIGGERS // len(self._v2[0][1] % {"revision": 40 * "0"})
        self._most_triggers = min(world.fleet.load.most_triggers, fitting)

    # --- values -------------------------------------------------------------------------------

    def tags(self, story: Story, revision: str | None) -> list[tuple[str, str]]:
        """Return the tags of the request, in their order."""
        found = [
            ("builder", self._builder.name),
            ("scheduler_invocation_id", story.invocation_id),
            ("scheduler_job_id", self.job),
            MARK,
            ("user_agent", "luci-scheduler"),
        ]
        return found if revision is None else [*found, *self.commit_tags(revision)]

    def commit_tags(self, revision: str) -> list[tuple[str, str]]:
        """Return the tags that name the commit."""
        project = self._project
        buildset = f"commit/gitiles/{project.host}/{project.repository}/+/{revision}"
        return [("buildset", buildset), ("gitiles_ref", project.ref)]

    def trigger_count(self, story: Story) -> int:
        """Return how many triggers the request carries."""
        plan = story.plan
        folded = plan.end_commit - plan.first_commit
        return 1 if plan.user is not None else min(folded, self._most_triggers)

    def revisions(self, story: Story) -> list[str]:
        """Return the hashes of commits that triggers name, the newest last, or the id of a user's trigger."""
        plan = story.plan
        if plan.user is not None:
            return [story.task_id]
        first = plan.end_commit - self.trigger_count(story)
        return [self._world.revision(commit) for commit in range(first, plan.end_commit)]

    # --- version 1 ----------------------------------------------------------------------------

    def _parameters(self, is_user: bool, separators: tuple[str, str]) -> tuple[str, str]:
        """Return the templates of the parameters and of a trigger in them, as within a string of JSON."""
        properties: dict[str, Any] = {
            "$recipe_engine/scheduler": {"hostname": "scheduler.example.com", "triggers": ["<>"]},
            **self._properties,
        }
        if not is_user:
            commit = {"branch": self._project.ref, "repository": self.repository, "revision": "%(revision)s"}
            properties |= commit
        value = {"builder_name": self._builder.name, "properties": properties}
        text = json.dumps(value, separators=separators).replace('"<>"', "%(triggers)s")
        return inner(text), inner(json.dumps(self._triggers[is_user], separators=separators))

    def _v1_templates(self, is_user: bool) -> tuple[str, ...]:
        asked, asked_trigger = self._parameters(is_user, (",", ":"))
        answered, answered_trigger = self._parameters(is_user, (", ", ": "))
        request = {
            "bucket": self.v1_bucket,
            "client_operation_id": "%(invocation)s",
            "parameters_json": "<>",
            "pubsub_callback": {"auth_token": "...", "topic": self.topic},
            "tags": ["<tags>"],
        }
        return (
            json.dumps(request, indent=2).replace("<>", asked).replace('"<tags>"', "%(tags)s"),
            asked_trigger,
            answered,
            answered_trigger,
        )

    def v1_request(self, story: Story, revisions: list[str]) -> str:
        """Return the request in version 1."""
        is_user = story.plan.user is not None
        template, trigger, _, _ = self._v1[is_user]
        tags = self.tags(story, None if is_user else revisions[-1])
        return template % {
            "invocation": story.invocation_id,
            "triggers": ",".join([trigger % {"revision": revision} for revision in revisions]),
            "revision": revisions[-1],
            "tags": ",\n    ".join([f'"{key}:{value}"' for key, value in tags]),
        }

    def v1_parameters(self, story: Story, revisions: list[str]) -> str:
        """Return the parameters of a build in version 1, as within a string of JSON."""
        _, _, template, trigger = self._v1[story.plan.user is not None]
        return template % {
            "triggers": ", ".join([trigger % {"revision": revision} for revision in revisions]),
            "revision": revisions[-1],
        }

    def v1_build(self, story: Story, revision: str, parameters: str, now_us: int, *, is_end: bool) -> str:
        """Return a build in version 1: as it was launched, or at its end.

        Parameters
        ----------
        now_us:
            Buildbucket's clock when it answers.
        """
        plan, project = story.plan, self._project
        result, failure, cancelation = V1_ENDS[plan.result] if is_end else ("", "", "")
        changed = plan.ended_us if is_end else plan.asked_us
        details = self._v1_details(story, revision) if is_end else '{\\"properties\\": {}}'
        tags = self.tags(story, None if plan.user is not None else revision)
        tags += [
            ("build_address", f"{self.v1_bucket}/{self._builder.name}/{plan.build_number}"),
            ("swarming_task_id", story.task_id if is_end else ""),
        ]
        fields = (
            ("bucket", self.v1_bucket),
            ("cancelation_reason", cancelation),
            ("canary_preference", "PROD"),
            ("completed_ts", str(plan.ended_us) if is_end else ""),
            ("created_by", f"project:{project.name}"),
            ("created_ts", str(plan.asked_us)),
            ("failure_reason", failure),
            ("id", story.build_id),
            ("parameters_json", parameters),
            ("project", project.name),
            ("result", result),
            ("result_details_json", details),
            ("started_ts", str(plan.started_us) if is_end and plan.started_us is not None else ""),
            ("status", "COMPLETED" if is_end else "SCHEDULED"),
            ("status_changed_ts", str(changed)),
        )
        listed = ",\n      ".join([f'"{key}:{value}"' for key, value in sorted(tags)])
        lines = "".join([f'    "{key}": "{value}",\n' for key, value in fields if value])
        return (
            f'{{\n  "build": {{\n{lines}    "tags": [\n      {listed}\n    ],\n'
            f'    "updated_ts": "{self.v1_updated_us(story, is_end=is_end)}",\n'
            f'    "url": "https://{project.site}/b/{story.build_id}",\n'
            f'    "utcnow_ts": "{now_us}"\n  }}\n}}'
        )

    @staticmethod
    def v1_updated_us(story: Story, *, is_end: bool) -> int:
        """Return when Buildbucket changed the record of a build last, which is soon after its change."""
        return (story.plan.ended_us if is_end else story.plan.asked_us) + 24_000

    def _v1_details(self, story: Story, revision: str) -> str:
        """Return the details of a result, as within a string of JSON."""
        plan = story.plan
        if plan.bot is None:
            return '{\\"properties\\": {}}'
        bot = self._world.bots[self._world.pool_of[plan.builder]][plan.bot]
        got = f', \\"got_revision\\": \\"{revision}\\"' if plan.user is None else ""
        properties = f'\\"bot_id\\": \\"{bot.name}\\", \\"buildnumber\\": {plan.build_number}{got}'
        swarming = f'\\"bot_dimensions\\": {_v1_dimensions(bot)}'
        return f'{{\\"properties\\": {{{properties}}}, \\"swarming\\": {{{swarming}}}}}'

    # --- version 2 ----------------------------------------------------------------------------

    def _v2_templates(self, is_user: bool) -> tuple[str, str, str]:
        """Return the templates of a request, of a trigger in it, and of the input of a build."""
        commit = "" if is_user else f',\n  "gitilesCommit": {_indented(self._commit, 2)}'
        shared = "".join(f',\n      "{key}": "{value}"' for key, value in self._properties.items())
        request = (
            f'{{\n  "requestId": "%(invocation)s",\n  "builder": {self._names},\n'
            '  "properties": {\n      "$recipe_engine/scheduler": {\n'
            '            "hostname": "scheduler.example.com",\n            "triggers": [\n%(triggers)s\n'
            f"                ]\n          }}{shared}\n    }}{commit},\n"
            '  "tags": [\n%(tags)s\n  ],\n  "notify": {\n'
            f'    "pubsubTopic": "{self.topic}"\n  }}\n}}'
        )
        trigger = " " * 18 + _indented(self._triggers[is_user], 18, 6)
        input_ = (
            "" if is_user else f',\n  "input": {{\n    "gitilesCommit": {_indented(self._commit, 4)}\n  }}'
        )
        return request, trigger, input_

    def v2_request(self, story: Story, revisions: list[str]) -> str:
        """Return the request in version 2."""
        is_user = story.plan.user is not None
        request, trigger, _ = self._v2[is_user]
        tags = self.tags(story, None)
        return request % {
            "invocation": story.invocation_id,
            "triggers": ",\n".join([trigger % {"revision": revision} for revision in revisions]),
            "revision": revisions[-1],
            "tags": ",\n".join(
                [f'    {{\n      "key": "{key}",\n      "value": "{value}"\n    }}' for key, value in tags]
            ),
        }

    def v2_build(self, story: Story, revision: str, *, is_end: bool) -> str:
        """Return a build in version 2 as the log has it: as it was launched, or at its end."""
        plan = story.plan
        fields = [
            f'"id": "{story.build_id}"',
            f'"builder": {self._names}',
            f'"number": {plan.build_number}',
            f'"createdBy": "project:{self._project.name}"',
            f'"createTime": "{rfc3339(plan.asked_us)}"',
        ]
        if is_end and plan.started_us is not None:
            fields.append(f'"startTime": "{rfc3339(plan.started_us)}"')
        if is_end:
            fields.append(f'"endTime": "{rfc3339(plan.ended_us)}"')
        fields.append(f'"updateTime": "{rfc3339(plan.ended_us if is_end else plan.asked_us)}"')
        fields.append(f'"status": "{story.build_status if is_end else "SCHEDULED"}"')
        if is_end and plan.result in (TIMEOUT, NO_BOT):
            reason = "timeout" if plan.result == TIMEOUT else "resourceExhaustion"
            fields.append(f'"statusDetails": {{\n    "{reason}": {{\n\n    }}\n  }}')
        input_ = self._v2[plan.user is not None][2] % {"revision": revision}
        return "{\n  " + ",\n  ".join(fields) + input_ + "\n}"


@lru_cache(maxsize=4096)
def _v1_dimensions(bot: Bot) -> str:
    return inner(json.dumps(dimensions(bot)))


@lru_cache(maxsize=4096)
def dimensions(bot: Bot) -> dict[str, list[str]]:
    """Return the dimensions of a bot."""
    pool = bot.pool
    return {
        "cores": [str(pool.cores)],
        "cpu": list(pool.cpu),
        "id": [bot.name],
        "machine_type": [pool.machine_type],
        "os": list(pool.os),
        "pool": [pool.name],
        "zone": [pool.zone],
    }


def _indented(value: Any, at: int, step: int = 2) -> str:
    """Return a value as JSON of several lines, whose first line begins at a column."""
    return json.dumps(value, indent=step).replace("\n", "\n" + " " * at)
