"""Tones give the same gray levels as Pillow and OpenCV."""

import keras
import numpy as np
import pytest
from PIL import Image, ImageOps

import keras_segaug as ks
from tests.data import COMPILED, ct_slices, random_images, to_numpy

QUIET = {"jit_compile": False}
ALWAYS = {"factor": (1.0, 1.0), **QUIET}


def smooth(count=2, height=40, width=33, channels=3):
    """Smooth images with few dark and many bright values."""
    steps = np.random.default_rng(3).normal(size=(count, height, width, channels))
    values = steps.cumsum(1).cumsum(2)
    low, high = values.min((1, 2), keepdims=True), values.max((1, 2), keepdims=True)
    return (40.0 + 190.0 * np.sqrt((values - low) / (high - low))).astype("uint8")


def kinds():
    return [random_images(2, 40, 33), smooth(), smooth(1, 64, 64, 1), smooth() // 32 * 32]


def by_channel(function, images):
    """Applies a Pillow function of gray images to each channel of each image."""
    found = [
        [np.asarray(function(Image.fromarray(np.ascontiguousarray(channel)))) for channel in image]
        for image in images.transpose(0, 3, 1, 2)
    ]
    return np.stack(found).transpose(0, 2, 3, 1)


@pytest.mark.parametrize("images", kinds())
def test_invert_as_pillow(images):
    found = to_numpy(ks.ImageOnlyInvert(**QUIET)(images))
    np.testing.assert_array_equal(found, by_channel(ImageOps.invert, images))


@pytest.mark.parametrize("bits", range(1, 9))
def test_posterize_as_pillow(bits):
    images = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1)
    expected = by_channel(lambda image: ImageOps.posterize(image, bits), images)
    layer = ks.ImageOnlyPosterize(bits, **QUIET)
    np.testing.assert_array_equal(to_numpy(layer(images)), expected)
    for low, high in ((0.0, 1.0), (-1000.0, 1000.0), (0.0, 65535.0)):
        scaled = (low + images.astype("float64") * ((high - low) / 255.0)).astype("float32")
        layer = ks.ImageOnlyPosterize(bits, value_range=(low, high), **QUIET)
        wanted = low + expected * ((high - low) / 255.0)
        np.testing.assert_allclose(to_numpy(layer(scaled)), wanted, atol=1e-6 * (high - low))


def test_posterize_to_8_bits_keeps_what_lies_between():
    images = np.random.default_rng(0).uniform(size=(2, 9, 8, 3)).astype("float32")
    layer = ks.ImageOnlyPosterize(8, value_range=(0, 1), **QUIET)
    np.testing.assert_array_equal(to_numpy(layer(images)), images)


@pytest.mark.parametrize("threshold", [0, 1, 100, 200, 255, 256])
def test_solarize_as_pillow(threshold):
    images = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1)
    # Between two levels: at one, rounding decides.
    share = min(max(threshold - 0.5, 0.0) / 255.0, 1.0)
    layer = ks.ImageOnlySolarize(threshold_factor=(share, share), **QUIET)
    expected = by_channel(lambda image: ImageOps.solarize(image, threshold), images)
    if threshold < 256:
        np.testing.assert_array_equal(to_numpy(layer(images)), expected)
    never = ks.ImageOnlySolarize(threshold_factor=(1.0, 1.0), **QUIET)
    np.testing.assert_array_equal(to_numpy(never(images)), images)


def test_solarize_adds_before_as_keras():
    images = random_images(2).astype("float32")
    drawn = ks.ImageOnlySolarize().draw_parameters(images.shape, 1)
    drawn |= {"threshold": np.full(2, 0.61, "float32"), "addition": np.full(2, 0.3, "float32")}
    theirs = keras.layers.Solarization(0.3, 0.61).transform_images(
        images, {"thresholds": 0.61 * 255.0, "additions": 0.3 * 255.0}
    )
    found = to_numpy(ks.ImageOnlySolarize(**QUIET).apply(images, drawn))
    np.testing.assert_allclose(found, to_numpy(theirs), atol=1e-3)


@pytest.mark.parametrize("images", [random_images(2), smooth()])
def test_grayscale_as_pillow(images):
    found = to_numpy(ks.ImageOnlyGrayscale(**QUIET)(images))
    expected = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in images])
    np.testing.assert_allclose(found, expected[..., None].repeat(3, -1), atol=0.51)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("images", kinds())
