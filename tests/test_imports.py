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


def test_importing_adds_no_module_but_the_packages_own():
    """To what Keras imports. How long that may take is for `make bench-check`."""
    code = (
        "import keras, numpy, sys; before = set(sys.modules)\n"
        "import keras_segaug\n"
        "print(sorted({n.partition('.')[0] for n in set(sys.modules) - before}))"
    )
    assert run(code, "tensorflow").stdout.strip() == "['keras_segaug']"


def test_the_names_of_the_package_are_those_that_it_gives_away():
    import keras_segaug

    assert dir(keras_segaug) == sorted(keras_segaug.__all__)
    for name in keras_segaug.__all__:
        assert getattr(keras_segaug, name) is not None
    assert {"key", "fold_in", "Draws"} <= set(keras_segaug.random.__all__)
