"""Runs the scripts of `examples/scale`, each on the backend it is for."""

import os
import subprocess
import sys

from tests.examples import ROOT


def run(name, backend, *command):
    """The script of this name, or another command of Python; what came of it."""
    return subprocess.run(
        [sys.executable, *(command or ("-m", f"examples.scale.{name}"))],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def lines_of(name, backend):
    """What the script prints, once it has ended well."""
    done = run(name, backend)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return done.stdout.splitlines()
