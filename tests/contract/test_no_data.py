"""NaN, "no data", stays where it is: it spreads only to pixels that are blended with it."""

import math

import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.inspect.check import stages
from tests.cases import IMAGE_ONLY, ids
from tests.data import COMPILED, labels, random_images, to_numpy

NAN = float("nan")
BLURS = (
    ks.ImageOnlyGaussianBlur,
    ks.ImageOnlyMotionBlur,
    ks.ImageOnlyMedianBlur,
    ks.ImageOnlyDefocusBlur,
)
# Filled pixels have a value.
ERASES = (ks.ImageOnlyErasing, ks.ImageOnlyGridDropout)


def holes():
    images = random_images(2).astype("float32")
    images[0, 3:5, 4] = NAN
    images[1, 7, 2, 1] = NAN
    return images


def lost(images):
    """The pixels without a value."""
    return np.isnan(to_numpy(images)).any(-1)


@pytest.mark.parametrize("case", **ids(IMAGE_ONLY))
def test_colors_leave_it_out(case):
    found = to_numpy(case.make()(holes()))
    if case.layer in BLURS:
        assert lost(found).sum() <= 25 * lost(holes()).sum()
    elif case.layer in ERASES:
        assert not (lost(found) & ~lost(holes())).any()
    else:
        np.testing.assert_array_equal(lost(found), lost(holes()))


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize(
    "layer",
    [
        ks.ImageOnlyContrast((0.5, 0.4)),
        ks.ImageOnlyColorJitter(contrast_factor=0.3),
        ks.ImageOnlyNormalization(per_image=True),
    ],
)
def test_statistics_are_those_of_the_rest(layer, compiled):
    """Statistics ignore NaN, as if the image ended where the values do."""
    whole = random_images(2, 32, 32).astype("float32")
    padded = np.pad(whole, ((0, 0), (0, 6), (0, 0), (0, 0)), constant_values=NAN)
    arguments = {**layer.get_config(), "jit_compile": compiled}
    layer = type(layer).from_config(arguments)
    expected, found = (to_numpy(layer.augment(each, 3)) for each in (whole, padded))
    np.testing.assert_allclose(found[:, :32], expected, rtol=1e-4, atol=1e-3)
    assert np.isnan(found[:, 32:]).all()


def test_an_image_without_any_value_stays_as_it_is():
    images = np.full((1, 6, 6, 3), NAN, "float32")
    images[..., 0] = 7.0
    for layer in (ks.ImageOnlyContrast(0.5, jit_compile=False), ks.ImageOnlyNormalization(1, 4)):
        found = to_numpy(layer(images))
        assert np.isfinite(found[..., 0]).all()
        assert np.isnan(found[..., 1:]).all()


def test_a_blur_of_nothing_moves_nothing():
    layer = ks.ImageOnlyGaussianBlur(kernel_size=5, sigma=(0.0, 0.0), jit_compile=False)
    np.testing.assert_array_equal(to_numpy(layer(holes())), holes())


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("fill_mode", ["reflect", "wrap", "nearest", "constant"])
def test_whole_pixels_are_moved_as_they_are(interpolation, fill_mode):
    shared = {"interpolation": interpolation, "fill_mode": fill_mode, "jit_compile": False}
    still = ks.JointRandomRotation(0.0, **shared)(holes())
    np.testing.assert_array_equal(lost(still), lost(holes()))
    moved = ks.JointRandomTranslation((0.25, 0.25), (-0.5, -0.5), **shared)(holes())
    # Down by 4 of 16 pixels, to the left by 7 of 14.
    np.testing.assert_array_equal(lost(moved)[:, 4:, :7], lost(holes())[:, :-4, 7:])


@pytest.mark.parametrize("compiled", COMPILED)
def test_a_rotation_spreads_it_to_what_is_blended(compiled):
    layer = ks.JointRandomRotation(0.1, interpolation="bilinear", jit_compile=compiled)
    assert 1 <= lost(layer(holes()))[0].sum() <= 12


FILLED = {"fill_mode": "constant", "fill_value": NAN, "jit_compile": False}


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_outside_can_be_no_data(interpolation):
    images = random_images(2).astype("float32")
    layer = ks.JointRandomTranslation((0.25, 0.25), 0.0, interpolation=interpolation, **FILLED)
    found, mask = layer(images, labels(2))
    assert lost(found)[:, :4].all()
    np.testing.assert_allclose(to_numpy(found)[:, 4:], images[:, :-4], rtol=1e-6)
    assert not to_numpy(mask)[:, :4].any()
    padded = ks.JointPadding(20, 20, **FILLED)(images)
    assert lost(padded).sum() == 2 * (20 * 20 - 16 * 14)
    erased = ks.JointRandomErasing(fill_value=NAN, jit_compile=False)(images)
    assert 0 < lost(erased).sum() < lost(erased).size


def test_a_fill_of_no_data_is_kept():
    layer = ks.JointRandomRotation(0.1, **FILLED)
    for copy in (
        ks.JointRandomRotation.from_config(layer.get_config()),
        ks.JointRandomRotation.from_json(layer.to_json()),
    ):
        assert math.isnan(copy.fill_value)
    # All NaN count as the same fill value, so the two layers share one lookup.
    assert len(stages(ks.Pipeline([layer, ks.JointRandomZoom(0.1, **FILLED)]))) == 1
    other = ks.JointRandomZoom(0.1, fill_mode="constant", fill_value=float("-nan"))
    assert len(stages(ks.Pipeline([layer, other]))) == 1


@pytest.mark.parametrize("options", [{}, {"dtype": "uint8"}])
def test_integers_cannot_be_no_data(options):
    images = random_images(1) if not options else random_images(1).astype("float32")
    for layer in (
        ks.JointRandomRotation(0.1, **FILLED, **options),
        ks.JointRandomErasing(fill_value=NAN, jit_compile=False, **options),
    ):
        with pytest.raises(ValueError, match=f"{type(layer).__name__}: `fill_value`.*uint8"):
            layer(images)
    ks.Pipeline([ks.ImageOnlyRescaling(0.5), ks.JointRandomRotation(0.1, **FILLED)])(
        random_images(1)
    )
