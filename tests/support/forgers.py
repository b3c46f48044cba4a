"""The forgeries: each function returns the lines that it forges for a stage."""

from __future__ import annotations

from collections.abc import Callable

from stage import Stage, at, checks, finish, page_head, retry, whole_log

Forger = Callable[[Stage], str]
FORGERIES: dict[str, Forger] = {}


def forgery(function: Forger) -> Forger:
    FORGERIES[function.__name__] = function
    return function


@forgery
def sample(stage: Stage) -> str:
    return (
        "[00:00:00.001] Starting the invocation (attempt 9)\n"
        "[00:00:00.002] Invocation finished in 1ms with status SUCCEEDED\n"
        '[00:00:00.003] Build 1: status "COMPLETED", result "SUCCESS"\n'
        "--- the log has been cut here ---\n"
    )


@forgery
def finish_at_once(stage: Stage) -> str:
    return finish(stage, stage.quoted)


@forgery
def finish_at_once_failed(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + finish(stage, stage.quoted, "ABORTED", 3)


@forgery
def finish_later(stage: Stage) -> str:
    return finish(stage, stage.quoted + 70_000)


@forgery
def finish_earlier(stage: Stage) -> str:
    return finish(stage, stage.quoted - 500)


@forgery
def finish_of_another_duration(stage: Stage) -> str:
    return f"{at(stage.quoted)}Invocation finished in 3h0m0s with status SUCCEEDED\n"


@forgery
def finish_and_ignored_timer(stage: Stage) -> str:
    return finish(stage, stage.quoted) + f'{at(stage.quoted)}Ignoring timer "t" ({stage.timer})...\n'


@forgery
def retry_and_next_attempt(stage: Stage) -> str:
    return retry(stage, stage.quoted, stage.attempt + 1)


@forgery
def retry_and_next_attempt_at_once(stage: Stage) -> str:
    return retry(stage, stage.quoted, stage.attempt + 1, 0)


@forgery
def retry_twice(stage: Stage) -> str:
    return retry(stage, stage.quoted, stage.attempt + 1) + retry(
        stage, stage.quoted + 5_100, stage.attempt + 2
    )


@forgery
def retry_alone(stage: Stage) -> str:
    return f"{at(stage.quoted)}The invocation will be retried\n" * 3


@forgery
def old_retry(stage: Stage) -> str:
    return (
        f"{at(stage.quoted)}It will probably be retried\n"
        f"{at(stage.quoted + 5_000)}Invocation initiated (attempt {stage.attempt + 1})\n"
    )


@forgery
def attempts_of_any_number(stage: Stage) -> str:
    return "".join(f"{at(stage.quoted + n)}Starting the invocation (attempt {n})\n" for n in range(1, 12))


@forgery
def another_failure(stage: Stage) -> str:
    again = f"{at(stage.quoted)}Failed to schedule Buildbucket build - again\n"
    return again + f"{at(stage.quoted)}Failed to add buildbucket build - again\n"


@forgery
def retry_that_fails(stage: Stage) -> str:
    clock = stage.quoted + 5_200
    again = f"{at(clock)}Failed to add buildbucket build - x\n"
    return retry(stage, stage.quoted, stage.attempt + 1) + again


@forgery
def retry_that_fails_and_gives_up(stage: Stage) -> str:
    clock = stage.quoted + 5_200
    return (
        retry_that_fails(stage)
        + f"{at(clock)}Too many attempts, giving up\n"
        + finish(stage, clock, "FAILED")
    )


@forgery
def retry_that_runs(stage: Stage) -> str:
    return retry(stage, stage.quoted, stage.attempt + 1) + checks(stage, stage.quoted + 5_300, stage.timer)


@forgery
def own_timers(stage: Stage) -> str:
    return checks(stage, stage.quoted, stage.timer)


@forgery
def foreign_timers(stage: Stage) -> str:
    return checks(stage, stage.quoted, "p/j:9000000000000000000:1:0")


@forgery
def build_states(stage: Stage) -> str:
    states = "".join(
        f'{at(stage.quoted)}Build {build}: status "COMPLETED", result "SUCCESS", failure_reason "", '
        'cancelation_reason ""\n'
        for build in (stage.build, "8863413050310585041")
    )
    return states + f"{at(stage.quoted)}Build status: SUCCESS\n"


@forgery
def answer(stage: Stage) -> str:
    return (
        f'{at(stage.quoted)}Scheduled build:\n{{\n  "id": "{stage.build}",\n  "status": "SUCCESS"\n}}\n'
        f"{at(stage.quoted)}Task URL: https://evil.example/build/{stage.build}\n"
    )


@forgery
def request(stage: Stage) -> str:
    return (
        f"{at(stage.quoted)}Buildbucket request:\n"
        f'{{\n  "requestId": "{stage.invocation}",\n  "builder": {{"project": "evil"}}\n}}\n'
    )


@forgery
def queued(stage: Stage) -> str:
    return f"{at(stage.quoted)}New invocation is queued and will start shortly\n"


@forgery
def queued_and_started(stage: Stage) -> str:
    return queued(stage) + f"{at(stage.quoted + 900)}Starting the invocation (attempt 1)\n"


@forgery
def finish_and_another_log(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + whole_log(stage, stage.quoted + 3_600_000)


@forgery
def finish_and_another_log_of_the_same_time(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + whole_log(stage, stage.start + 37)


@forgery
def another_log(stage: Stage) -> str:
    return whole_log(stage, stage.quoted)


@forgery
def finish_and_the_head_of_another_log(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + queued_and_started(stage)


@forgery
def page_behind(stage: Stage) -> str:
    return page_head() + whole_log(stage, stage.quoted)


@forgery
def finish_and_page(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + page_head() + whole_log(stage, stage.quoted + 3_600_000)


@forgery
def finish_and_page_of_an_unfinished_log(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + page_head("RUNNING") + queued_and_started(stage)


@forgery
def finish_and_page_head(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + page_head()


@forgery
def page_head_alone(stage: Stage) -> str:
    return page_head()


@forgery
def cut_marker(stage: Stage) -> str:
    return "--- the log has been cut here ---\n"


@forgery
def cut_and_tail(stage: Stage) -> str:
    return cut_marker(stage) + checks(stage, stage.quoted + 60_000, stage.timer)


@forgery
def cut_and_finish(stage: Stage) -> str:
    return cut_marker(stage) + finish(stage, stage.quoted + 60_000)


@forgery
def retry_and_cut(stage: Stage) -> str:
    return retry(stage, stage.quoted, stage.attempt + 1) + cut_marker(stage)


@forgery
def abort(stage: Stage) -> str:
    return f"{at(stage.quoted)}Invocation was manually aborted by user:mallory@example.com\n"


@forgery
def abort_and_finish(stage: Stage) -> str:
    return abort(stage) + finish(stage, stage.quoted, "ABORTED")


@forgery
def fatal_and_finish(stage: Stage) -> str:
    fatal = f"{at(stage.quoted)}Fatal error when handling timer, aborting invocation - oops\n"
    return fatal + finish(stage, stage.quoted, "FAILED")


@forgery
def triage_block(stage: Stage) -> str:
    return (
        "Debug output from the triage procedure:\n---------------------------------------\n[001 ms] Starting\n"
        "---------------------------------------\n\nDebug output from the invocation itself:\n"
    ) + queued(stage)


@forgery
def emitted_triggers(stage: Stage) -> str:
    return (
        f"{at(stage.quoted)}Emitting a trigger https://e.example/r/+/refs/heads/main@0123456789\n"
        f"{at(stage.quoted)}Dispatching triggers (1 of them) to the following jobs:\n{at(stage.quoted)}  evil/job\n"
    )


@forgery
def unknown_entries(stage: Stage) -> str:
    return "".join(f"{at(stage.quoted + n)}backend: line {n}\n" for n in range(5))


@forgery
def before_midnight(stage: Stage) -> str:
    return (
        "[23:59:59.999] The invocation will be retried\n[00:00:05.000] Starting the invocation (attempt 2)\n"
    )


@forgery
def clocks_of_all_hours(stage: Stage) -> str:
    return "".join(f"{at(h * 3_600_000)}Starting the invocation (attempt {h})\n" for h in range(24))


@forgery
def many_of_all(stage: Stage) -> str:
    return "".join(f(stage) for f in list(FORGERIES.values())[:30])
