"""The page of a report without a browser: its structure, its policy, its data, its size."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hostile import ADDRESSES, HOSTILE_BUILDS, NAMES, builder_id
from reports import LOGS, content_of, data_of, decoded

import logparse as lp
from logparse.plots.colors import contrast
from logparse.report import document
from logparse.report.definitions import definitions
from logparse.report.encoding import codes, ids, numbers, templates
from logparse.report.page import MOST_ROWS, SIMULATED_TAG, page_of
from logparse.report.payload import Content
from logparse.simulator.payloads import MARK

REAL = LOGS / "win_xfa_component-9028843112359765808.txt"


class _Parts(HTMLParser):
    """Tags, ids, and the texts of scripts and styles of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style", "h2") else ""

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._inside, []).append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def html() -> str:
    return lp.report.page(lp.load(REAL))


def test_the_policy_allows_this_script_and_this_style_alone(html: str) -> None:
    found = _Parts(html)
    (policy,) = (m["content"] for m in found.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    (style,) = found.texts["style"]
    _data, script = found.texts["script"]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}';"
        " base-uri 'none'; form-action 'none'"
    )
    assert len(found.all("script")) == 2
    assert len(found.all("style")) == 1


def test_the_page_names_no_other_file(html: str) -> None:
    found = _Parts(html)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form", "audio", "video"} & {
        tag for tag, _ in found.tags
    }
    for _, attributes in found.tags:
        assert not any(name.startswith("on") or name in ("src", "style", "action") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    style, (_, script) = found.texts["style"][0], found.texts["script"]
    assert not re.search(r"url\(|@import", style)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script
    )
    assert not re.search(r"fetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\(", script)


def test_sections_are_in_the_order_of_the_questions(html: str) -> None:
    headings = [text.strip() for text in _Parts(html).texts["h2"]]
    assert headings == [
        "What is selected",
        "Overview",
        "Queue and run over time",
        "Builders",
        "Bots",
        "Failures",
        "Polling",
        "All runs",
        "What was not understood",
        "How each number is defined",
    ]


def test_all_names_of_the_script_are_different() -> None:
    """Modules are joined into one, in which a name can be declared once only."""
    names = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", document.script(), re.MULTILINE)
    assert len(names) > 100
    assert sorted({name for name in names if names.count(name) > 1}) == []
    assert not re.search(r"^(?:import|export)\b", document.script(), re.MULTILINE)


def test_each_module_imports_from_modules_before_it_alone() -> None:
    folder = Path(document.__file__).parent / "assets"
    assert sorted(path.stem for path in folder.glob("*.js")) == sorted(document.MODULES)
    for place, name in enumerate(document.MODULES):
        used = re.findall(r'from "\./(\w+)\.js"', (folder / f"{name}.js").read_text(encoding="utf-8"))
        assert set(used) <= set(document.MODULES[:place]), name


def test_the_data_has_the_values_of_the_real_page(html: str) -> None:
    columns = decoded(html)
    assert columns["invocation"] == ["9028843112359765808"]
    assert columns["build"] == ["8863413050310585040"]
    assert columns["created"] == [1605587639089]  # 2020-11-17T04:33:59.089Z
    known = {"wait": 1114, "launch": 224, "pending": 4323, "run": 1255842, "lag": 989, "queue": 5661}
    assert {name: columns[name][0] for name in known} == known
    assert columns["duration"] == [1262492]
    assert [columns[name][0] for name in ("polls", "unchanged", "notices", "attempts", "number")] == [
        *(20, 20, 2, 1, 2079)
    ]
    assert [columns[name][0] for name in ("pollCost", "pollMost", "pollLate")] == [8798, 3893, 109]
    assert columns["builder"] == ["pdfium/ci/win_xfa_component"]
    assert columns["bot"] == ["luci-flex-ci-win10-2-8q8g"]
    assert columns["status"] == ["SUCCEEDED"]
    assert columns["error"] == columns["cause"] == [None]
    assert columns["url"] == ["https://ci.chromium.org/b/8863413050310585040"]
    assert columns["source"] == [str(REAL)]
    assert (columns["isLone"], columns["isBuild"], columns["odd"]) == ([0], [1], [0])