def test_autocontrast_as_pillow(images, compiled):
    found = to_numpy(ks.ImageOnlyAutoContrast(jit_compile=compiled)(images))
    expected = by_channel(ImageOps.autocontrast, images)
    # Pillow truncates, which sometimes takes 1 from a whole number.
    assert (found - expected > -1e-3).all()
    assert (found - expected < 1.001).all()


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("images", [*kinds(), ct_slices()[0][:2]])
def test_equalize_as_pillow(images, compiled):
    found = to_numpy(ks.ImageOnlyEqualize(jit_compile=compiled)(images))
    np.testing.assert_array_equal(found, by_channel(ImageOps.equalize, images))


@pytest.mark.parametrize("value_range", [(0.0, 1.0), (-1000.0, 1000.0), (0.0, 65535.0)])
@pytest.mark.parametrize(
    "cls", [ks.ImageOnlyEqualize, ks.ImageOnlyCLAHE, ks.ImageOnlyAutoContrast, ks.ImageOnlyInvert]
)
def test_other_ranges_have_the_same_levels(cls, value_range):
    images, (low, high) = smooth(), value_range
    drawn = cls().draw_parameters(images.shape, 1)
    expected = to_numpy(cls(**QUIET).apply(images, drawn))
    scaled = (low + images * ((high - low) / 255.0)).astype("float32")
    found = to_numpy(cls(value_range=value_range, **QUIET).apply(scaled, drawn))
    np.testing.assert_allclose((found - low) * (255.0 / (high - low)), expected, atol=0.01)


@pytest.mark.parametrize("clip_limit", [0.5, 2.0, 4.0, 40.0])
@pytest.mark.parametrize("tiles", [(8, 8), (3, 5), (1, 1), (4, 11)])
def test_clahe_as_opencv(tiles, clip_limit):
    """Also if the tiles do not divide the image, or divide one side only."""
    cv2 = pytest.importorskip("cv2")
    clahe = cv2.createCLAHE(clip_limit, tiles[::-1])
    layer = ks.ImageOnlyCLAHE(clip_limit=clip_limit, tile_grid_size=tiles, **QUIET)
    for images in (*kinds(), random_images(1, 5, 1), random_images(1, 1, 1)):
        found = to_numpy(layer(images))
        expected = by_channel(lambda image: clahe.apply(np.asarray(image)), images)
        np.testing.assert_allclose(found, expected, atol=0.501)


@pytest.mark.parametrize("compiled", COMPILED)
def test_clahe_of_slices_as_opencv(compiled):
    cv2 = pytest.importorskip("cv2")
    images = ct_slices()[0][:2]
    found = to_numpy(ks.ImageOnlyCLAHE(clip_limit=3.0, jit_compile=compiled)(images))
    clahe = cv2.createCLAHE(3.0, (8, 8))
    expected = by_channel(lambda image: clahe.apply(np.asarray(image)), images)
    np.testing.assert_allclose(found, expected, atol=0.501)


