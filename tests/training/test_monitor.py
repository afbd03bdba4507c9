"""Sheets of augmented images: what they show, where they go, and that training is unaffected."""

import importlib.util
import struct

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.core import backend
from keras_segaug.training import sheets
from tests.test_full_disk import full_disk

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 12, 16, 3), dtype="uint8")
# Class 1 on the left half.
MASKS = np.zeros((3, 12, 16), "uint8")
MASKS[:, :, :8] = 1


def monitored(layer, images=IMAGES, **more):
    """A monitor with a list of (epoch, the figure, the images that it shows)."""
    seen = []

    def function(epoch, figure):
        shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
        seen.append((epoch, figure, np.stack(shown)))

    settings = {"draws": 2, "rows": 2, "function": function, **more}
    return ks.AugmentationMonitor(layer, images, MASKS, **settings), seen


def text_of(figure):
    return figure.get_suptitle().replace("\n", " ")


@pytest.mark.slow
def test_sheets_of_a_training_which_does_not_notice(tmp_path):
    def trained(*callbacks):
        layer = [ks.ImageOnlyBrightness(0.2), ks.ImageOnlyGamma(0.3)]
        layer = ks.Pipeline(layer, value_range=(0, 1), seed=1)
        last = keras.layers.Conv2D(1, 1, kernel_initializer="ones")
        model = keras.Sequential([keras.Input((12, 16, 3)), layer, last])
        model.compile("sgd", "mse", jit_compile=backend.name() != "torch")
        callbacks = [make(layer) for make in callbacks]
        data = {"x": IMAGES / 255.0, "y": np.zeros((3, 12, 16, 1))}
        history = model.fit(**data, epochs=5, shuffle=False, verbose=0, callbacks=callbacks)
        return history.history["loss"], backend.to_numpy(layer._state.value)

    def monitor(layer):
        nonlocal seen
        more = {"folder": tmp_path / "new" / "sheets", "every": 2}
        found, seen = monitored(layer, (IMAGES / 255.0).astype("float32"), **more)
        return found

    seen: list = []
    (losses, state), (plain, state_of_plain) = trained(monitor), trained()
    assert losses == plain
    assert np.array_equal(state, state_of_plain)
    assert [epoch for epoch, *_ in seen] == [0, 2, 4]
    names = sorted(path.name for path in (tmp_path / "new" / "sheets").iterdir())
    assert names == ["epoch_0001.png", "epoch_0003.png", "epoch_0005.png"]
    # Other draws in each epoch, of the same originals.
    (_, _, first), (_, figure, second) = seen[:2]
    assert np.array_equal(first[0], second[0])
    assert not np.array_equal(first[1], second[1])
    assert "epoch 3" in text_of(figure)


def test_a_sheet_shows_masks_and_class_shares():
    # Half of the left half moves into the right half, and the empty part is class 5.
    border = {"fill_mode": "constant", "mask_fill_value": 5}
    layer = ks.JointRandomTranslation(0.0, (0.25, 0.25), **border, seed=1)
    names = {1: "left", 5: "empty"}
    monitor, seen = monitored(layer, class_names=names, every=3, rows=3)
    for epoch in range(4):
        monitor.on_epoch_end(epoch)
    assert [epoch for epoch, *_ in seen] == [0, 3]
    text = text_of(seen[0][1])
    assert "left 50.0% to 50.0%" in text
    assert "empty 0.0% to 25.0%" in text
    assert "class 0 50.0% to 25.0%" in text
    # The same again, bit for bit.
    again, seen_again = monitored(layer, class_names=names, rows=3)
    again.on_epoch_end(3)
    assert np.array_equal(seen[1][2], seen_again[0][2])


def test_a_sheet_follows_a_schedule():
    flip = ks.JointRandomFlip("horizontal", seed=1)
    schedule = ks.AugmentationSchedule(flip, "probability", lambda epoch: float(epoch > 0))
    monitor, seen = monitored(flip, draws=8)
    for epoch in range(2):
        schedule.on_epoch_begin(epoch)
        monitor.on_epoch_end(epoch)
    original, *draws = seen[0][2][:9]
    assert all(np.array_equal(original, each) for each in draws)
    original, *draws = seen[1][2][:9]
    assert not all(np.array_equal(original, each) for each in draws)


WAYS = [way for way in ("tensorboard", "tensorflow") if importlib.util.find_spec(way)]


@pytest.mark.parametrize("way", WAYS)
def test_sheets_in_tensorboard(way, tmp_path, monkeypatch):
    tf = pytest.importorskip("tensorflow")
    monkeypatch.setattr(sheets, "_is_installed", lambda library: library == way)
    monitor, _ = monitored(ks.JointRandomFlip(), tensorboard=tmp_path)
    for epoch in range(2):
        monitor.on_epoch_end(epoch)
    monitor.on_train_end()
    [file] = tmp_path.iterdir()
    found = []
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            held = value.tensor.string_val or [b"", b"", value.image.encoded_image_string]
            found.append((event.step, value.tag, held[2]))
    assert [(step, tag) for step, tag, _ in found] == [(0, "augmentation"), (1, "augmentation")]
    assert all(png.startswith(b"\x89PNG") for *_, png in found)
    assert min(struct.unpack(">II", found[0][2][16:24])) > 100


@pytest.mark.parametrize("way", WAYS)
def test_a_log_on_a_full_disk(way, tmp_path, monkeypatch):
    pytest.importorskip("tensorflow")
    monkeypatch.setattr(sheets, "_is_installed", lambda library: library == way)
    monitor, _ = monitored(ks.JointRandomFlip(), tensorboard=tmp_path)
    monitor.on_epoch_end(0)
    words = rf"AugmentationMonitor: the sheet of epoch 2 could not be written to {tmp_path}"
    with full_disk(), pytest.raises(OSError, match=words):
        monitor.on_epoch_end(1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"function": None}, "at least one of `folder`, `tensorboard` and `function`"),
        ({"function": 1}, "`function` must be a function of"),
        ({"every": 0}, "`every` must be an integer of at least 1"),
        ({"augmentation": lambda image, mask: (image, mask)}, "`augmentation` must be a layer of"),
        ({"augmentation": ks.MultiView({"a": ks.Identity()})}, "MultiView"),
        ({"images": np.zeros((2, 8, 8, 2))}, "images must have 1 or 3 channels"),
        ({"images": IMAGES[:, :5]}, "height, width and batch size"),
        ({"masks": np.full((3, 12, 16, 4), 7)}, "read as one-hot"),
    ],
)
def test_what_cannot_be_shown_is_refused_before_training(change, words):
    given = {"augmentation": ks.JointRandomFlip(), "images": IMAGES, "masks": MASKS}
    given |= {"function": print, **change}
    if given["images"].shape[-1] == 2:
        given["masks"] = None
    with pytest.raises(ValueError, match=words):
        ks.AugmentationMonitor(**given)


def test_without_both_libraries_of_tensorboard(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "_is_installed", lambda library: False)
    with pytest.raises(ImportError, match="pip install tensorboard"):
        monitored(ks.JointRandomFlip(), tensorboard=tmp_path)
