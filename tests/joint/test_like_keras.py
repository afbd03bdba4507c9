"""Fixed factors on fixed arrays, compared with Keras' layer of that name on the same backend.

What differs, and why, is in docs/keras_conventions.md; here it is measured.
"""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import labels, random_images, to_numpy

QUIET = {"jit_compile": False}
HEIGHT, WIDTH = 24, 32


def smooth(count=1):
    """Images so smooth that the last bit of a coordinate does not show."""
    rows, columns = np.indices((HEIGHT, WIDTH), "float32")
    images = [3.0 * rows + 2.0 * columns + i for i in range(count)]
    return np.stack(images)[..., None]


def assert_alike(ours, theirs, images, atol=0.02, margin=0):
    inside = slice(margin, -margin or None)
    found, expected = to_numpy((ours(images), theirs(images)))
    assert found.shape == expected.shape
    np.testing.assert_allclose(
        found[:, inside, inside], expected[:, inside, inside], atol=atol, rtol=0
    )
    return found


MOVING = [
    ("RandomRotation", {"factor": (0.25, 0.25)}),
    ("RandomRotation", {"factor": (0.5, 0.5)}),
    ("RandomRotation", {"factor": (-0.04, -0.04)}),
    ("RandomZoom", {"height_factor": (0.5, 0.5)}),
    ("RandomZoom", {"height_factor": (-0.4, -0.4), "width_factor": (0.2, 0.2)}),
    ("RandomTranslation", {"height_factor": (0.25, 0.25), "width_factor": (-0.125, -0.125)}),
    ("RandomTranslation", {"height_factor": (-0.1, -0.1), "width_factor": (0.03, 0.03)}),
]


@pytest.mark.parametrize(("name", "factors"), MOVING)
def test_geometry(name, factors):
    border = {"fill_mode": "constant", "fill_value": 50.0}
    ours = getattr(ks, f"Joint{name}")(**factors, **border, **QUIET)
    theirs = getattr(keras.layers, name)(**factors, **border)
    images = smooth()
    found, expected = to_numpy((ours(images), theirs(images)))
    assert np.abs(found - images).mean() > 1.0
    # The last bit of a coordinate decides where the fill begins.
    assert (np.abs(found - expected) > 0.05).mean() < 0.03


@pytest.mark.parametrize(("mode", "axis"), [("horizontal", 2), ("vertical", 1)])
def test_flip(mode, axis):
    images = random_images(1).astype("float32")
    true = keras.ops.convert_to_tensor([True])
    theirs = keras.layers.RandomFlip(mode).transform_images(
        images, {"flips": keras.ops.reshape(true, (1, 1, 1, 1)), "input_shape": images.shape}
    )
    ours = ks.JointRandomFlip(mode, **QUIET).apply(images, {mode: true})
    np.testing.assert_array_equal(to_numpy(ours), to_numpy(theirs))
    np.testing.assert_array_equal(to_numpy(ours), np.flip(images, axis))


@pytest.mark.parametrize(("x", "y"), [(0.25, 0.0), (0.0, 0.25)])
def test_shear_is_keras_about_the_center(x, y):
    """Keras shears about the top left corner: on 9 x 9 pixels that differs by one pixel."""
    rows, columns = np.indices((9, 9), "float32")
    images = (7.0 * rows + 5.0 * columns)[None, ..., None]
    factors = keras.ops.convert_to_tensor([[x, y]], dtype="float32")
    drawn = {"shear_factor": factors, "input_shape": images.shape}
    theirs = to_numpy(keras.layers.RandomShear(0.5, 0.5).transform_images(images, drawn))
    ours = to_numpy(ks.JointRandomShear((x, x), (y, y), **QUIET)(images))
    down, right = (1, 0) if y else (0, 1)
    moved = ours[:, 2 + down : 6 + down, 2 + right : 6 + right]
    np.testing.assert_allclose(moved, theirs[:, 2:6, 2:6], atol=0.01)


def test_a_pair_of_shears_is_a_range_and_no_sign_is_drawn():
    drawn = to_numpy(ks.JointRandomShear((0.2, 0.2)).draw_parameters((50, 8, 8, 1), 1))
    np.testing.assert_allclose(drawn["x"], 0.2)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"interpolation": "nearest"},
        {"interpolation": "bicubic"},
        {"crop_to_aspect_ratio": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(12, 16), (48, 64), (20, 40)])
def test_resizing(size, options):
    # JAX leaves out the taps of a cubic beyond the edge; TensorFlow mirrors them, as we do.
    theirs = keras.layers.Resizing(*size, **options)
    margin = 6 if options.get("interpolation") == "bicubic" else 0
    assert_alike(ks.JointResizing(*size, **options, **QUIET), theirs, smooth(2), margin=margin)


def test_a_letterbox_is_where_keras_puts_it():
    options = {"pad_to_aspect_ratio": True, "fill_mode": "constant", "fill_value": 9.0}
    found = to_numpy(ks.JointResizing(36, 32, **options, **QUIET)(smooth()))
    theirs = to_numpy(keras.layers.Resizing(36, 32, **options)(smooth()))
    np.testing.assert_allclose(found, theirs, atol=0.02)


