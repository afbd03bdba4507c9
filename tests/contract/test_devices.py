"""The comparison of an accelerator with the CPU runs, and notices differences."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.contract.run_devices import differences
from tests.data import labels, random_images


def result(dtype="uint8"):
    return {"images": random_images().astype("float64"), "masks": labels(dtype=dtype)}


def test_the_same_is_the_same_up_to_a_gray_level():
    brighter = result()
    brighter["images"] += 1.0
    assert differences(result(), result()) is None
    assert differences(brighter, result()) is None


@pytest.mark.parametrize("name", ["images", "masks"])
def test_one_pixel_aside_is_seen(name):
    shifted = result()
    shifted[name] = np.roll(shifted[name], 1, axis=2)
    assert name in differences(shifted, result())


def test_other_wrongs_are_seen():
    missing = result()
    missing["images"][0, 0, 0, 0] = np.nan
    assert "images" in differences(missing, result())
    assert "int32" in differences(result("int32"), result())
    assert "ValueError: no" in differences("ValueError: no", result())
    assert "ValueError: no" in differences(result(), "ValueError: no")


@pytest.mark.slow
def test_it_runs():
    backend = "jax" if keras.backend.backend() == "jax" else "torch"
    pytest.importorskip(backend)
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract.run_devices", backend, "--every", "60"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "2 of 2 layers, 0 differ" in done.stdout
