"""Findings: every code provoked once, and none where nothing is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import logparse as lp
from logparse.engine.checks import CODES

LOGS = Path(__file__).parent / "data" / "logs"
PAGE = (LOGS / "win_xfa_component-9028843112359765808.txt").read_text(encoding="utf-8")
ID = "9028843112359765808"
NOOP = (
    "[04:33:59.106] New invocation is queued and will start shortly\n"
    "[04:34:00.203] Starting the invocation (attempt 1)\n"
    "[04:34:00.203] Running noop task for 1s\n"
)
DONE = "[04:34:01.089] Invocation finished in 2s with status SUCCEEDED\n"
TIMER = f"(pdfium/win_xfa_component:{ID}:2:0)"


def replaced(*pairs: tuple[str, str]) -> Callable[[], lp.Invocation]:
    def make() -> lp.Invocation:
        text = PAGE
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        return lp.parse(text)

    return make


def text(content: str) -> Callable[[], lp.Invocation]:
    return lambda: lp.parse(content)


#: For each code: what provokes it, words of its message, and its line where it has one.
PROVOKED: dict[str, tuple[Callable[[], lp.Invocation], str, int | None]] = {
    "unrecognized": (
        replaced(("Preparing PubSub topic for", "Praying for a topic for")),
        "no known message: Praying for a topic",
        34,
    ),
    "suspicious": (
        text(
            NOOP.replace("Running noop task for 1s", "GET https://x")
            + "[04:34:01.000] Finished with overall status SUCCEEDED in 1s\n[04:34:01.000] 200 OK\nA: b\n\n"
            "[00:00:00.000] Starting the invocation (attempt 5)\n\n" + DONE
        ),
        "imitates an entry: [00:00:00.000] Starting the invocation (attempt 5)",
        8,
    ),
    "payload-undecodable": (
        replaced(('    "result_details_json": "{\\"properties\\": {}}",\n', '    "result_details_json": oops\n')),
        "the payload of build_answered is not JSON",
        55,
    ),
    "trailing-text": (text(NOOP + DONE + "\nsome footer\n"), "after invocation_finished: some footer", 4),
    "stray-text": (text("$ cat log\n" + NOOP + DONE), "before the log: $ cat log", 1),
    "definition-unreadable": (
        replaced(('  bucket: "luci.pdfium.ci"\n  builder', '  bucket "luci.pdfium.ci"\n  builder')),
        "definition",
        None,
    ),
    "properties-unreadable": (
        replaced(('  "branch": "refs/heads/master",\n', '  "branch" "refs/heads/master",\n')),
        "the page's properties are not JSON",
        None,
    ),
    "log-fragment": (
        text("Status: RUNNING\nTriggered by: -\n\nDebug log (UTC)\n\n  tail of something\n}\n" + NOOP),
        "begins with   tail of something",
        6,
    ),
    "log-cut": (text(NOOP + "--- the log has been cut here ---\n"), "the scheduler cut lines out here", 4),
    "ids-disagree": (
        replaced(("win_xfa_component:9028843112359765808:2:0", "win_xfa_component:9028843112359765809:2:0")),
        "names several invocations: 9028843112359765808, 9028843112359765809",
        None,
    ),
    "id-time-mismatch": (
        replaced(('"utcnow_ts": "1605587642118506"', '"utcnow_ts": "1605787642118506"')),
        "differ by 2.3 days",
        None,
    ),
    "duration-mismatch": (
        text(NOOP + "[04:34:09.089] Invocation finished in 2s with status SUCCEEDED\n"),
        "states 2.000 s, the clock shows",
        4,
    ),
    "attempt-skipped": (
        text(NOOP.replace("attempt 1", "attempt 3").replace("Running noop task for 1s", "The invocation will be retried") + "[04:34:10.000] Starting the invocation (attempt 5)\n"),
        "attempt 5 follows attempt 3",
        None,
    ),
    "odd-value": (
        text(NOOP.replace("attempt 1)", "attempt 52)") + DONE),
        "52 is not a possible number of an attempt",
        2,
    ),
    "reading-ambiguous": (
        text(
            NOOP.replace("Running noop task for 1s", "Failed to schedule Buildbucket build - rpc error")
            + "[04:34:00.203] The invocation will be retried\n"
            "[04:34:00.203] Received PubSub notification, asking Buildbucket for the build status\n"
            "[04:34:00.203] Fatal error when handling PubSub notification, aborting invocation - RETRYING\n"
            "[04:34:00.203] Invocation finished in 1.114s with status FAILED\n"
        ),
        "the engine rarely writes this here",
        5,
    ),
    "log-too-long": (
        text(NOOP.replace("noop task for 1s", "noop task for 1s" + " " * 1_000_000) + DONE),
        "longer than 1,000,000 characters",
        3,
    ),
    "timer-never-fired": (
        text(
            NOOP.replace("Running noop task for 1s", f'Scheduling timer "check-buildbucket-build-status" {TIMER} after 1m0s')
            + "[06:00:00.000] Received PubSub notification, asking Buildbucket for the build status\n"
            "[06:00:00.100] Build status: STARTED\n"
            "[06:00:00.100] Invocation finished in 1h26m1.011s with status FAILED\n"
        ),
        "was due 5100 s before the last check",
        3,
    ),
    "header-mismatch": (replaced(("Status: SUCCEEDED", "Status: FAILED")), "the header says FAILED, the log SUCCEEDED", None),
    "no-date": (text(NOOP + DONE), "--date supplies it", None),
}  # fmt: skip


#: Codes that need several inputs. Their tests are in test_joins.py and test_joins_builds.py.
OF_SEVERAL = {"copies-disagree", "tag-copied"}


@pytest.mark.parametrize("code", [code for code in CODES if code not in OF_SEVERAL])
def test_every_code_can_be_provoked(code: str, tmp_path: Path) -> None:
    if code == "id-from-file-name":
        path = tmp_path / f"{ID}.log"
        path.write_text(NOOP + DONE, encoding="utf-8")
        found, message, line = lp.parse(path), f"id {ID} is only in the file's name", None
    else:
        make, message, line = PROVOKED[code]
        found = make()
    findings = [f for f in found.findings if f.code == code]
    assert findings, [f.code for f in found.findings]
    finding = findings[0]
    assert message in finding.message
    assert finding.line == line
    assert (finding.source, finding.invocation_id) == (found.source, found.invocation_id)
    assert "\n" not in finding.message


def test_the_real_page_has_no_finding() -> None:
    assert lp.parse(PAGE).findings == []


def test_findings_stand_in_the_order_of_lines() -> None:
    lines = [f.line or 0 for f in lp.parse("junk\n" + NOOP + "[04:34:00.300] what\n" + DONE + "x\n").findings]
    assert lines == sorted(lines)
    assert len(lines) == 4


def test_lines_are_those_of_the_file() -> None:
    """Also behind another page in the same file, and in HTML."""
    second = PAGE.replace("Preparing PubSub topic for", "Praying for a topic for", 1)
    _, found = lp.parse_many(f"{PAGE}\n{second}")
    (finding,) = found.findings
    assert f"{PAGE}\n{second}".split("\n")[(finding.line or 0) - 1].startswith("[04:34:00.249] Praying")
    path = LOGS / "v1-2020-11" / "custom_mode1.html"
    (finding, *_) = [f for f in lp.parse(path).findings if f.code == "unrecognized"]
    assert "custom: launching" in path.read_text(encoding="utf-8").split("\n")[(finding.line or 0) - 1]


def test_a_check_that_is_tried_again_is_no_timer_that_never_fired() -> None:
    """Transient failures leave no trace, so a late check is none to report; nor is the one that is still pending."""
    title = '"check-buildbucket-build-status"'
    body = f"[04:34:00.300] Scheduling timer {title} {TIMER} after 1m0s\n"
    late = (
        f"[04:50:00.000] Handling timer {title} {TIMER}\n[04:50:00.100] Build status: STARTED\n"
        f"[04:50:00.100] Scheduling timer {title} {TIMER.replace(':2:', ':3:')} after 10m0s\n"
        "[04:51:00.000] Received PubSub notification, asking Buildbucket for the build status\n"
        "[04:51:00.100] Build status: SUCCESS\n[04:51:00.100] Invocation finished in 17m1.011s with status SUCCEEDED\n"
    )
    assert lp.parse(NOOP.rpartition("[")[0] + body + late).findings == []


def test_a_second_page_status_url_is_compared() -> None:
    html_log = json.dumps({"id": "8863413050310585040"})
    text = (
        "Status: RUNNING <https://ci.chromium.org/b/1>\nTriggered by: -\nDuration: x\n\nDebug log (UTC)\n\n"
        + NOOP.rpartition("[")[0]
        + f"[04:34:01.000] Scheduled build:\n{html_log}\n"
        "[04:34:01.000] Task URL: https://ci.chromium.org/b/8863413050310585040\n"
    )
    assert "header-mismatch" in {f.code for f in lp.parse(text).findings}


def test_codes_say_what_they_mean() -> None:
    assert set(PROVOKED) | {"id-from-file-name"} | OF_SEVERAL == set(CODES)
    assert all(code.meaning and code.meaning[0].islower() for code in CODES.values())
    assert [name for name, code in CODES.items() if code.strict] == [
        "unrecognized",
        "suspicious",
        "payload-undecodable",
        "trailing-text",
        "stray-text",
        "definition-unreadable",
        "properties-unreadable",
        "log-too-long",
    ]
