"""What importing the package needs, and what it leaves alone."""

import subprocess
import sys

import pytest

WITHOUT_TENSORFLOW = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tensorflow":
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, Refuse())

import numpy as np
import keras_segaug

pipeline = keras_segaug.Pipeline(
    [
        keras_segaug.JointRandomFlip(),
        keras_segaug.JointRandomRotation(0.1),
        keras_segaug.ImageOnlyBrightness(0.1),
    ],
    seed=1,
)
images, masks = pipeline(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
assert images.shape == (2, 8, 8, 3) and (np.asarray(masks) == 1).all()
assert not any(name.partition(".")[0] == "tensorflow" for name in sys.modules)
"""


def run(code, backend):
    import os

    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": backend},
    )


def test_works_without_tensorflow_on_jax():
    pytest.importorskip("jax")
    done = run(WITHOUT_TENSORFLOW, "jax")
    assert done.returncode == 0, done.stderr[-2000:]


def test_importing_adds_little_to_keras():
    """At most 50 ms, and no module that Keras did not import already but the package's own."""
    code = (
        "import keras, numpy, sys, time; before = set(sys.modules); start = time.perf_counter()\n"
        "import keras_segaug\n"
        "print(time.perf_counter() - start)\n"
        "print(sorted({n.partition('.')[0] for n in set(sys.modules) - before}))"
    )
    lines = run(code, "tensorflow").stdout.split("\n")
    assert float(lines[0]) < 0.15  # the target is 0.05; a busy machine takes a little more
    assert lines[1] == "['keras_segaug']"
