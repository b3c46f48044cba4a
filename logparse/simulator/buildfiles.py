"""Builds as ``bb get -A -json`` prints them: one compact object a line."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from logparse.simulator.payloads import Payloads, compact, dimensions, rfc3339
from logparse.simulator.plans import ABORTED, CANCELED, FAILURE, INFRA, NO_BOT, SUCCESS, TIMEOUT
from logparse.simulator.story import Story
from logparse.simulator.world import Bot, World

#: Buildbucket changes the record of a build so much later than the build itself.
_UPDATED_US: Final = 1_000_000
#: The summary of a build, by how it ended.
SUMMARIES: Final = {
    FAILURE: "the last step failed",
    INFRA: "the machine was lost",
    TIMEOUT: "the build ran longer than it may",
    NO_BOT: "no bot came in time",
}
CANCEL_REASONS: Final = {CANCELED: "not needed any more", ABORTED: "aborted in the scheduler"}
_DETAILS: Final = {TIMEOUT: '{"timeout":{}}', NO_BOT: '{"resourceExhaustion":{}}'}
#: The status of the last step, by how the build ended.
_LAST_STEPS: Final = {SUCCESS: "SUCCESS", FAILURE: "FAILURE"}
PACKAGE: Final = "infra/recipe_bundles/example"


class BuildFile:
    """Writes the builds of a builder.

    Parameters
    ----------
    world, builder:
        The world, and the index of the builder in it.
    """

    def __init__(self, world: World, builder: int, payloads: Payloads) -> None:
        self._world = world
        self._payloads = payloads
        self.builder = world.fleet.builder[builder]
        self.pool = world.fleet.pool[world.pool_of[builder]]
        project = world.fleet.project
        self._project = project
        #: Properties that the build is given, and the dimensions that it asks for.
        self.properties = {"builder_group": f"{project.name}.{project.bucket}", "recipe": project.name}
        self.requested = {"os": [self.requested_os], "pool": [self.pool.name]}
        names = {"project": project.name, "bucket": project.bucket, "builder": self.builder.name}
        self._names = compact(names)
        self._asked = compact(_listed(self.requested))
        self._given = compact(self.properties)
        self._end = (
            f'"exe":{{"cipdPackage":"{PACKAGE}"}},"schedulingTimeout":"{self.builder.scheduling_timeout_s}s",'
            f'"executionTimeout":"{self.builder.execution_timeout_s}s"'
        )
        shares = [int(step.share * 1_000_000) for step in world.fleet.step]
        self._steps = [(step.name, sum(shares[: n + 1])) for n, step in enumerate(world.fleet.step)]

    @property
    def requested_os(self) -> str:
        """The operating system that a build asks for."""
        return self.pool.os[min(1, len(self.pool.os) - 1)]

    def output_properties(self, story: Story, revision: str) -> str:
        """Return the output properties of a build as JSON. A build that has not run has none."""
        bot = self.bot(story)
        if bot is None:
            return "{}"
        got = "" if story.plan.user is not None else f',"got_revision":"{revision}"'
        return f'{{"bot_id":"{bot.name}"{got}}}'

    def bot(self, story: Story) -> Bot | None:
        """Return the bot that a build ran on."""
        plan = story.plan
        return None if plan.bot is None else self._world.bots[self._world.pool_of[plan.builder]][plan.bot]

    def canceled_by(self, story: Story) -> str | None:
        """Return who canceled a build."""
        if story.plan.result == CANCELED:
            users = self._world.fleet.load.users
            return users[story.plan.number % len(users)]
        return f"project:{self._project.name}" if story.plan.result == ABORTED else None

    @staticmethod
    def updated_us(story: Story) -> int:
        """Return when the record of a build was changed last."""
        return story.plan.ended_us + _UPDATED_US

    def line(self, story: Story, revision: str, *, is_end: bool = True) -> str:
        """Return a build, and a line end: at its end, or as it was right after its start."""
        plan, project = story.plan, self._project
        fields = [
            f'"id":"{story.build_id}","builder":{self._names},"number":{plan.build_number}',
            f'"createdBy":"project:{project.name}","createTime":"{rfc3339(plan.asked_us)}"',
        ]
        if plan.started_us is not None:
            fields.append(f'"startTime":"{rfc3339(plan.started_us)}"')
        if is_end:
            fields += self._ended(story)
        else:
            assert plan.started_us is not None
            fields.append(f'"updateTime":"{rfc3339(plan.started_us + 1)}","status":"STARTED"')
        commit = ""
        if plan.user is None:
            commit = (
                f',"gitilesCommit":{{"host":"{project.host}","project":"{project.repository}",'
                f'"id":"{revision}","ref":"{project.ref}"}}'
            )
        tags = self._payloads.tags(story, None if plan.user is not None else revision)
        listed = ",".join([f'{{"key":"{key}","value":"{value}"}}' for key, value in tags])
        fields += [
            f'"critical":"YES","input":{{"properties":{self._given}{commit}}}',
            *self._run(story, revision, is_end=is_end),
            f'"tags":[{listed}]',
            self._end,
            f'"viewUrl":"https://{project.site}/b/{story.build_id}"',
        ]
        return f"{{{','.join(fields)}}}\n"

    def _ended(self, story: Story) -> list[str]:
        plan = story.plan
        ended = rfc3339(plan.ended_us)
        fields = [
            f'"endTime":"{ended}","updateTime":"{rfc3339(self.updated_us(story))}",'
            f'"status":"{story.build_status}"'
        ]
        if plan.result in _DETAILS:
            fields.append(f'"statusDetails":{_DETAILS[plan.result]}')
        if plan.result in SUMMARIES:
            fields.append(f'"summaryMarkdown":"{SUMMARIES[plan.result]}"')
        if plan.result in CANCEL_REASONS:
            fields.append(
                f'"cancelTime":"{ended}","canceledBy":"{self.canceled_by(story)}",'
                f'"cancellationMarkdown":"{CANCEL_REASONS[plan.result]}"'
            )
        return fields

    def _run(self, story: Story, revision: str, *, is_end: bool) -> list[str]:
        """Return the fields about the bot of a build, its output and its steps."""
        bot = self.bot(story)
        setup, dimensions_ = "", ""
        fields = []
        if bot is not None:
            setup = f',"agent":{{"output":{{"totalDuration":"{seconds(story.setup_us)}s"}}}}'
            dimensions_ = f',"botDimensions":{_bot_dimensions(bot)}'
            if is_end:
                fields.append(f'"output":{{"properties":{self.output_properties(story, revision)}}}')
                fields.append(f'"steps":[{",".join(self._step_fields(story))}]')
        fields.append(
            f'"infra":{{"buildbucket":{{"requestedDimensions":{self._asked}{setup}}},'
            f'"swarming":{{"hostname":"swarming.example.com","taskId":"{story.task_id}",'
            f'"priority":{self.builder.priority}{dimensions_}}}}}'
        )
        return fields

    def _step_fields(self, story: Story) -> list[str]:
        plan = story.plan
        assert plan.started_us is not None
        begins = plan.started_us + story.setup_us
        length, whole = plan.ended_us - begins, max(self._steps[-1][1], 1)
        last = _LAST_STEPS.get(plan.result, "INFRA_FAILURE" if plan.result == INFRA else "CANCELED")
        before, fields = rfc3339(begins), []
        for name, share in self._steps:
            ends = rfc3339(begins + length * share // whole)
            status = last if name == self._steps[-1][0] else "SUCCESS"
            fields.append(
                f'{{"name":"{name}","startTime":"{before}","endTime":"{ends}","status":"{status}"}}'
            )
            before = ends
        return fields


def seconds(us: int) -> str:
    """Return microseconds as seconds with six decimals."""
    return f"{us // 1_000_000}.{us % 1_000_000:06d}"


def _listed(by_key: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, values in by_key.items() for value in values]


@lru_cache(maxsize=4096)
def dimensions_text(bot: Bot) -> str:
    """Return the dimensions of a bot as JSON: lists by key."""
    return compact(dimensions(bot))


@lru_cache(maxsize=4096)
def _bot_dimensions(bot: Bot) -> str:
    return compact(_listed(dimensions(bot)))
