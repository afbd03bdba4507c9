"""Prints, for a program that knows no sizes: the memory of one window, and that of a large image.

A process of its own, since what TensorFlow once had it keeps.
"""

import keras
import numpy as np
import tensorflow as tf

import keras_segaug as ks


def megabytes(name):
    with open("/proc/self/status") as lines:
        [line] = [line for line in lines if line.startswith(name)]
    return int(line.split()[1]) / 1024


def network():
    """Little to compute, and much memory."""
    inputs = keras.Input((None, None, 3))
    wide = keras.layers.Conv2D(64, 1, activation="relu")(inputs)
    low = keras.layers.UpSampling2D()(keras.layers.MaxPooling2D()(wide))
    wide = keras.layers.Concatenate()([wide, low])
    return keras.Model(inputs, keras.layers.Conv2D(2, 1, activation="softmax")(wide))


def main():
    tta = ks.TestTimeAugmentation(network(), None, tile=(256, 256), overlap=0.25)
    program = tf.function(tta, input_signature=[tf.TensorSpec((None, None, None, 3))])
    image = np.random.default_rng(0).random((1, 2048, 2048, 3), "float32")
    before = megabytes("VmRSS")
    program(image[:, :256, :256]).numpy()
    window = megabytes("VmHWM") - before
    found = program(image).numpy()
    # TensorFlow has a copy of the image.
    rest = megabytes("VmHWM") - before - (image.nbytes + found.nbytes) / 2**20
    print(window, rest)


if __name__ == "__main__":
    main()
