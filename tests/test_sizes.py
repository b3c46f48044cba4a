"""The size of the source: no long file in the package and the tests, no long function in the package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 40


def sources(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, folder
    return found


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Yield the name and the number of lines of each function, with its signature, without its docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            first = node.body[0]
            if ast.get_docstring(node) is not None and first.end_lineno is not None:
                lines -= first.end_lineno - first.lineno + 1
            yield node.name, lines


def test_no_file_is_long() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("logparse", "tests")
        for path in sources(folder)
    }
    assert {name: size for name, size in sizes.items() if size > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_long() -> None:
    sizes = {
        f"{path.relative_to(ROOT)}:{name}": size
        for path in sources("logparse")
        for name, size in functions(path.read_text(encoding="utf-8"))
    }
    assert {name: size for name, size in sizes.items() if size > MOST_LINES_OF_A_FUNCTION} == {}


def test_the_signature_counts_and_the_docstring_does_not() -> None:
    source = '''
class A:
    def first(
        self,
    ) -> None:
        """One line
        and another."""

        def inner() -> int:
            return 1

    @staticmethod
    async def second() -> str:
        return "text"
'''
    assert sorted(functions(source)) == [("first", 6), ("inner", 2), ("second", 2)]
