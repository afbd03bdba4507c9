"""Runs the examples that train, on few slices."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
SLICES = EXAMPLES / "data" / "ct"


def run_example(script, *options):
    command = [sys.executable, EXAMPLES / script, "--backend", keras.backend.backend()]
    # The package need not be installed.
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command += map(str, options)
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def smallest_folder(folder):
    """Fills a folder with the fewest slices that give training and test slices: a block of each."""
    for role in ("images", "masks"):
        (folder / role).mkdir()
        # The top of the volume, which holds most groups.
        for path in sorted((SLICES / role).glob("*.png"))[-22:]:
            shutil.copy(path, folder / role)
    shutil.copy(SLICES / "classes.json", folder)
    return folder
