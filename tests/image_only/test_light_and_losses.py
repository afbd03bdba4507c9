"""What layers of light, of erasing and of references do."""

import json

import numpy as np
import pytest

import keras_segaug as ks
from tests.cases import REFERENCES
from tests.data import labels, random_images, to_numpy

PLAIN = {"jit_compile": False, "seed": 3}
# Arguments under which a layer leaves images as they are.
NEUTRAL = [
    (ks.ImageOnlySharpness, {"factor": (0.5, 0.5)}),
    (ks.ImageOnlyMotionBlur, {"length": 0.0}),
    (ks.ImageOnlyMedianBlur, {"kernel_size": 1}),
    (ks.ImageOnlyDefocusBlur, {"radius": 0.5}),
    (ks.ImageOnlyLowResolution, {"scale": (1.0, 1.0), "value_range": (-1000, 1000)}),
    (ks.ImageOnlyBiasField, {"factor": 0.0, "value_range": (-1000, 1000)}),
    (ks.ImageOnlyShadow, {"factor": 0.0, "value_range": (-1000, 1000)}),
    (ks.ImageOnlyFog, {"factor": 0.0, "value_range": (-1000, 1000)}),
    (ks.ImageOnlyVignetting, {"factor": 0.0, "value_range": (-1000, 1000)}),
    (ks.ImageOnlyErasing, {"scale": (0.0, 0.0)}),
    (ks.ImageOnlyGridDropout, {"ratio": 0.0}),
    (ks.ImageOnlyHistogramMatching, {"references": REFERENCES, "factor": 0.0}),
    (ks.ImageOnlyFourierDomainAdaptation, {"references": REFERENCES, "factor": 0.0}),
]


@pytest.mark.parametrize(("layer", "arguments"), NEUTRAL)
def test_neutral_is_exact(layer, arguments):
    images = (random_images() + np.random.default_rng(0).random((3, 16, 14, 3)) / 2).clip(0, 255)
    images = images.astype("float32")
    images[0, 3, 4] = np.nan
    np.testing.assert_array_equal(to_numpy(layer(**arguments, **PLAIN)(images)), images)


def test_a_bias_field_is_smooth_and_the_same_for_all_channels():
    images = np.full((4, 32, 32, 3), 50, "float32")
    found = to_numpy(ks.ImageOnlyBiasField((0.3, 0.3), value_range=(-100, 1000), **PLAIN)(images))
    field = np.log((found + 100) / 150)
    np.testing.assert_allclose(field[..., 0], field[..., 2], atol=1e-6)
    # The field is of third order, so the fourth difference along a row is 0.
    np.testing.assert_allclose(np.diff(field, 4, axis=2), 0.0, atol=1e-5)
    assert field.std() > 0.05


def test_a_shadow_is_one_convex_region_of_one_darkness():
    images = np.full((20, 48, 40, 1), 200, "uint8")
    layer = ks.ImageOnlyShadow((0.5, 0.5), softness=0.0, **PLAIN)
    found = to_numpy(layer(images))[..., 0]
    assert found.min() == 100.0
    for image in found:
        dark = np.argwhere(image < 101)
        assert len(dark)
        middle = np.round((dark[:-1:2] + dark[1::2]) / 2).astype(int)
        assert (image[tuple(middle.T)] < 200).all()


def test_fog_is_half_of_its_factor_on_average():
    images = np.zeros((200, 24, 24, 1), "uint8")
    found = to_numpy(ks.ImageOnlyFog((0.8, 0.8), **PLAIN)(images)) / 255
    assert abs(found.mean() - 0.4) < 0.03
    assert found.max() <= 0.8 + 1e-6


def test_vignetting_darkens_the_corners_by_its_factor():
    found = to_numpy(ks.ImageOnlyVignetting((0.36, 0.36), **PLAIN)(np.full((9, 13, 1), 100.0)))
    np.testing.assert_allclose(found[[0, -1], [0, -1], 0], 64.0, rtol=1e-5)
    assert found[4, 6, 0] == 100.0
    # There tan^2 is more than half of that of the corner, which is 1 / 0.8 - 1.
    assert found[4, 0, 0] < 100 / (1 + 0.5 * 0.25) ** 2


def test_erasing_hides_what_the_joint_layer_hides():
    images, mask = random_images(8), labels(8)
    options = {"scale": (0.1, 0.4), "count": 2, "fill_value": 7, **PLAIN}
    layer, joint = ks.ImageOnlyErasing(**options), ks.JointRandomErasing(**options)
    drawn = layer.draw_parameters((images, mask), 5)
    found, kept = layer.apply((images, mask), drawn)
    np.testing.assert_array_equal(to_numpy(kept), mask)
    shares = (to_numpy(found) == 7).all(-1).mean((1, 2))
    assert (shares > 0.08).all()
    assert (shares < 0.85).all()
    expected = to_numpy(joint(images, mask)[0])
    assert abs((expected == 7).mean() - (to_numpy(found) == 7).mean()) < 0.2


@pytest.mark.parametrize("size", [(40, 60), (64, 64)])
def test_a_grid_fills_its_share(size):
    images = np.full((50, *size, 1), 9, "uint8")
    found = to_numpy(ks.ImageOnlyGridDropout(cell=(0.25, 0.25), ratio=0.6, **PLAIN)(images))
    side = round(0.25 * min(size))
    expected = (round(0.6 * side) / side) ** 2
    assert abs((found == 0).mean() - expected) < 0.02
    # The grid repeats after one period.
    np.testing.assert_array_equal(found[:, side:], found[:, :-side])
    np.testing.assert_array_equal(found[:, :, side:], found[:, :, :-side])


