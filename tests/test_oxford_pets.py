"""The example in the style of keras.io trains on CT slices and on a folder of photos of pets."""

import re

import keras
import numpy as np
import pytest
from PIL import Image

from tests.examples import run_example, smallest_folder


@pytest.fixture
def pets(tmp_path):
    """Bright ellipses with a border, in the layout of the published archives, flaws included."""
    images, trimaps = tmp_path / "images", tmp_path / "annotations" / "trimaps"
    images.mkdir()
    trimaps.mkdir(parents=True)
    random = np.random.default_rng(0)
    y, x = np.indices((40, 50))
    for number in range(12):
        center = random.uniform((15, 20), (25, 30))
        distance = np.hypot(y - center[0], x - center[1])
        trimap = np.where(distance < 9, 1, np.where(distance < 11, 3, 2)).astype("uint8")
        image = np.where((trimap != 2)[..., None], (200, 150, 90), (40, 70, 60))
        image = np.clip(image + random.normal(0, 8, image.shape), 0, 255).astype("uint8")
        # Some files of the archive are GIFs by another name.
        Image.fromarray(image).save(images / f"pet_{number}.jpg", "GIF" if number == 3 else "JPEG")
        Image.fromarray(trimap).save(trimaps / f"pet_{number}.png")
    # Other files in the archives.
    (trimaps / "._pet_0.png").write_bytes(b"\0\5\26\7")
    (images / "pet_0.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    return tmp_path


def compared(result):
    assert result.returncode == 0, result.stderr
    found = re.search(
        r"seed 0: mean IoU (\S+) without, (\S+) with, gain (\S+)\nmean gain over 1 seeds: (\S+)\n",
        result.stdout,
    )
    without, with_it, gain, mean_gain = map(float, found.groups())
    # The model need not learn anything in so few steps.
    assert 0 <= without < 1
    assert 0 <= with_it < 1
    assert gain == mean_gain == pytest.approx(with_it - without, abs=2e-3)


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() == "torch", reason="takes minutes there, on a CPU")
def test_compares_on_slices(tmp_path):
    slices = smallest_folder(tmp_path)
    compared(run_example("keras_io_oxford_pets.py", "--data", slices, "--epochs", 3))


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="reads files as on TensorFlow")
def test_compares_on_photos(pets):
    sheet = pets / "sheet.png"
    options = ["--data", pets, "--epochs", 3, "--side", 32, "--gallery", sheet]
    result = run_example("keras_io_oxford_pets.py", *options)
    compared(result)
    assert "Found 12 pairs" in result.stdout
    assert np.ptp(np.array(Image.open(sheet).convert("RGB"))) > 100


@pytest.mark.slow
def test_says_what_is_wrong_with_a_folder(tmp_path):
    result = run_example("keras_io_oxford_pets.py", "--data", tmp_path / "nowhere")
    assert result.returncode == 2
    assert "Error: There is no folder" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_says_which_sides_cannot_be_halved(pets):
    result = run_example("keras_io_oxford_pets.py", "--data", pets, "--side", 100)
    assert result.returncode == 2
    assert "Error: --side must be a multiple of 8, not 100" in result.stderr
    assert "Traceback" not in result.stderr