@pytest.mark.parametrize("size", [(24, 32), (11, 14), (12, 15)])
def test_center_crop(size):
    images = random_images(2, HEIGHT, WIDTH).astype("float32")
    assert_alike(ks.JointCenterCrop(*size, **QUIET), keras.layers.CenterCrop(*size), images)


def test_a_random_crop_takes_the_middle_at_inference():
    """Keras returns the whole image, which has another size than in training."""
    images = random_images(2, HEIGHT, WIDTH).astype("float32")
    ours = to_numpy(ks.JointRandomCrop(12, 16, **QUIET)(images, training=False))
    np.testing.assert_array_equal(ours, images[:, 6:18, 8:24])
    theirs = to_numpy(keras.layers.RandomCrop(12, 16)(images, training=False))
    np.testing.assert_array_equal(theirs, images)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_erasing_nothing_and_all(share):
    images, mask = random_images(2).astype("float32"), labels(2)
    settings = {"scale": (share, share), "fill_value": 77.0}
    # A square of the whole area would be cut to the image.
    ours = ks.JointRandomErasing(**settings, ratio=(14 / 16, 14 / 16), mask_fill_value=9, **QUIET)
    found, moved = to_numpy(ours(images, mask))
    # For a factor of 1.0 Keras draws a chance from 0 to 1, which leaves half of the images alone.
    expected = to_numpy(keras.layers.RandomErasing((1.0, 1.0), **settings)(images))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(moved, np.full_like(mask, 9) if share else mask)


def test_a_tiny_share_erases_a_pixel():
    layer = ks.JointRandomErasing(scale=(1e-6, 1e-6), mask_fill_value=9, **QUIET)
    _, mask = to_numpy(layer(random_images(2), labels(2)))
    assert (mask == 9).sum((1, 2)).tolist() == [1, 1]


def test_no_strength_bends_nothing():
    images = smooth()
    for ours, theirs in [
        (ks.JointRandomPerspective(scale=0.0, **QUIET), keras.layers.RandomPerspective(scale=0.0)),
        (
            ks.JointRandomElasticTransform(strength=0.0, **QUIET),
            keras.layers.RandomElasticTransform(scale=(0.0, 0.0)),
        ),
    ]:
        # Keras' warps may leave the outermost pixels out.
        found = assert_alike(ours, theirs, images, margin=1)
        np.testing.assert_allclose(found, images, atol=1e-3)


CHANCES = ["JointRandomPerspective", "JointRandomElasticTransform", "JointRandomErasing"]


@pytest.mark.parametrize("name", [*CHANCES, "ImageOnlyGaussianBlur"])
@pytest.mark.parametrize("given", [0.3, (0.1, 0.3)])
def test_a_chance_without_a_name_is_refused(name, given):
    """In Keras the first argument of these layers is the chance that they act."""
    with pytest.raises(TypeError, match=rf"^{name}: .*must be named.*probability="):
        getattr(ks, name)(given)
    assert getattr(ks, name)(probability=0.3).probability == 0.3


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("RandomRotation", (-0.4,)),
        ("RandomTranslation", (-0.4, -0.2)),
        ("RandomZoom", (-0.4,)),
        ("RandomZoom", (-0.4, -0.3)),
    ],
)
def test_a_negative_scalar_is_the_same_range(name, arguments):
    getattr(keras.layers, name)(*arguments)
    given, positive = (
        getattr(ks, f"Joint{name}")(*values).get_config()
        for values in (arguments, [-value for value in arguments])
    )
    ranges = {k: v for k, v in given.items() if k.endswith("factor")}
    assert ranges == {k: positive[k] for k in ranges}
    first = next(iter(ranges.values()))
    assert tuple(first) == (-0.4, 0.4)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("RandomRotation", ((0.4, -0.4),)),
        ("RandomTranslation", ((0.2, 0.1), 0.1)),
        ("RandomZoom", ((0.2, 0.1),)),
        ("RandomShear", ((0.2, 0.1),)),
    ],
)
def test_a_pair_in_the_wrong_order_is_refused(name, arguments):
    """Keras sorts the pair, but the order is more often a slip than intended."""
    getattr(keras.layers, name)(*arguments)
    with pytest.raises(ValueError, match=rf"^Joint{name}: .*lower <= upper"):
        getattr(ks, f"Joint{name}")(*arguments)


def test_weights_of_a_model_with_keras_layers_that_hold_none():
    """A deterministic layer has no variable, so the lists of weights are the same."""

    def model(resizing, rescaling, cut):
        inputs = keras.Input((HEIGHT, WIDTH, 1))
        scaled = rescaling(cut(resizing(inputs)))
        return keras.Model(inputs, keras.layers.Conv2D(2, 1)(scaled))

    theirs = model(
        keras.layers.Resizing(12, 16),
        keras.layers.Rescaling(1 / 255),
        keras.layers.CenterCrop(8, 8),
    )
    ours = model(ks.JointResizing(12, 16), ks.ImageOnlyRescaling(1 / 255), ks.JointCenterCrop(8, 8))
    ours.set_weights(theirs.get_weights())
    assert len(ours.weights) == 2
    np.testing.assert_allclose(to_numpy(ours(smooth(2))), to_numpy(theirs(smooth(2))), atol=1e-4)