REFERRING = [ks.ImageOnlyHistogramMatching, ks.ImageOnlyFourierDomainAdaptation]


@pytest.mark.parametrize("layer", REFERRING)
def test_references_are_kept_in_the_config(layer):
    original = layer(np.array(REFERENCES, "uint8"), **PLAIN)
    config = json.loads(json.dumps(original.get_config()))
    for copy in (layer.from_config(config), layer.from_json(original.to_json())):
        np.testing.assert_array_equal(copy.references, original.references)
        assert copy.references.dtype == original.references.dtype
        images = random_images()
        np.testing.assert_array_equal(
            to_numpy(copy.augment(images, 2)), to_numpy(original.augment(images, 2))
        )


@pytest.mark.parametrize("layer", REFERRING)
def test_each_sample_draws_a_reference(layer):
    references = np.stack([np.full((4, 4, 3), level, "uint8") for level in (20, 120, 220)])
    images = np.full((60, 8, 8, 3), 100, "uint8")
    found = to_numpy(layer(references, factor=(1, 1), **PLAIN)(images))
    assert set(np.unique(np.round(found)).astype(int)) == {20, 120, 220}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda layer: layer(np.zeros((4, 4, 3))), "references` must be an array of images"),
        (lambda layer: layer([]), "references` must be an array of images"),
        (lambda layer: layer(np.full((1, 4, 4, 3), np.nan)), "must be of finite numbers"),
        (lambda layer: layer(np.zeros((1, 4, 4, 1)))(random_images()), "as many channels"),
        (lambda layer: layer(np.full((1, 4, 4, 3), 300))(random_images()), "lie in the value"),
    ],
)
@pytest.mark.parametrize("layer", REFERRING)
def test_unfit_references_are_refused(layer, make, message):
    with pytest.raises(ValueError, match=message):
        make(layer)


@pytest.mark.parametrize(
    ("layer", "arguments", "message"),
    [
        (ks.ImageOnlyJPEGCompression, {"quality": (0, 50)}, r"integer in \[1, 100\]"),
        (ks.ImageOnlyJPEGCompression, {"quality": (80, 50)}, r"integer in \[1, 100\]"),
        (ks.ImageOnlyJPEGCompression, {"quality": 101}, r"integer in \[1, 100\]"),
        (ks.ImageOnlyMedianBlur, {"kernel_size": 4}, r"odd integer in \[1, 7\]"),
        (ks.ImageOnlyMedianBlur, {"kernel_size": (5, 3)}, r"odd integer in \[1, 7\]"),
        (ks.ImageOnlyLowResolution, {"scale": (0.0, 1.0)}, "scale"),
        (ks.ImageOnlyErasing, {"fill_value": "blue"}, 'a number or "noise"'),
        (ks.ImageOnlyShadow, {"corners": 2}, r"integer in \[3, 12\]"),
        (ks.ImageOnlySharpness, {"factor": 1.5}, "factor"),
    ],
)
def test_bad_arguments_are_refused(layer, arguments, message):
    with pytest.raises(ValueError, match=f"{layer.__name__}: .*{message}"):
        layer(**arguments)


def test_the_strongest_bias_field_leaves_black_black():
    """exp(135) is more than float32 holds, and 0 times infinity would be NaN."""
    layer = ks.ImageOnlyBiasField((5, 5), order=6, jit_compile=False)
    drawn = layer.draw_parameters((1, 64, 64, 1), 1)
    drawn["coefficients"] = np.full(drawn["coefficients"].shape, 5.0, "float32")
    found = to_numpy(layer.apply(np.zeros((1, 64, 64, 1), "float32"), drawn))
    np.testing.assert_array_equal(found, 0.0)


@pytest.mark.parametrize("value_range", [(-1000.0, 1000.0), (-1.0, 1.0), (-3.0, -2.0)])
def test_what_0_means_does_not_change_how_images_adapt(value_range):
    """The mean of one image may be below 0, and that of the other above."""
    low, high = value_range
    images, references = random_images(2, 20, 18) // 2, random_images(1, 20, 18, seed=3) // 2 + 128
    expected = to_numpy(adapted(images, references, (0.0, 255.0)))
    scaled = ((low + (high - low) * (x / 255.0)).astype("float32") for x in (images, references))
    found = (to_numpy(adapted(*scaled, value_range)) - low) / (high - low) * 255.0
    np.testing.assert_allclose(found, expected, atol=0.02)


def adapted(images, references, value_range):
    options = {"beta": (0.1, 0.1), "value_range": value_range, "jit_compile": False}
    return ks.ImageOnlyFourierDomainAdaptation(references, **options)(images)


def test_references_may_end_where_float32_puts_the_end_of_the_range():
    references = np.full((1, 4, 4, 1), 0.1, "float32")
    assert float(references.max()) > 0.1
    layer = ks.ImageOnlyHistogramMatching(
        references, factor=(1, 1), value_range=(0, 0.1), jit_compile=False
    )
    found = to_numpy(layer(np.zeros((1, 4, 4, 1), "float32")))
    np.testing.assert_allclose(found, 0.1, rtol=1e-6)


def test_jpeg_passes_gradients_and_gives_levels():
    images = random_images(2).astype("float32") / 255
    found = to_numpy(ks.ImageOnlyJPEGCompression(20, value_range=(0, 1), **PLAIN)(images))
    np.testing.assert_allclose(found * 255, np.round(found * 255), atol=1e-4)