def test_the_same_data_gives_the_same_page(html: str) -> None:
    assert lp.report.page(lp.load(REAL)) == html


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([], "i1"),
        ([None, None], "i1"),
        ([0.0, -127.0, 127.0, None], "i1"),
        ([-128.0, None], "i2"),
        ([32767.0, -32767.0], "i2"),
        ([-32768.0], "i4"),
        ([2.0**31, None, -5.0], "f8"),
        ([1605587639089.0, None], "f8"),
    ],
)
def test_numbers_keep_their_values_and_nulls(values: list[float | None], type_: str) -> None:
    made = numbers(values)
    assert made["type"] == type_
    assert decoded({"columns": {"x": made}})["x"] == values


def test_texts_and_ids_keep_their_values() -> None:
    many = [f"n{number}" for number in range(300)]
    cases: list[list[str | None]] = [[None, "b", "a", "b", ""], [], [*many, None]]
    for values in cases:
        assert decoded({"columns": {"x": codes(values)}})["x"] == values
    plain: list[str | None] = ["9028843112359765808", None, "1", str(2**63 - 1)]
    assert ids(plain)["type"] == "u8"
    assert decoded({"columns": {"x": ids(plain)}})["x"] == plain
    for odd in ("0", "007", str(2**63), "-1", "abc", "٣"):
        assert decoded({"columns": {"x": ids([odd, "12", None])}})["x"] == [odd, "12", None]


def test_addresses_that_differ_in_the_id_alone_are_one_word() -> None:
    made = templates(["https://b.example/1", "https://b.example/22", None], ["1", "22", "3"])
    assert made["words"] == ["https://b.example/\x01"]
    assert templates(["a\x01b"], ["b"])["words"] == ["a\\x01\x01"]


def test_control_characters_are_escaped() -> None:
    assert codes(["a\u202eb\x00"])["words"] == ["a\\u202eb\\x00"]


def hostile_html(tmp_path: Path) -> str:
    import json

    path = tmp_path / "builds.json"
    path.write_text(json.dumps(HOSTILE_BUILDS), encoding="utf-8")
    return lp.report.page(lp.load(path), title=NAMES[1])


def test_hostile_names_do_not_end_the_data(tmp_path: Path) -> None:
    html = hostile_html(tmp_path)
    assert html.count("<script") == html.count("</script>") == 2
    assert "<title>&lt;/script&gt;&lt;script&gt;alert(2)&lt;/script&gt;</title>" in html
    columns = decoded(html)
    shown = [name.replace("\u202e", "\\u202e") for name in NAMES]
    assert sorted(columns["builder"]) == sorted(map(builder_id, shown))
    assert sorted(columns["bot"]) == sorted(shown)


def test_only_addresses_of_http_are_links(tmp_path: Path) -> None:
    links = {address for address in decoded(hostile_html(tmp_path))["url"] if address is not None}
    assert links == {address for address in ADDRESSES if address.startswith("http") and address != "https://"}


def test_a_build_without_an_invocation_is_a_row(tmp_path: Path) -> None:
    columns = decoded(hostile_html(tmp_path))
    number = len(NAMES)
    assert columns["isLone"] == columns["isBuild"] == [1] * number
    assert columns["invocation"] == [None] * number
    assert columns["pending"] == columns["waiting"] == [5000] * number
    assert columns["run"] == columns["running"] == [3_600_000] * number
    assert columns["queue"] == [None] * number
    assert columns["cause"] == ["build"] * number
    assert columns["buildAt"] == [0] * number
    assert columns["startedAt"] == [5000] * number


def test_nothing_gives_a_page_that_says_so(tmp_path: Path) -> None:
    with pytest.warns(lp.InputWarning):
        html = lp.report.page(lp.load(tmp_path))
    assert "Nothing was read" in html
    assert data_of(html)["count"] == 0


