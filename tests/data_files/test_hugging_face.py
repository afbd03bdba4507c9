"""Batches of rows as Hugging Face datasets pass them; the library itself is not needed."""

import pickle

import keras
import numpy as np
import pytest
from PIL import Image

import keras_segaug as ks
from keras_segaug.data.hugging_face import transform
from tests.data_files.folders import (
    COLORS,
    EXAMPLES,
    colored,
    random_image,
    random_mask,
    with_table,
)


def rows_of(count=3, height=6, width=8):
    """Images that show their masks: the red level is 40 times the class."""
    masks = [random_mask(height, width, seed=n) for n in range(count)]
    images = [np.stack([40 * mask, mask, 9 - mask], axis=-1) for mask in masks]
    return {
        "image": [Image.fromarray(each) for each in images],
        "annotation": [Image.fromarray(each) for each in masks],
        "name": [f"row {n}" for n in range(count)],
    }


def opened(path):
    with Image.open(path) as image:
        return image.copy()


def differ(images, others):
    return any((x != np.asarray(y)).any() for x, y in zip(images, others, strict=True))


def geometry(**options):
    moves = [ks.JointRandomFlip(), ks.JointRandomRotation(0.1, interpolation="nearest")]
    return ks.Pipeline(moves, seed=1, dtype="uint8", **options)


def assert_belong_together(moved):
    for image, mask in zip(moved["image"], moved["annotation"], strict=True):
        assert type(image) is type(mask) is np.ndarray
        assert (image.dtype, mask.dtype) == ("uint8", "uint8")
        inside = mask != 255
        np.testing.assert_array_equal(image[..., 0][inside], 40 * mask[inside])


def test_images_and_masks_move_together_and_other_columns_stay():
    rows = rows_of()
    augment = transform(geometry())
    moved = augment(rows)
    assert_belong_together(moved)
    assert moved["name"] == rows["name"]
    assert set(moved) == set(rows)
    assert differ(moved["image"], rows["image"])
    assert differ(moved["image"], augment(rows)["image"])


def test_rows_of_several_sizes():
    rows, more = rows_of(2), rows_of(1, 5, 7)
    rows = {name: rows[name] + more[name] for name in rows}
    moved = transform(geometry())(rows)
    assert_belong_together(moved)
    assert [mask.shape for mask in moved["annotation"]] == [(6, 8), (6, 8), (5, 7)]
    resized = transform(ks.JointResizing(4, 4, interpolation="nearest", dtype="uint8"))(rows)
    assert_belong_together(resized)
    assert {mask.shape for mask in resized["annotation"]} == {(4, 4)}


def test_real_slices_keep_their_labels():
    names = sorted(path.name for path in (EXAMPLES / "ct/images").glob("*.png"))[40:44]
    rows = {
        column: [opened(EXAMPLES / f"ct/{folder}/{name}") for name in names]
        for column, folder in (("scan", "images"), ("organs", "masks"))
    }
    moved = transform(ks.JointRandomElasticTransform(strength=0.02, seed=1), "scan", "organs")(rows)
    for scan, organs, before in zip(moved["scan"], moved["organs"], rows["organs"], strict=True):
        assert scan.shape == (*organs.shape, 1)
        assert set(np.unique(organs)) <= {*np.unique(np.asarray(before)), 255}


IMAGES = {
    "L": (1, "uint8", 7),
    "1": (1, "uint8", 255),
    "LA": (1, "uint8", 7),
    "P": (3, "uint8", None),
    "RGBA": (3, "uint8", 7),
    "CMYK": (3, "uint8", None),
    "I;16": (1, "uint16", 300),
    "I;16B": (1, "uint16", 300),
    "F": (1, "float32", 7),
}