@pytest.mark.parametrize(
    "layer",
    [
        ks.ImageOnlyInvert(factor=0.0, **QUIET),
        ks.ImageOnlyGrayscale(factor=0.0, **QUIET),
        ks.ImageOnlyPosterize(8, **QUIET),
        ks.ImageOnlySolarize(threshold_factor=(1.0, 1.0), **QUIET),
        ks.ImageOnlyAutoContrast(factor=0.0, **QUIET),
        ks.ImageOnlyEqualize(factor=0.0, **QUIET),
        ks.ImageOnlyCLAHE(factor=0.0, **QUIET),
        ks.ImageOnlyBrightness(0.0, mode="multiplicative", **QUIET),
        ks.ImageOnlyChannelShift(0.0, **QUIET),
        ks.ImageOnlyChannelDropout(count=0, **QUIET),
        ks.ImageOnlySaltAndPepper(0.0, **QUIET),
        ks.ImageOnlyShotNoise(0.0, **QUIET),
        ks.ImageOnlySpeckleNoise(0.0, **QUIET),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_nothing_is_changed_at_the_neutral_parameter(layer):
    images = np.random.default_rng(0).uniform(0, 255, (2, 9, 8, 3)).astype("float32")
    np.testing.assert_array_equal(to_numpy(layer(images)), images)


@pytest.mark.parametrize(
    "layer",
    [
        ks.ImageOnlyAutoContrast(value_range=(0, 1), **QUIET),
        ks.ImageOnlyEqualize(value_range=(0, 1), **QUIET),
        ks.ImageOnlyPercentileRescaling(per="channel", value_range=(0, 1), **QUIET),
    ],
)
def test_flat_images_stay(layer):
    images = np.full((2, 20, 20, 3), 0.3, "float32")
    images[..., 1] = 0.0
    np.testing.assert_array_equal(to_numpy(layer(images)), images)


@pytest.mark.parametrize("cls", [ks.ImageOnlyEqualize, ks.ImageOnlyCLAHE])
def test_what_has_no_value_is_not_counted(cls):
    """The image is equalized as if it ended where the values do."""
    images = smooth().astype("float32")
    holes = np.concatenate([images, np.full_like(images, np.nan)], axis=2)
    more = {"clip_limit": 3.0, "tile_grid_size": (1, 1)} if cls is ks.ImageOnlyCLAHE else {}
    found = to_numpy(cls(**more, **QUIET)(holes))
    expected = to_numpy(cls(**more, **QUIET)(images))
    np.testing.assert_allclose(found[:, :, :33], expected, atol=1e-3)
    assert np.isnan(found[:, :, 33:]).all()


def test_multiplied_brightness_leaves_black_black():
    images = np.arange(256, dtype="float32").reshape(1, 16, 16, 1)
    layer = ks.ImageOnlyBrightness((0.5, 0.5), mode="multiplicative", **QUIET)
    np.testing.assert_allclose(to_numpy(layer(images)), np.minimum(1.5 * images, 255.0))
    layer = ks.ImageOnlyBrightness((0.5, 0.5), (-1000, 1000), mode="multiplicative", **QUIET)
    found = to_numpy(layer(np.array([-1000.0, -600.0, 1000.0], "float32").reshape(1, 1, 3, 1)))
    np.testing.assert_allclose(found.ravel(), [-1000.0, -400.0, 1000.0], rtol=1e-5)


class TestPercentiles:
    @pytest.mark.parametrize("compiled", COMPILED)
    @pytest.mark.parametrize("per", ["image", "channel"])
    def test_as_numpy(self, per, compiled):
        axes = (1, 2) if per == "channel" else (1, 2, 3)
        for images in (random_images(2), smooth(), smooth().astype("float32") * -3.7):
            layer = ks.ImageOnlyPercentileRescaling(
                3, 95, per, value_range=(-1, 1), jit_compile=compiled
            )
            low, high = (
                np.percentile(images, q, axes, method="inverted_cdf", keepdims=True).astype(float)
                for q in (3, 95)
            )
            expected = np.clip(2.0 * (images - low) / (high - low) - 1.0, -1.0, 1.0)
            np.testing.assert_allclose(to_numpy(layer(images)), expected, atol=1e-4)

    def test_all_of_the_range_is_autocontrast(self):
        images = smooth()
        found = to_numpy(ks.ImageOnlyPercentileRescaling(0, 100, "channel", **QUIET)(images))
        expected = to_numpy(ks.ImageOnlyAutoContrast(**QUIET)(images))
        np.testing.assert_allclose(found, expected, atol=1e-3)

    def test_fixed_numbers_act_at_inference(self):
        layer = ks.ImageOnlyPercentileRescaling(1, 99, value_range=(0, 1), **QUIET)
        images = smooth()
        np.testing.assert_array_equal(
            to_numpy(layer(images, training=False)), to_numpy(layer(images))
        )
        assert not layer.weights
        pair = ks.ImageOnlyPercentileRescaling((0, 5), 99, value_range=(0, 1), **QUIET)
        np.testing.assert_array_equal(to_numpy(pair(images, training=False)), images)
        with pytest.raises(ValueError, match="probability"):
            ks.ImageOnlyPercentileRescaling(1, 99, probability=0.5)

    def test_both_is_one_of_the_two_for_each_sample(self):
        images = smooth(1).repeat(20, 0)
        both = to_numpy(ks.ImageOnlyPercentileRescaling(per="both", seed=2, **QUIET)(images))
        single = [
            to_numpy(ks.ImageOnlyPercentileRescaling(per=per, **QUIET)(images))
            for per in ("image", "channel")
        ]
        is_one = [(np.abs(both - each).max((1, 2, 3)) < 1e-3) for each in single]
        assert (is_one[0] ^ is_one[1]).all()
        assert 3 <= is_one[0].sum() <= 17

    def test_the_range_after_it_is_known(self):
        """Even for integers that do not tell their range; the next layer knows it."""
        images = np.random.default_rng(0).integers(-1000, 3000, (2, 12, 12, 1), "int16")
        layers = [
            ks.ImageOnlyPercentileRescaling(value_range=(0, 1)),
            ks.ImageOnlyInvert(),
        ]
        found = to_numpy(ks.Pipeline(layers, **QUIET)(images))
        assert found.min() == 0.0
        assert found.max() == 1.0
        with pytest.raises(ValueError, match="PercentileRescaling: `value_range` must be given"):
            ks.ImageOnlyPercentileRescaling(**QUIET)(images)