def test_odd_values_are_left_out_and_counted() -> None:
    data = lp.load(LOGS.parent / "cases" / "build_ends_before_it_starts.json")
    columns = decoded(lp.report.page(data))
    assert columns["run"] == [None]
    assert columns["odd"] == [1]


def test_simulated_runs_are_said_to_be_simulated() -> None:
    assert ":".join(MARK) == SIMULATED_TAG
    content = content_of(lp.load(REAL))
    tagged = content.units.assign(tags=f'["{SIMULATED_TAG}"]')
    made = page_of(Content(tagged, content.findings, content.failures, content.specs))
    assert "All are simulated" in made
    assert "simulated" not in page_of(content).split("</header>")[0]


def test_too_many_runs_are_refused() -> None:
    content = content_of(lp.load(REAL))
    many = pd.concat([content.units] * 2).loc[[0] * (MOST_ROWS + 1)]
    with pytest.raises(lp.UsageError, match="too many for one page; choose some with --where"):
        page_of(Content(many, content.findings, content.failures, content.specs))


def test_definitions_are_those_of_the_schema(html: str) -> None:
    named = {one.name: one.meaning for group in definitions() for one in group.definitions}
    assert named["pending_s"] == "build_started_at − build_created_at"
    assert named["run_s"] == "build_completed_at − build_started_at"
    assert named["utilization"].endswith("null under 10 runs or 24 hours")
    text = html.split('id="definitions-heading"')[1]
    assert all(f"<dt>{name}" in text for name in named)


def _palettes() -> list[dict[str, str]]:
    style = document.style()
    return [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{([^}]*)\}", style)
    ]


@pytest.mark.parametrize("number", [0, 1, 2], ids=["light", "dark", "print"])
def test_colors_can_be_read(number: int) -> None:
    palettes = _palettes()
    assert len(palettes) == 3
    colors = {**palettes[0], **palettes[number]}
    for ground in ("ground", "panel"):
        for text in ("text", "quiet", "link", "ok", "bad", "stopped", "open"):
            assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)
        for shape in ("median", "high", "phase-1", "phase-2", "phase-3", "phase-4", "phase-5", "focus"):
            assert contrast(colors[shape], colors[ground]) >= 3.0, (shape, ground)


# --- the command ------------------------------------------------------------------------------


def test_the_command_writes_the_page(cli: Callable[..., Any], inside: Path, html: str) -> None:
    done = cli("report", REAL, "-o", "report.html")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (inside / "report.html").read_text(encoding="utf-8") == html
    again = cli("report", REAL, "-o", "report.html")
    assert again.code == 1
    assert "exists already" in again.err
    assert cli("report", REAL, "-o", "report.html", "--force", "--title", "<b>Ours</b>").code == 0
    assert "<h1>&lt;b&gt;Ours&lt;/b&gt;</h1>" in (inside / "report.html").read_text(encoding="utf-8")


def test_the_command_takes_a_filter(cli: Callable[..., Any], inside: Path) -> None:
    done = cli("report", LOGS / "v1-2020-11", "--where", "status=FAILED", "-o", "report.html")
    assert done.code == 0
    statuses = decoded((inside / "report.html").read_text(encoding="utf-8"))["status"]
    assert len(statuses) > 2
    assert set(statuses) == {"FAILED"}


def test_an_empty_folder_gives_no_page(cli: Callable[..., Any], inside: Path) -> None:
    (inside / "empty").mkdir()
    done = cli("report", "empty", "-o", "report.html")
    assert done.code == 1
    assert "empty" in done.err
    assert not (inside / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--every", "week"), "--every and --into need each other"),
        (("--into", "site"), "--every and --into need each other"),
        (("--every", "week", "--into", "site", "-o", "x.html"), "give one of them"),
        (("--spec", "missing.json", "-o", "x.html"), "missing.json"),
    ],
)
def test_wrong_options_are_refused(
    cli: Callable[..., Any], inside: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = cli("report", REAL, *arguments)
    assert done.code in (1, 2)
    assert message in done.err
    assert list(inside.iterdir()) == []
