"""The two sides of the comparison: long-lived processes that read inputs, one for each state of the project."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from oracle_export import TREE, OracleError, exported, interpreter

_WORKER: Final = Path(__file__).with_name("oracle_worker.py")
Result = dict[str, Any]


class Side:
    """A process that reads with the logparse of `folder`. It starts anew where it died."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(interpreter()), "-I", str(_WORKER), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        if not first:
            raise OracleError(f"logparse of {self.folder} cannot be imported: see the error above")
        self.package = Path(json.loads(first)["file"])
        return process

    def read(self, paths: Sequence[Path], *, duplicates: str = "merge") -> Result:
        """Return the tables, warnings and error that reading `paths` together gives."""
        self.ask(paths, duplicates=duplicates)
        return self.answer()

    def ask(self, paths: Sequence[Path], *, duplicates: str = "merge") -> None:
        """Send a request. The answer must be taken before the next one."""
        assert self._process.stdin is not None
        request = json.dumps({"paths": [str(path) for path in paths], "duplicates": duplicates})
        print(request, file=self._process.stdin, flush=True)

    def answer(self) -> Result:
        """Return the result of the last request. The death of the process is an error in it."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            result: Result = json.loads(line)
            return result
        code = self._process.wait()
        self.close()
        self._process = self._start()
        return {"tables": {}, "warnings": [], "error": f"the process ended with code {code}"}

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


@contextmanager
def sides(old: Path | None = None, new: Path = TREE) -> Iterator[tuple[Side, Side]]:
    """Give the oracle's side and this tree's side, and end both afterwards."""
    before = Side(old or exported())
    try:
        after = Side(new)
        try:
            yield before, after
        finally:
            after.close()
    finally:
        before.close()
