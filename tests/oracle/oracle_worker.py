"""A process that reads inputs with the logparse of one folder, and answers with every cell of every table.

``python -I oracle_worker.py FOLDER`` writes one line of JSON with the path of the imported package. Then it
reads requests, one JSON object a line, with the keys ``paths`` and ``duplicates``, and answers each with
one line: ``tables``, ``warnings`` and ``error``.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any


def cell(value: Any) -> str | None:
    """Return a value in an exact form: a letter for its type, and its text. Null is None."""
    import pandas as pd

    if isinstance(value, list | tuple | dict):
        return f"{type(value).__name__}:{value!r}"
    if value is None or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        zone = value.tzinfo
        return f"time:{value.as_unit('us').asm8.astype('int64')} {zone}"
    if isinstance(value, str):
        return f"text:{value}"
    kind = type(value).__name__
    if "bool" in kind:
        return f"truth:{bool(value)}"
    if "int" in kind:
        return f"whole:{int(value)}"
    if "float" in kind:
        return f"float:{float(value)!r}"
    return f"{kind}:{value!r}"


def table(frame: Any) -> dict[str, Any]:
    """Return the names and types of a frame's columns, and its rows as lists of cells."""
    columns = [f"{name} {dtype}" for name, dtype in frame.dtypes.items()]
    values = [[cell(v) for v in frame.iloc[:, i].tolist()] for i in range(len(columns))]
    return {"columns": columns, "rows": [list(row) for row in zip(*values, strict=True)]}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return all that reading the inputs of a request gives. An exception is a result too."""
    import logparse as lp
    from logparse.columns import TABLES

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            data = lp.load(*request["paths"], duplicates=request["duplicates"])
            tables = {name: table(data.table(name)) for name in TABLES}
        except Exception as error:
            return {"tables": {}, "warnings": [], "error": f"{type(error).__name__}: {error}"}
    said = [f"{warning.category.__name__}: {warning.message}" for warning in caught]
    return {"tables": tables, "warnings": said, "error": None}


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(folder))
    import logparse

    if not Path(logparse.__file__).resolve().is_relative_to(folder):
        raise SystemExit(f"logparse was imported from {logparse.__file__}, not from {folder}")
    answers = sys.stdout
    sys.stdout = sys.stderr  # What the package prints must not be read as an answer.
    print(json.dumps({"file": logparse.__file__}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
