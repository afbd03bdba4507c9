"""An exported augmentation runs in a process that has TensorFlow but not this package."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_segaug as ks

BACKEND = keras.backend.backend()

PROGRAM = """
import sys
sys.modules["keras_segaug"] = None
import numpy as np, tensorflow as tf

loaded = tf.saved_model.load(sys.argv[1])
given = np.load(sys.argv[2])
images, masks = given["images"], given["masks"]
for seed in range(-1, 4):
    found = loaded.augment(images, masks, seed)
    named = loaded.signatures["augment"](
        images=tf.constant(images), masks=tf.constant(masks), seed=tf.constant(seed)
    )
    for place, name in enumerate(("images", "masks")):
        expected = given[f"{name}{seed}"]
        assert found[place].dtype == expected.dtype, name
        assert np.array_equal(found[place], expected), (name, seed)
        assert np.array_equal(named[name], expected), (name, seed)
dataset = tf.data.Dataset.from_tensors((images, masks)).repeat(2).enumerate()
dataset = dataset.map(lambda n, pair: loaded.augment(*pair, tf.cast(n, tf.int32)))
for seed, (found, labels) in enumerate(dataset):
    assert np.array_equal(labels, given[f"masks{seed}"])
assert "keras_segaug" not in {name for name, module in sys.modules.items() if module}
print("equal")
"""


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow makes SavedModels")
def test_the_same_where_the_package_is_not_installed(tmp_path):
    turn = ks.JointRandomRotation(0.2)
    layer = ks.Pipeline([turn, ks.JointRandomCrop(12, 10), ks.ImageOnlyGamma(0.3)], seed=1)
    ks.AugmentationSchedule(turn, "factor", lambda epoch: 0.1)
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 14, 3), dtype="uint8")
    masks = np.random.default_rng(1).integers(0, 5, (3, 16, 14), dtype="uint16")
    ks.export_augmentation(layer, tmp_path / "saved", images[0], masks[0])
    # Overwrites the existing one.
    ks.export_augmentation(layer, tmp_path / "saved", images[0], masks[0])
    held = {"images": images, "masks": masks}
    for seed in range(-1, 4):
        found = layer.augment((images, masks), seed)
        held |= {f"{k}{seed}": np.asarray(x) for k, x in zip(held, found, strict=False)}
    np.savez(tmp_path / "given.npz", **held)
    arguments = [PROGRAM, str(tmp_path / "saved"), str(tmp_path / "given.npz")]
    ran = subprocess.run([sys.executable, "-c", *arguments], capture_output=True, text=True)
    assert ran.stdout.strip() == "equal", ran.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given.npz", "saved"]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow makes SavedModels")
def test_a_model_and_its_augmentation(tmp_path):
    import tensorflow as tf

    network = keras.Sequential(
        [
            keras.Input((16, 14, 3)),
            # Acts only in training.
            keras.layers.Dropout(0.5),
            keras.layers.Conv2D(5, 1),
        ]
    )
    flip = ks.JointRandomFlip("horizontal", probability=0.5)
    ks.export(network, tmp_path / "saved", augmentation=flip)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    images = np.random.default_rng(0).integers(0, 256, (4, 16, 14, 3), dtype="uint8")
    masks = np.random.default_rng(1).integers(0, 5, (4, 16, 14), dtype="uint8")
    assert {"serve", "serving_default", "augment"} <= set(loaded.signatures)
    floats = images.astype("float32")
    expected = network.predict(floats, verbose=0)
    np.testing.assert_allclose(loaded.serve(floats), expected, rtol=1e-4, atol=1e-3)
    [served] = loaded.signatures["serve"](images=tf.constant(floats)).values()
    np.testing.assert_array_equal(served, loaded.serve(floats))
    found = loaded.augment(images, masks, 3)
    for one, other in zip(found, flip.augment((images, masks), 3), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="export: `model` must be a built Keras model"):
        ks.export(keras.layers.Conv2D(5, 1), tmp_path / "new", augmentation=flip)
    with pytest.raises(ValueError, match="export: `augmentation` must be a layer of keras_segaug"):
        ks.export(network, tmp_path / "new", augmentation=network)
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="the first that is wrong elsewhere")
def test_what_cannot_be_exported(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    flip, new = ks.JointRandomFlip(), tmp_path / "new"
    for arguments, words in [
        ((flip, tmp_path, (8, 8, 3), (8, 8)), "`path` must be a new folder"),
        ((flip, new, (8, 8), (8, 8)), r"`image` must be one image \(H, W, C\)"),
        ((flip, new, (8, 8, 3), (1, 8, 8, 1)), r"`mask` must be one mask \(H, W\)"),
        ((flip, new, (8, 8, 3), (8, 9)), "height, width and batch size"),
        ((print, new, (8, 8, 3), (8, 8)), "`augmentation` must be a layer of keras_segaug"),
        ((ks.MultiView({"a": flip}), new, (8, 8, 3), (8, 8)), "MultiView"),
    ]:
        with pytest.raises(ValueError, match=words):
            ks.export_augmentation(*arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow makes SavedModels")
def test_other_backends_say_so(tmp_path):
    with pytest.raises(ValueError, match="where KERAS_BACKEND=tensorflow"):
        ks.export_augmentation(ks.JointRandomFlip(), tmp_path / "new", (8, 8, 3), (8, 8))