@pytest.mark.parametrize("mode", IMAGES)
def test_kinds_of_images(mode):
    channels, dtype, level = IMAGES[mode]
    image = Image.fromarray(np.full((6, 8), 300, ">u2" if mode == "I;16B" else "uint16"))
    if not mode.startswith("I;16"):
        image = Image.new("L", (8, 6), level or 7).convert(mode)
    assert image.mode == mode
    rows = {"image": [image], "annotation": [Image.new("L", (8, 6))]}
    (moved,) = transform(ks.Identity(dtype=dtype))(rows)["image"]
    assert moved.shape == (6, 8, channels)
    # Palette and CMYK images have no level of exactly 7.
    assert level is None or (moved == level).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16", "I"])
def test_kinds_of_masks(mode):
    labels = random_mask(classes=2)
    masks = {
        "1": Image.fromarray(labels.astype(bool)),
        "L": Image.fromarray(labels),
        "P": with_table(labels),
        "I;16": Image.fromarray(labels.astype("uint16")),
        "I": Image.fromarray(labels.astype("int32")),
    }
    assert masks[mode].mode == mode
    rows = {"image": [random_image()], "annotation": [masks[mode]]}
    (moved,) = transform(ks.Identity())(rows)["annotation"]
    np.testing.assert_array_equal(moved, labels)


def test_colored_masks_become_class_ids_where_the_first_layer_says_how():
    labels = random_mask()
    rows = {"image": [random_image()], "annotation": [Image.fromarray(colored(labels))]}
    to_class = ks.MaskOnlyColorToClass(COLORS)
    for layer in (to_class, ks.Pipeline([ks.Pipeline([to_class]), ks.Identity()])):
        (moved,) = transform(layer)(rows)["annotation"]
        np.testing.assert_array_equal(moved, labels)
    late = ks.Pipeline([ks.JointRandomFlip(), to_class])
    with pytest.raises(ValueError, match=r"mask of row 0 .*mode 'RGB'.*MaskOnlyColorToClass"):
        transform(late)(rows)


def test_one_hot_masks_keep_all_their_classes():
    labels = random_mask(classes=3)
    rows = {"image": [random_image()], "annotation": [Image.fromarray(labels)]}
    (moved,) = transform(ks.MaskOnlyOneHot(3))(rows)["annotation"]
    np.testing.assert_array_equal(moved, labels[..., None] == np.arange(3))


def test_masks_that_are_no_class_ids_are_refused():
    for mask, kind in (
        (Image.new("RGBA", (8, 6)), "'RGBA'"),
        (Image.new("LA", (8, 6)), "'LA'"),
        (np.zeros((6, 8, 2), "uint8"), r"shape \(6, 8, 2\)"),
    ):
        rows = {"image": [random_image()], "annotation": [mask]}
        with pytest.raises(ValueError, match=f"hugging_face.transform: .*{kind}"):
            transform(ks.Identity())(rows)


def test_what_is_missing_is_named():
    rows = rows_of()
    rows["annotation"][1] = None
    with pytest.raises(ValueError, match=r"rows \[1\] of a batch have no 'annotation'"):
        transform(geometry())(rows)
    with pytest.raises(ValueError, match=r"no column 'mask'; there are \['annotation'"):
        transform(geometry(), mask="mask")(rows)
    with pytest.raises(TypeError, match="`augmentation` must be a keras_segaug layer"):
        transform(keras.layers.RandomFlip())
    with pytest.raises(ValueError, match=r"must give one result. Received a MultiView"):
        transform(ks.MultiView({"weak": ks.JointRandomFlip(), "strong": ks.Identity()}))
    with pytest.raises(ValueError, match=r"hugging_face.transform: .*layer without `targets`"):
        transform(ks.JointRandomFlip(targets={"depth": "continuous"}))
    with pytest.raises(ValueError, match=r"transform: .* Pipeline 'mine' with 'channels_first'"):
        transform(geometry(data_format="channels_first", name="mine"))
    with pytest.raises(TypeError, match="`mask` must be the name of a column"):
        transform(geometry(), mask=1)


def test_it_can_be_sent_to_another_process():
    augment = pickle.loads(pickle.dumps(transform(geometry())))
    assert_belong_together(augment(rows_of()))
