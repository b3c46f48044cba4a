#!/bin/sh
# Builds sdist and wheel, installs the wheel alone, and runs it where the source tree cannot help.
set -eu
cd "$(dirname "$0")/.."
python=$(pwd)/.venv/bin/python
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset PYTHONPATH

"$python" -m build --outdir "$dir/dist" . >"$dir/build.log" 2>&1 || {
    cat "$dir/build.log" >&2
    exit 1
}
# The packages that it needs come from .venv: that the wheel asks for them all is tried by .ci/run, whose first
# command installs nothing else. A path that a .pth file adds comes after the environment's own, and so does the
# source tree.
"$python" -m venv --without-pip "$dir/venv"
"$python" -m pip --disable-pip-version-check --python "$dir/venv/bin/python" install -qq --no-deps "$dir"/dist/*.whl
paths='import sysconfig; print(sysconfig.get_path("purelib"))'
"$python" -c "$paths" >"$("$dir/venv/bin/python" -c "$paths")/needed.pth"
cp -R sample_logs "$dir/sample_logs"
cd "$dir"

venv/bin/logparse --version
venv/bin/python -c "import logparse, sys; assert logparse.__file__.startswith(sys.prefix), logparse.__file__"
# py.typed is data, which a build leaves out without a word.
venv/bin/python -c "from importlib.resources import files; assert (files('logparse') / 'py.typed').is_file(), 'no py.typed'"
venv/bin/logparse summarize sample_logs >summary.txt
test -s summary.txt || {
    echo "wheel_smoke: summarize printed nothing" >&2
    exit 1
}
# So are the assets of reports.
venv/bin/logparse report sample_logs -o report.html
grep -q '</html>' report.html
echo "wheel: installed and ran outside the tree"
