"""A Keras layer with weights works as the function of an `ImageOnlyLambda`."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import COMPILED, labels, random_images, to_numpy


def sums():
    return keras.layers.DepthwiseConv2D(3, padding="same", depthwise_initializer="ones")


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_it_works_compiled_or_not_built_or_not(dtype, built, compiled):
    images, masks = random_images(2).astype(dtype), labels(2)
    layer = sums()
    if built:
        layer.build((None, None, None, 3))
    found, kept = to_numpy(ks.ImageOnlyLambda(layer, jit_compile=compiled)(images, masks))
    expected = to_numpy(sums()(images.astype("float32")))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)
    np.testing.assert_array_equal(kept, masks)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("within", [False, True])
def test_its_weights_are_those_of_now(within, compiled):
    """Its current weights are used; a JAX program used to keep those of its first call."""
    inner, images = sums(), random_images(2).astype("float32")
    layer = ks.ImageOnlyLambda(inner, jit_compile=compiled)
    if within:
        layer = ks.Pipeline([ks.Pipeline([layer])], jit_compile=compiled)
    assert to_numpy(layer(images)).any()
    inner.set_weights([0.0 * each for each in inner.get_weights()])
    assert not to_numpy(layer(images)).any()


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="custom gradients of TensorFlow"
)
@pytest.mark.parametrize("compiled", COMPILED)
def test_gradients_reach_its_weights(compiled):
    import tensorflow as tf

    images, layer = tf.constant(random_images(2).astype("float32")), sums()
    augmentation = ks.ImageOnlyLambda(layer, jit_compile=compiled)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(augmentation(images))
    of_image, of_kernel, of_bias = tape.gradient(total, [images, *layer.trainable_variables])
    # An inner pixel contributes to nine sums, the bias once to each sum.
    assert (of_image.numpy()[:, 1:-1, 1:-1] == 9.0).all()
    np.testing.assert_allclose(of_bias, [2 * 16 * 14] * 3)
    np.testing.assert_allclose(
        of_kernel.numpy()[1, 1, :, 0], images.numpy().sum((0, 1, 2)), rtol=1e-5
    )


@pytest.mark.parametrize("compiled", [False, True])
def test_it_does_not_train_on_what_it_is_given(compiled):
    """Batch statistics would mix images, and one program must serve all calls."""
    inner = keras.layers.BatchNormalization(epsilon=0.0)
    inner.build((None, None, None, 3))
    layer = ks.ImageOnlyLambda(inner, jit_compile=compiled)
    images = random_images(2).astype("float32")
    for training in (True, False, True):
        np.testing.assert_allclose(to_numpy(layer(images, training=training)), images, rtol=1e-6)
    assert not to_numpy(inner.moving_mean).any()
