"""The oracle: an older state of this project, exported from the repository's history into a cache.

`exported` gives a folder that holds the package at `COMMIT`, and `interpreter` a Python that sees the
packages that logparse needs, but no logparse. Both are made once and kept in `CACHE`.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Final

#: The state before the rebuild, with which this tree is compared.
COMMIT: Final = "d7ae3128212d904e6de56cbe4edad0b77b649349"
TREE: Final = Path(__file__).resolve().parents[2]
#: Git ignores it. Its name begins with a dot, so pytest and ruff do not look into it.
CACHE: Final = TREE / ".oracle"


class OracleError(Exception):
    """The oracle cannot be made. The message is one sentence that says what to do."""


def _made_once(target: Path, make: Callable[[Path], None]) -> Path:
    """Return `target`, made by `make` if it does not exist. Other processes never see half of it."""
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix="making-"))
    try:
        make(scratch)
        try:
            scratch.rename(target)
        except OSError:
            if not target.exists():  # Otherwise another process was faster.
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def exported(commit: str = COMMIT, *, repository: Path = TREE, cache: Path = CACHE) -> Path:
    """Return the folder with the package ``logparse`` as it was at `commit`.

    Raises
    ------
    OracleError
        Where the repository does not hold the commit, or git is missing.
    """

    def make(folder: Path) -> None:
        command = ["git", "archive", "--format=tar", commit, "logparse"]
        try:
            done = subprocess.run(command, cwd=repository, capture_output=True, check=False)
        except OSError as error:
            raise OracleError(
                f"git cannot be run ({error}): install git to compare with the oracle"
            ) from error
        if done.returncode:
            raise OracleError(
                f"the commit {commit} of the oracle is not in {repository}: fetch the whole history with"
                " `git fetch --unshallow`, or work in a full clone"
            )
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")

    return _made_once(cache / commit, make)


def interpreter(cache: Path = CACHE) -> Path:
    """Return the Python of an environment that sees the installed packages, but no logparse.

    A line of a ``.pth`` file adds the folder of the installed packages. The ``.pth`` files in that folder
    are not read again, so an editable installation of this tree is not seen.
    """
    version = f"environment-{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    scripts = "Scripts" if os.name == "nt" else "bin"

    def make(folder: Path) -> None:
        venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)
        paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
        seen = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
        Path(paths["purelib"], "packages.pth").write_text("\n".join(seen) + "\n", encoding="utf-8")

    folder = _made_once(cache / version, make)
    return folder / scripts / Path(sys.executable).with_stem("python").name
