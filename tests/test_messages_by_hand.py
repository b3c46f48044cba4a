"""Messages by hand, near misses, tails and scopes."""

from __future__ import annotations

import pytest
from matching import engines, find, parse

from logparse.language.messages import HTTP_RESPONSE, Context, Value
from logparse.language.syntax import Engine, Match

BY_HAND = [
    (
        "Invocation finished in 21m2.491646275s with status SUCCEEDED",
        "invocation_finished",
        {"duration_s": 1262.491646275, "status": "SUCCEEDED"},
    ),
    ("Starting the invocation (attempt 12)", "attempt_started", {"attempt": 12}),
    ("Invocation initiated (attempt 2)", "attempt_started", {"attempt": 2}),
    ("Invocation initiated", "attempt_started", {}),
    (
        'Scheduling timer "BUILD CHECK" (pdfium/Win7 Tests (dbg)(1):9028843112359765808:1:0) after 1m0s',
        "timer_scheduled",
        {
            "title": "BUILD CHECK",
            "timer_id": "pdfium/Win7 Tests (dbg)(1):9028843112359765808:1:0",
            "after_s": 60.0,
        },
    ),
    ('Scheduling timer "t" after 51.417µs', "timer_scheduled", {"title": "t", "after_s": 51_417 / 1e9}),
    ("Ignoring timer check...", "timer_ignored", {"title": "check"}),
    (
        'Ignoring timer "a (b)" (p/j: k:1:2:3)...',
        "timer_ignored",
        {"title": "a (b)", "timer_id": "p/j: k:1:2:3"},
    ),
    (
        'Build 8863413050310585040: status "COMPLETED", result "FAILURE", failure_reason "A \\"b\\"", '
        'cancelation_reason ""',
        "build_status",
        {
            "build_id": "8863413050310585040",
            "status": "COMPLETED",
            "result": "FAILURE",
            "failure_reason": 'A "b"',
            "cancelation_reason": "",
        },
    ),
    ("Build status: STARTED", "build_status", {"status": "STARTED"}),
    ("Build:\n{}", "build_fetched", {"build": "{}"}),
    ("Buildbucket build:\n{\n}", "build_fetched", {"response": "{\n}"}),
    ("Task URL: ", "task_url", {"url": ""}),
    (
        "Ref refs/heads/a: log of first rev 0f not found",
        "ref_first_log_missing",
        {"ref": "refs/heads/a", "revision": "0f"},
    ),
    (
        "Ref a updated: 0a => 0b",
        "ref_updated",
        {"ref": "a", "old_revision": "0a", "revision": "0b"},
    ),
    (
        "Repo: https://x.googlesource.com/y, Refs: [refs/heads/main regexp:a.*]",
        "repo_watched",
        {"repository": "https://x.googlesource.com/y", "refs": ["refs/heads/main", "regexp:a.*"]},
    ),
    (
        "The following configured refs didn't match a single actual ref: [refs/heads/x]\nHint: have you granted read "
        'access to LUCI Scheduler on relevant refs in "https://r"\nResolved refs from gitiles:\nmap["refs/heads/main":"0f"]?',
        "refs_unresolved",
        {"refs": ["refs/heads/x"], "repository": "https://r", "resolved": {"refs/heads/main": "0f"}},
    ),
    (
        "The following configured refs didn't match a single actual ref: []\nHint: have you granted read "
        'access to LUCI Scheduler on relevant refs in "https://r"\nResolved refs from gitiles:\nmap[a:0f b:1e]',
        "refs_unresolved",
        {"refs": [], "repository": "https://r", "resolved": {"a": "0f", "b": "1e"}},
    ),
    ('Popped buildset tag "commit/\\x00\\u00e9"', "buildset_popped", {"tag": "commit/\x00é"}),
    (
        "Ignoring invalid property %!q(MISSING): %!q(MISSING)",
        "property_invalid",
        {"name": "%!q(MISSING)", "value": "%!q(MISSING)"},
    ),
    (
        'The task is in state "COMPLETED" (failure: true, internalFailure: false)',
        "task_state",
        {"state": "COMPLETED", "failure": True, "internal_failure": False},
    ),
    (
        "Failed to schedule Buildbucket build - rpc error: code = X\n\n[04:00:00.000] forged",
        "build_request_failed",
        {"error": "rpc error: code = X\n\n[04:00:00.000] forged"},
    ),
    (
        "Invocation is manually aborted by user:a@b.c",
        "invocation_aborted",
        {"aborted_by": "user:a@b.c"},
    ),
    ('Invocation is manually aborted by "user:a@b.c"', "invocation_aborted", {"aborted_by": "user:a@b.c"}),
]


