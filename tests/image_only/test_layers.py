"""What individual ImageOnly layers do."""

import json

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import labels, random_images, to_numpy


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ks.ImageOnlyBrightness((0.2, 0.2)), "RandomBrightness"),
        (ks.ImageOnlyHue((0.0, 0.0)), "RandomHue"),
        (ks.ImageOnlySaturation((0.3, 0.3)), "RandomSaturation"),
    ],
)
def test_keras_agrees(ours, theirs):
    """It agrees where Keras' layer does what it documents: saturation only without clipping."""
    images = random_images(2).astype("float32") / 255 * 0.5 + 0.25
    factor = tuple(ours.factor)
    layer = getattr(keras.layers, theirs)(factor, value_range=(0, 1))
    mine = type(ours)(factor, value_range=(0, 1), jit_compile=False)
    np.testing.assert_allclose(to_numpy(mine(images)), to_numpy(layer(images)), atol=2e-3)


def test_contrast_of_a_float_goes_both_ways():
    drawn = to_numpy(ks.ImageOnlyContrast(0.4).draw_parameters((500, 1, 1, 1), 1)["factor"])
    assert 0.6 <= drawn.min() < 0.65
    assert 1.35 < drawn.max() <= 1.4


def test_color_jitter_is_its_parts():
    images = random_images(4)
    jitter = ks.ImageOnlyColorJitter((0, 255), (0.1, 0.1), (0.2, 0.2), (0.6, 0.6), (0.0, 0.0))
    parts = ks.Pipeline(
        [
            ks.ImageOnlyBrightness((0.1, 0.1)),
            ks.ImageOnlyContrast((0.2, 0.2)),
            ks.ImageOnlySaturation((0.6, 0.6)),
        ],
        jit_compile=False,
    )
    drawn = jitter.draw_parameters(images.shape, 1)
    drawn["contrast"] = parts.draw_parameters(images.shape, ks.random.key(0))["layers"][1]["factor"]
    parts_drawn = parts.draw_parameters(images.shape, ks.random.key(0))
    np.testing.assert_allclose(
        to_numpy(jitter.apply(images, drawn)),
        to_numpy(parts.apply(images, parts_drawn)),
        atol=0.05,
    )


def test_noise_has_the_deviation_that_was_drawn():
    images = np.full((3, 64, 64, 3), 128, "uint8")
    layer = ks.ImageOnlyGaussianNoise((0.02, 0.06), jit_compile=False)
    drawn = layer.draw_parameters(images.shape, 3)
    noise = to_numpy(layer.apply(images, drawn)) - 128.0
    np.testing.assert_allclose(noise.std((1, 2, 3)), 255 * to_numpy(drawn["deviation"]), rtol=0.03)


def test_blur_derives_its_kernel_from_the_largest_sigma():
    """The kernel has three sigma to each side; a larger one changes next to nothing."""
    images = random_images(2, 32, 32)
    derived = ks.ImageOnlyGaussianBlur(kernel_size=None, sigma=(2.0, 2.0), jit_compile=False)(
        images
    )
    large = ks.ImageOnlyGaussianBlur(kernel_size=31, sigma=(2.0, 2.0), jit_compile=False)(images)
    np.testing.assert_allclose(to_numpy(derived), to_numpy(large), atol=1.5)


class TestNormalization:
    def test_adapts_to_arrays_and_datasets(self):
        images = random_images(10)
        expected = images.reshape(-1, 3).mean(0), images.reshape(-1, 3).astype(float).var(0)
        batches = [(images[:4], labels(4)), (images[4:], labels(6))]
        mappings = (
            {"image": image, "mask": mask} for image, mask in zip(images, labels(10), strict=True)
        )
        for data in (images, batches, mappings, list(images)):
            layer = ks.ImageOnlyNormalization(jit_compile=False)
            layer.adapt(data)
            np.testing.assert_allclose(layer.mean, expected[0])
            np.testing.assert_allclose(layer.variance, expected[1])
        result = to_numpy(layer(images))
        np.testing.assert_allclose(result.mean((0, 1, 2)), 0.0, atol=1e-4)
        np.testing.assert_allclose(result.std((0, 1, 2)), 1.0, atol=1e-4)

    def test_adapts_to_a_tensorflow_dataset(self):
        import tensorflow as tf

        images = random_images(5)
        dataset = tf.data.Dataset.from_tensor_slices((images, labels(5))).batch(2)
        layer = ks.ImageOnlyNormalization()
        layer.adapt(dataset)
        np.testing.assert_allclose(layer.mean, images.reshape(-1, 3).mean(0))

    def test_what_was_adapted_is_saved(self):
        layer = ks.ImageOnlyNormalization(jit_compile=False)
        layer.adapt(random_images(4))
        config = json.loads(json.dumps(layer.get_config()))
        copy = ks.ImageOnlyNormalization.from_config(config)
        np.testing.assert_array_equal(
            to_numpy(copy(random_images(2))), to_numpy(layer(random_images(2)))
        )

    def test_far_from_zero_digits_survive(self):
        images = (random_images(4).astype("float64") + 1e8).astype("float64")
        layer = ks.ImageOnlyNormalization()
        layer.adapt(images)
        np.testing.assert_allclose(layer.variance, images.reshape(-1, 3).var(0), rtol=1e-6)

    def test_what_has_no_value_is_left_out(self):
        images = random_images(4).astype("float32")
        images[0, 0, :, 1] = images[2, 3:, :, 2] = np.nan
        layer = ks.ImageOnlyNormalization()
        layer.adapt(list(images))
        np.testing.assert_allclose(layer.mean, np.nanmean(images, (0, 1, 2)), rtol=1e-5)
        np.testing.assert_allclose(layer.variance, np.nanvar(images, (0, 1, 2)), rtol=1e-5)
        images[..., 1] = np.nan
        with pytest.raises(ValueError, match=r"`adapt` needs values in every channel.*channel 1"):
            layer.adapt(images)

    def test_per_image(self):
        result = to_numpy(
            ks.ImageOnlyNormalization(per_image=True, jit_compile=False)(random_images(3))
        )
        np.testing.assert_allclose(result.mean((1, 2, 3)), 0.0, atol=1e-4)
        np.testing.assert_allclose(result.std((1, 2, 3)), 1.0, atol=1e-4)

    def test_a_flat_image_does_not_divide_by_zero(self):
        flat = np.full((1, 4, 4, 3), 7, "uint8")
        layer = ks.ImageOnlyNormalization(per_image=True, jit_compile=False)
        assert np.isfinite(to_numpy(layer(flat))).all()

    def test_channels_first(self):
        images = random_images(3)
        layer = ks.ImageOnlyNormalization(data_format="channels_first")
        layer.adapt(images.transpose(0, 3, 1, 2))
        np.testing.assert_allclose(layer.mean, images.reshape(-1, 3).mean(0))
