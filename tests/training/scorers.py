"""Small networks whose predictions are known."""

import keras
import numpy as np

from tests.data import to_numpy


def per_pixel(channels=3, size=(None, None), softmax=True):
    """Softmax of a pixel's own channels and twice as much."""
    inputs = keras.Input((*size, channels))
    both = keras.layers.Concatenate()([inputs, keras.layers.Rescaling(2.0)(inputs)])
    return keras.Model(inputs, keras.layers.Softmax()(both) if softmax else both)


def convolution(classes=4, activation="softmax", size=(None, None), kernel=3):
    """Reads the surrounding pixels, with different weights on every side."""
    inputs = keras.Input((*size, 3))
    layer = keras.layers.Conv2D(classes, kernel, padding="same", activation=activation)
    outputs = layer(inputs)
    rng = np.random.default_rng(5)
    layer.set_weights([rng.normal(size=w.shape).astype("float32") for w in layer.get_weights()])
    return keras.Model(inputs, outputs)


def sided():
    """Three classes: the pixel, its left neighbor, its right neighbor; so left and right differ."""
    inputs = keras.Input((None, None, 1))
    layer = keras.layers.Conv2D(3, (1, 3), padding="same", use_bias=False)
    outputs = layer(inputs)
    kernel = np.zeros((1, 3, 1, 3), "float32")
    kernel[0, [1, 0, 2], 0, [0, 1, 2]] = 1.0
    layer.set_weights([kernel])
    return keras.Model(inputs, outputs)


@keras.saving.register_keras_serializable("tests")
class LessItsMean(keras.layers.Layer):
    """The image minus its mean, so each pixel depends on the whole image."""

    def call(self, images):
        return images - keras.ops.mean(images, axis=(1, 2), keepdims=True)


def of_the_whole():
    inputs = keras.Input((None, None, 2))
    return keras.Model(inputs, LessItsMean()(inputs))


class Watched(keras.layers.Layer):
    """Passes on a pixel's two channels, and notes the shapes it gets."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def call(self, images):
        self.seen.append(tuple(images.shape))
        return images


def images(*shape, seed=0):
    return np.random.default_rng(seed).random(shape).astype("float32")


def said(model, images):
    return to_numpy(model(images))
