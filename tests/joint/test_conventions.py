"""Units, signs and centers, compared with Keras' layers where those are right, and by hand."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import random_images, to_numpy


def point(row, column, height=9, width=9):
    mask = np.zeros((1, height, width), "uint8")
    mask[0, row, column] = 1
    return mask


def moved(layer, mask):
    _, result = layer(mask[..., None], mask)
    return [tuple(map(int, at)) for at in np.argwhere(to_numpy(result)[0] == 1)]


QUIET = {"jit_compile": False, "fill_mode": "constant"}


def test_rotation_is_a_fraction_of_a_turn_counter_clockwise():
    layer = ks.JointRandomRotation((0.25, 0.25), **QUIET)
    assert moved(layer, point(2, 6)) == [(2, 2)]


def test_translation_is_down_and_right():
    layer = ks.JointRandomTranslation((2 / 9, 2 / 9), (3 / 9, 3 / 9), **QUIET)
    assert moved(layer, point(4, 4)) == [(6, 7)]


def test_zoom_is_out_when_positive():
    assert len(moved(ks.JointRandomZoom((-0.5, -0.5), **QUIET), point(4, 4))) == 4
    square = np.ones((1, 8, 8), "uint8")
    assert len(moved(ks.JointRandomZoom((1.0, 1.0), **QUIET), square)) == 16


def test_zoom_keeps_the_aspect_unless_told_otherwise():
    drawn = to_numpy(ks.JointRandomZoom(0.3).draw_parameters((50, 8, 8, 1), 1))
    np.testing.assert_array_equal(drawn["height"], drawn["width"])
    drawn = to_numpy(ks.JointRandomZoom(0.3, 0.3).draw_parameters((50, 8, 8, 1), 1))
    assert (drawn["height"] != drawn["width"]).all()


def test_shear_keeps_the_center():
    layer = ks.JointRandomShear((0.5, 0.5), (0.0, 0.0), **QUIET)
    assert moved(layer, point(4, 4)) == [(4, 4)]
    # Two rows above the center a pixel looks one pixel to the left: content moves right.
    assert moved(layer, point(2, 4)) == [(2, 5)]


@pytest.mark.parametrize("turns", range(4))
def test_quarter_turns(turns):
    images = random_images(1, 7, 7)
    layer = ks.JointRandomRotate90(jit_compile=False)
    drawn = {"quarter_turns": keras.ops.convert_to_tensor([turns], dtype="int32")}
    found = to_numpy(layer.apply(images, drawn))
    np.testing.assert_array_equal(found[0], np.rot90(images[0], turns))


def test_quarter_turns_of_an_image_that_is_not_square():
    images = random_images(200, 5, 8)
    found = to_numpy(ks.JointRandomRotate90(seed=1, jit_compile=False)(images))
    half = images[:, ::-1, ::-1]
    turned = (found == half).all((1, 2, 3))
    assert (turned | (found == images).all((1, 2, 3))).all()
    assert 60 < turned.sum() < 140


@pytest.mark.parametrize(("mode", "axis"), [("horizontal", 2), ("vertical", 1)])
def test_flip(mode, axis):
    images = random_images(40)
    found = to_numpy(ks.JointRandomFlip(mode, seed=1, jit_compile=False)(images))
    flipped = (found == np.flip(images, axis)).all((1, 2, 3))
    assert (flipped | (found == images).all((1, 2, 3))).all()
    assert 8 < flipped.sum() < 32


def test_random_crop_takes_every_window():
    mask = np.arange(20).reshape(1, 4, 5).repeat(400, 0).astype("uint8")
    layer = ks.JointRandomCrop(3, 3, seed=1, jit_compile=False)
    found = to_numpy(layer(mask[..., None], mask))[1]
    corners = {int(corner) for corner in found[:, 0, 0]}
    assert corners == {0, 1, 2, 5, 6, 7}
    for window in found:
        row, column = divmod(int(window[0, 0]), 5)
        np.testing.assert_array_equal(window, mask[0, row : row + 3, column : column + 3])


def test_a_small_image_is_put_in_the_middle_of_a_crop():
    images = random_images(2, 4, 4) + 1
    for layer in (ks.JointRandomCrop(8, 6, **QUIET), ks.JointCenterCrop(8, 6, **QUIET)):
        found = to_numpy(layer(images))
        np.testing.assert_array_equal(found[:, 2:6, 1:5], images)
        assert found.sum() == images.astype("float64").sum()


@pytest.mark.parametrize("size", [(5, 9), (32, 28), (16, 14), (7, 40)])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_resizing_is_that_of_tensorflow(size, interpolation):
    import tensorflow as tf

    images = random_images(2)
    layer = ks.JointResizing(*size, interpolation=interpolation, jit_compile=False)
    expected = tf.image.resize(images, size, interpolation).numpy()
    floats = to_numpy(layer(images.astype("float32")))
    np.testing.assert_allclose(floats, expected, atol=1e-2)
    # 8-bit images stay 8-bit through a lookup.
    np.testing.assert_allclose(to_numpy(layer(images)), expected, atol=0.51)


def test_affine_is_its_parts_in_their_order():
    # Floats, since the last bit of a matrix decides whether 172.5 becomes 172 or 173.
    images = random_images(4, 20, 23).astype("float32")
    affine = ks.JointRandomAffine(
        (0.1, 0.1), (0.2, 0.2), (-0.1, -0.1), (0.1, 0.1), (0.2, 0.2), (0.1, 0.1), (0.05, 0.05)
    )
    parts = ks.Pipeline(
        [
            ks.JointRandomZoom((0.2, 0.2), (-0.1, -0.1)),
            ks.JointRandomShear((0.1, 0.1), (0.05, 0.05)),
            ks.JointRandomRotation((0.1, 0.1)),
            ks.JointRandomTranslation((0.1, 0.1), (0.2, 0.2)),
        ],
        jit_compile=False,
    )
    np.testing.assert_allclose(to_numpy(affine(images)), to_numpy(parts(images)), atol=0.1)


# Not "wrap": across the seam TensorFlow's warp does not blend; test_resample.py has scipy.
@pytest.mark.parametrize("fill_mode", ["reflect", "nearest", "constant"])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ks.JointRandomRotation((0.07, 0.07)), "RandomRotation"),
        (ks.JointRandomZoom((0.3, 0.3), (-0.2, -0.2)), "RandomZoom"),
        (ks.JointRandomTranslation((0.17, 0.17), (-0.11, -0.11)), "RandomTranslation"),
    ],
)
def test_keras_agrees(ours, theirs, fill_mode):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras' own layers differ between backends: see peers.md, 2d")
    config = ours.get_config()
    names = ("factor", "height_factor", "width_factor")
    arguments = {name: tuple(config[name]) for name in names if name in config}
    border = {"fill_mode": fill_mode, "fill_value": 9.0 if fill_mode == "constant" else 0.0}
    layer = getattr(keras.layers, theirs)(**arguments, **border)
    smooth = np.indices((40, 44)).sum(0)[None, ..., None].astype("float32")
    mine = type(ours)(**arguments, **border, jit_compile=False)
    np.testing.assert_allclose(to_numpy(mine(smooth)), layer(smooth).numpy(), atol=0.05)


def test_a_merged_chain_blends_once():
    """A turn and a turn back give the image itself, except for the rounding of coordinates."""
    images = random_images(2, 40, 40)
    there_and_back = ks.Pipeline(
        [ks.JointRandomRotation((0.1, 0.1)), ks.JointRandomRotation((-0.1, -0.1))],
        jit_compile=False,
    )
    np.testing.assert_allclose(to_numpy(there_and_back(images)), images, atol=0.05)


def test_different_borders_are_not_merged():
    images = np.ones((1, 8, 8, 1), "float32")
    shift = {"height_factor": (0.5, 0.5), "width_factor": (0.0, 0.0)}
    layer = ks.Pipeline(
        [
            ks.JointRandomTranslation(**shift, fill_mode="constant", fill_value=0.0),
            ks.JointRandomTranslation(**shift, fill_mode="nearest"),
        ],
        jit_compile=False,
    )
    # The first fills the upper half with 0, the second repeats that row.
    assert to_numpy(layer(images)).sum() == 0.0
