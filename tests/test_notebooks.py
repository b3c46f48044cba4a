"""The notebooks run, show what they promise, and hold prose and calls only."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
#: By name of the notebook: how many pictures it shows, and what its outputs say.
SHOWN = {
    "01_one_invocation.ipynb": (
        3,
        [
            "pdfium/win_xfa_component",
            "9028843112359765808",
            "SUCCEEDED",
            "1262.491646",
            "1255.841972",
            "4.323291",
            "6.649674",
            "8.798",
            "3.893",
            "0.007006",
            "2.222079",
            "0.844107",
            "0.1091",
            "-0.013494",
            "0.125103",
            "2020-11-17 04:55:01.436",
        ],
    ),
}
#: What would be logic: it belongs into the library, where it has tests.
LOGIC = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.For,
    ast.While,
    ast.If,
    ast.IfExp,
    ast.Try,
    ast.With,
    ast.comprehension,
    ast.BinOp,
    ast.AugAssign,
)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_every_notebook_is_checked() -> None:
    assert {path.name for path in NOTEBOOKS} == set(SHOWN)


@pytest.mark.notebook
@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_shows_its_pictures_and_numbers(path: Path) -> None:
    notebook = read(path)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    # A warning would be a stream, an error ends the run.
    assert {output.output_type for output in outputs} <= {"display_data", "execute_result"}
    pictures, said = SHOWN[path.name]
    assert sum("image/png" in output.data for output in outputs) == pictures
    text = "\n".join(output.data["text/plain"] for output in outputs)
    assert [number for number in said if number not in text] == []
    # Every other result is a table that a browser can show.
    assert all("text/html" in output.data or "image/png" in output.data for output in outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_holds_calls_and_no_logic(path: Path) -> None:
    for cell in code_cells(read(path)):
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, LOGIC), cell.source
            if isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= {"logparse", "matplotlib"}
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] in {"logparse", "matplotlib"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_without_outputs(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_code_cell_has_words_before_it_somewhere(path: Path) -> None:
    cells = read(path).cells
    assert cells[0].cell_type == cells[-1].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
