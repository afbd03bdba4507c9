"""Layers that cut, pad and resize, compared with other libraries, and by hand."""

import pathlib

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import keras_segaug as ks
from examples.slices import read_pairs
from keras_segaug.inspect.check import stages
from tests.data import labels, random_images, to_numpy

CT = pathlib.Path(__file__).parents[2] / "examples/data/ct"
QUIET = {"jit_compile": False}


def coordinates(height, width):
    """A float image of (row, column), which tells where every pixel was looked up."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return np.stack([rows, columns], -1).astype("float32")


@pytest.mark.parametrize("size", [(12, 12), (24, 12), (10, 40)])
def test_crop_to_aspect_ratio_is_that_of_keras(size):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("one backend of Keras' layer is enough to compare with")
    images = random_images(2, 24, 36).astype("float32")
    theirs = keras.layers.Resizing(*size, crop_to_aspect_ratio=True)(images)
    ours = ks.JointResizing(*size, crop_to_aspect_ratio=True, **QUIET)(images)
    np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), atol=0.1)


def test_pad_to_aspect_ratio_is_a_resized_image_with_a_sharp_edge():
    images, mask = random_images(2, 24, 36), labels(2, 24, 36)
    border = {"fill_mode": "constant", "fill_value": 9.0, "mask_fill_value": 255}
    letterbox = ks.JointResizing(20, 18, pad_to_aspect_ratio=True, **border, **QUIET)
    found, found_mask = to_numpy(letterbox(images, mask))
    plain, plain_mask = to_numpy(ks.JointResizing(12, 18, **QUIET)(images, mask))
    np.testing.assert_array_equal(found[:, 4:16], plain)
    np.testing.assert_array_equal(found_mask[:, 4:16], plain_mask)
    for edge in (slice(0, 4), slice(16, 20)):
        np.testing.assert_array_equal(found[:, edge], 9.0)
        np.testing.assert_array_equal(found_mask[:, edge], 255)


def test_the_letterbox_stays_sharp_in_a_chain():
    """The bars keep the fill, even where a merged lookup could see more of the image."""
    border = {"fill_mode": "constant", "fill_value": 9.0}
    chain = ks.Pipeline(
        [
            ks.JointCenterCrop(12, 12, **border),
            ks.JointResizing(12, 24, pad_to_aspect_ratio=True, **border),
        ],
        **QUIET,
    )
    found = to_numpy(chain(random_images(1, 40, 40)))
    np.testing.assert_array_equal(found[:, :, :6], 9.0)
    np.testing.assert_array_equal(found[:, :, 18:], 9.0)


@pytest.mark.parametrize(
    ("arguments", "corner"),
    [
        ({"height": 20, "width": 17}, (4, 3)),
        ({"multiple": 16}, (2, 2)),
        ({"multiple": (7, 9), "position": "top_left"}, (0, 0)),
    ],
)
def test_padding(arguments, corner):
    images, mask = random_images(2, 12, 12), labels(2, 12, 12)
    weights = np.ones((2, 12, 12), "float32")
    border = {"fill_mode": "constant", "fill_value": 3.0, "mask_fill_value": 255}
    found = to_numpy(ks.JointPadding(**arguments, **border, **QUIET)(images, mask, weights))
    below, behind = (n - 12 - c for n, c in zip(found[1].shape[1:], corner, strict=True))
    spread = ((0, 0), (corner[0], below), (corner[1], behind))
    expected = (
        np.pad(images, (*spread, (0, 0)), constant_values=3),
        np.pad(mask, spread, constant_values=255),
        np.pad(weights, spread),
    )
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert found[1].shape == {16: (2, 16, 16), (7, 9): (2, 14, 18)}.get(
        arguments.get("multiple"), (2, 20, 17)
    )


def test_scale_crop_at_one_fits_the_image_in():
    images = random_images(2, 24, 36)
    border = {"fill_mode": "constant", "fill_value": 9.0}
    fitted = ks.JointRandomScaleCrop(20, 18, scale=(1.0, 1.0), **border, **QUIET)
    letterbox = ks.JointResizing(20, 18, pad_to_aspect_ratio=True, **border, **QUIET)
    np.testing.assert_array_equal(to_numpy(fitted(images)), to_numpy(letterbox(images)))
    np.testing.assert_array_equal(
        to_numpy(fitted(images, training=False)), to_numpy(letterbox(images))
    )


def test_scale_crop_is_a_crop_of_the_resized_image():
    images, mask = random_images(30, 12, 12), labels(30, 12, 12)
    layer = ks.JointRandomScaleCrop(10, 10, scale=(2.0, 2.0), seed=1, **QUIET)
    parameters = layer.draw_parameters(images.shape, 4)
    found, found_mask = to_numpy(layer.apply((images, mask), parameters))
    large, large_mask = to_numpy(ks.JointResizing(20, 20, **QUIET)(images, mask))
    drawn = to_numpy(parameters)
    for i in range(30):
        top, left = (int(drawn[name][i] * 11) for name in ("top", "left"))
        window = slice(top, top + 10), slice(left, left + 10)
        np.testing.assert_allclose(found[i], large[i][window], atol=1.0)
        np.testing.assert_array_equal(found_mask[i], large_mask[i][window])


def windows_of(layer, height, width, count=400):
    """(top, left, height, width) of the windows that a resized crop cuts."""
    image = np.broadcast_to(coordinates(height, width), (count, height, width, 2)).copy()
    found = to_numpy(layer(image))
    steps = found[:, -1, -1] - found[:, 0, 0]
    sizes = np.array([layer.height, layer.width])
    # The outermost points lie half an output pixel inside the window, unless it is enlarged.
    spans = np.round(steps * sizes / (sizes - 1))
    return np.concatenate([found[:, 0, 0], spans], -1)


def test_resized_crop_stays_in_its_ranges():
    layer = ks.JointRandomResizedCrop(9, 11, (0.3, 0.5), (0.8, 1.25), seed=2, **QUIET)
    windows = windows_of(layer, 200, 220)
    area = windows[:, 2] * windows[:, 3] / (200 * 220)
    aspect = windows[:, 3] / windows[:, 2]
    assert area.min() > 0.29
    assert area.max() < 0.51
    assert aspect.min() > 0.78
    assert aspect.max() < 1.28
    assert stats.kstest(area, stats.uniform(0.3, 0.2).cdf).pvalue > 0.01
    log_aspect = np.log(aspect) / np.log(1.25)
    assert stats.kstest(log_aspect, stats.uniform(-1, 2).cdf).pvalue > 0.01


@pytest.mark.slow
@settings(deadline=None, max_examples=30)
@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.05, 1.0), st.floats(0.2, 5.0))
def test_resized_crop_never_leaves_the_image(height, width, area, aspect):
    layer = ks.JointRandomResizedCrop(5, 7, (area, area), (aspect, aspect), seed=1, **QUIET)
    image = np.broadcast_to(coordinates(height, width), (20, height, width, 2)).copy()
    found = to_numpy(layer(image))
    assert found.min() >= 0.0
    assert (found.max((0, 1, 2)) <= [height - 1, width - 1]).all()
    start, size = layer._window(layer.draw_parameters((20, height, width, 2), 3), (height, width))
    top, left, tall, wide = (np.broadcast_to(to_numpy(x), 20) for x in (*start, *size))
    assert (top >= 0).all()
    assert (top + tall <= height).all()
    assert (left >= 0).all()
    assert (left + wide <= width).all()
    # The aspect ratio is in its range, except for the rounding to whole pixels.
    assert (np.abs(wide - tall * aspect) <= 0.5 + 0.5 * aspect + 1e-3).all() or tall.min() == 1


def test_resized_crop_is_a_crop_then_a_resize():
    import tensorflow as tf

    images = random_images(12, 40, 50).astype("float32")
    layer = ks.JointRandomResizedCrop(24, 20, (0.1, 0.9), seed=1, **QUIET)
    parameters = layer.draw_parameters(images.shape, 5)
    found = to_numpy(layer.apply(images, parameters))
    start, size = layer._window(parameters, (40, 50))
    windows = [to_numpy(x) for x in (*start, *size)]
    for i, image in enumerate(images):
        top, left, tall, wide = (int(x[i]) for x in windows)
        expected = tf.image.resize(image[top : top + tall, left : left + wide], (24, 20))
        np.testing.assert_allclose(found[i], expected.numpy(), atol=0.2)


def test_resizing_merges_with_any_border():
    """A turn that fills with a constant and a resized crop are still one lookup."""
    turn = ks.JointRandomRotation(0.1, fill_mode="constant", mask_fill_value=255)
    for layer in (ks.JointRandomResizedCrop(8, 8), ks.JointResizing(8, 8)):
        assert [len(stage) for stage in stages(ks.Pipeline([turn, layer]))] == [2]


STATIC = [
    ks.JointPadding(40, 44),
    ks.JointResizing(20, 24, crop_to_aspect_ratio=True),
    ks.JointResizing(20, 24, pad_to_aspect_ratio=True),
    ks.JointRandomScaleCrop(20, 24),
    ks.JointRandomResizedCrop(20, 24),
    ks.JointRandomCrop(20, 24),
    ks.JointCenterCrop(20, 24),
    ks.Pipeline([ks.JointRandomFlip(), ks.JointRandomCrop(20, 24), ks.ImageOnlyGamma(0.2)]),
    ks.Pipeline([ks.JointRandomCrop(20, 24), ks.JointRandomRotation(0.1), ks.MaskOnlyOneHot(5)]),
]


@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize("layer", STATIC, ids=lambda layer: layer.name)
def test_shapes_are_known_after_images_of_unknown_size(layer, batch):
    import tensorflow as tf

    shape = [] if batch is None else [None]
    signature = (
        tf.TensorSpec([*shape, None, None, 3], "uint8"),
        tf.TensorSpec([*shape, None, None], "uint8"),
    )
    dataset = tf.data.Dataset.from_generator(lambda: iter(()), output_signature=signature)
    for spec in dataset.map(layer).element_spec:
        assert None not in spec.shape[len(shape) : len(shape) + 2]
    told = layer(
        keras.KerasTensor((None, None, None, 3), "uint8"),
        keras.KerasTensor((None, None, None), "uint8"),
    )
    assert None not in told[0].shape[1:3]


@pytest.mark.parametrize("cls", [ks.JointRandomCrop, ks.JointCenterCrop])
def test_a_window_larger_than_the_image_is_refused_without_padding(cls):
    layer = cls(20, 10, pad=False, **QUIET)
    with pytest.raises(ValueError, match=rf"{cls.__name__}: .*height=20 .* 16 x 14 .*`pad=True`"):
        layer(random_images())
    assert tuple(cls(16, 10, pad=False, **QUIET)(random_images()).shape) == (3, 16, 10, 3)


def test_padding_refuses_a_larger_image():
    with pytest.raises(ValueError, match=r"JointPadding: .*height=10 .* 16 x 14\. Pad to a"):
        ks.JointPadding(10, 20, **QUIET)(random_images())


def test_real_slices_through_all_of_them():
    """Image and mask come from the same place: a channel that carries the mask still equals it."""
    images, masks, _ = read_pairs(CT)
    images, masks = images[:24:6], masks[:24:6]
    chain = ks.Pipeline(
        [
            ks.JointRandomResizedCrop(100, 120, interpolation="nearest"),
            ks.JointRandomScaleCrop(96, 96, (0.5, 1.5), interpolation="nearest"),
            ks.JointPadding(multiple=64),
        ],
        seed=3,
        **QUIET,
    )
    carried = np.concatenate([images, masks[..., None]], -1)
    found, moved = to_numpy(chain(carried, masks))
    assert found.shape == (4, 128, 128, 2)
    np.testing.assert_array_equal(found[..., 1], moved)
    assert set(np.unique(moved)) <= set(np.unique(masks))
    assert len(np.unique(moved)) > 2


@pytest.mark.parametrize(("channels", "fill"), [(4, 5), (3, 127.5)])
def test_8_bit_images_that_fit_no_word_are_copied_too(channels, fill):
    images = random_images(2, 6, 7, channels)
    padding = ks.JointPadding(8, 7, fill_mode="constant", fill_value=fill, jit_compile=False)
    found = to_numpy(padding(images))
    np.testing.assert_array_equal(found[:, 1:7], images)
    np.testing.assert_array_equal(found[:, 0], round(fill))
