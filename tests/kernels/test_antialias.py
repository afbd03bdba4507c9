"""Resizing with antialiasing, compared with TensorFlow and Pillow."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import keras_segaug as ks
from tests.data import COMPILED, labels, random_images, to_numpy

SIZES = [(7, 5), (16, 14), (5, 40), (3, 1), (33, 29)]


def resizing(*size, **more):
    return ks.JointResizing(*size, antialias=True, **{"jit_compile": False, **more})


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", SIZES)
def test_agrees_with_tensorflow(size, interpolation, compiled):
    images = random_images(2)
    layer = resizing(*size, interpolation=interpolation, jit_compile=compiled)
    expected = tf.image.resize(images, size, interpolation, antialias=True).numpy()
    floats = to_numpy(layer(images.astype("float32")))
    np.testing.assert_allclose(floats, expected, atol=1e-3)
    # 8-bit images stay 8-bit, rounded once.
    rounded = to_numpy(layer(images))
    np.testing.assert_allclose(rounded, np.clip(expected, 0, 255), atol=0.501)
    np.testing.assert_array_equal(rounded, np.round(rounded))


@pytest.mark.parametrize("options", [{}, {"crop_to_aspect_ratio": True}], ids=str)
def test_agrees_with_keras_on_the_running_backend(options):
    images = random_images(2, 40, 60).astype("float32")
    theirs = keras.layers.Resizing(10, 12, antialias=True, **options)
    found = to_numpy(resizing(10, 12, **options)(images))
    np.testing.assert_allclose(found, to_numpy(theirs(images)), atol=1e-3)


def test_agrees_with_pillow():
    image = random_images(1, 50, 64)[0]
    expected = np.asarray(Image.fromarray(image).resize((20, 11), Image.Resampling.BILINEAR))
    found = to_numpy(resizing(11, 20, dtype="uint8")(image))
    # Pillow rounds after each axis.
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_a_fine_pattern_turns_gray_and_its_mask_keeps_its_labels():
    board = np.indices((1, 32, 32)).sum(0) % 2
    images, mask = (255 * board[..., None]).astype("uint8"), (3 * board).astype("uint8")
    plain = to_numpy(ks.JointResizing(8, 8, jit_compile=False)(images, mask))
    smooth = to_numpy(resizing(8, 8)(images, mask))
    assert np.ptp(smooth[0]) <= 1
    assert abs(smooth[0].mean() - 127.5) <= 1
    np.testing.assert_array_equal(smooth[1], plain[1])
    assert smooth[1].dtype == "uint8"
    assert set(np.unique(smooth[1])) <= {0, 3}


@pytest.mark.parametrize("fill_mode", ["constant", "reflect", "wrap", "nearest"])
def test_a_letterbox_is_the_resized_image_with_a_border(fill_mode):
    images, mask = random_images(2, 40, 40), labels(2, 40, 40)
    settings = {"fill_mode": fill_mode}
    if fill_mode == "constant":
        settings.update(fill_value=9.0, mask_fill_value=255)
    found, moved = to_numpy(resizing(10, 30, pad_to_aspect_ratio=True, **settings)(images, mask))
    alone = to_numpy(resizing(10, 10)(images, mask))
    border = {"constant": "constant", "reflect": "symmetric", "wrap": "wrap", "nearest": "edge"}
    more = {"constant_values": 9.0} if fill_mode == "constant" else {}
    expected = np.pad(alone[0], ((0, 0), (0, 0), (10, 10), (0, 0)), border[fill_mode], **more)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_array_equal(moved[:, :, 10:20], alone[1])
    assert (moved[:, :, :10] == 255).all() == (fill_mode == "constant")


@pytest.mark.parametrize("gap", [np.nan, np.inf])
def test_a_gap_spreads_no_further_than_it_has_a_share(gap):
    images = random_images(1, 32, 32).astype("float32")
    expected = to_numpy(resizing(8, 8)(images))
    images[0, 9, 21, 0] = gap
    found = to_numpy(resizing(8, 8)(images))
    missing = np.isnan(found)
    # The triangle kernel of a pixel reaches four pixels to each side of its middle.
    assert 1 <= missing.sum() <= 4
    assert missing[0, 2, 5, 0]
    np.testing.assert_allclose(found[~missing], expected[~missing], atol=1e-4)


def test_in_a_pipeline_it_has_its_lookup_to_itself():
    """A map that was merged with it would not tell how many pixels to blend."""
    images, mask = random_images(2, 40, 40), labels(2, 40, 40)
    flip, turn = ks.JointRandomFlip("horizontal", seed=1), ks.JointRandomRotation((0.1, 0.1))
    layers = [flip, resizing(10, 12), turn]
    chain = ks.Pipeline(layers, jit_compile=False)
    drawn = chain.draw_parameters((images, mask), 3)
    expected = images, mask
    for layer, each in zip(layers, drawn["layers"], strict=True):
        expected = layer.apply(expected, each or None)
        expected = keras.ops.round(expected[0]), expected[1]
    found = to_numpy(chain.apply((images, mask), drawn))
    # Images are 8-bit between two lookups, as elsewhere in a chain.
    np.testing.assert_allclose(found[0], to_numpy(expected[0]), atol=1.01)
    np.testing.assert_array_equal(found[1], to_numpy(expected[1]))


def test_unknown_sizes_in_a_dataset():
    images, mask = random_images(3, 30, 34), labels(3, 30, 34)
    layer = resizing(8, 9, jit_compile="auto", dtype="uint8")
    signature = (tf.TensorSpec((None, None, 3), "uint8"), tf.TensorSpec((None, None), "uint8"))
    dataset = tf.data.Dataset.from_generator(
        lambda: zip(images, mask, strict=True), output_signature=signature
    )
    found = list(dataset.map(layer).as_numpy_iterator())
    assert dataset.map(layer).element_spec[0].shape == (8, 9, 3)
    expected = to_numpy(resizing(8, 9, dtype="uint8")(images, mask))
    for i, (image, label) in enumerate(found):
        assert np.abs(image.astype(int) - expected[0][i]).max() <= 1
        np.testing.assert_array_equal(label, expected[1][i])


def test_nearest_has_nothing_to_blend():
    images = random_images(1)
    plain = ks.JointResizing(5, 4, interpolation="nearest", jit_compile=False)(images)
    found = resizing(5, 4, interpolation="nearest")(images)
    np.testing.assert_array_equal(to_numpy(found), to_numpy(plain))
