"""`mask_classes` and `channels`: which pixels of an image change."""

import numpy as np
import pytest

import keras_segaug as ks
from tests.cases import IMAGE_ONLY, Case, ids
from tests.data import labels, random_images, to_numpy

RANGES = (ks.ImageOnlyRescaling, ks.ImageOnlyNormalization, ks.ImageOnlyPercentileRescaling)
# Without contrast: its mean would change if only some pixels got brighter.
JITTER = {"brightness_factor": 0.2, "saturation_factor": (0.3, 0.7), "hue_factor": 0.2}
LIMITED = [
    Case(case.layer, JITTER) if case.layer is ks.ImageOnlyColorJitter else case
    for case in IMAGE_ONLY
    if case.layer not in RANGES
]
# A table, a mean, neighbors, the channels of a pixel.
KINDS = [case for case in LIMITED if case.id[9:] in ("Gamma", "Contrast", "GaussianBlur", "Hue")]


def one_hot(mask):
    return np.eye(5, dtype="float32")[mask]


@pytest.mark.parametrize("case", **ids(LIMITED))
def test_pixels_of_other_classes_stay(case):
    images, mask = random_images(4), labels(4)
    expected = to_numpy(case.make()(images))
    found, after = to_numpy(case.make(mask_classes=[1, 3])((images, mask)))
    chosen = np.isin(mask, [1, 3])
    np.testing.assert_array_equal(after, mask)
    np.testing.assert_array_equal(found[~chosen], images[~chosen].astype("float32"))
    np.testing.assert_array_equal(found[chosen], expected[chosen])
    again, _ = to_numpy(case.make(mask_classes=[1, 3])((images, one_hot(mask))))
    np.testing.assert_array_equal(again, found)


@pytest.mark.parametrize("case", **ids(LIMITED))
def test_other_channels_stay(case):
    images = random_images(3, channels=5)
    found = to_numpy(case.make(channels=(3, 0, 1))(images))
    expected = to_numpy(case.make()(images[..., [3, 0, 1]]))
    np.testing.assert_array_equal(found[..., [3, 0, 1]], expected)
    np.testing.assert_array_equal(found[..., [2, 4]], images[..., [2, 4]].astype("float32"))


@pytest.mark.parametrize("case", **ids(KINDS))
@pytest.mark.parametrize("jit_compile", [False, "auto"])
def test_the_mask_counts_as_it_is_at_the_place_of_the_layer(case, jit_compile):
    """There the mask is moved, and not yet one-hot."""
    images, mask = random_images(4, 40, 30, 4), labels(4, 40, 30)
    flip = ks.JointRandomFlip("horizontal", dtype="uint8")
    color = case.make(mask_classes=[1], channels=(0, 1, 2), dtype="uint8")
    layers = [flip, color, ks.MaskOnlyOneHot(5)]
    layer = ks.Pipeline(layers, dtype="uint8", jit_compile=jit_compile)
    drawn = layer.draw_parameters((images, mask), 1)
    found, after = to_numpy(layer.apply((images, mask), drawn))
    moved = flip.apply((images, mask), drawn["layers"][0])
    expected, of_class = to_numpy(color.apply(moved, drawn["layers"][1]))
    np.testing.assert_array_equal(after.argmax(-1), of_class)
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert (found != to_numpy(moved)[0]).any()


def test_the_first_mask_of_a_mapping_is_the_first_by_name():
    images, mask = random_images(3), labels(3)
    layer = ks.ImageOnlyGamma((2.0, 2.0), mask_classes=[1], jit_compile=False)
    found = to_numpy(layer(images, {"b": 0 * mask, "a": mask})[0])
    np.testing.assert_array_equal(found, to_numpy(layer(images, mask)[0]))
    assert (found != images).any()


def test_further_images_change_where_the_mask_says():
    images, mask = random_images(3), labels(3)
    layer = ks.ImageOnlyGamma((2.0, 2.0), mask_classes=[1], targets={"image_2": "image"})
    found = to_numpy(layer({"image": images, "mask": mask, "image_2": images[::-1].copy()}))
    changed = found["image_2"] != images[::-1]
    assert changed[mask == 1].mean() > 0.9
    assert not changed[mask != 1].any()


@pytest.mark.parametrize(
    ("arguments", "data", "message"),
    [
        ({"mask_classes": [300]}, "pair", r"`mask_classes` must be ids that the masks can hold"),
        ({"mask_classes": [1]}, "images", r"`mask_classes` needs a mask.*leave `mask_classes` out"),
        ({"channels": (0, 3)}, "pair", r"`channels` must be among 0 to 2 for images of 3 channels"),
    ],
)
def test_what_does_not_fit_the_data_is_refused(arguments, data, message):
    layer = ks.ImageOnlyGamma(0.3, seed=1, **arguments)
    pair = (random_images(2), labels(2))
    with pytest.raises(ValueError, match=f"ImageOnlyGamma: {message}"):
        layer(pair if data == "pair" else pair[0])
    # The stream has not advanced.
    other = ks.ImageOnlyGamma(0.3, seed=1, **arguments)
    other.build(None)
    np.testing.assert_array_equal(to_numpy(layer._state.value), to_numpy(other._state.value))


@pytest.mark.parametrize("argument", ["mask_classes", "channels"])
@pytest.mark.parametrize("value", [[], [1, 1], [-1], 2, "12", [1.5]])
def test_wrong_numbers_are_refused(argument, value):
    with pytest.raises(ValueError, match=f"ImageOnlyHue: `{argument}` must be .* every one once"):
        ks.ImageOnlyHue(0.3, **{argument: value})


@pytest.mark.parametrize("argument", ["mask_classes", "channels"])
def test_layers_that_change_the_range_refuse_limits(argument):
    with pytest.raises(ValueError, match=f"`{argument}` must be None for a layer that changes"):
        ks.ImageOnlyRescaling(1 / 255, **{argument: [1]})