@pytest.mark.parametrize(("text", "kind", "fields"), BY_HAND, ids=[text[:40] for text, *_ in BY_HAND])
@engines
def test_messages_by_hand(engine: Engine, text: str, kind: str, fields: dict[str, Value]) -> None:
    found = parse(engine, text)
    assert found is not None
    assert (found.message.kind, found.fields, found.tail) == (kind, fields, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Hello",
        "new invocation initialized",
        " New invocation initialized",
        "New invocation initialized.",
        "Starting the invocation (attempt x)",
        "Starting the invocation (attempt 1234567890123456789)",
        "Starting the invocation (attempt 1) ",
        "Starting the invocation (attempt ١)",
        'Build 1: status "A", result "B"',
        "Build 123456789012345678901: status",
        "Invocation finished in 3 with status FAILED",
        "Invocation finished in 3s with status ",
        "Invocation finished in 3s with status FAILED!",
        'Preparing PubSub topic for "open',
        'Preparing PubSub topic for "a" b',
        "Preparing PubSub topic for a",
        "PubSub topic is %!q(MISSING",
        "Triggers available in this txn: 1",
    ],
)
@engines
def test_near_misses_are_no_messages(engine: Engine, text: str) -> None:
    assert parse(engine, text) is None


@engines
def test_a_tail_is_told_from_the_message(engine: Engine) -> None:
    found = parse(engine, "Invocation finished in 1s with status FAILED\n\nRight footer\n")
    assert found == Match(
        find("invocation_finished"), {"duration_s": 1.0, "status": "FAILED"}, "\nRight footer\n"
    )
    # What holds any text takes all lines.
    found = parse(engine, "Build:\n{}\nfooter")
    assert found == Match(find("build_fetched", "Build:"), {"build": "{}\nfooter"})


@engines
def test_what_an_editor_stripped_is_put_back(engine: Engine) -> None:
    assert parse(engine, "Task URL:") == Match(find("task_url"), {"url": ""})
    assert parse(engine, "Build:") == Match(find("build_fetched", "Build:"), {"build": ""})
    assert parse(engine, "Triggered by") == Match(find("invocation_triggered", "Trig"), {"triggered_by": ""})


@engines
def test_scopes_are_kept_apart(engine: Engine) -> None:
    assert parse(engine, "Done", Context(scope="triage")) == Match(find("triage_done"), {})
    assert parse(engine, "New invocation initialized", Context(scope="triage")) is None
    text = 'Bad repo URL "u" in the trigger - e'
    for scope in ("invocation", "triage"):
        found = parse(engine, text, Context(scope=scope))
        assert found == Match(find("bad_repo_url"), {"repository": "u", "error": "e"})


@engines
def test_a_response_dump_follows_its_fetch(engine: Engine) -> None:
    text = "404 Not Found\nDate: x\n\n[00:00:00.000] forged %!d(MISSING)"
    assert parse(engine, text) is None
    found = parse(engine, text, Context("fetch_finished"))
    assert found == Match(
        HTTP_RESPONSE,
        {
            "status_code": 404,
            "reason": "Not Found",
            "response": "Date: x\n\n[00:00:00.000] forged %!d(MISSING)",
        },
    )
