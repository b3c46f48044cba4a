"""Tasks of Swarming, which the scheduler started itself until 2017."""

from __future__ import annotations

from logparse.buildbucket import values
from logparse.buildbucket.payloads import Json
from logparse.records import Bot, SwarmingTask
from logparse.values.clock import to_datetime


def read_swarming_task(task: SwarmingTask, value: Json) -> None:
    """Set the fields of `task` that a Swarming response or status contains."""
    result = values.object_of(value, "task_result") or value
    request = values.object_of(value, "request") or value
    task.id = values.first(values.text(value.get("task_id")), values.text(result.get("task_id")), task.id)
    task.name = values.first(values.text(result.get("name")), values.text(request.get("name")), task.name)
    task.state = values.first(values.text(result.get("state")), task.state)
    dimensions = values.dimensions(result.get("bot_dimensions"))
    bot_id = values.text(result.get("bot_id"))
    if bot_id or dimensions:
        task.bot = Bot(id=bot_id or values.first(*dimensions.get("id", ())[:1]), dimensions=dimensions)
    for name in ("created", "started", "completed"):
        moment = to_datetime(values.time_us(result.get(f"{name}_ts")))
        if moment is not None:
            setattr(task, f"{name}_at", moment)
