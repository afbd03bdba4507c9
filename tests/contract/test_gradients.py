"""Gradients reach float images through every layer, finite, compiled or not."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.cases import CASES, MASK_ONLY, ids
from tests.data import COMPILED, labels, to_numpy

BACKEND = keras.backend.backend()
MASK = labels(3, 8, 8)
AFFINE = ks.JointRandomAffine(0.1, 0.2, shear_x_factor=0.1)
SMOOTH = [
    (ks.JointRandomRotation, {"factor": 0.2, "fill_mode": "constant"}),
    (ks.JointRandomZoom, {"height_factor": 0.3, "interpolation": "bicubic"}),
    (ks.ImageOnlyContrast, {"factor": (0.5, 0.0)}),
    (ks.ImageOnlySaturation, {"factor": (0.1, 0.3)}),
    (ks.ImageOnlyGamma, {"factor": (0.5, 2.0)}),
    (ks.ImageOnlyGaussianBlur, {"sigma": (0.5, 2.0)}),
    (ks.ImageOnlyNormalization, {"per_image": True}),
]
# Layers whose CPU programs use loops, conditionals, or slices that only XLA knows.
TRICKY = [
    (ks.JointRandomRotation, {"factor": 0.2}),
    (ks.JointRandomCrop, {"height": 5, "width": 6}),
    (ks.JointRandomRotate90, {}),
    (ks.ImageOnlyGaussianBlur, {"sigma": (0.5, 2.0)}),
    (ks.Pipeline, {"layers": [AFFINE, ks.ImageOnlyContrast(0.3), ks.ImageOnlyHue(0.1)]}),
]


def images():
    """Images with black, gray and saturated pixels, and one image of a single value."""
    values = np.random.default_rng(0).uniform(30, 220, (3, 8, 8, 3)).astype("float32")
    values[0, :3] = 0.0
    values[0, 3:5] = values[0, 3:5, :, :1]
    values[0, 5, :, 1:] = (255.0, 0.0)
    values[2] = 100.0
    return values


def directions(layer, values):
    """The weight of each value of the result in the loss."""
    shape = layer.augment((values, MASK[: len(values)]), 3)[0].shape
    return np.random.default_rng(1).normal(size=tuple(shape)).astype("float32")


def gradient(layer, values, weights, wrap=lambda function: function):
    weights = keras.ops.convert_to_tensor(weights)

    def loss(values):
        return keras.ops.sum(layer.augment((values, MASK[: len(values)]), 3)[0] * weights)

    if BACKEND == "jax":
        import jax

        return to_numpy(wrap(jax.grad(loss))(values))
    if BACKEND == "torch":
        tensor = keras.ops.convert_to_tensor(values).requires_grad_(True)
        loss(tensor).backward()
        return to_numpy(tensor.grad)
    import tensorflow as tf

    def differentiate(values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            result = loss(values)
        return tape.gradient(result, values)

    return to_numpy(wrap(differentiate)(tf.constant(values)))


@pytest.mark.parametrize("case", **ids([case for case in CASES if case not in MASK_ONLY]))
def test_finite_through_every_layer(case):
    layer, values = case.make(), images()
    found = gradient(layer, values, directions(layer, values))
    assert np.isfinite(found).all()
    assert found.any()


@pytest.mark.parametrize(("layer", "arguments"), SMOOTH)
def test_as_finite_differences(layer, arguments):
    layer, values = layer(**arguments, jit_compile=False), images()[:2]
    values[0] = values[1][::-1]
    weights = directions(layer, values)
    direction = np.random.default_rng(2).normal(size=values.shape).astype("float32")

    def loss(step):
        result = to_numpy(layer.augment((values + step * direction, MASK[:2]), 3)[0])
        return (result.astype("float64") * weights).sum()

    expected = (loss(0.5) - loss(-0.5)) / 1.0
    found = (gradient(layer, values, weights) * direction).sum()
    np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.02)


@pytest.mark.slow
@pytest.mark.skipif(len(COMPILED) == 1, reason="torch runs step by step for a gradient")
@pytest.mark.parametrize(("layer", "arguments"), TRICKY)
def test_the_same_compiled(layer, arguments):
    values = images()
    plain, compiled = (layer(**arguments, jit_compile=each) for each in (False, True))
    weights = directions(plain, values)
    expected = gradient(plain, values, weights)
    np.testing.assert_allclose(gradient(compiled, values, weights), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(len(COMPILED) == 1, reason="torch leaves our layers out of programs")
@pytest.mark.slow
def test_inside_a_program_of_the_caller():
    if BACKEND == "jax":
        from jax import jit
    else:
        import tensorflow as tf

        def jit(function):
            return tf.function(function, jit_compile=True)

    layer, values = ks.Pipeline([AFFINE, ks.JointRandomCrop(6, 6)], jit_compile="auto"), images()
    weights = directions(layer, values)
    found, expected = (gradient(layer, values, weights, *wrap) for wrap in ([jit], []))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("jit_compile", [False, "auto"])
@pytest.mark.slow
def test_what_lies_before_geometry_is_trained(jit_compile):
    convolution = keras.layers.Conv2D(3, 3, padding="same")
    layers = [ks.JointRandomCrop(6, 6), ks.JointRandomRotation(0.2), ks.ImageOnlyGamma(0.2)]
    augmentation = ks.Pipeline(layers, value_range=(-500, 500))
    model = keras.Sequential([keras.Input((8, 8, 3)), convolution, augmentation])
    model.compile("sgd", "mae", jit_compile=jit_compile)
    before = to_numpy(convolution.kernel).copy()
    # There are no masks here, and the warning is about exactly that.
    with pytest.warns(UserWarning, match="moves the images of a model in training"):
        model.fit(images(), np.zeros((3, 6, 6, 3), "float32"), verbose=0)
    after = to_numpy(convolution.kernel)
    assert np.isfinite(after).all()
    assert (after != before).any()
