"""``logparse plot``: pictures of every chart, their formats, sizes and styles, and what is refused."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from commands import LOGS, REAL, process
from matplotlib import image
from matplotlib import pyplot as plt
from quick import quick

from logparse import plots
from logparse.cli.charts import CHARTS

SAMPLES = Path(__file__).parents[1] / "sample_logs"
MAGIC = {"png": b"\x89PNG\r\n", "svg": b"<?xml version", "pdf": b"%PDF-1."}


@pytest.fixture(autouse=True)
def _settings() -> Any:
    """Check that the command changes no setting of Matplotlib but the backend, and close figures."""
    before = {**matplotlib.rcParams, "backend": None}
    yield
    assert {**matplotlib.rcParams, "backend": None} == before
    plt.close("all")


def texts(path: Path) -> str:
    """Return an SVG file, in which Matplotlib repeats each text as a comment."""
    return path.read_text(encoding="utf-8")


# --- pictures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("chart", CHARTS)
def test_each_chart_is_a_picture_of_one_page(chart: str, cli: Callable[..., Any], inside: Path) -> None:
    done = cli("plot", chart, REAL, "-o", "chart.svg")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert "<!-- no " not in texts(inside / "chart.svg") or chart in ("failures", "bots")
    assert [path.name for path in inside.iterdir()] == ["chart.svg"]


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_without_data_says_so_and_is_a_file(
    chart: str, cli: Callable[..., Any], inside: Path
) -> None:
    done = cli("plot", chart, REAL, "--where", "status=ABORTED", "-o", "chart.svg")
    assert done.code == 0
    assert "nothing that was read fits" in done.err
    assert "<!-- no " in texts(inside / "chart.svg")


@pytest.mark.parametrize("ending", MAGIC)
def test_the_ending_chooses_the_format_and_two_files_are_equal(
    ending: str, cli: Callable[..., Any], inside: Path
) -> None:
    names = (f"one.{ending}", f"two.{ending.upper()}")
    for name in names:
        assert cli("plot", "phases", REAL, "-o", name).code == 0
    one, two = ((inside / name).read_bytes() for name in names)
    assert one.startswith(MAGIC[ending])
    assert one == two


@pytest.mark.parametrize(("style", "shade"), [("light", 1.0), ("dark", 0.0)])
def test_size_dpi_and_style(style: str, shade: float, cli: Callable[..., Any], inside: Path) -> None:
    done = cli("plot", "poll_rpc", REAL, "--size", "7x3.5", "--dpi", "50", "--style", style, "-o", "a.png")
    assert done.code == 0
    pixels = image.imread(inside / "a.png")
    assert pixels.shape[:2] == (175, 350)
    assert set(pixels[0, 0][:3]) == {shade}


def test_options_reach_the_chart(cli: Callable[..., Any], inside: Path) -> None:
    done = cli("plot", "latency_distribution", REAL, "--by", "os", "--metric", "run_s", "-o", "a.svg")
    assert done.code == 0
    assert "<!-- run_s by os, 1 group -->" in texts(inside / "a.svg")
    done = cli("plot", "bots", REAL, "--day", "2020-11-16", "--tz", "America/New_York", "-o", "b.svg")
    assert done.code == 0
    assert "<!-- 2020-11-16 (America/New_York) -->" in texts(inside / "b.svg")


@pytest.mark.slow
def test_no_display_is_needed_whatever_the_environment_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    monkeypatch.delenv("DISPLAY", raising=False)
    path = tmp_path / "chart.png"
    done = process("plot", "phases", REAL, "-o", path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert path.read_bytes().startswith(MAGIC["png"])


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "Missing argument 'NAME'"),
        (["pie", REAL, "-o", "a.png"], "'pie' is not one of 'phases', 'phase_breakdown'"),
        (["phases", "-o", "a.png"], "Missing argument 'FILE...'"),
        (["phases", REAL], "Name the picture with -o FILE.png, FILE.svg or FILE.pdf."),
        (["phases", REAL, "-o", "-"], "Name the picture with -o"),
        (["phases", REAL, "-o", "a.csv"], "Name the picture with -o"),
        (["phases", REAL, "-o", "a.png", "--by", "bot"], "phases has no option --by"),
        (["phases", REAL, "-o", "a.png", "--tz", "UTC"], "phases has no option --tz"),
        (["poll_rpc", REAL, "-o", "a.png", "--day", "2021-03-01"], "poll_rpc has no option --day"),
        (["bots", REAL, "-o", "a.png", "--day", "monday"], "'monday' is not a day; write it as YYYY-MM-DD"),
        (["bots", REAL, "-o", "a.png", "--by", "bot"], "bots does not group by 'bot'; choose from status, builder"),
        (["heatmap", REAL, "-o", "a.png", "--tz", "Mars"], "'Mars' is not a time zone"),
        (["poll_rpc", REAL, "-o", "a.png", "--metric", "run_s"], "poll_rpc has no option --metric"),
        (["latency_distribution", REAL, "-o", "a.png", "--by", "moon"], "group by 'moon'; choose from builder, bot"),
        (["latency_distribution", REAL, "-o", "a.png", "--metric", "status"], "'status' is not one of"),
        (["phases", REAL, "-o", "a.png", "--size", "9"], "'9' is not a size; write inches from 1 to 100"),
        (["phases", REAL, "-o", "a.png", "--size", "0.5x2"], "'0.5x2' is not a size"),
        (["phases", REAL, "-o", "a.png", "--size", "100x100", "--dpi", "600"], "too many; lower --size or --dpi"),
        (["phases", REAL, "-o", "a.png", "--dpi", "5"], "5 is not in the range"),
        (["phases", REAL, SAMPLES, "-o", "a.png"], "Choose one with --where invocation_id=ID"),
    ],
)  # fmt: skip
def test_wrong_usage_is_2_and_writes_nothing(
    args: list[Any], said: str, cli: Callable[..., Any], inside: Path
) -> None:
    done = cli("plot", *args)
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert list(inside.iterdir()) == []


def test_a_file_is_overwritten_only_with_force(cli: Callable[..., Any], inside: Path) -> None:
    (inside / "a.png").write_text("mine")
    done = cli("plot", "phases", REAL, "-o", "a.png")
    assert (done.code, done.err) == (1, "logparse: a.png: exists already; overwrite it with --force\n")
    assert (inside / "a.png").read_text() == "mine"
    assert cli("plot", "phases", REAL, "-o", "a.png", "--force").code == 0
    assert (inside / "a.png").read_bytes().startswith(MAGIC["png"])


def test_a_picture_that_fails_leaves_no_file(
    cli: Callable[..., Any], inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any, out: io.BytesIO, **more: Any) -> None:
        out.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", broken)
    done = cli("plot", "phases", REAL, "-o", "a.png")
    assert done.code == 1
    assert "a.png: cannot be written (No space left on device)" in done.err
    assert list(inside.iterdir()) == []


def test_what_to_install_is_said_before_anything_is_read(
    cli: Callable[..., Any], inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = cli("plot", "phases", "nowhere.html", "-o", "a.png")
    said = "logparse: charts need Matplotlib, which is not installed; pip install 'logparse[plot]'\n"
    assert (done.code, done.err) == (1, said)
    assert list(inside.iterdir()) == []


def test_inputs_that_cannot_be_read_change_the_exit_code(cli: Callable[..., Any], inside: Path) -> None:
    done = cli("plot", "poll_rpc", REAL, "nowhere.html", "-o", "a.svg")
    assert done.code == 1
    assert "nowhere.html" in done.err
    assert (inside / "a.svg").exists()
    done = cli("plot", "poll_rpc", "nowhere.html", "-o", "b.svg")
    assert done.code == 1
    assert not (inside / "b.svg").exists()
    (inside / "empty").mkdir()
    done = cli("plot", "poll_rpc", "empty", "-o", "b.svg")
    assert done.code == 1
    assert done.err.startswith("logparse: empty: directory holds no files")
    assert not (inside / "b.svg").exists()


# --- the list of charts ------------------------------------------------------------------------


def test_the_help_lists_every_chart_of_the_library(cli: Callable[..., Any]) -> None:
    assert {*CHARTS, "PHASES"} == set(plots.__all__)
    text = " ".join(cli("plot", "--help").out.split())
    for name, chart in CHARTS.items():
        assert f" {name} {chart.meaning} " in text


@pytest.mark.parametrize(
    "pair",
    quick(
        [("latency_distribution", "machine_type")],
        [(name, key) for name, chart in CHARTS.items() for key in chart.by],
        lambda pair: "-".join(pair),
    ),
)
def test_each_key_of_each_chart_can_be_drawn(
    pair: tuple[str, str], cli: Callable[..., Any], inside: Path
) -> None:
    chart, key = pair
    done = cli("plot", chart, LOGS / "v2-2021-06", "--by", key, "-o", "a.svg")
    assert (done.code, done.out) == (0, "")
