"""The example runs from its options to its files, and says what is wrong with a folder."""

import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from tests.examples import EXAMPLES, SLICES, run_example, smallest_folder


@pytest.fixture(scope="module")
def slices(tmp_path_factory):
    return smallest_folder(tmp_path_factory.mktemp("slices"))


@pytest.fixture
def broken(slices, tmp_path):
    return Path(shutil.copytree(slices, tmp_path / "broken"))


@pytest.mark.slow
def test_compares_saves_and_draws(slices, tmp_path):
    output = tmp_path / "output"
    result = run_example("train_unet.py", "--data", slices, "--epochs", 2, "--output", output)
    assert result.returncode == 0, result.stderr
    assert "10 slices to train on, 8 to test on" in result.stdout
    for kind in ("without", "with"):
        assert f"seed 0, {kind} augmentation, epoch 2: mean IoU 0." in result.stdout
    summary = re.search(
        r"seed 0: mean IoU (\S+) without, (\S+) with, gain (\S+)\nmean gain over 1 seeds: (\S+)\n",
        result.stdout,
    )
    without, with_it, gain, mean_gain = map(float, summary.groups())
    assert 0 < without < 1
    assert 0 < with_it < 1
    assert gain == mean_gain == pytest.approx(with_it - without, abs=2e-4)

    assert "model.keras in a fresh process: same predictions" in result.stdout
    exported = output / "saved_model" / "saved_model.pb"
    if keras.backend.backend() == "torch":
        assert "No SavedModel: with the torch backend" in result.stdout
        assert not exported.exists()
    else:
        assert "saved_model in a fresh process: same predictions" in result.stdout
        assert exported.exists()
    assert (output / "model.keras").exists()
    sheet = np.array(Image.open(output / "augmented_pairs.png").convert("RGB")).astype(int)
    assert (np.ptp(sheet, axis=-1) > 100).mean() > 0.005, "The sheet shows no colored outlines."


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "jax", reason="shown on JAX")
def test_grain_feeds_it_without_tensorflow(slices, tmp_path, monkeypatch):
    """As if TensorFlow were not installed: a module of its name fails to import."""
    (tmp_path / "tensorflow.py").write_text("raise ModuleNotFoundError('tensorflow')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    options = ["--data", slices, "--epochs", 2, "--loader", "grain"]
    result = run_example("train_unet.py", *options, "--output", tmp_path / "output")
    assert result.returncode == 0, result.stderr
    assert "seed 0, with augmentation, epoch 2: mean IoU 0." in result.stdout
    assert "model.keras in a fresh process: same predictions" in result.stdout
    assert "No SavedModel: TensorFlow writes them" in result.stdout


def test_slices_next_to_a_test_slice_are_not_trained_on(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import slices

    training, testing = slices.split(112)
    distances = np.abs(training[:, None] - testing)
    assert (len(training), len(testing)) == (48, 32)
    assert distances.min() == 5
    _, masks, names = slices.read_pairs(SLICES)
    for part in (training, testing):
        assert set(np.unique(masks[part])) == set(range(len(names)))


def fails_with(folder, *parts):
    result = run_example("train_unet.py", "--data", folder, "--output", folder / "output")
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    message = result.stderr[result.stderr.index("Error: ") :]
    for part in map(str, parts):
        assert part in message
    assert not (folder / "output").exists()


@pytest.mark.slow
def test_missing_folder(tmp_path):
    fails_with(tmp_path / "nowhere", "no folder", tmp_path / "nowhere" / "images", "--data")


@pytest.mark.slow
def test_images_and_masks_without_partner(broken):
    gone = [broken / "masks" / "091.png", broken / "masks" / "095.png"]
    for path in (*gone, broken / "images" / "100.png"):
        path.unlink()
    fails_with(
        broken,
        "Images without a mask (2)",
        broken / "images" / "091.png",
        broken / "images" / "095.png",
        "Masks without an image (1)",
        broken / "masks" / "100.png",
    )


@pytest.mark.slow
def test_mask_of_another_size(broken):
    path = broken / "masks" / "093.png"
    Image.open(path).resize((50, 60)).save(path)
    fails_with(broken, f"{path}: 60 x 50, its image 101 x 122", "Resize")


@pytest.mark.slow
def test_too_few_slices(broken):
    for role in ("images", "masks"):
        for path in sorted((broken / role).glob("*.png"))[5:]:
            path.unlink()
    fails_with(broken, "5 slices are too few", "at least 22")
