"""What importing the package requires, and what it does not load or change."""

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


READ_WITHOUT_TENSORFLOW = """
import pathlib, struct, sys, tempfile
from PIL import Image
from keras_segaug.inspect.preview.pairs import read_pairs

folders = [pathlib.Path(tempfile.mkdtemp()) for _ in range(2)]
for folder, mode in zip(folders, ("RGB", "P")):
    Image.new(mode, (8, 6)).save(folder / "a.png")
[(name, image, mask)] = read_pairs("test", *folders, 1)
assert image.shape == (6, 8, 3) and mask.shape == (6, 8)
[(image, mask)] = keras_segaug.segmentation_source_from_directory(*folders, verbose=False)
assert image.shape == (6, 8, 3) and mask.shape == (6, 8)
assert not any(name.partition(".")[0] == "tensorflow" for name in sys.modules)

# The depth stands in byte 24 of a PNG, and nobody decodes the rest.
path = folders[0] / "a.png"
data = bytearray(path.read_bytes())
data[24] = 16
data[29:33] = struct.pack(">I", __import__("zlib").crc32(bytes(data[12:29])))
path.write_bytes(bytes(data))
try:
    read_pairs("test", *folders, 1)
except ImportError as error:
    assert "a.png: PNG files with colors of 16 bits" in str(error), error
else:
    raise AssertionError
"""


def run(code, backend):
    import os

    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": backend},
    )


@pytest.mark.slow
def test_works_without_tensorflow_on_jax():
    pytest.importorskip("jax")
    done = run(WITHOUT_TENSORFLOW, "jax")
    assert done.returncode == 0, done.stderr[-2000:]


def test_files_are_read_without_tensorflow():
    pytest.importorskip("jax")
    done = run(WITHOUT_TENSORFLOW + READ_WITHOUT_TENSORFLOW, "jax")
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_importing_adds_no_module_but_the_packages_own():
    """Compared with importing Keras alone. `make bench-check` limits the time of the import."""
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
