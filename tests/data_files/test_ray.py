"""Batches as Ray Data passes them; Ray itself is not needed."""

import pickle

import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.data.ray import Augment

COLORS = np.array([[10, 20, 30], [200, 60, 40], [30, 180, 90]], "uint8")


def rows_of(count=6, height=6, width=8, first=0):
    masks = np.stack(
        [np.random.default_rng(first + n).integers(0, 3, (height, width)) for n in range(count)]
    ).astype("uint8")
    names = np.array([f"{first + n:02}.png" for n in range(count)])
    return {"image": COLORS[masks], "mask": masks, "path": names, "number": np.arange(count)}


def part(rows, numbers):
    return {name: column[numbers] for name, column in rows.items()}


def augment(**options):
    moves = [ks.JointRandomFlip(), ks.JointRandomRotation(0.1, interpolation="nearest")]
    return Augment(ks.Pipeline(moves, dtype="uint8"), **{"seed": 1, **options})


def assert_belong_together(rows):
    for image, mask in zip(rows["image"], rows["mask"], strict=True):
        inside = mask != 255
        np.testing.assert_array_equal(image[inside], COLORS[mask[inside]])


@pytest.mark.parametrize("record", ["path", "number"])
def test_a_record_gets_the_same_in_any_batch(record):
    rows = rows_of()
    whole = augment(record=record)(rows)
    assert_belong_together(whole)
    assert (whole["image"] != rows["image"]).any()
    assert whole["image"].dtype == whole["mask"].dtype == "uint8"
    np.testing.assert_array_equal(whole["path"], rows["path"])
    for numbers in ([0, 1, 2], [5, 3], [4]):
        other = augment(record=record)(part(rows, numbers))
        for name in ("image", "mask"):
            np.testing.assert_array_equal(other[name], whole[name][numbers])


def test_each_record_epoch_and_seed_draws_anew():
    names = np.array([f"{n}" for n in range(8)])
    rows = {"image": np.full((8, 1, 1, 1), 128, "float32"), "path": names}
    rows["mask"] = np.zeros((8, 1, 1), "uint8")
    layer = ks.ImageOnlyBrightness(0.4)
    found = [
        Augment(layer, seed, epoch=epoch)(rows)["image"].ravel()
        for seed, epoch in ((1, 0), (1, 1), (2, 0))
    ]
    assert len(np.unique(found)) == 24


def test_records_of_several_sizes():
    small, large = rows_of(2), rows_of(1, 9, 7, first=2)
    images = np.empty(3, object)
    masks = np.empty(3, object)
    images[:], masks[:] = ([*small[n], *large[n]] for n in ("image", "mask"))
    paths = np.array([*small["path"], *large["path"]])
    moved = augment()({"image": images, "mask": masks, "path": paths})
    assert moved["mask"].dtype == object
    assert_belong_together(moved)
    alone = augment()(small)
    for n in range(2):
        np.testing.assert_array_equal(moved["mask"][n], alone["mask"][n])


@pytest.mark.parametrize("record", ["path", "number"])
def test_a_block_may_be_empty(record):
    rows = part(rows_of(), slice(0))
    moved = augment(record=record)(rows)
    assert {name: len(column) for name, column in moved.items()} == dict.fromkeys(rows, 0)


def test_numbers_above_32_bits_are_told_apart():
    rows = rows_of(2)
    rows = {**rows, "image": rows["image"][[0, 0]], "mask": rows["mask"][[0, 0]]}
    rotate = ks.JointRandomRotation(0.5, interpolation="nearest", dtype="uint8")
    rows["number"] = np.array([1, 1 + (1 << 32)])
    first, second = Augment(rotate, 1, record="number")(rows)["mask"]
    assert (first != second).any()


def test_it_can_be_sent_to_another_process():
    rows = rows_of()
    again = pickle.loads(pickle.dumps(augment()))
    np.testing.assert_array_equal(again(rows)["mask"], augment()(rows)["mask"])


def test_what_cannot_be_is_refused():
    flip = ks.JointRandomFlip()
    with pytest.raises(TypeError, match=r"ray\.Augment: `augmentation` must be a keras_segaug"):
        Augment(lambda rows: rows, 1)
    with pytest.raises(ValueError, match="mixes no samples"):
        Augment(ks.Pipeline([flip, ks.JointCutMix(ignore_class=None)]), 1)
    with pytest.raises(ValueError, match="must give one result"):
        Augment(ks.MultiView({"weak": flip, "strong": ks.Identity()}), 1)
    with pytest.raises(ValueError, match=r"ray\.Augment: .*layer without `targets`"):
        Augment(ks.JointRandomFlip(targets={"depth": "continuous"}), 1)
    with pytest.raises(ValueError, match=r"ray\.Augment: .* JointRandomFlip 'mine' with"):
        Augment(ks.JointRandomFlip(data_format="channels_first", name="mine"), 1)
    with pytest.raises(ValueError, match=r"ray\.Augment: `seed`"):
        Augment(flip, None)
    with pytest.raises(ValueError, match=r"`epoch` must be below 2\*\*32"):
        Augment(flip, 1, epoch=1 << 32)
    rows = rows_of()
    with pytest.raises(ValueError, match=r"no column 'record'; there are \['image'"):
        Augment(flip, 1, record="record")(rows)
    with pytest.raises(ValueError, match="integers of at least 0, or of text"):
        Augment(flip, 1, record="number")({**rows, "number": np.arange(6) - 1})
    masks = np.empty(6, object)
    masks[:] = [*rows["mask"][:5], None]
    with pytest.raises(ValueError, match=r"rows \[5\] of a batch have no 'mask'"):
        Augment(flip, 1)({**rows, "mask": masks})
