"""The script with two ranks of torch's DDP finds all that it checks to hold."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

pytestmark = pytest.mark.scale
ROOT = Path(__file__).resolve().parents[2]
MODULE = "examples.scale.torch_ddp"


def run(*command, backend="torch"):
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *command]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "torch", reason="runs on torch whatever is tested")
def test_all_that_it_checks_holds():
    done = run("-m", MODULE)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == [
        "all ranks have the same layers and seed; others are refused",
        "in __getitem__, in collate_fn and in the module: pairs are exact, dtypes are kept",
        "no two ranks, workers or epochs draw the same",
        "the module was trained: the loss is lower, all ranks have the same weights",
        "the same seed gives the same again, with and without keys",
        "keys: one rank gives each record what two gave it",
    ]


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="runs on torch whatever is tested")
def test_says_that_torch_is_missing():
    program = f"import runpy, sys; sys.modules['torch'] = None; runpy.run_module('{MODULE}')"
    done = run("-c", program)
    assert done.returncode == 1
    assert done.stderr.strip() == "This script needs torch: pip install torch"
